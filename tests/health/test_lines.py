"""Lines: who waits where, whose turn an endpoint's is, when an alarm rings, and that nothing is left behind."""

from __future__ import annotations

import asyncio

import pytest

from outwait.core.endpoints import Hold, Wish
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health import lines
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Endpoint
from outwait.health.lines import Lines, Row, turn
from outwait.health.route import Route
from outwait.policy.health_rules import HealthRules
from outwait.policy.queueing import Queueing
from outwait.testing.virtual import run
from outwait.wire.wheel import NEVER, Wheel

ONE = Span(10.0, "a rule")
PLAN = Plan(
    "chat", (Candidate("a", "openai", "m"), Candidate("b", "openai", "m")), Timeouts(ONE, ONE, ONE, ONE, ONE, ONE, ONE)
)


def _granted(hold: Hold) -> None:
    raise AssertionError("lines grant nothing")


class World:
    """Two endpoints on a virtual wheel."""

    def __init__(self) -> None:
        self.wheel = Wheel(asyncio.get_running_loop())
        self.rung: list[tuple[Row, float]] = []
        self.lines = Lines(self.wheel, Queueing(), lambda row, now: self.rung.append((row, now)))
        rules = HealthRules()
        self.a, self.b = (Endpoint(ChannelHealth(name, 1, rules.keys), "m", rules, 0.0) for name in "ab")
        self.both = Route(PLAN, (0, 1), (self.a, self.b))
        self.only_a = self.both.part((0,))

    def enter(self, route: Route, key: str = "k") -> Wish:
        wish = Wish(PLAN, key, 100.0)
        self.lines.enter(self.lines.row(route), wish, _granted, self.wheel.now())
        return wish


def test_one_line_for_the_same_endpoints() -> None:
    async def story() -> None:
        world = World()
        row = world.lines.row(world.both)
        other = Route(PLAN, (0, 1), (world.a, world.b))
        assert world.lines.row(other) is row
        assert row.route is other  # nobody waits: the newer one will do
        world.enter(world.both)
        assert world.lines.row(other).route is world.both  # somebody waits for these
        assert world.lines.row(world.only_a) is not row

    run(story())


def test_keys_take_turns_and_the_last_leaves_nothing_behind() -> None:
    async def story() -> None:
        world = World()
        wishes = [world.enter(world.both, key) for key in "xxy"]
        row = world.lines.row(world.both)
        assert world.lines.waiting() == [row]
        assert list(world.a.rows) == list(world.b.rows) == [row]
        taken = [world.lines.take(row, 0.0) for _ in range(3)]
        assert [one.wish for one in taken if one] == [wishes[0], wishes[2], wishes[1]]
        assert world.lines.take(row, 0.0) is None
        assert world.lines.length == 0
        assert not world.a.rows
        assert not world.lines.waiting()

    run(story())


def test_who_waits_cannot_wait_twice_and_who_does_not_cannot_withdraw() -> None:
    async def story() -> None:
        world = World()
        wish = world.enter(world.both)
        with pytest.raises(ValueError, match="twice"):
            world.lines.enter(world.lines.row(world.both), wish, _granted, 0.0)
        world.lines.withdraw(wish, _granted, 0.0)
        assert (world.lines.length, len(world.a.rows)) == (0, 0)
        with pytest.raises(ValueError, match="does not wait"):
            world.lines.withdraw(wish, _granted, 0.0)

    run(story())


def test_an_endpoint_serves_its_lines_in_turn() -> None:
    async def story() -> None:
        world = World()
        assert turn(world.a) is None
        world.enter(world.both)
        world.enter(world.only_a)
        both, only = world.lines.row(world.both), world.lines.row(world.only_a)
        assert [turn(world.a) for _ in range(3)] == [both, only, both]
        assert turn(world.b) is both

    run(story())


def test_an_alarm_rings_when_the_first_rest_ends() -> None:
    async def story() -> None:
        world = World()
        world.a.standing.keys.rest(0, 0.0, 5.0)
        world.b.standing.keys.rest(0, 0.0, 3.0)
        world.enter(world.both)
        row = world.lines.row(world.both)
        assert row.opens(0.0) == 3.0
        await asyncio.sleep(4.0)
        assert [rung for rung, _ in world.rung] == [row]
        assert 3.0 <= world.rung[0][1] <= 3.1
        world.lines.wake(row, world.wheel.now())
        await asyncio.sleep(2.0)
        assert 5.0 <= world.rung[1][1] <= 5.1
        world.lines.wake(row, world.wheel.now())
        assert row.alarm.due == NEVER

    run(story())


def test_no_alarm_for_whom_nobody_waits() -> None:
    async def story() -> None:
        world = World()
        world.a.standing.keys.rest(0, 0.0, 5.0)
        wish = world.enter(world.only_a)
        row = world.lines.row(world.only_a)
        world.lines.withdraw(wish, _granted, 0.0)
        world.lines.wake(row, 0.0)
        await asyncio.sleep(10.0)
        assert world.rung == []

    run(story())


def test_all_credentials_dead_is_no_rest() -> None:
    async def story() -> None:
        world = World()
        world.a.channel.credentials.kill(0, 0.0)
        assert world.lines.row(world.only_a).opens(0.0) == NEVER

    run(story())


def test_a_line_moves_to_the_new_endpoints_of_the_same_names() -> None:
    async def story() -> None:
        world = World()
        world.enter(world.only_a)
        row = world.lines.row(world.only_a)
        rules = HealthRules()
        fresh = Endpoint(ChannelHealth("a", 1, rules.keys), "m", rules, 0.0)
        world.lines.move(row, Route(PLAN, (0,), (fresh,)))
        assert not world.a.rows
        assert list(fresh.rows) == [row]

    run(story())


def test_other_numbers_hold_for_new_lines() -> None:
    async def story() -> None:
        world = World()
        idle = world.lines.row(world.both)
        world.enter(world.only_a)
        busy = world.lines.row(world.only_a)
        world.lines.renumber(Queueing(depth=1.0))
        assert world.lines.row(world.both) is not idle
        assert world.lines.row(world.only_a) is busy

    run(story())


def test_empty_lines_are_forgotten_when_there_are_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lines, "KEPT", 1)

    async def story() -> None:
        world = World()
        first = world.lines.row(world.both)
        world.lines.row(world.only_a)
        assert world.lines.row(world.both) is not first

    run(story())
