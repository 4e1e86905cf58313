"""Who was on board a killed process and is unknown to the store: lost by its id, told once, to its own key."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
from tests.exchange.archive import CALL, FINISH, Archive, with_store
from tests.store import postgres

from outwait.core.fault import fault
from outwait.exchange.inherit import KNOWN, Heirs
from outwait.exchange.recall import recall
from outwait.exchange.registry import aboard
from outwait.exchange.ties import Kept
from outwait.store import manifest
from outwait.store.errors import StoreError
from outwait.store.manifest import FOLDER, Aboard, Left, Manifest
from outwait.store.rows import Owner, State
from outwait.store.store import Store
from outwait.testing.plain import PLAIN
from outwait.testing.rig import Visit

GONE = StoreError("it is gone")


@dataclass
class Port:
    """Where processes note who is on board, and die. `dead`: those that did."""

    folder: Path
    dead: set[str] = field(default_factory=set)

    def ship(self, store: Store, boot: str) -> Archive:
        """A process that notes who is on board."""
        here = Archive(store, boot)
        here.registry.manifest = Manifest(self.folder, boot)
        here.rig.joined.dead = self.dead

        async def left() -> Sequence[Left]:
            return await asyncio.to_thread(manifest.take, self.folder, boot, self.dead.intersection)  # type: ignore[arg-type] # of any collection

        here.rig.heirs = Heirs(here.shelf.store, Owner(0, boot), replace(here.rig.joined.ties(), left=left))
        return here

    @property
    def files(self) -> list[str]:
        return sorted(file.name for file in (self.folder / FOLDER).iterdir())


@contextmanager
def _port() -> Any:
    with tempfile.TemporaryDirectory(prefix="ow-port-", dir=postgres.memory()) as folder:
        yield Port(Path(folder))


def at_port(test: Callable[[Store, Port], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Give an async test a store and a port of its own."""

    @with_store
    async def run(store: Store) -> None:
        with _port() as port:
            await test(store, port)

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


def flowing(here: Archive) -> Visit:
    """A plain call whose words flow: nothing of it is in the store."""
    visit = here.ask()
    here.say(b"hello\n")
    return visit


