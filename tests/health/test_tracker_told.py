"""What others tell the tracker: a new configuration, an admin, a probe, a neighbour."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health import tracker as module
from outwait.health.endpoint import Change
from outwait.health.tracker import HEARSAY, HealthTracker
from outwait.policy.health_rules import HealthRules
from outwait.policy.keyring import KeyRule
from outwait.policy.limiter import Concurrency
from outwait.policy.queueing import Queueing
from outwait.policy.standing import Hint
from outwait.policy.survival import Watch
from outwait.testing.virtual import run
from outwait.wire.wheel import Wheel

ONE = Span(10.0, "a rule")
TIMEOUTS = Timeouts(ONE, ONE, ONE, ONE, ONE, ONE, ONE)
RULES = HealthRules(concurrency=Concurrency(start=1, floor=1, ceiling=1))
RESET = fault("upstream_reset")
REFUSED = fault("upstream_auth")


class Learner:
    """Learns nothing."""

    epoch = 0
    moves = False

    def __init__(self) -> None:
        self.forgotten: list[str] = []
        self.begun: list[tuple[str, str, bool]] = []

    def subject(self, endpoint: str, scenario: str, _: float, *, whole: bool) -> Learner:
        self.begun.append((endpoint, scenario, whole))
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
        self.forgotten.append(channel)


def plan(*names: str) -> Plan:
    pairs = [name.split("/") for name in names]
    return Plan("chat", tuple(Candidate(a, "openai", b) for a, b in pairs), TIMEOUTS)


def catalog(**channels: Channel) -> Catalog:
    usual = {name: Channel(name, "openai", "https://x", ("k",)) for name in "abc"}
    return Catalog(channels=tuple((usual | channels).values()))


class World:
    """A tracker on a virtual wheel, and everything it told."""

    def __init__(self, rules: HealthRules = RULES) -> None:
        loop = asyncio.get_running_loop()
        self.learner = Learner()
        self.tracker = HealthTracker(loop.time, loop.time, lambda: 0.0, Wheel(loop), self.learner, rules)
        self.tracker.use(catalog())
        self.news: list[tuple[str, str, str]] = []
        self.tracker.events.append(lambda name, what, detail: self.news.append((name, what.value, detail)))
        self.granted: list[str] = []

    def ask(self, asked: Plan, name: str = "", places: tuple[int, ...] = ()) -> Hold | Fault | None:
        return self.tracker.acquire(Wish(asked, "k", 60.0, None, places), lambda _: self.granted.append(name))

    def names(self) -> list[str]:
        return self.granted

    def hold(self, asked: Plan, places: tuple[int, ...] = ()) -> Hold:
        found = self.ask(asked, places=places)
        assert found is not None
        assert not isinstance(found, Fault)
        return found

    def refused(self, asked: Plan) -> Fault:
        found = self.ask(asked)
        assert isinstance(found, Fault)
        return found


def told(rules: HealthRules = RULES) -> Callable[[Callable[[World], Coroutine[Any, Any, None]]], Callable[[], None]]:
    """The story of a test, in virtual time."""

    def make(story: Callable[[World], Coroutine[Any, Any, None]]) -> Callable[[], None]:
        async def tell() -> None:
            await story(World(rules))

        return lambda: run(tell())

    return make


@told()
async def test_a_revived_key_serves(world: World) -> None:
    asked = plan("a/m")
    hold = world.hold(asked)
    assert world.ask(asked, "one") is None
    world.tracker.hear_dead("a", 0)
    death = world.tracker.channels["a"].credentials.death(0)
    assert death is not None
    while death.allows(world.tracker.now(), refused=False):
        death.take(world.tracker.now(), refused=False)  # or it would be tried, as a last resort
    hold.leave(None)
    assert world.granted == []
    assert world.tracker.revive("a", 0)
    assert world.names() == ["one"]
    assert world.news == [("a", "key dead", f"0, {HEARSAY}"), ("a", "key revived", "0")]
    for channel, key in (("a", 0), ("a", 1), ("a", -1), ("x", 0)):
        assert not world.tracker.revive(channel, key)
    world.tracker.hear_dead("x", 0)
    world.tracker.hear_dead("a", 1)


@told()
async def test_what_neighbours_say(world: World) -> None:
    asked = plan("a/m", "b/m", "c/m")
    world.hold(asked, places=(0,)).leave(RESET)
    tracker = world.tracker
    tracker.hear("a/m", Hint.EJECTED)
    tracker.hear("b/m", Hint.SUSPECT)
    tracker.hear("b/m", Hint.SUSPECT)
    tracker.hear("b/m", Hint.HEALTHY)
    tracker.hear("x/y", Hint.EJECTED)
    assert world.news == [
        ("a/m", "ejected", HEARSAY),
        ("b/m", "suspect", HEARSAY),
        ("b/m", "healthy", HEARSAY),
    ]
    assert Change("ejected") is Change.EJECTED


@told(replace(RULES, concurrency=Concurrency(start=2, ceiling=2)))
async def test_content_where_all_was_silent_serves_who_waits(world: World) -> None:
    asked = plan("a/m", "b/m")
    silent = world.hold(asked, places=(0,))
    for _ in range(2):
        world.hold(asked, places=(1,))
    world.tracker.hear("a/m", Hint.SUSPECT)
    assert world.ask(asked, "one") is None
    world.tracker.tick(1.0)
    assert world.granted == []
    silent.content()
    assert world.names() == ["one"]


@told()
async def test_a_reload_keeps_what_is_the_same(world: World) -> None:
    asked = plan("a/m", "b/m")
    holds = [world.hold(asked), world.hold(asked)]
    a, b = world.tracker.endpoints["a/m"], world.tracker.endpoints["b/m"]
    world.tracker.use(catalog(a=Channel("a", "openai", "https://other", ("k",), max_in_flight=1)))
    world.hold(asked, places=(0,)).leave(None)
    assert world.tracker.endpoints["b/m"] is b
    assert world.tracker.endpoints["a/m"] is not a
    by_name = {hold.candidate.name: hold for hold in holds}
    by_name["a/m"].leave(REFUSED)
    assert world.news == []  # the other key of the other channel
    assert world.tracker.channels["a"].credentials.alive(0)
    assert world.learner.forgotten == ["a"]


@told()
async def test_with_another_key_the_upstream_is_the_same(world: World) -> None:
    world.hold(plan("a/m")).leave(REFUSED)
    world.tracker.use(catalog(a=Channel("a", "openai", "https://x", ("other",))))
    assert world.tracker.channels["a"].credentials.alive(0)
    assert world.learner.forgotten == []


@told()
async def test_a_request_that_has_failed_is_no_trial(world: World) -> None:
    asked = plan("a/m", "b/m")
    world.hold(asked, places=(0,)).leave(None)
    world.tracker.hear("a/m", Hint.EJECTED)  # suspect, and tried by the next request
    assert world.tracker.outlook(Wish(asked, "k", 60.0)).order == (1, 0)
    retry = world.tracker.acquire(Wish(asked, "k", 60.0, used=((1, 0),)), lambda _: None)
    assert retry is not None
    assert not isinstance(retry, Fault)
    assert retry.place == 1
    retry.leave(None)
    assert world.hold(asked).place == 0


@told()
async def test_who_learns_is_asked_for_once(world: World) -> None:
    asked = plan("a/m", "b/m")
    for _ in range(2):
        for place in (0, 1):
            world.hold(asked, places=(place,)).leave(None)
    whole = replace(asked, candidates=(replace(asked.candidates[0], whole=True),))
    world.hold(whole).leave(None)
    usual = [("a/m", "chat", False), ("b/m", "chat", False), ("a/m", "chat", True)]
    assert world.learner.begun == usual
    world.learner.epoch += 1
    world.hold(whole).leave(None)
    world.hold(whole).leave(None)
    assert world.learner.begun == [*usual, usual[-1]]


@told()
async def test_a_reload_serves_who_waits(world: World) -> None:
    asked = plan("a/m")
    world.hold(asked)
    assert world.ask(asked, "one") is None
    world.tracker.use(catalog(a=Channel("a", "openai", "https://other", ("k",))))
    assert world.names() == ["one"]


@told()
async def test_a_channel_that_is_gone_is_forgotten_when_nothing_runs_there(world: World) -> None:
    hold = world.hold(plan("a/m"))
    left = Catalog(channels=catalog().channels[1:])
    world.tracker.use(left)
    assert not world.tracker.channels["a"].listed
    world.tracker.tick(1.0)
    assert "a" in world.tracker.channels
    hold.leave(None)
    world.tracker.tick(2.0)
    assert "a" not in world.tracker.channels
    assert "a/m" not in world.tracker.endpoints
    assert world.learner.forgotten == ["a"]
    old = world.hold(plan("a/m"))  # a plan from before
    assert not world.tracker.channels["a"].listed
    world.tracker.use(catalog())
    assert world.tracker.channels["a"].credentials.alive(0)
    old.leave(None)


@told()
async def test_other_rules(world: World) -> None:
    world.hold(plan("a/m"))
    keys = KeyRule(probe=5.0)
    rules = replace(RULES, concurrency=Concurrency(floor=3, ceiling=9), queueing=Queueing(depth=0.0), keys=keys)
    world.tracker.use(catalog(), rules)
    assert world.tracker.channels["a"].credentials.rule is keys
    assert world.tracker.endpoints["a/m"].standing.limit == 3
    for _ in range(2):
        world.hold(plan("a/m"))
    assert world.refused(plan("a/m")).code == "gateway_overloaded"


def test_old_plans_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROUTES", 2)

    async def story() -> None:
        world = World()
        for _ in range(5):
            world.hold(plan("a/m")).leave(None)
        assert len(world.tracker._routes) == 2

    run(story())
