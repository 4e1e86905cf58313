"""The shelf fails, hangs and remembers as it was told, alone and before a store."""

from __future__ import annotations

import asyncio
from typing import Any, cast

import pytest

from outwait.core.reply import Head
from outwait.exchange.ties import Kept
from outwait.store.errors import StoreError
from outwait.store.rows import Claimed, Swept
from outwait.store.store import Store
from outwait.testing.rig import scene
from outwait.testing.shelf import Joined, Shelf


class Real:
    """Stands for a store, and for all of its families."""

    def __init__(self) -> None:
        self.exchanges = self.results = self

    async def find(self, ident: str, *, more: int = 0) -> str:
        return f"{ident} {more}"

    async def body(self, _ident: str) -> Any:
        yield b"hello"

    def draft(self, _ident: str, _head: Head) -> Real:
        return self

    async def add(self, data: bytes) -> int:
        return len(data)

    async def sweep(self, _now: float) -> str:
        return "swept"


@scene
async def test_alone_it_says_yes_or_that_there_is_nothing() -> None:
    shelf = Shelf()
    store = shelf.store
    assert await shelf.exchanges.remember("row", None) is True
    assert await store.exchanges.find("ow_1") is None
    assert await store.sweep(1.0) == Swept()
    assert await shelf.claims.claim("claim") == Claimed()
    assert await shelf.results.draft("ow_1", None).add(b"x") is True
    assert shelf.asked == ["exchanges.remember", "exchanges.find", "sweep", "claims.claim", "draft.add"]
    assert shelf.given[0] == ("exchanges.remember", ("row", None))
    shelf.answer("exchanges.find", "row")
    assert await shelf.exchanges.find("ow_1") == "row"


@scene
async def test_before_a_store_it_passes_on() -> None:
    shelf = Shelf(cast("Store", Real()))
    assert await shelf.exchanges.find("ow_1", more=2) == "ow_1 2"
    assert [piece async for piece in shelf.results.body("ow_1")] == [b"hello"]
    assert await shelf.results.draft("ow_1", Head(200, "x")).add(b"xyz") == 3
    assert await shelf.sweep(1.0) == "swept"
    assert shelf.asked == ["exchanges.find", "draft.add", "sweep"]


@scene
async def test_it_fails_so_many_times() -> None:
    shelf = Shelf()
    shelf.fail("exchanges.find", StoreError("gone"), 2)
    for _ in range(2):
        with pytest.raises(StoreError, match="gone"):
            await shelf.exchanges.find("ow_1")
    assert await shelf.exchanges.find("ow_1") is None
    shelf.fail("exchanges.find", StoreError("gone"))
    shelf.hang("exchanges.find")
    shelf.heal()
    assert await shelf.exchanges.find("ow_1") is None


@scene
async def test_it_hangs_until_it_is_let_go() -> None:
    shelf = Shelf()
    gate = shelf.hang("exchanges.find")
    asking = asyncio.ensure_future(shelf.exchanges.find("ow_1"))
    await asyncio.wait_for(shelf.met("exchanges.find"), 1)
    await shelf.met("exchanges.find")
    await asyncio.sleep(100)
    assert not asking.done()
    assert shelf.done == []
    gate.set()
    assert await asking is None
    assert shelf.done == [("exchanges.find", ("ow_1",))]


@scene
async def test_ties_lead_to_what_a_test_can_see() -> None:
    joined = Joined(lambda: 5.0, silent={"mute"}, dead={"old"})
    ties = joined.ties()
    ties.count(Kept.ANSWER)
    ties.woken()
    assert (ties.keeps("key"), ties.keeps("mute"), ties.wall()) == (True, False, 5.0)
    assert await ties.dead(["old", "new"]) == {"old"}
    (event,) = ties.events("key", "response.failed", "resp_1", 5.0)
    assert (event.type, event.payload, event.expires) == ("response.failed", b"resp_1", 65.0)
    assert (joined.counts, joined.woken) == ({Kept.ANSWER: 1}, 1)