@at_port
async def test_what_nobody_remembered_is_lost_by_its_id(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    visit = flowing(here)
    assert here.asked == []
    port.dead.add("here")
    await there.rig.heirs.bury()
    row = await there.row(visit.exchange)
    assert (row.state, row.owner.boot, row.story, row.orphan) == (State.LOST, "there", None, None)
    assert aboard(visit.exchange) == Aboard(
        row.id, row.key, row.dialect, row.endpoint, row.model, row.stream, row.created
    )
    assert row.expires == pytest.approx(there.rig.joined.wall() + KNOWN, abs=5)
    assert (there.counts, port.files) == ({Kept.LOST_PROCESS: 1}, ["there"])


@at_port
async def test_its_loss_is_told_to_its_own_key_and_nobody_adopts_it(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    visit = flowing(here)
    port.dead.add("here")
    await there.rig.heirs.bury()
    assert await there.keeper.find(visit.exchange.id, "another") is None
    row = await there.keeper.find(visit.exchange.id, "key")
    assert row is not None
    made = await recall(row, store.results, CALL, PLAIN, there.rig.ports)
    assert made is not None
    assert made.fault is not None
    assert (made.fault.code, made.replay.count) == ("exchange_lost", 0)
    assert await there.keeper.adopt("key", CALL, PLAIN, there.rig.ports) is None


@at_port
async def test_who_the_store_knows_is_untouched(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    done = await here.submit("done")
    here.finish(b"hello\n")
    await here.keeper.quiet()
    named, slow = await here.submit("q"), here.ask()
    here.registry.held(slow.exchange)
    await here.keeper.quiet()
    stored = {each.exchange.id: await here.row(each.exchange) for each in (done, named, slow)}
    port.dead.add("here")
    await there.rig.heirs.bury()
    assert await there.row(done.exchange) == stored[done.exchange.id]
    for each in (named, slow):
        row, before = await there.row(each.exchange), stored[each.exchange.id]
        assert (row.state, row.fingerprint, row.idempotency) == (State.LOST, before.fingerprint, before.idempotency)
    assert there.counts == {Kept.LOST_PROCESS: 2}  # each once


@at_port
async def test_who_has_gone_is_not_on_board(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    delivered, cancelled, silent = flowing(here), here.ask(), here.ask()
    cancelled.exchange.cancel()
    here.rig.upstream.lines[0].body(b".\n")
    here.rig.upstream.lines[0].end()
    silent.exchange.cancel(fault("gateway_draining"))
    await here.keeper.quiet()
    assert (delivered.client.ending, len(here.registry)) == ("finished", 0)
    port.dead.add("here")
    await there.rig.heirs.bury()
    assert await store.exchanges.find(delivered.exchange.id) is None
    assert await store.exchanges.find(cancelled.exchange.id) is None
    assert (there.counts, port.files) == ({}, ["there"])


@at_port
async def test_of_keys_that_keep_nothing_nothing_is_noted(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    here.rig.joined.silent.add("key")
    visit = flowing(here)
    port.dead.add("here")
    await there.rig.heirs.bury()
    assert await store.exchanges.find(visit.exchange.id) is None


@at_port
async def test_what_was_recalled_is_not_noted_again(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    done = await here.submit("q")
    here.finish(b"hello\n")
    await here.keeper.quiet()
    row = await there.row(done.exchange)
    assert await there.keeper.recall(row, CALL, PLAIN, there.rig.ports) is not None
    assert there.registry.manifest is not None
    assert (len(there.registry), len(there.registry.manifest)) == (1, 0)


@at_port
async def test_of_two_heirs_one_tells_it(store: Store, port: Port) -> None:
    here = port.ship(store, "here")
    visits = [flowing(here) for _ in range(5)]
    heirs = [port.ship(store, name) for name in ("there", "yonder")]
    port.dead.add("here")
    await asyncio.gather(*(each.rig.heirs.bury() for each in heirs for _ in range(2)))
    assert sum(each.counts[Kept.LOST_PROCESS] for each in heirs) == 5
    for visit in visits:
        assert (await heirs[0].row(visit.exchange)).state is State.LOST
    assert port.files == ["there", "yonder"]


@at_port
async def test_more_than_are_written_at_once_are_all_written(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    visits = [here.rig.make(CALL, FINISH) for _ in range(450)]
    for exchange in visits:
        here.registry.add(exchange)
    port.dead.add("here")
    await there.rig.heirs.bury()
    assert (await store.exchanges.counts())[State.LOST] == 450
    assert there.counts == {Kept.LOST_PROCESS: 450}


@at_port
async def test_a_store_that_fails_is_asked_again_and_each_is_counted_once(store: Store, port: Port) -> None:
    here, there = port.ship(store, "here"), port.ship(store, "there")
    visits = [flowing(here) for _ in range(4)]
    port.dead.add("here")
    there.shelf.fail("exchanges.remember", GONE, 2)
    with pytest.raises(StoreError):
        await there.rig.heirs.bury()
    assert port.files == ["here~there", "there"]
    await there.rig.heirs.bury()
    await there.rig.heirs.bury()
    assert (there.counts, port.files) == ({Kept.LOST_PROCESS: len(visits)}, ["there"])


@at_port
async def test_an_heir_that_dies_over_it_has_an_heir(store: Store, port: Port) -> None:
    here, there, yonder = (port.ship(store, name) for name in ("here", "there", "yonder"))
    visits = [flowing(here) for _ in range(3)]
    own = flowing(there)
    port.dead.add("here")
    there.shelf.fail("exchanges.remember", GONE, 2)
    with pytest.raises(StoreError):
        await there.rig.heirs.bury()
    port.dead.add("there")
    await yonder.rig.heirs.bury()
    for visit in (*visits, own):
        assert (await yonder.row(visit.exchange)).state is State.LOST
    assert there.counts[Kept.LOST_PROCESS] + yonder.counts[Kept.LOST_PROCESS] == 4
    assert port.files == ["yonder"]


@at_port
async def test_the_one_who_looks_is_alive(store: Store, port: Port) -> None:
    here = port.ship(store, "here")
    visit = flowing(here)
    port.dead.add("here")  # whatever is said of it
    await here.rig.heirs.bury()
    assert await store.exchanges.find(visit.exchange.id) is None
    assert port.files == ["here"]
