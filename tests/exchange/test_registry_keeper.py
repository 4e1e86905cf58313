"""What the registry tells the keeper, and what it forgets meanwhile."""

from __future__ import annotations

from tests.exchange.archive import FINISH, MEMORY

from outwait.core.fault import fault
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.replay import Bounds
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks, hangs

GOOD = answers(b"hello\n", b".\n", after=30)


class Clerk:
    """Notes what it is told; `writes`: how often it wants more time for an end."""

    def __init__(self, writes: int = 0) -> None:
        self.told: list[str] = []
        self._writes = writes

    def held(self, exchange: Exchange) -> None:
        self.told.append(f"held {exchange.id}")

    def left(self, exchange: Exchange) -> None:
        self.told.append(f"left {exchange.id}")

    def over(self, exchange: Exchange, *, awaited: bool) -> bool:
        self.told.append(f"over {exchange.id}{' awaited' if awaited else ''}")
        self._writes -= 1
        return self._writes >= 0

    def adopted(self, exchange: Exchange) -> None:
        self.told.append(f"adopted {exchange.id}")


def with_clerk(*scripts: object, writes: int = 0, bounds: Bounds | None = None) -> tuple[Rig, list[str]]:
    rig, clerk = Rig(Upstream(*scripts), bounds=bounds, keeping=MEMORY), Clerk(writes)  # type: ignore[arg-type]
    rig.registry.keeper = clerk
    return rig, clerk.told


@scene
async def test_it_hears_of_all_that_happens_to_an_exchange() -> None:
    rig, told = with_clerk(GOOD)
    visit = rig.ask(FINISH)
    await rig.until(20)
    visit.client.go()
    rig.ask(FINISH, retry=1)
    await rig.until(31)
    assert list(dict.fromkeys(told)) == ["held ow_1", "left ow_1", "adopted ow_1", "over ow_1"]


@scene
async def test_a_client_is_told_to_wait_once() -> None:
    rig, told = with_clerk(answers(b"hello\n", b".\n", after=38))
    rig.ask(FINISH)
    await rig.until(37)
    assert told == ["held ow_1"]


@scene
async def test_an_end_that_is_written_is_kept_when_that_is_over() -> None:
    rig, told = with_clerk(answers(b"hello\n", b".\n", after=1), writes=1)
    visit = rig.ask(FINISH)
    visit.client.go()
    await rig.until(200)
    assert told == ["left ow_1", "over ow_1 awaited"]
    assert rig.registry.get("ow_1") is visit.exchange
    rig.registry.done(visit.exchange)
    await rig.until(319)
    assert len(rig.registry) == 1
    await rig.until(321)
    assert len(rig.registry) == 0


@scene
async def test_what_is_awaited() -> None:
    """A named one, or an orphan, with something in it."""
    rig, _ = with_clerk(hangs, hangs, answers(b"x" * 3000 + b"\n", b".\n"), bounds=Bounds(memory=1000, cap=2000))
    plain, named = rig.ask(FINISH), rig.ask(FINISH, name="q")
    registry = rig.registry
    assert (registry.awaited(plain.exchange), registry.awaited(named.exchange)) == (False, True)
    plain.client.go()
    assert registry.awaited(plain.exchange) is True
    registry.keeps = lambda key: key != "key"
    assert (registry.awaited(plain.exchange), registry.awaited(named.exchange)) == (False, False)
    registry.keeps = lambda key: key == "key"
    plain.exchange.cancel()
    assert registry.awaited(plain.exchange) is False
    long = rig.ask(FINISH, name="long")
    await rig.until(1)
    assert registry.awaited(long.exchange) is False


@scene
async def test_a_named_failure_that_did_nothing_is_not_awaited() -> None:
    rig, told = with_clerk(breaks("upstream_connect", after=1), breaks("upstream_reset", after=1))
    rig.ask(FINISH, name="q")
    rig.ask(FINISH, name="p")
    await rig.until(2)
    assert list(dict.fromkeys(told)) == ["over ow_1", "over ow_2 awaited"]


@scene
async def test_names_lead_both_ways() -> None:
    rig, _ = with_clerk(hangs, hangs)
    exchange = rig.ask(FINISH, name="q").exchange
    assert isinstance(rig.registry.name_of(exchange), Named)
    assert rig.registry.name_of(rig.ask(FINISH).exchange) is None
    exchange.cancel(fault("gateway_draining"))
    assert rig.registry.name_of(exchange) is None


@scene
async def test_without_a_keeper_all_is_in_memory() -> None:
    rig = Rig(Upstream(GOOD))
    visit = rig.ask(FINISH)
    await rig.until(20)
    visit.client.go()
    await rig.until(31)
    assert (rig.registry.keeper, rig.registry.orphans) == (None, 1)


@scene
async def test_where_nothing_may_be_kept_a_running_orphan_is_adopted_and_a_finished_one_is_not() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    rig.registry.keeps = lambda _: False
    first = rig.ask(FINISH)
    first.client.go()
    again = rig.ask(FINISH, retry=1)
    assert again.exchange is first.exchange
    again.client.go()
    await rig.until(31)
    assert (rig.registry.orphans, len(rig.registry)) == (0, 0)
    assert rig.ask(FINISH, retry=1).exchange is not first.exchange
