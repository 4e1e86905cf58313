"""What holds for every exchange, whatever happens to it in whatever order; and for every reader of its answer."""

from __future__ import annotations

import math
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from outwait.core.fault import FAULTS, Fault, RetryClass, Stage, UpstreamError, fault
from outwait.core.plan import Candidate, OnDisconnect, Plan, Retry
from outwait.exchange import effects as do
from outwait.exchange import inputs as on
from outwait.exchange.machine import Machine
from outwait.exchange.phase import Phase
from outwait.exchange.replay import Bounds, Gone, Reader, Replay
from outwait.policy import retry
from outwait.testing.playbook import plan_of, timeouts_of

spans = st.sampled_from([0.5, 1.0, 3.0, 10.0, 60.0])
clocks = st.sampled_from(["queue", "connect", "write", "first_byte", "first_token", "idle", "total"])
candidates = st.builds(
    Candidate,
    channel=st.sampled_from("abcd"),
    dialect=st.just("plain"),
    model=st.just("m"),
    streamed=st.booleans(),
    timeouts=st.none() | st.dictionaries(clocks, spans).map(lambda said: timeouts_of(**said)),
)
odds = st.builds(on.Odds, active=st.booleans(), paid=st.booleans(), luck=st.integers(0, 999).map(lambda n: n / 1000))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    return plan_of(
        *draw(st.lists(candidates, max_size=4)),
        spans=draw(st.dictionaries(clocks, spans)),
        growth=draw(st.sampled_from([0.0, 0.5, 1.0])),
        retry=Retry(attempts=draw(st.integers(1, 5)), base_transport=draw(spans), base_overload=draw(spans)),
        on_disconnect=draw(st.sampled_from(OnDisconnect)),
        linger=draw(st.sampled_from([0.0, 1.0, 30.0])),
    )


@st.composite
def faults(draw: st.DrawFn) -> Fault:
    answered = draw(st.none() | st.sampled_from([200, 400, 401, 408, 429, 500, 503, 529]))
    code = draw(st.sampled_from(sorted(FAULTS)))
    hint = draw(st.sampled_from([None, None, "stale", "unstreamable"]))
    return fault(
        code,
        stage=draw(st.none() | st.sampled_from(Stage)),
        hint=None if code == "not_expressible" else hint,  # nothing was sent that could be stale, or refused
        retry_after=draw(st.sampled_from([None, None, 0.0, 0.3, 5.0, 500.0, math.inf, math.nan])),
        upstream=None if answered is None else UpstreamError(answered, "", b""),
    )


