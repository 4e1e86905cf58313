"""What keeps exchanges and responses for the tests of the door: in memory, and at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any

import msgspec
from tests.edge.conftest import House

from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.exchange import filing, recall, responded
from outwait.exchange.adopt import Named
from outwait.exchange.driver import Exchange
from outwait.exchange.ports import Ports
from outwait.store.errors import StoreError
from outwait.store.rows import Conversation, ExchangeRow, Owner, ResponseEnd, ResponseRow, ResultRow, State

OWNER = Owner(5, "00000000-05abcd-000000000000")


class Memory:
    """Stands in for a keeper and its store. `broken`: the next use of the store fails with it. `rows`: responses,
    `makers`: their exchanges, `answers`: what those told; tests may put their own in."""

    def __init__(self, door: House) -> None:
        self.door = door.gateway.door
        self.rows: dict[str, ResponseRow] = {}
        self.makers: dict[str, ExchangeRow] = {}
        self.answers: dict[str, tuple[ResultRow, bytes]] = {}
        self.complaints: list[str] = []
        self.lookups = 0
        self.broken: Exception | None = None
        self.store: Any = SimpleNamespace(responses=self, results=Answers(self))
        self.names: Any = self
        self.door.keeper = self  # type: ignore[assignment] # it has what the door uses of a keeper
        self.door.registry.keeps = lambda _: True

    def _use(self) -> None:
        self.lookups += 1
        broken, self.broken = self.broken, None
        if broken is not None:
            raise broken

    # -- as a keeper ---------------------------------------------------------------------------------------------

    def forgotten_at(self) -> float:
        return 9e9

    def complain(self, error: StoreError) -> None:
        self.complaints.append(str(error))

    async def submit(self, exchange: Exchange, named: Named | None = None, response: ResponseRow | None = None) -> None:
        self._use()
        self.makers[exchange.id] = filing.row_of(exchange, OWNER, 1.0, 9e9, named)
        if response is not None:
            self.rows[response.id] = response
        exchange.keep = self._hold

    def attend(self, exchange: Exchange) -> None:
        exchange.keep = self._hold

    def _hold(self, exchange: Exchange) -> bool:
        body = b"".join(exchange.replay.chunk(place) for place in range(exchange.replay.count)) + exchange.ending
        row = responded.ended_row(exchange, body, 9e9)
        if isinstance(row, ResponseEnd):
            row = msgspec.structs.replace(self.rows[row.id], status=row.status, output=row.output, handle=row.handle)
        if row is not None:
            self.rows[row.id] = row
        maker = filing.row_of(exchange, OWNER, 1.0, 9e9, None)
        self.makers[exchange.id] = msgspec.structs.replace(maker, state=filing.state_of(exchange))
        if exchange.replay.head is not None:
            told = ResultRow(exchange.id, exchange.replay.head, len(body), 1.0)
            self.answers[exchange.id] = told, body
        exchange.stored = True
        return False

    async def recall(self, row: ExchangeRow, call: Call | None, dialect: Dialect, ports: Ports) -> Exchange | None:
        here = self.door.registry.get(row.id)
        if here is not None or row.state is State.RUNNING:
            return here
        made = await recall.recall(row, self.store.results, call or recall.call_of(row), dialect, ports)
        if made is not None:
            self.door.registry.add(made)
        return made

    async def adopt(self, *_: object) -> None:
        return None

    async def claim(self, _: str, __: Named, ident: str) -> str:
        return ident

    # -- as a store ----------------------------------------------------------------------------------------------

    async def find(self, ident: str, key: str) -> Any:
        self._use()
        row = self.rows.get(ident) or self.makers.get(ident)
        return row if row is not None and row.key == key else None

    async def conversation(self, ident: str, key: str) -> Conversation:
        self._use()
        found: list[ResponseRow] = []
        wanted: str | None = ident
        while wanted is not None and (row := self.rows.get(wanted)) is not None and row.key == key:
            found.insert(0, row)
            wanted = row.previous
        return Conversation(tuple(found), wanted)

    async def delete(self, ident: str, key: str) -> bool:
        self._use()
        row = self.rows.get(ident)
        if row is None or row.key != key:
            return False
        del self.rows[ident]
        self.answers.pop(row.exchange, None)
        return True


class Answers:
    """The kept answers."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory

    async def find(self, exchange: str) -> ResultRow | None:
        found = self._memory.answers.get(exchange)
        return None if found is None else found[0]

    async def body(self, exchange: str) -> AsyncIterator[bytes]:
        yield self._memory.answers[exchange][1]
