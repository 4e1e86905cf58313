from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from outwait.testing import virtual
from outwait.wire.endpoint import Endpoint, SideDoor, Target
from outwait.wire.pool import Nowhere
from outwait.wire.pool import Pool as RealPool
from outwait.wire.wheel import Wheel

HERE, THERE = Endpoint("a", 80, tls=False), Endpoint("a", 443, tls=True)


class Idle:
    """Stands for a connection."""

    def __init__(self, endpoint: Target = HERE, **headers: str) -> None:
        self.endpoint = endpoint
        self.headers = {name.replace("_", "-"): value for name, value in headers.items()}
        self.usable = True
        self.expires = 0.0

    def drop(self) -> None:
        self.usable = False


class Pool(RealPool):
    """The pool, for stand-ins."""

    __slots__ = ()

    def take(self, endpoint: Target) -> Any:
        return super().take(endpoint)

    def put(self, connection: Any) -> None:
        super().put(connection)

    def lost(self, connection: Any) -> None:
        super().lost(connection)

    def see_out(self, connection: Any) -> None:
        super().see_out(connection)


def play(scenario: Callable[[Pool], Awaitable[None]], **options: float) -> None:
    async def run() -> None:
        wheel = Wheel(asyncio.get_running_loop())
        pool = Pool(wheel, **options)  # type: ignore[arg-type] # the options are the pool's
        await scenario(pool)
        pool.close()
        wheel.close()

    virtual.run(run())


def put(pool: Pool, *connections: Idle) -> None:
    for connection in connections:
        pool.put(connection)


def test_the_newest_is_taken_first_and_endpoints_are_not_mixed() -> None:
    async def scenario(pool: Pool) -> None:
        old, new, other = Idle(), Idle(), Idle(THERE)
        put(pool, old, new, other)
        assert len(pool) == 3
        assert pool.take(HERE) is new
        assert pool.take(HERE) is old
        assert pool.take(HERE) is None
        assert pool.take(THERE) is other

    play(scenario)


def test_idle_connections_are_closed_after_their_time_and_not_before() -> None:
    async def scenario(pool: Pool) -> None:
        first, second = Idle(), Idle()
        put(pool, first)
        await asyncio.sleep(29)
        put(pool, second)
        assert first.usable
        await asyncio.sleep(2)
        assert (first.usable, second.usable) == (False, True)
        await asyncio.sleep(29)
        assert not second.usable
        assert len(pool) == 0

    play(scenario, idle=30.0)


@pytest.mark.parametrize("said, kept", [("timeout=5", 4.0), ("timeout=600", 30.0), ("max=5", 30.0)])
def test_what_the_server_says_of_its_patience_is_believed(said: str, kept: float) -> None:
    async def scenario(pool: Pool) -> None:
        connection = Idle(keep_alive=said)
        put(pool, Idle(), connection)
        await asyncio.sleep(kept - 0.1)
        assert connection.usable
        await asyncio.sleep(0.2)
        assert not connection.usable

    play(scenario)


def test_one_that_the_server_closes_at_once_is_not_kept() -> None:
    async def scenario(pool: Pool) -> None:
        connection = Idle(keep_alive="timeout=1")
        put(pool, connection)
        assert not connection.usable
        assert pool.take(HERE) is None

    play(scenario)


def test_dead_ones_are_passed_over() -> None:
    async def scenario(pool: Pool) -> None:
        alive, dead, gone = Idle(), Idle(), Idle()
        put(pool, alive, dead, gone)
        dead.usable = False
        pool.lost(gone)
        assert pool.take(HERE) is alive
        assert pool.take(HERE) is None

    play(scenario)


def test_one_that_should_have_been_closed_by_now_is_not_given_out() -> None:
    async def scenario(pool: Pool) -> None:
        late = Idle()
        put(pool, late)
        late.expires = asyncio.get_running_loop().time()
        assert pool.take(HERE) is None
        assert not late.usable

    play(scenario)


def test_a_full_endpoint_keeps_no_more() -> None:
    async def scenario(pool: Pool) -> None:
        kept, extra, other = Idle(), Idle(), Idle(THERE)
        put(pool, kept, extra, other)
        assert (kept.usable, extra.usable, other.usable) == (True, False, True)

    play(scenario, per_endpoint=1)


def test_flush_closes_one_endpoint_and_close_everything() -> None:
    async def scenario(pool: Pool) -> None:
        here, there, late, leaving = Idle(), Idle(THERE), Idle(THERE), Idle()
        put(pool, here, there)
        pool.flush(HERE)
        assert (here.usable, there.usable) == (False, True)
        pool.see_out(leaving)
        pool.close()
        put(pool, late)
        assert not (there.usable)
        assert not (late.usable)
        assert not (leaving.usable)
        assert len(pool) == 0

    play(scenario)


def test_one_that_is_left_has_two_seconds_to_come_back() -> None:
    async def scenario(pool: Pool) -> None:
        quick, slow, broken = Idle(), Idle(), Idle()
        for connection in (quick, slow, broken):
            pool.see_out(connection)
        await asyncio.sleep(1)
        put(pool, quick)
        pool.lost(broken)
        assert slow.usable
        await asyncio.sleep(1.1)
        assert (quick.usable, slow.usable, broken.usable) == (True, False, True)
        assert pool.take(HERE) is quick

    play(scenario)


def test_side_doors_are_told_apart() -> None:
    async def scenario(pool: Pool) -> None:
        one, other = SideDoor("/run/a"), SideDoor("/run/b")
        kept = Idle(one)
        put(pool, kept)
        assert pool.take(other) is None
        assert pool.take(SideDoor("/run/a")) is kept

    play(scenario)


def test_what_is_made_for_one_request_is_kept_nowhere() -> None:
    over, unwanted, gone = Idle(), Idle(), Idle()
    nowhere: Any = Nowhere()
    nowhere.put(over)
    nowhere.see_out(unwanted)
    nowhere.lost(gone)
    assert (over.usable, unwanted.usable, gone.usable) == (False, False, True)
