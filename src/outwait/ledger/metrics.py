"""The numbers behind /metrics, of this process and, when several share a port, of all of them.

With PROMETHEUS_MULTIPROC_DIR set before this module is imported, each process keeps its numbers in files of that
directory and `render` adds them up; without it, the numbers of this process are all there are. Labels are bounded:
whatever clients send, the number of series is limited by the configuration and by `MODELS`.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    disable_created_metrics,
    generate_latest,
    multiprocess,
    values,
)

from outwait.core.entry import Entry
from outwait.core.fault import Clock, RetryClass
from outwait.ledger.counts import Totals
from outwait.ledger.health_metrics import HealthMetrics
from outwait.ledger.tally import BOUNDS, Count, Spread

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
MODELS = 200
OTHER = "other"
_LONGEST_NAME = 100
_CLOCKS = tuple(clock.value for clock in Clock)
_TRUTH = ("false", "true")
_ANSWER = ("dialect", "endpoint", "model", "stream")

Labelled = tuple[str, str]
Health = Callable[[], tuple[Mapping[Labelled, float], Mapping[Labelled, int]]]


class ModelNames:
    """Which model names become labels: those of the configuration, and others once a request for them succeeded.

    At most `cap` names are learnt, the first that come; later ones are `other`. A name is never given up for another:
    a series that ends and comes back would look like a restart, and files of other processes would keep it anyway.
    """

    def __init__(self, known: Iterable[str] = (), cap: int = MODELS) -> None:
        self._known = frozenset(known)
        self._learnt: set[str] = set()
        self._cap = cap

    def know(self, names: Iterable[str]) -> None:
        """Take the names of a new configuration."""
        self._known = frozenset(names)

    def label(self, model: str, served: bool) -> str:
        """The label for `model`; `served`: a request for it was answered."""
        if model in self._known or model in self._learnt:
            return model
        if served and len(self._learnt) < self._cap and 0 < len(model) <= _LONGEST_NAME and model.isprintable():
            self._learnt.add(model)
            return model
        return OTHER


class Metrics:
    """Counts what entries tell. A recorder's sink: `absorb` runs in its thread, `render` in any other.

    `version`: for outwait_build_info. `models`: public names of the configuration. `clean`: takes secrets out of them.
    """

    def __init__(
        self, version: str = "", models: Iterable[str] = (), clean: Callable[[str], str] | None = None
    ) -> None:
        # `_created` is a second series beside each one, which nothing here needs.
        disable_created_metrics()  # type: ignore[no-untyped-call]  # the library has no types here
        self.registry = CollectorRegistry()
        self.models = ModelNames(models)
        self._clean = clean or str
        self._watched: list[tuple[Gauge, Callable[[], float]]] = []
        self._ask_dropped: Callable[[], int] = int
        self._dropped_told = 0
        self._ask_counts: Callable[[], Mapping[str, int]] = dict
        self._ask_health: Health | None = None
        self._totals = Totals(self.registry)
        self._health = HealthMetrics(self.registry)
        self._counters()
        self._histograms()
        self._in_flight = self._gauge("outwait_in_flight", "Exchanges that are running.", "livesum")
        self._lateness = self._gauge(
            "outwait_heartbeat_lateness_seconds",
            "How late the timing wheel woke up, at worst since last asked.",
            "livemax",
        )
        build = Gauge(
            "outwait_build_info", "1, by version.", ("version",), registry=self.registry, multiprocess_mode="livemax"
        )
        build.labels(version).set(1)

    def _counter(self, name: str, text: str, *labels: str, always: Sequence[str] = ()) -> Count:
        counter = Counter(name, text, labels, registry=self.registry)
        return Count(counter, [(each,) for each in always] if labels else [()])

    def _gauge(self, name: str, text: str, mode: str) -> Gauge:
        return Gauge(name, text, registry=self.registry, multiprocess_mode=mode)  # type: ignore[arg-type]  # a literal

    def _counters(self) -> None:
        make = self._counter
        self._requests = make(
            "outwait_requests",
            "Requests that were settled.",
            *("dialect", "endpoint", "model", "channel", "scenario", "stream", "outcome", "status"),
        )
        self._heartbeats = make("outwait_heartbeats", "Heartbeats sent to clients.", "dialect", "stream")
        self._timeouts = make("outwait_timeouts", "Clocks that ran out, in any attempt.", "clock", always=_CLOCKS)
        classes = [each.value for each in RetryClass]
        self._retries = make("outwait_retries", "Failed attempts followed by another.", "class", always=classes)
        self._rescued = make("outwait_rescued_requests", "Answers delivered whole that silence would have cut.")
        self._adopted = make("outwait_adopted_requests", "Retries that received the exchange already made for them.")
        self._attached = make(
            "outwait_attached_requests", "Requests that joined the running exchange of their Idempotency-Key."
        )
        self._replayed = make(
            "outwait_replayed_requests", "Requests that were given the finished answer of their Idempotency-Key."
        )
        self._saved = make("outwait_calls_saved", "Requests that cost no upstream call: adopted, attached or replayed.")
        self._reattached = make("outwait_reattached_requests", "Clients that came back for an exchange by its id.")
        self._faults = make("outwait_faults", "Requests that ended in a fault.", "code", "side")
        self._dropped = make("outwait_ledger_dropped", "Entries lost because the ledger could not keep up.")

    def _histograms(self) -> None:
        texts = {
            "outwait_request_duration_seconds": "Acceptance to settlement.",
            "outwait_first_byte_seconds": "Acceptance to the upstream's response head.",
            "outwait_first_token_seconds": "Acceptance to the first content.",
            "outwait_silence_seconds": "Longest time the upstream gave nothing while the client waited.",
        }
        self._spans = tuple(
            Histogram(name, text, _ANSWER, buckets=BOUNDS, registry=self.registry) for name, text in texts.items()
        )
        self._spreads: dict[tuple[str, str, str, str], tuple[Spread, ...]] = {}

    def watch(
        self,
        in_flight: Callable[[], float] | None = None,
        lateness: Callable[[], float] | None = None,
        dropped: Callable[[], int] | None = None,
        counts: Callable[[], Mapping[str, int]] | None = None,
        health: Health | None = None,
    ) -> None:
        """Ask these at every flush, in the recorder's thread.

        `in_flight`: exchanges that run now. `lateness`: the worst lateness of a heartbeat since it was last asked, in
        seconds. `dropped`: entries the recorder has dropped since it started. `counts`: see `counts.Counts`. `health`:
        what `HealthMetrics.tell` takes.
        """
        given = ((self._in_flight, in_flight), (self._lateness, lateness))
        self._watched = [(gauge, ask) for gauge, ask in given if ask is not None]
        self._ask_dropped = dropped or int
        self._ask_counts = counts or dict
        self._ask_health = health

    def absorb(self, entries: Sequence[Entry]) -> None:
        """Count `entries` and look at what is watched."""
        touched: dict[tuple[str, str, str, str], tuple[Spread, ...]] = {}
        for entry in entries:
            model = self.models.label(self._clean(entry.model), entry.outcome == "completed")
            stream = _TRUTH[entry.stream]
            labels = (entry.dialect, entry.endpoint, model, stream)
            spreads = touched.get(labels)
            if spreads is None:
                spreads = touched[labels] = self._spread(labels)
            self._observe(entry, spreads)
            status = f"{entry.status // 100}xx" if entry.status else "none"
            self._requests.add(
                (entry.dialect, entry.endpoint, model, entry.channel, entry.scenario, stream, entry.outcome, status)
            )
            if entry.heartbeats:
                self._heartbeats.add((entry.dialect, stream), entry.heartbeats)
            if entry.rescued:
                self._rescued.add(())
            if entry.further:
                self._count_further(entry)
            elif entry.fault is not None or entry.attempts > 1:
                self._count_trouble(entry)
        self._tell(touched.values())

    def render(self) -> bytes:
        """Everything in Prometheus' text format, of all processes; reads files, so not on the loop's thread."""
        if not getattr(values.ValueClass, "_multiprocess", False):
            return generate_latest(self.registry)
        registry = CollectorRegistry()
        multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]  # the library has no types here
        return generate_latest(registry)

    def _spread(self, labels: tuple[str, str, str, str]) -> tuple[Spread, ...]:
        spreads = self._spreads.get(labels)
        if spreads is None:
            spreads = self._spreads[labels] = tuple(Spread(span.labels(*labels)) for span in self._spans)
        return spreads

    @staticmethod
    def _observe(entry: Entry, spreads: tuple[Spread, ...]) -> None:
        duration, first_byte, first_token, silence = spreads
        duration.add(entry.duration)
        if entry.first_byte is not None:
            first_byte.add(entry.first_byte)
        if entry.first_token is not None:
            first_token.add(entry.first_token)
        silence.add(entry.silence)

    def _count_further(self, entry: Entry) -> None:
        """A delivery after the first."""
        if entry.saved:
            self._saved.add(())
        for true, count in (
            (entry.adopted, self._adopted),
            (entry.attached, self._attached),
            (entry.replayed, self._replayed),
            (entry.reattached, self._reattached),
        ):
            if true:
                count.add(())

    def _count_trouble(self, entry: Entry) -> None:
        """Attempts belong to the delivery they were made for; a further one does not count them again."""
        if entry.fault is not None:
            self._faults.add((entry.fault.code, entry.fault.side.value))
        for retry_class in entry.retries:
            self._retries.add((retry_class,))
        for _, event, detail in entry.timeline:
            if event == "timeout":
                clock = detail.partition(" ")[0]
                if clock in _CLOCKS:
                    self._timeouts.add((clock,))

    def _tell(self, touched: Iterable[tuple[Spread, ...]]) -> None:
        for spreads in touched:
            for spread in spreads:
                spread.tell()
        self._requests.tell()
        for count in (self._heartbeats, self._timeouts, self._retries, self._faults):
            count.tell()
        for count in (self._rescued, self._adopted, self._attached, self._replayed, self._saved, self._reattached):
            count.tell()
        for gauge, ask in self._watched:
            gauge.set(ask())
        total = self._ask_dropped()
        if total > self._dropped_told:
            self._dropped.add((), total - self._dropped_told)
            self._dropped.tell()
            self._dropped_told = total
        self._totals.tell(self._ask_counts())
        if self._ask_health is not None:
            self._health.tell(*self._ask_health())


def mark_process_dead(pid: int) -> None:
    """Take the gauges of a worker that ended out of the sums; its counters stay. For the supervisor."""
    if os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]  # the library has no types here
