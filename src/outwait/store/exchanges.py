"""Exchanges that outlive their client or their process: who runs them, how they ended, who came back for them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Database, Row, changed
from outwait.store.errors import Ended, StoreError
from outwait.store.outbox import Outbox
from outwait.store.pieces import withdraw
from outwait.store.responses import Responses
from outwait.store.responses import weight as weight_of
from outwait.store.results import Results, Written
from outwait.store.rows import ExchangeRow, Fallen, Owner, ResponseRow, Settlement, State
from outwait.store.schema import exchanges as table
from outwait.store.writer import Act

_RUNNING = table.c.state == State.RUNNING
# What a returning client can be given: an answer, running or not, or the true error. A cancelled one holds neither.
_ADOPTABLE: Final = (State.RUNNING, State.COMPLETED, State.FAILED)


# What is told of exchanges that are lost: one text for all, or what the text of each becomes; None leaves it.
Story = bytes | Callable[[ExchangeRow], bytes | None] | None


class _Known(Exception):  # noqa: N818 - no error: it takes back what its transaction did so far
    """What was to be new is stored already."""


class Exchanges:
    """The exchanges of all processes. Of those that ask for the same thing at once, exactly one gets it."""

    __slots__ = ("_database", "_outbox", "_responses", "_results")

    def __init__(self, database: Database, results: Results, responses: Responses, outbox: Outbox) -> None:
        self._database = database
        self._results = results
        self._responses = responses
        self._outbox = outbox

    async def remember(self, row: ExchangeRow, response: ResponseRow | None = None) -> bool:
        """Store a new exchange, and the response it makes; False when one of their ids is stored already, which changes
        nothing.
        """
        insert = self._insert(row)
        entry = None if response is None else await self._responses.entering(response)

        async def act(connection: AsyncConnection) -> None:
            if not await insert(connection) or (entry is not None and not await entry(connection)):
                raise _Known

        try:
            await self._database.writer.do(act, weight=0 if response is None else weight_of(response))
        except _Known:
            return False
        return True

    def _insert(self, row: ExchangeRow) -> Act[bool]:
        values = _values(row)
        if row.story is not None:
            values["story"] = self._told(row.story, row.id)
        insert = self._database.insert(table).values(values).on_conflict_do_nothing(index_elements=["id"])

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, insert) == 1

        return act

    async def find(self, ident: str) -> ExchangeRow | None:
        """The exchange `ident`."""

        async def act(connection: AsyncConnection) -> Row | None:
            return (await connection.execute(sa.select(table).where(table.c.id == ident))).one_or_none()

        row = await self._database.read(act)
        return None if row is None else self._row(row)

    async def of(self, key: str, limit: int) -> list[ExchangeRow]:
        """Up to `limit` exchanges of `key`, the newest first."""
        newest = sa.select(table).where(table.c.key == key).order_by(table.c.created.desc(), table.c.id.desc())

        async def act(connection: AsyncConnection) -> list[Row]:
            return list((await connection.execute(newest.limit(limit))).all())

        return [self._row(row) for row in await self._database.read(act)]

    async def counts(self) -> dict[State, int]:
        """How many exchanges are in each state."""

        async def act(connection: AsyncConnection) -> dict[State, int]:
            rows = await connection.execute(sa.select(table.c.state, sa.func.count()).group_by(table.c.state))
            return {State(name): count for name, count in rows}

        return dict.fromkeys(State, 0) | await self._database.read(act)

    async def orphan(self, ident: str, now: float) -> bool:
        """Its client went: from now on it waits for a retry. False when it is unknown or holds nothing to come for."""
        return await self._update(ident, now, table.c.state.in_(_ADOPTABLE), orphan=now)

    async def adopted(self, ident: str, now: float) -> bool:
        """Its client is there: it waits no more. False when it did not wait, or another was quicker."""
        return await self._update(ident, now, table.c.orphan.is_not(None), orphan=None)

    async def handle(self, ident: str, provider: str | None, now: float) -> bool:
        """By what another process can go on with it, should this one die; False when it does not run any more."""
        return await self._update(ident, now, _RUNNING, provider=provider)

    async def extend(self, ident: str, expires: float, now: float) -> bool:
        """Forget it at `expires`; False when it is unknown."""
        return await self._update(ident, now, sa.true(), expires=expires)

    async def waiting(self, key: str, fingerprint: bytes, now: float) -> str | None:
        """The exchange that `adopt` would give now; it goes on waiting."""
        oldest = _oldest(_waiting(key, fingerprint, now))

        async def act(connection: AsyncConnection) -> str | None:
            ident: str | None = (await connection.execute(oldest)).scalar_one_or_none()
            return ident

        return await self._database.read(act)

    async def adopt(self, key: str, fingerprint: bytes, now: float) -> ExchangeRow | None:
        """The oldest exchange that waits for this question of this key; it waits no more. One caller gets it."""
        waiting = _waiting(key, fingerprint, now)
        oldest = _oldest(waiting)

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
        """Store how an exchange ended, with its answer, its response and the events about it: all of it or nothing.

        False when it is unknown or was settled before; nothing is stored then. Raises StorageFull when there is no room
        (without `result`, `response` and `events` there nearly always is), ResultTooLarge.
        """
        return await self._end(end, None)

    async def keep(self, row: ExchangeRow, end: Settlement) -> bool:
        """`settle` for an exchange that may not have been remembered: `row` is what it was while it ran.

        Both become visible as one; with a long answer the exchange is seen running while that is written. Raises what
        `settle` does, and then stores nothing; it needs room in any case.
        """
        insert = self._insert(row)
        fresh = settled = False

        async def first(connection: AsyncConnection) -> bool:
            nonlocal fresh
            fresh = await insert(connection) or fresh
            return fresh

        try:
            settled = await self._end(end, first)
        finally:
            if fresh and not settled:
                await self._forget(row.id)
        return settled

    async def _end(self, end: Settlement, first: Act[bool] | None) -> bool:
        try:
            written = None if end.result is None else await self._results.write(end.id, end.result, end.now, first)
        except Ended:
            return False
        settled = False
        try:
            settled = await self._settle(end, written, first)
        finally:
            if written is not None and not settled:
                await self._results.discard(written)
        return settled

    async def _settle(self, end: Settlement, written: Written | None, first: Act[bool] | None) -> bool:
        mine = sa.update(table).where(table.c.id == end.id, _RUNNING).values(self._ended(end))
        response = None if end.response is None else await self._responses.prepared(end.response)
        events = [self._outbox.prepared(event) for event in end.events]

        async def act(connection: AsyncConnection) -> bool:
            if first is not None:
                await first(connection)
            if await changed(connection, mine) == 0:
                return False
            if written is not None:
                await written.publish(connection)
            elif end.state is State.COMPLETED:
                await withdraw(connection, end.id)
            for more in events if response is None else (response, *events):
                await more(connection)
            return True

        grows = bool(end.events) or not (first is None and end.result is None and end.response is None)
        weight = (written.weight if written else 0) + (weight_of(end.response) if end.response else 0)
        return await self._database.writer.do(act, weight=weight, grows=grows)

    def _ended(self, end: Settlement) -> dict[str, Any]:
        values: dict[str, Any] = {"state": end.state, "updated": end.now, "expires": end.expires}
        if end.story is not None:
            values["story"] = self._told(end.story, end.id)
        if end.orphan is not None:
            values["orphan"] = end.orphan
        return values

    async def _forget(self, ident: str) -> None:
        """Delete what `keep` entered for a settlement that failed, also while the caller is being cancelled."""

        async def act(connection: AsyncConnection) -> int:
            return await changed(connection, sa.delete(table).where(table.c.id == ident, _RUNNING))

        try:
            await asyncio.shield(self._database.writer.do(act, grows=False))
        except StoreError:  # it is lost when this process is
            pass

    async def boots(self) -> frozenset[str]:
        """The process lives that have running exchanges; the caller knows which of them are over."""

        async def act(connection: AsyncConnection) -> frozenset[str]:
            rows = await connection.execute(sa.select(table.c.boot).where(_RUNNING).distinct())
            return frozenset(rows.scalars())

        return await self._database.read(act)

    async def lose(self, dead: Collection[str], by: Owner, now: float, story: Story = None) -> Fallen:
        """Take over what ran in the process lives `dead`: exchanges with a provider handle are `by`'s from now on,
        which goes on with them; the others are lost, and `story` is told of them. Drafts stay as they are. Of several
        callers one gets each of them.
        """
        fallen = (_RUNNING, table.c.boot.in_(tuple(dead)))
        taken = sa.update(table).where(*fallen, table.c.provider.is_not(None))
        taken = taken.values(worker=by.worker, boot=by.boot, updated=now)
        gone = sa.update(table).where(*fallen, table.c.provider.is_(None))
        gone = gone.values(state=State.LOST, updated=now, orphan=None)

        async def act(connection: AsyncConnection) -> tuple[list[ExchangeRow], list[Row]]:
            rows = (await connection.execute(gone.returning(table))).all()
            lost = [await self._tell(connection, self._row(row), story) for row in rows]
            return lost, list((await connection.execute(taken.returning(table))).all())

        lost, resumed = await self._database.writer.do(act, grows=False)
        return Fallen(tuple(lost), tuple(map(self._row, resumed)))

    async def _tell(self, connection: AsyncConnection, row: ExchangeRow, story: Story) -> ExchangeRow:
        told = story(row) if callable(story) else story
        if told is None:
            return row
        sealed = self._told(told, row.id)
        await connection.execute(sa.update(table).where(table.c.id == row.id).values(story=sealed))
        return msgspec.structs.replace(row, story=told)

    def _told(self, story: bytes, ident: str) -> bytes:
        return self._database.seal.close(story, _label(ident))

    async def _update(self, ident: str, now: float, only: sa.ColumnElement[bool], **values: Any) -> bool:
        statement = sa.update(table).where(table.c.id == ident, only).values(updated=now, **values)

        async def act(connection: AsyncConnection) -> bool:
            return await changed(connection, statement) == 1

        return await self._database.writer.do(act, grows=False)

    def _row(self, row: Row) -> ExchangeRow:
        values = dict(row._mapping)  # noqa: SLF001 - the public name of it, as SQLAlchemy documents
        values["owner"] = Owner(values.pop("worker"), values.pop("boot"))
        values["state"] = State(values["state"])
        if values["story"] is not None:
            values["story"] = self._database.seal.open(values["story"], _label(values["id"]))
        return ExchangeRow(**values)


def _values(row: ExchangeRow) -> dict[str, Any]:
    values = {name: getattr(row, name) for name in ExchangeRow.__struct_fields__ if name != "owner"}
    return {**values, "worker": row.owner.worker, "boot": row.owner.boot}


def _waiting(key: str, fingerprint: bytes, now: float) -> tuple[sa.ColumnElement[bool], ...]:
    """Whether a row waits for this question of this key."""
    return (
        table.c.fingerprint == fingerprint,
        table.c.orphan.is_not(None),
        table.c.key == key,
        table.c.state.in_(_ADOPTABLE),
        sa.or_(_RUNNING, table.c.expires > now),
    )


def _oldest(waiting: tuple[sa.ColumnElement[bool], ...]) -> sa.Select[Any]:
    return sa.select(table.c.id).where(*waiting).order_by(table.c.orphan, table.c.id).limit(1)


def _label(ident: str) -> str:
    return f"story of {ident}"
