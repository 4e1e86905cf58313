"""Whatever comes in whatever order: no slot is given twice, nobody waits beside a free one, nothing leaks."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault, UpstreamError, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health.endpoint import Change
from outwait.health.hold import Held
from outwait.health.tracker import HealthTracker, _first
from outwait.policy import choice
from outwait.policy.health_rules import HealthRules
from outwait.policy.limiter import Concurrency
from outwait.policy.standing import Hint
from outwait.policy.survival import Watch
from outwait.wire.wheel import NEVER, Alarm

ONE = Span(10.0, "a rule")
TIMEOUTS = Timeouts(ONE, ONE, ONE, ONE, ONE, ONE, ONE)
CAPS = {"a": 3, "b": 0, "c": 2}
RULES = HealthRules(concurrency=Concurrency(start=2, floor=1, ceiling=4, pause=1.0, step=1))
REPLIED = UpstreamError(500, "", b"")
FAULTS = [
    fault("upstream_reset"),
    fault("upstream_error", cause="rate_limited", retry_after=3.0, upstream=UpstreamError(429, "", b"")),
    fault("upstream_error", cause="overloaded", retry_after=2.0, upstream=UpstreamError(503, "", b"")),
    fault("upstream_auth"),
    fault("client_gave_up"),
    fault("idle_timeout"),
]


def _plan(*names: str, sticky: bool = False) -> Plan:
    pairs = [name.split("/") for name in names]
    candidates = [
        Candidate(channel, "openai", model, keys=2 if channel == "a" else 1, tier=at // 2)
        for at, (channel, model) in enumerate(pairs)
    ]
    return Plan("chat", tuple(candidates), TIMEOUTS, sticky=sticky)


PLANS = (_plan("a/m", "b/m"), _plan("b/m"), _plan("a/m", "a/n", "c/m", sticky=True), _plan("c/m", "a/m"), _plan("a/m"))


def _catalog(other_key: str = "k") -> Catalog:
    def channel(name: str) -> Channel:
        keys = ("k1", "k2") if name == "a" else (other_key if name == "c" else "k",)
        return Channel(name, "openai", "https://x", keys, max_in_flight=CAPS[name])

    return Catalog(channels=tuple(channel(name) for name in CAPS))


class Hands:
    """A wheel that is turned by hand."""

    def __init__(self) -> None:
        self.alarms: dict[Alarm, None] = {}

    def set(self, alarm: Alarm, due: float) -> None:
        alarm.due = due
        self.alarms[alarm] = None

    def clear(self, alarm: Alarm) -> None:
        alarm.due = NEVER

    def forget(self, alarm: Alarm) -> None:
        alarm.due = NEVER
        self.alarms.pop(alarm, None)

    def turn(self, now: float) -> None:
        for alarm in [alarm for alarm in self.alarms if alarm.due <= now]:
            alarm.due = NEVER
            alarm.ring(now)


class Learner:
    """Learns nothing."""

    epoch = 0
    moves = False

    def subject(self, *_: object, whole: bool) -> Learner:
        return self

    def look(self, watch: Watch, now: float) -> None:
        """At nothing."""

    def clocks(self, _: str, __: str, timeouts: Timeouts, ___: float, *, whole: bool) -> Timeouts:
        return timeouts

    def worth(self, *_: object, whole: bool) -> None:
        return None

    def usual(self, *_: object, whole: bool) -> None:
        return None

    def forget(self, channel: str) -> None:
        """There is nothing."""


@dataclass(eq=False)
class Caller:
    """One who asks. `rash`: leaves as soon as it is granted a place."""

    wish: Wish
    rash: bool = False
    holds: list[Held] = field(default_factory=list)
    told: int = 0

    def granted(self, hold: Hold) -> None:
        assert isinstance(hold, Held)
        self.told += 1
        endpoint = hold._endpoint
        assert endpoint.standing.outstanding <= endpoint.limiter.limit
        assert not endpoint.channel.max_in_flight or endpoint.channel.running <= endpoint.channel.max_in_flight
        if self.rash:
            hold.leave(None)
        else:
            self.holds.append(hold)


class Machine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.time = 100.0
        self.luck = itertools.cycle((0.1, 0.9, 0.5, 0.7, 0.3, 0.0))
        self.hands = Hands()
        self.tracker = HealthTracker(
            lambda: self.time,
            lambda: 1e9 + self.time,
            lambda: next(self.luck),
            self.hands,  # type: ignore[arg-type] # as much of a wheel as is used
            Learner(),
            RULES,
        )
        self.tracker.use(_catalog())
        self.callers: list[Caller] = []
        self.waiting: list[Caller] = []

    def _settle(self) -> None:
        self.waiting = [caller for caller in self.waiting if not caller.told]

    def _running(self) -> list[tuple[Caller, Held]]:
        return [(caller, hold) for caller in self.callers for hold in caller.holds]

    def _pass(self, seconds: float) -> None:
        self.time += seconds
        self.hands.turn(self.time)
        self.tracker.tick(self.time)
        self._settle()

    @rule(
        plan=st.sampled_from(PLANS),
        key=st.sampled_from("xy"),
        sticky=st.none() | st.integers(0, 3),
        place=st.none() | st.integers(0, 2),
        used=st.lists(st.tuples(st.integers(0, 1), st.integers(0, 1)), max_size=2),
        rash=st.booleans(),
    )
    def ask(
        self,
        plan: Plan,
        key: str,
        sticky: int | None,
        place: int | None,
        used: list[tuple[int, int]],
        rash: bool,
    ) -> None:
        places = () if place is None else (min(place, len(plan.candidates) - 1),)
        caller = Caller(Wish(plan, key, self.time + 60.0, sticky, places, tuple(used)), rash)
        found = self.tracker.acquire(caller.wish, caller.granted)
        if isinstance(found, Fault):
            assert found.code in {"upstream_auth", "gateway_overloaded", "rate_limited"}
        elif found is None:
            self.waiting.append(caller)
        else:
            assert found.candidate.name == plan.candidates[found.place].name
            assert not places or found.place in places
            caller.granted(found)
        self.callers.append(caller)
        self._settle()

    @precondition(lambda self: self.waiting)
    @rule(at=st.integers(0, 20))
    def withdraw(self, at: int) -> None:
        caller = self.waiting.pop(at % len(self.waiting))
        self.tracker.withdraw(caller.wish, caller.granted)
        assert not caller.told

    @precondition(lambda self: self._running())
    @rule(at=st.integers(0, 20))
    def content(self, at: int) -> None:
        running = self._running()
        running[at % len(running)][1].content()
        self._settle()

    @precondition(lambda self: self._running())
    @rule(at=st.integers(0, 20), left=st.integers(0, 3))
    def headed(self, at: int, left: int) -> None:
        running = self._running()
        running[at % len(running)][1].headed(
            200,
            {
                "x-ratelimit-limit-requests": "10",
                "x-ratelimit-remaining-requests": str(left),
                "x-ratelimit-reset-requests": "4s",
            },
        )
        self._pass(0.0)  # where the last key of a full endpoint rests, the next tick may send people elsewhere

    @precondition(lambda self: self._running())
    @rule(at=st.integers(0, 20), failed=st.none() | st.sampled_from(FAULTS), twice=st.booleans())
    def leave(self, at: int, failed: Fault | None, twice: bool) -> None:
        running = self._running()
        caller, hold = running[at % len(running)]
        caller.holds.remove(hold)
        hold.leave(failed)
        if twice:
            hold.leave(FAULTS[0])
        self._settle()

    @rule(seconds=st.sampled_from([0.3, 1.0, 4.0, 40.0]))
    def time_passes(self, seconds: float) -> None:
        self._pass(seconds)

    @rule(other=st.sampled_from(["k", "l"]))
    def reload(self, other: str) -> None:
        self.tracker.use(_catalog(other))
        self._settle()

    @rule(name=st.sampled_from(["a/m", "b/m", "c/m", "x/y"]), hint=st.sampled_from(list(Hint)))
    def hear(self, name: str, hint: Hint) -> None:
        self.tracker.hear(name, hint)
        self._settle()

    @rule(channel=st.sampled_from("abcx"), key=st.integers(0, 2), dead=st.booleans())
    def hear_of_a_key(self, channel: str, key: int, dead: bool) -> None:
        if dead:
            self.tracker.hear_dead(channel, key)
        else:
            self.tracker.revive(channel, key)
        self._settle()

    @invariant()
    def nothing_leaks(self) -> None:
        running = [hold._endpoint for _, hold in self._running()]
        for endpoint in self.tracker.endpoints.values():
            assert endpoint.standing.outstanding == running.count(endpoint)
        for channel in self.tracker.channels.values():
            assert channel.running == sum(endpoint.channel is channel for endpoint in running)
            assert not channel.max_in_flight or channel.running <= channel.max_in_flight
        assert self.tracker._lines.length == len(self.waiting)
        assert len(self.tracker._lines._waiters) == len(self.waiting)

    @invariant()
    def nobody_waits_beside_a_free_place(self) -> None:
        for caller in self.waiting:
            route = self.tracker._route(caller.wish.plan, caller.wish.places)
            found = self.tracker._choose(route, None, self.time)
            assert _first(route, found, self.time) is None
            if not found.order:
                assert choice.knock(route.standings, self.time) is None

    def teardown(self) -> None:
        for _ in range(500):
            for caller, hold in self._running():
                caller.holds.remove(hold)
                hold.leave(None)
            for channel in self.tracker.channels.values():
                for key in range(len(channel.credentials)):
                    self.tracker.revive(channel.name, key)
            self._pass(60.0)
            if not self.waiting and not self._running():
                break
        assert not self.waiting
        self.nothing_leaks()
        assert all(caller.told <= 1 for caller in self.callers)
        assert not any(endpoint.rows for endpoint in self.tracker.endpoints.values())


TestMachine = Machine.TestCase
TestMachine.settings = settings(stateful_step_count=40)


def test_the_words_of_changes() -> None:
    assert [one.value for one in Change] == [
        "ejected", "suspect", "healthy", "key dead", "key revived", "limit changed",
    ]  # fmt: skip
