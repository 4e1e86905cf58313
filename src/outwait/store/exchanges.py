"""Exchanges that outlive their client or their process: who runs them, how they ended, who came back for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Database, Row, changed
from outwait.store.outbox import Outbox
from outwait.store.responses import Responses
from outwait.store.results import Ended, Results, Written
from outwait.store.rows import ExchangeRow, Fallen, Owner, Settlement, State
from outwait.store.schema import exchanges as table
from outwait.store.writer import Act

_RUNNING = table.c.state == State.RUNNING
# What a returning client can be given: an answer, running or not, or the true error. A cancelled one holds neither.
_ADOPTABLE: Final = (State.RUNNING, State.COMPLETED, State.FAILED)


class Exchanges:
    """The exchanges of all processes. Of those that ask for the same thing at once, exactly one gets it."""

    __slots__ = ("_database", "_outbox", "_responses", "_results")

    def __init__(self, database: Database, results: Results, responses: Responses, outbox: Outbox) -> None:
        self._database = database
        self._results = results
        self._responses = responses
        self._outbox = outbox

    async def remember(self, row: ExchangeRow) -> bool:
        """Store a new exchange; False when its id is stored already, which changes nothing."""
        values = _values(row)
        if row.fault is not None:
            values["fault"] = self._database.seal.close(row.fault, _label(row.id))

        async def act(connection: AsyncConnection) -> bool:
            insert = self._database.insert(table).values(values).on_conflict_do_nothing(index_elements=["id"])
            return await changed(connection, insert) == 1

        return await self._database.writer.do(act)

    async def find(self, ident: str) -> ExchangeRow | None:
        """The exchange `ident`."""

        async def act(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(sa.select(table).where(table.c.id == ident))).one_or_none()

        row = await self._database.read(act)
        return None if row is None else self._row(row)

    async def counts(self) -> dict[State, int]:
        """How many exchanges are in each state."""

        async def act(connection: AsyncConnection) -> dict[State, int]:
            rows = await connection.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
            return {State(name): count for name, count in rows}

        return dict.fromkeys(State, 0) | await self._database.read(act)

    async def orphan(self, ident: str, now: float) -> bool:
        """Its client went: from now on it waits for a retry. False when it is unknown or holds nothing to come for."""
        return await self._update(ident, now, table.c.state.in_(_ADOPTABLE), orphan=now)

    async def handle(self, ident: str, provider: str | None, now: float) -> bool:
        """By what another process can go on with it, should this one die; False when it does not run any more."""
        return await self._update(ident, now, _RUNNING, provider=provider)

    async def extend(self, ident: str, expires: float, now: float) -> bool:
        """Forget it at `expires`; False when it is unknown."""
        return await self._update(ident, now, sa.true(), expires=expires)

    async def adopt(self, key: str, fingerprint: bytes, now: float) -> ExchangeRow | None:
        """The oldest exchange that waits for this question of this key; it waits no more. One caller gets it."""
        waiting = (
            table.c.fingerprint == fingerprint,
            table.c.orphan.is_not(None),
            table.c.key == key,
            table.c.state.in_(_ADOPTABLE),
            sa.or_(_RUNNING, table.c.expires > now),
        )
        oldest = sa.select(table.c.id).where(*waiting).order_by(table.c.orphan, table.c.id).limit(1)

        async def act(connection: AsyncConnection) -> Row | None:
            while (ident := (await connection.execute(oldest)).scalar_one_or_none()) is not None:
                mine = sa.update(table).where(table.c.id == ident, *waiting).values(orphan=None, updated=now)
                row: Row | None = (await connection.execute(mine.returning(table))).one_or_none()
                if row is not None:  # else another process was quicker: is there one more?
                    return row
            return None

        def undo(row: Row | None) -> Act[int]:
            async def put_back(connection: AsyncConnection) -> int:
                ident = None if row is None else row.id
                back = sa.update(table).where(table.c.id == ident, table.c.orphan.is_(None)).values(orphan=now)
                return await changed(connection, back)

            return put_back

        row = await self._database.writer.do(act, grows=False, undo=undo)
        return None if row is None else self._row(row)

    async def settle(self, end: Settlement) -> bool:
        """Store how an exchange ended, with its answer, its response and the event about it: all of it or nothing.

        False when it is unknown or was settled before; nothing is stored then. Raises StorageFull when there is no room
        (without `result`, `response` and `event` there nearly always is), ResultTooLarge.
        """
        try:
            written = None if end.result is None else await self._results.write(end.id, end.result, end.now)
        except Ended:
            return False
        settled = False
        try:
            settled = await self._settle(end, written)
        finally:
            if written is not None and not settled:
                await self._results.discard(written)
        return settled

    async def _settle(self, end: Settlement, written: Written | None) -> bool:
        fault = None if end.fault is None else self._database.seal.close(end.fault, _label(end.id))
        response = None if end.response is None else await self._responses.prepared(end.response)
        event = None if end.event is None else self._outbox.prepared(end.event)

        async def act(connection: AsyncConnection) -> bool:
            mine = sa.update(table).where(table.c.id == end.id, _RUNNING)
            mine = mine.values(state=end.state, updated=end.now, expires=end.expires, fault=fault)
            if await changed(connection, mine) == 0:
                return False
            if written is not None:
                await written.publish(connection)
            if response is not None:
                await response(connection)
            if event is not None:
                await event(connection)
            return True

        grows = end.result is not None or end.response is not None or end.event is not None
        return await self._database.writer.do(act, weight=written.weight if written else 0, grows=grows)

    async def boots(self) -> frozenset[str]:
        """The process lives that have running exchanges; the caller knows which of them are over."""

        async def act(connection: AsyncConnection) -> frozenset[str]:
            rows = await connection.execute(sa.select(table.c.boot).where(_RUNNING).distinct())
            return frozenset(rows.scalars())

        return await self._database.read(act)

    async def lose(self, dead: Collection[str], by: Owner, now: float, fault: bytes | None = None) -> Fallen:
        """Take over what ran in the process lives `dead`: exchanges with a provider handle are `by`'s from now on,
        which goes on with them; the others are lost, for the reason `fault`. Of several callers one gets each of them.
        """
        fallen = (_RUNNING, table.c.boot.in_(tuple(dead)))
        taken = sa.update(table).where(*fallen, table.c.provider.is_not(None))
        taken = taken.values(worker=by.worker, boot=by.boot, updated=now)
        gone = sa.update(table).where(*fallen, table.c.provider.is_(None))
        gone = gone.values(state=State.LOST, updated=now, orphan=None)

        async def act(connection: AsyncConnection) -> tuple[list[Row], list[Row]]:
            lost = (await connection.execute(gone.returning(table))).all()
            for row in lost if fault is not None else ():
                why = self._database.seal.close(fault or b"", _label(row.id))
                await connection.execute(sa.update(table).where(table.c.id == row.id).values(fault=why))
            return list(lost), list((await connection.execute(taken.returning(table))).all())

        lost, resumed = await self._database.writer.do(act, grows=False)
        return Fallen(tuple(map(self._row, lost)), tuple(map(self._row, resumed)))

    async def _update(self, ident: str, now: float, only: sa.ColumnElement[bool], **values: Any) -> bool:
        statement = sa.update(table).where(table.c.id == ident, only).values(updated=now, **values)

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, statement) == 1

        return await self._database.writer.do(act, grows=False)

    def _row(self, row: Row) -> ExchangeRow:
        values = dict(row._mapping)  # noqa: SLF001 - the public name of it, as SQLAlchemy documents
        values["owner"] = Owner(values.pop("worker"), values.pop("boot"))
        values["state"] = State(values["state"])
        if values["fault"] is not None:
            values["fault"] = self._database.seal.open(values["fault"], _label(values["id"]))
        return ExchangeRow(**values)


def _values(row: ExchangeRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ExchangeRow.__struct_fields__ if name != "owner"}
    return {**values, "worker": row.owner.worker, "boot": row.owner.boot}


def _label(ident: str) -> str:
    return f"fault of {ident}"
