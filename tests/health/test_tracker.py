"""The tracker in virtual time: who gets a place, who waits, and who is served when."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Endpoints, Hold, Wish
from outwait.core.fault import Fault, UpstreamError, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health.tracker import HealthTracker
from outwait.policy import choice
from outwait.policy.breaker import BreakerRule
from outwait.policy.health_rules import HealthRules
from outwait.policy.limiter import Concurrency
from outwait.policy.retry import Verdict
from outwait.policy.standing import StandingRule
from outwait.policy.survival import Wait, Watch
from outwait.policy.waits import Waits
from outwait.testing.virtual import run
from outwait.wire.wheel import Wheel

ONE = Span(10.0, "a rule")
TIMEOUTS = Timeouts(ONE, ONE, ONE, ONE, ONE, ONE, ONE)
LEARNED = replace(TIMEOUTS, idle=Span(1.0, "learned"))
RULES = HealthRules(
    concurrency=Concurrency(start=1, floor=1, ceiling=1), standing=StandingRule(breaker=BreakerRule(in_row=2))
)
RESET = fault("upstream_reset")
BUSY = fault("upstream_error", cause="rate_limited", retry_after=3.0, upstream=UpstreamError(429, "", b""))
REFUSED = fault("upstream_auth")
NAMES = ("a/m", "b/m", "c/m")


class Waiting:
    """One wait of the survival detector."""

    def __init__(self, wait: Wait) -> None:
        self._wait = wait

    def headed(self, now: float, status: int) -> None:
        pass

    def content(self, now: float) -> None:
        self._wait.content(now)

    def end(self, now: float, gap: float, *, complete: bool) -> None:
        self._wait.end(now)


class Learner:
    """Watches everything; what is worth it and which clocks hold is set by the test."""

    epoch = 0
    moves = False

    def __init__(self) -> None:
        self.verdicts: dict[str, Verdict] = {}
        self.spans: dict[str, Timeouts] = {}
        self.asked: list[tuple[object, ...]] = []
        self.waits = Waits(0.0)
        for _ in range(600):
            self.waits.add(1.0, 0.0)

    def subject(self, endpoint: str, scenario: str, now: float, *, whole: bool) -> Learner:
        return self

    def look(self, watch: Watch, now: float) -> Waiting:
        return Waiting(watch.begin(self.waits, Waits(now), now))

    def clocks(self, endpoint: str, scenario: str, timeouts: Timeouts, now: float, *, whole: bool) -> Timeouts:
        return self.spans.get(endpoint, timeouts)

    def worth(
        self, endpoint: str, scenario: str, left: float, paid: float, now: float, *, whole: bool
    ) -> Verdict | None:
        self.asked.append((endpoint, scenario, left, paid))
        return self.verdicts.get(endpoint)

    def usual(self, *_: object, whole: bool) -> None:
        return None

    def forget(self, channel: str) -> None:
        raise AssertionError(channel)


def plan(*names: str, sticky: bool = False, tiers: tuple[int, ...] = (0, 0, 0)) -> Plan:
    pairs = [name.split("/") for name in names]
    made = [Candidate(a, "openai", b, tier=tier) for (a, b), tier in zip(pairs, tiers, strict=False)]
    return Plan("chat", tuple(made), TIMEOUTS, sticky=sticky)


def catalog(**channels: Channel) -> Catalog:
    usual = {name: Channel(name, "openai", "https://x", ("k",)) for name in "abc"}
    return Catalog(channels=tuple((usual | channels).values()))


class World:
    """A tracker on a virtual wheel, and everything it told."""

    def __init__(self, rules: HealthRules = RULES) -> None:
        loop = asyncio.get_running_loop()
        self.now = loop.time
        self.luck = 0.0
        self.learner = Learner()
        wall: Callable[[], float] = lambda: 1e9 + loop.time()  # noqa: E731 - a clock in a word
        self.tracker = HealthTracker(loop.time, wall, lambda: self.luck, Wheel(loop), self.learner, rules)
        self.tracker.use(catalog())
        self.news: list[tuple[str, str, str]] = []
        self.tracker.events.append(lambda name, what, detail: self.news.append((name, what.value, detail)))
        self.granted: list[tuple[str, Hold, float]] = []

    def wish(self, asked: Plan, key: str = "k", **more: Any) -> Wish:
        return Wish(asked, key, self.now() + 60.0, **more)

    def ask(self, asked: Plan, name: str = "", **more: Any) -> Hold | Fault | None:
        def granted(hold: Hold) -> None:
            self.granted.append((name, hold, self.now()))

        return self.tracker.acquire(self.wish(asked, **more), granted)

    def hold(self, asked: Plan, **more: Any) -> Hold:
        found = self.ask(asked, **more)
        assert found is not None
        assert not isinstance(found, Fault)
        return found

    def refused(self, asked: Plan, **more: Any) -> Fault:
        found = self.ask(asked, **more)
        assert isinstance(found, Fault)
        return found

    def names(self) -> list[str]:
        return [name for name, _, _ in self.granted]


Story = Callable[[World], Coroutine[Any, Any, None]]


def told(rules: HealthRules = RULES) -> Callable[[Story], Callable[[], None]]:
    """The story of a test, in virtual time."""

    def make(story: Story) -> Callable[[], None]:
        async def tell() -> None:
            await story(World(rules))

        return lambda: run(tell())

    return make


@told()
async def test_it_is_the_port(world: World) -> None:
    port: Endpoints = world.tracker
    assert port.outlook(world.wish(plan("a/m"))).order == (0,)


@told()
async def test_the_short_way_to_a_lone_endpoint(world: World) -> None:
    asked = plan("a/m")
    hold = world.tracker.lone(asked)
    assert hold is not None
    assert (hold.place, hold.reason) == (0, choice.ONLY)
    assert hold.candidate is asked.candidates[0]
    assert world.tracker.lone(asked) is None  # full
    hold.leave(None)
    assert world.tracker.lone(plan("a/m", "b/m")) is None


@told()
async def test_no_short_way_past_those_who_wait_or_what_rests(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    assert world.ask(asked) is None
    assert world.tracker.lone(plan("b/m")) is None
    hold.leave(BUSY)
    assert world.tracker.lone(asked) is None


@told()
async def test_a_lone_endpoint(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    assert (hold.place, hold.reason) == (0, choice.ONLY)
    assert hold.candidate is asked.candidates[0]
    endpoint = world.tracker.endpoints["a/m"]
    assert (endpoint.attempts, endpoint.channel.running) == (1, 1)
    hold.leave(None)
    assert (endpoint.standing.outstanding, endpoint.channel.running) == (0, 0)
    assert world.tracker.channels["a"] is endpoint.channel


@told()
async def test_the_next_one_waits_and_is_served(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    assert world.ask(asked, "first") is None
    assert world.ask(asked, "second") is None
    await asyncio.sleep(1.0)
    hold.leave(None)
    assert world.names() == ["first"]
    name, next_one, at = world.granted[0]
    assert (name, at, next_one.reason) == ("first", 1.0, f"{choice.ONLY}, after a wait")
    next_one.leave(RESET)
    assert world.names() == ["first", "second"]


@told()
async def test_the_line_is_short_and_says_when_to_come_again(world: World) -> None:
    asked = plan("a/m")
    world.hold(asked)
    assert world.ask(asked, key="x") is None
    assert world.ask(asked, key="y") is None
    refused = world.refused(asked, key="z")
    assert refused.code == "gateway_overloaded"
    assert refused.retry_after


@told()
async def test_who_withdraws_is_not_served(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    wish = world.wish(asked)

    def granted(_: Hold) -> None:
        raise AssertionError("it withdrew")

    assert world.tracker.acquire(wish, granted) is None
    world.tracker.withdraw(wish, granted)
    hold.leave(None)
    with pytest.raises(ValueError, match="does not wait"):
        world.tracker.withdraw(wish, granted)


@told()
async def test_a_rest_that_ends_serves_at_once(world: World) -> None:
    asked = plan("a/m")
    world.hold(asked).leave(BUSY)
    assert world.ask(asked, "one") is None
    await asyncio.sleep(2.9)
    assert world.granted == []
    await asyncio.sleep(0.2)
    assert world.names() == ["one"]


@told()
async def test_a_rest_too_long_to_wait_for(world: World) -> None:
    world.hold(plan("a/m")).leave(replace(BUSY, retry_after=100.0))
    refused = world.refused(plan("a/m"))
    assert (refused.code, refused.retry_after) == ("rate_limited", 100.0)


@told()
async def test_no_key_works(world: World) -> None:
    asked = plan("a/m", "a/n")
    world.hold(asked).leave(REFUSED)
    assert world.news == [("a", "key dead", "0")]
    refused = world.refused(asked, used=((0, 0),))  # what else may happen: tests/health/test_last_resort.py
    assert refused.code == "upstream_auth"
    assert refused.detail is not None
    assert "of a are dead" in refused.detail


@told()
async def test_no_candidate(world: World) -> None:
    assert world.refused(plan()).detail == "the plan has no candidate"


@told()
async def test_another_credential_is_used_for_the_second_attempt(world: World) -> None:
    world.tracker.use(catalog(a=Channel("a", "openai", "https://x", ("k", "l", "m"))))
    asked = plan("b/m", "a/m")
    hold = world.hold(asked, places=(1,), used=((1, 0), (0, 1), (1, 2)))
    assert (hold.place, hold.candidate.key) == (1, 1)


@told()
async def test_learned_clocks_hold(world: World) -> None:
    world.learner.spans["a/m"] = LEARNED
    assert world.hold(plan("a/m")).candidate.timeouts is LEARNED


@told()
async def test_the_next_choice_when_the_first_has_no_room(world: World) -> None:
    asked = plan("a/m", "b/m")
    holds = [world.hold(asked), world.hold(asked)]
    assert {hold.candidate.name for hold in holds} == {"a/m", "b/m"}
    assert world.ask(asked, "one") is None
    holds[1].leave(None)
    assert world.granted[0][1].place == holds[1].place


@told()
async def test_a_route_sticks_only_where_the_plan_says_so(world: World) -> None:
    def places(asked: Plan) -> set[int]:
        found = set()
        for luck in (0.0, 0.5, 0.99):
            world.luck = luck
            hold = world.hold(asked, sticky=7)
            found.add(hold.place)
            hold.leave(None)
        return found

    assert len(places(plan(*NAMES, sticky=True))) == 1
    assert len(places(plan(*NAMES))) == 3


@told()
async def test_each_plan_has_its_own_tiers(world: World) -> None:
    one, other = plan("a/m", "b/m", tiers=(0, 1)), plan("b/m", "a/m", tiers=(0, 1))
    for asked, name in ((one, "a/m"), (other, "b/m"), (one, "a/m")):
        hold = world.hold(asked)
        assert hold.candidate.name == name
        hold.leave(None)


@told()
async def test_a_channels_bound_is_over_all_its_endpoints(world: World) -> None:
    world.tracker.use(catalog(a=Channel("a", "openai", "https://x", ("k",), max_in_flight=1)))
    hold = world.hold(plan("a/m"))
    assert world.ask(plan("a/n"), "n") is None
    hold.leave(None)
    assert world.names() == ["n"]


@told()
async def test_an_ejected_endpoint_is_tried_by_one_when_its_time_has_come(world: World) -> None:
    asked = plan("a/m", "b/m")
    for _ in range(2):
        world.hold(asked, places=(0,)).leave(RESET)
    assert world.news[0][:2] == ("a/m", "ejected")
    hold = world.hold(asked)
    assert hold.candidate.name == "b/m"
    assert world.ask(asked, "one") is None
    assert world.tracker.outlook(world.wish(asked)).note == "a/m: ejected"
    await asyncio.sleep(31.0)
    world.tracker.tick(world.now())
    name, trial, _ = world.granted[0]
    assert (name, trial.candidate.name) == ("one", "a/m")
    assert trial.reason == f"{choice.PROBE}, after a wait"
    trial.content()
    assert world.news[-1] == ("a/m", "healthy", "")


@told()
async def test_a_lone_endpoint_is_the_last_resort(world: World) -> None:
    asked = plan("a/m")
    for _ in range(2):
        world.hold(asked).leave(RESET)
    assert world.hold(asked).reason == choice.PANIC


@told(replace(RULES, concurrency=Concurrency(start=5)))
async def test_a_silent_endpoint_becomes_suspect_and_content_clears_it(world: World) -> None:
    asked = plan("a/m", "b/m")
    holds = [world.hold(asked, places=(0,)) for _ in range(3)]
    await asyncio.sleep(600.0)
    world.tracker.tick(world.now())
    assert [one[:2] for one in world.news] == [("a/m", "suspect")]
    assert world.hold(asked).candidate.name == "b/m"
    holds[0].content()
    assert world.news[-1][:2] == ("a/m", "healthy")
    assert world.tracker.endpoints["a/m"].watch.suspect is None


@told()
async def test_who_is_served_may_ask_and_leave_at_once(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    served: list[str] = []

    def granted(given: Hold) -> None:
        served.append("rash")
        assert world.ask(asked, "again") is None
        given.leave(None)

    assert world.tracker.acquire(world.wish(asked), granted) is None
    hold.leave(None)
    assert (served, world.names()) == (["rash"], ["again"])
