"""Spans that were measured: what a gateway has learned, and what a run of `outwait check` found.

Both are layers above the preset. A gateway's spans count as they are: it learns from real traffic, by rules of its own
(`policy.adaptive`). A run goes through the same rules, but a few probes with short answers are no traffic: they can
make a span longer, never shorter.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from outwait.core.fault import Clock
from outwait.core.plan import Timeouts
from outwait.policy import durations, globs
from outwait.policy.adaptive import DEFAULTS, Bounds, Learner
from outwait.policy.timeouts import Layer
from outwait.toolkit.check.probe import Probe

LONGEST: Final = 2 * 86_400.0  # seconds that are believed; `total`, a week at most, holds several waits
Row = Mapping[str, Any]

_LEARNED = (Clock.FIRST_BYTE, Clock.FIRST_TOKEN, Clock.IDLE)
_PROBED = (Clock.CONNECT, *_LEARNED)
_TOLD = {clock.value for clock in _LEARNED}


def from_gateway(told: Mapping[str, Any], model: str, scenario: str, *, whole: bool) -> tuple[Layer, ...]:
    """What the gateway that answered `told` (GET /v1/channels) has learned for `scenario`, and for `model` if one is
    named, maybe with a glob; `whole`: of replies that are not streamed upstream.

    Where several endpoints serve the model, the longest span counts, and what one of them has not learned counts as it
    is configured there. Raises ValueError for an answer that is none of a gateway's.
    """
    found: dict[str, list[tuple[float, bool, str, int]]] = {}
    for name, row in _rows(told, model, scenario, whole=whole):
        span = row["learned"] if row["learned"] is not None else row["configured"]
        if span is not None:
            known = (float(span), row["learned"] is not None, name, int(row["samples"]))
            found.setdefault(row["clock"], []).append(known)
    layers = []
    for clock, spans in found.items():
        if any(learned for _, learned, _, _ in spans):
            seconds, _, name, samples = max(spans)
            layers.append(Layer(f"learned at {name} from {samples:,} waits", {clock: min(seconds, LONGEST)}))
    return tuple(layers)


def from_run(probes: Iterable[Probe], configured: Timeouts) -> tuple[Layer, ...]:
    """What `probes` say against the spans that hold without them. Endpoints are judged apart, the longest counts.
    Raises ValueError for a wait that is none, such as a negative one.
    """
    layers: dict[Clock, Layer] = {}
    by_endpoint: dict[str, list[Probe]] = {}
    for probe in probes:
        by_endpoint.setdefault(probe.endpoint, []).append(probe)
    for name, theirs in by_endpoint.items():
        for clock in _PROBED:
            layer = _judged(name, theirs, clock, configured.of(clock).seconds)
            if layer and (clock not in layers or layer.spans[clock.value] > layers[clock].spans[clock.value]):
                layers[clock] = layer
    return tuple(layers.values())


def waits(told: Mapping[str, Any], model: str, scenario: str, *, whole: bool) -> int:
    """How many waits the gateway has seen of what `from_gateway` would take: most of one clock and endpoint."""
    return max((int(row["samples"]) for _, row in _rows(told, model, scenario, whole=whole)), default=0)


def models(told: Mapping[str, Any]) -> tuple[str, ...]:
    """The models a gateway has been asked for. Raises ValueError for an answer that is none of a gateway's."""
    return tuple(dict.fromkeys(str(endpoint["model"]) for endpoint in _endpoints(told)))


def _judged(name: str, probes: Sequence[Probe], clock: Clock, span: float) -> Layer | None:
    """The span of one clock by the rules of learning; None where it is not longer than `span`.

    Where there are too few waits for a percentile, only the longest of them counts.
    """
    waits = [wait for probe in probes if (wait := _wait(probe, clock)) is not None]
    learner = Learner(0.0, replace(DEFAULTS, samples=1))
    for wait in waits:
        learner.add(wait, 0.0)
    for probe in probes:
        if probe.clock == clock.value and probe.span is not None:
            learner.cut(probe.span, 0.0)
    found = learner.learned(Bounds(span, floor=0.001, ceiling=LONGEST), 0.0)
    seconds, why = (found.seconds, found.reason) if found else _by_longest(waits)
    return Layer(f"run, {name}: {why}", {clock.value: seconds}) if seconds > span else None


def _by_longest(waits: Sequence[float]) -> tuple[float, str]:
    longest = max(waits, default=0.0)
    seconds = min(DEFAULTS.margin * longest, LONGEST)
    return seconds, f"{DEFAULTS.margin:g} x the longest of {len(waits)} waits ({durations.tell(longest)})"


def _wait(probe: Probe, clock: Clock) -> float | None:
    if clock is Clock.CONNECT:
        return None if probe.connect is None or probe.reused else probe.connect + (probe.tls or 0.0)
    spans = {Clock.FIRST_BYTE: probe.first_byte, Clock.FIRST_TOKEN: probe.first_token, Clock.IDLE: probe.silence}
    return spans.get(clock)


def _rows(
    told: Mapping[str, Any], model: str, scenario: str, *, whole: bool
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """What is known of the clocks of one kind of waiting, with the endpoint's name."""
    for endpoint in _endpoints(told):
        if model and not _fits(model, endpoint):
            continue
        for row in endpoint.get("learned") or ():
            if (row["scenario"], row["whole"]) == (scenario, whole) and row["clock"] in _TOLD:
                yield str(endpoint["name"]), row


def _fits(model: str, endpoint: Mapping[str, Any]) -> bool:
    """Whether `endpoint` serves `model`: the model's name, the endpoint's own, or a glob of one of them. Only an
    endpoint's name is sure to hold a slash.
    """
    named = ("model", "name") if globs.literal(model) or "/" in model else ("model",)
    return any(globs.fits(model, str(endpoint.get(each) or "")) for each in named)


def _endpoints(told: Mapping[str, Any]) -> Iterable[Mapping[str, Any]]:
    try:
        return [endpoint for channel in told["data"] for endpoint in channel["endpoints"]]
    except (KeyError, TypeError) as error:
        raise ValueError("that is no answer of /v1/channels") from error
