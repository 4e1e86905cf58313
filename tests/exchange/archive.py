"""Rigs that keep what they should: in a real database, on a real loop, where each test steps by hand."""

from __future__ import annotations

import asyncio
import functools
import tempfile
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, ParamSpec

import uvloop
from tests.store import postgres
from tests.store.places import Place

from outwait.core.plan import OnDisconnect, Retry
from outwait.core.request import Call, State
from outwait.exchange.adopt import Named, fingerprint, named
from outwait.exchange.driver import Exchange
from outwait.exchange.keeping import Keeping
from outwait.exchange.scribe import Case
from outwait.store.rows import ExchangeRow, Settlement
from outwait.store.store import Store
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit
from outwait.testing.scripted import Upstream
from outwait.testing.shelf import Shelf

P = ParamSpec("P")

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=Retry(attempts=1))
MEMORY = Keeping(doubt=0.0)  # what was delivered is not kept in case it was not received
CALL = Call("plain", "talk", "model", stream=True, body=b"question", path="/talk")
JSON = Call("plain", "talk", "model", stream=False, body=b"question", path="/talk")


def with_store(test: Callable[[Store], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    """Give an async test a SQLite store of its own."""

    @functools.wraps(test)
    def run() -> None:
        with (
            tempfile.TemporaryDirectory(prefix="ow-kept-", dir=postgres.memory()) as folder,
            asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner,
        ):
            runner.run(_opened(test, Path(folder)))

    del run.__wrapped__  # pytest would ask for a fixture `store`
    return run


async def _opened(test: Callable[[Store], Coroutine[Any, Any, None]], folder: Path) -> None:
    async with Place(None, folder / "data").open() as store:
        await test(store)


class Archive:
    """One process: a rig whose keeper is `keeper`, in front of `store`."""

    def __init__(self, store: Store | Shelf | None = None, boot: str = "here", *, rig: Rig | None = None) -> None:
        self.shelf = store if isinstance(store, Shelf) else Shelf(store)
        self.rig = rig or Rig(Upstream(), keeping=MEMORY)
        self.rig.ids = f"ow_{boot}_"
        self.keeper = self.rig.keep(self.shelf.store, boot)
        self.registry = self.rig.registry
        self.counts = self.rig.joined.counts

    def ask(self, name: str = "", *, call: Call = CALL) -> Visit:
        """A call, whose upstream the test plays."""
        exchange = self.rig.make(call, FINISH)
        return self.rig.serve(exchange, self.named(name) if name else None)

    async def submit(self, name: str, *, call: Call = CALL) -> Visit:
        """A call with a name, written down before it begins."""
        exchange = self.rig.make(call, FINISH)
        known = self.named(name)
        await self.keeper.submit(exchange, known)
        return self.rig.serve(exchange, known)

    def respond(self, body: bytes = b'{"model":"m","input":"Hi"}', *, stream: bool = False) -> Visit:
        """A call whose response is kept."""
        call = Call("plain", "talk", "model", stream=stream, body=body, path="/talk", state=State("resp_ours"))
        exchange = self.rig.make(call, FINISH)
        self.keeper.attend(exchange)
        return self.rig.serve(exchange)

    def say(self, *pieces: bytes) -> None:
        """The upstream says something."""
        line = self.rig.upstream.line
        if line.waiting == 0 and not self._begun(line):
            line.reach()
            line.head()
        for piece in pieces:
            line.body(piece)

    def _begun(self, line: Any) -> bool:
        begun = getattr(line, "begun", False)
        line.begun = True
        return bool(begun)

    def finish(self, *pieces: bytes) -> None:
        """The upstream says this, and that is all."""
        self.say(*pieces, b".\n")
        self.rig.upstream.line.end()

    async def row(self, exchange: Exchange) -> ExchangeRow:
        """What the store knows of it."""
        row = await self.shelf.exchanges.find(exchange.id)
        assert isinstance(row, ExchangeRow)
        return row

    async def body(self, exchange: Exchange) -> bytes:
        """What the store has of its answer."""
        return b"".join([piece async for piece in self.shelf.results.body(exchange.id)])

    @property
    def asked(self) -> list[str]:
        """What was asked of the store, but for drafts."""
        return [name.removeprefix("exchanges.") for name in self.shelf.asked if name != "draft.add"]

    @property
    def cases(self) -> dict[str, Case]:
        return self.keeper._cases

    def settled(self) -> list[Settlement]:
        """The ends that were to be stored."""
        ends = [(name, given) for name, given in self.shelf.given if name in ("exchanges.settle", "exchanges.keep")]
        return [given[-1] for _, given in ends]

    @staticmethod
    def named(name: str, call: Call = CALL) -> Named:
        return named("key", name, call)

    @staticmethod
    def question(call: Call = CALL) -> bytes:
        return fingerprint("key", call)
