"""How long each of the seven clocks runs, and which rule said so.

Later wins: preset (by scenario, then by model) < configured rules, in order < layers (channel, then key) < request
headers `x-outwait-timeout-<clock>`. Headers are held between the operator's floor and ceiling, and the reason says when
they were. Two spans follow from others where nobody set them: `first_token` is the `first_byte` that won (most
providers send the head at once and think after it), and `queue` is ten seconds but at most a fifth of `total`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from outwait.core.catalog import TimeoutRule
from outwait.core.fault import Clock, Refusal, fault
from outwait.core.plan import Span, Timeouts
from outwait.policy import durations, globs
from outwait.policy.presets import Preset
from outwait.policy.scenarios import QUEUE, QUEUE_SHARE, bare

PREFIX = "x-outwait-timeout-"
HEADERS: dict[str, str] = {PREFIX + clock.value.replace("_", "-"): clock.value for clock in Clock}
CEILING = 86_400.0  # seconds a header may ask for where the operator set no ceiling
FLOOR = 0.001


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be timed. `stream`: the client wants a stream; `streamed`: the upstream is asked for one.

    Its fields, without `streamed`, are what a `TimeoutRule` can match.
    """

    dialect: str
    endpoint: str
    model: str
    stream: bool
    streamed: bool
    effort: str | None
    scenario: str


MATCHABLE = frozenset(("dialect", "endpoint", "model", "stream", "effort", "scenario"))


@dataclass(frozen=True, slots=True)
class Layer:
    """Spans somebody set (clock -> seconds), and who: `channel openai`, `key dev`."""

    reason: str
    spans: Mapping[str, float]


def resolve(
    asked: Asked,
    preset: Preset,
    rules: Iterable[TimeoutRule] = (),
    layers: Sequence[Layer] = (),
    requested: Mapping[str, Span] | None = None,
) -> Timeouts:
    """All seven spans with their reasons. `layers`: weakest first. `requested`: from `read_headers`."""
    spans = _built_in(asked, preset)
    for rule in rules:
        if fits(rule.match, asked):
            _set(spans, rule.spans, f"rule {rule.name}")
    for layer in layers:
        _set(spans, layer.spans, layer.reason)
    if requested:
        spans.update(requested)
    if "first_token" not in spans:
        known = spans["first_byte"]
        spans["first_token"] = Span(known.seconds, f"as first_byte: {known.reason}")
    if "queue" not in spans:
        fifth = QUEUE_SHARE * spans["total"].seconds
        reason = "built-in" if fifth >= QUEUE else f"a fifth of total: {spans['total'].reason}"
        spans["queue"] = Span(min(QUEUE, fifth), reason)
    return Timeouts(**spans, growth=preset.growth)


def fits(match: Mapping[str, object], asked: Asked) -> bool:
    """Whether every key of a rule's `match` fits; a list fits if one of its values does, `model` is a glob."""
    return all(
        any(_one(name, value, asked) for value in (wanted if isinstance(wanted, list | tuple) else (wanted,)))
        for name, wanted in match.items()
    )


def read_headers(
    headers: Iterable[tuple[str, str]], floor: Mapping[str, float], ceiling: Mapping[str, float]
) -> dict[str, Span]:
    """The spans asked for by `x-outwait-timeout-*` headers, held between `floor` and `ceiling` (clock -> seconds).

    Header names in lower case. Raises Refusal for an unknown clock or a value that is no positive duration.
    """
    found = {}
    for header, value in headers:
        if header.startswith(PREFIX):
            clock = HEADERS.get(header.replace("_", "-"))
            if clock is None:
                message = f"There is no clock for the header {header[:60]}; there are {', '.join(HEADERS)}."
                raise Refusal(fault("invalid_value", message, param=header[:60]))
            found[clock] = _held(header, value, floor.get(clock, FLOOR), ceiling.get(clock, CEILING))
    return found


def _held(header: str, value: str, low: float, high: float) -> Span:
    try:
        seconds = durations.parse(value)
        if seconds <= 0:
            raise ValueError("a clock needs more than no time")
    except ValueError as error:
        raise Refusal(fault("invalid_value", f"The header {header} is wrong: {error}.", param=header)) from error
    if seconds > high:
        return Span(high, f"header {header} ({durations.tell(seconds)}), held to the ceiling")
    if seconds < low:
        return Span(low, f"header {header} ({durations.tell(seconds)}), held to the floor")
    return Span(seconds, f"header {header}")


def _built_in(asked: Asked, preset: Preset) -> dict[str, Span]:
    spans: dict[str, Span] = {}
    label = "" if preset.name == "default" else f"preset {preset.name}: "
    _set(spans, preset.scenarios[asked.scenario], f"{label}scenario {asked.scenario}")
    whole = preset.whole.get(asked.scenario)
    if not asked.streamed and whole is not None and whole != spans["first_byte"].seconds:
        spans["first_byte"] = Span(whole, f"{label}scenario {asked.scenario}, reply not streamed")
    glob = globs.first((glob for glob, _ in preset.models), bare(asked.model))
    if glob is not None:
        _set(spans, dict(preset.models)[glob], f"{label}model {glob}")
    return spans


def _set(spans: dict[str, Span], values: Mapping[str, float], reason: str) -> None:
    for clock, seconds in values.items():
        spans[clock] = Span(float(seconds), reason)


def _one(name: str, wanted: object, asked: Asked) -> bool:
    if name not in MATCHABLE:
        return False
    value = getattr(asked, name)
    if name == "model":
        return isinstance(wanted, str) and globs.fits(wanted, asked.model)
    return bool(value == wanted)