class AnyExchange(RuleBasedStateMachine):
    """Sends whatever its phase allows, at any time up to the deadline, as the driver would."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.accepted = 1000.0
        self.open = self.queued = self.beside = False
        self.opened = self.repairs = self.settled = 0
        self.number = 0
        self.machine = Machine(plan_of(), self.now)

    @initialize(plan=plans(), granted=st.booleans())
    def accept(self, plan: Plan, granted: bool) -> None:
        self.machine = Machine(plan, self.now)
        self.send(on.BEGIN_GRANTED if granted and plan.candidates else on.BEGIN)

    @rule(share=st.floats(0, 1), data=st.data())
    @precondition(lambda self: not self.settled)
    def anything_happens(self, share: float, data: st.DataObject) -> None:
        kinds = sorted((kind for kind in self.machine.phase.row if kind is not on.Tick), key=lambda kind: kind.__name__)
        spare = self.machine.turns.spare
        if self.beside or not spare or self.machine.turns.taken >= self.machine.plan.retry.attempts:
            kinds = [kind for kind in kinds if kind is not on.Hedged]
        if not self.beside:
            kinds = [kind for kind in kinds if kind not in {on.Overtaken, on.Fell}]
        kind = data.draw(st.sampled_from(kinds), label="input")
        self.now += share * (min(self.machine.deadline(), self.now + 100) - self.now)
        carried: dict[type, dict[str, st.SearchStrategy[Any]]] = {
            on.Failed: {"fault": faults(), "odds": odds},
            on.Refused: {"fault": faults()},
            on.Fell: {"fault": faults()},
        }
        fields = carried.get(kind)
        if kind is on.Hedged:
            place = data.draw(st.sampled_from(spare))
            self.send(on.Hedged(place, self.machine.plan.candidates[place], "late"))
        else:
            self.send(data.draw(st.builds(kind, **fields)) if fields else kind())

    @rule(odds=odds)
    @precondition(lambda self: not self.settled)
    def time_passes(self, odds: on.Odds) -> None:
        self.tick(odds)

    @rule(share=st.floats(0, 0.99), odds=odds)
    @precondition(lambda self: not self.settled)
    def the_alarm_rings_early(self, share: float, odds: on.Odds) -> None:
        before = (self.machine.phase, self.machine.deadline())
        early = self.now + share * (before[1] - self.now)
        if early < before[1]:
            self.now = early
            assert self.machine.handle(on.Tick(odds), early) == ()
            assert (self.machine.phase, self.machine.deadline()) == before

    @rule(share=st.floats(0, 1))
    def progress_is_made(self, share: float) -> None:
        if not self.settled:
            self.now += share * (self.machine.deadline() - self.now)
        self.machine.progress(self.now)

    @rule(data=st.data())
    @precondition(lambda self: self.settled)
    def too_late(self, data: st.DataObject) -> None:
        kind = data.draw(
            st.sampled_from([on.Tick, on.Failed, on.Ended, on.Cancel, on.ReaderLeft, on.ReaderCame, on.Sent])
        )
        fields: dict[str, Any] = {"odds": on.Odds()} if kind in (on.Tick, on.Failed) else {}
        if kind is on.Failed:
            fields["fault"] = fault("upstream_reset")
        assert self.machine.handle(kind(**fields), self.now) == ()

    @invariant()
    def deadlines_are_kept(self) -> None:
        if not self.settled and self.machine.phase is not Phase.NEW:
            assert self.now <= self.machine.deadline() <= self.accepted + self.machine.plan.timeouts.total.seconds
        if self.settled:
            assert self.machine.deadline() == math.inf

    @invariant()
    def attempts_are_bounded(self) -> None:
        assert self.machine.number <= self.machine.plan.retry.attempts
        assert self.opened == self.machine.number + self.repairs
        assert self.repairs <= 2 * self.machine.plan.retry.attempts

    @invariant()
    def phase_and_effects_agree(self) -> None:
        phase = self.machine.phase
        if phase is not Phase.NEW:
            assert self.open is (phase.clock is not None and phase is not Phase.QUEUED)
            assert self.queued is (phase is Phase.QUEUED)
            assert self.beside is (self.machine.turns.beside is not None)
            assert not self.beside or phase in (Phase.SENT, Phase.HEAD)
            assert bool(self.settled) is (phase is Phase.SETTLED)
        assert self.machine.silence >= 0

    def teardown(self) -> None:
        """When only time passes, every accepted exchange ends, and in its total time."""
        turns = 0
        while not self.settled and self.machine.phase is not Phase.NEW:
            self.tick(on.Odds(paid=True))
            self.phase_and_effects_agree()
            turns += 1
            assert turns < 50
        assert self.now <= self.accepted + self.machine.plan.timeouts.total.seconds + 1e-6

    def tick(self, odds: on.Odds) -> None:
        self.now = self.machine.deadline()
        self.send(on.Tick(odds))
        assert self.settled or self.machine.deadline() > self.now  # a clock that rang does not ring again at once

    def send(self, event: on.Input) -> None:
        was_committed, before = self.machine.committed, self.machine.outcome
        if isinstance(event, on.Failed | on.Ended | on.Replied):
            assert self.open
            self.open = False
        elif isinstance(event, on.Refused):
            self.queued = False
        elif isinstance(event, on.Begin) and event.granted:
            self.queued = True
        elif isinstance(event, on.Hedged):
            assert self.open
            assert not self.beside
            self.beside = True
            self.opened += 1
        elif isinstance(event, on.Fell):
            self.beside = False
        effects = self.machine.handle(event, self.now)
        if isinstance(event, on.Failed) and retry.unspeakable(event.fault):
            self.repairs += not any(isinstance(effect, do.Retrying) for effect in effects)  # it was no attempt
        for position, effect in enumerate(effects):
            assert not self.settled
            self.carry_out(effect, event, last=position == len(effects) - 1)
        if was_committed:
            assert all(isinstance(effect, do.Close | do.Settle) for effect in effects)
        assert (self.machine.outcome is before) or self.settled == 1

    def carry_out(self, effect: do.Effect, event: on.Input, *, last: bool) -> None:
        match effect:
            case do.Acquire():
                assert last
                assert not self.open
                assert not self.queued
                self.queued = True
            case do.Open(_, number, _):
                assert last
                assert self.queued
                assert not self.open
                self.queued, self.open = False, True
                self.opened += 1
                assert number == self.machine.number
            case do.Close():
                assert self.open or self.queued
                self.open = self.queued = False
            case do.Retrying(_, retry_class, failed, repair, failover):
                assert retry_class in (RetryClass.SAFE, RetryClass.AMBIGUOUS)
                assert retry_class is retry.classify(failed)
                self.repairs += repair
                assert isinstance(event, on.Failed | on.Tick)
                assert repair or failover or event.odds.active
                assert not (repair and failover)
                assert retry_class is RetryClass.SAFE or event.odds.paid
            case do.Overtake(failed):
                assert last
                assert self.beside
                assert not self.open
                assert failed is not RetryClass.FINAL
                self.open, self.beside = True, False
            case do.Forgo():
                assert self.beside
                assert isinstance(event, on.Content)
                self.beside = False
            case do.Settle(outcome, why):
                assert last
                self.machine.turns.beside, self.beside = None, False  # the driver ends it with the exchange
                self.settled += 1
                assert (why is None) is (outcome is do.Outcome.COMPLETED)
                assert outcome is self.machine.outcome


AnyExchange.TestCase.settings = settings(stateful_step_count=30)
TestAnyExchange = AnyExchange.TestCase


# -- the replay buffer

moves = st.lists(
    st.tuples(st.sampled_from(["append", "read", "join", "leave"]), st.integers(0, 2000), st.integers(0, 3)),
    max_size=80,
)


@given(moves, st.sampled_from([0, 1, 700, 5000]), st.sampled_from([2000, 50_000]))
def test_every_reader_gets_exactly_what_was_appended(steps: list[Any], memory: int, cap: int) -> None:
    replay = Replay(Bounds(memory=memory, lag=500, cap=cap))
    sent = b""
    got: dict[Reader, bytes] = {}
    for number, (move, size, which) in enumerate(steps):
        readers = list(got)
        if move == "append" and size:
            data = bytes([number % 251]) * size
            sent += data
            replay.append(data)
        elif move == "join":
            reader = Reader(replay, lambda: None)
            replay.readers.append(reader)
            got[reader] = b""
        elif readers and move == "read":
            reader = readers[which % len(readers)]
            try:
                got[reader] += reader.read()
            except Gone:
                assert not replay.whole  # told, never left out in silence
                _leave(replay, got, reader)
        elif readers and move == "leave":
            _leave(replay, got, readers[which % len(readers)])
        assert replay.size == len(sent)
        if replay.whole:
            assert replay.memory <= memory
        for reader, data in got.items():
            assert sent.startswith(data)
            assert reader.taken == len(data)
    for reader, data in got.items():
        try:
            while reader.behind:
                data += reader.read()  # noqa: PLW2901 - it grows
            assert data == sent
        except Gone:
            assert not replay.whole
    replay.close()


def _leave(replay: Replay, got: dict[Reader, bytes], reader: Reader) -> None:
    replay.readers.remove(reader)
    del got[reader]
