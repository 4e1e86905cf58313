"""What goes: first all whose time is over, then the oldest kept answers and responses, until the rest is small enough.

A running exchange never goes. A sweep is many short transactions, so that nobody waits long for a turn to write.
"""

from __future__ import annotations

from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from outwait.store.database import Row
from outwait.store.rows import State, Swept
from outwait.store.schema import chunks, claims, exchanges, outbox, responses, results

_ROWS: Final = 200  # rows of one kind in a transaction
_BYTES: Final = 64 << 20  # and bytes; the first row goes whatever its size
_SETTLED = exchanges.c.state != State.RUNNING
_ENDED = responses.c.status.not_in(("queued", "in_progress"))


async def expire(connection: AsyncConnection, now: float) -> Swept | None:
    """Delete some of what is over at `now`; None when there was nothing."""
    sized = sa.select(exchanges.c.id, sa.func.coalesce(results.c.size, 0).label("size"))
    sized = sized.select_from(exchanges.outerjoin(results, results.c.exchange == exchanges.c.id))
    old = sized.where(_SETTLED, exchanges.c.expires <= now).order_by(exchanges.c.expires).limit(_ROWS)
    gone, freed = await _exchanges(connection, _first((await connection.execute(old)).all(), _BYTES))
    over = sa.select(responses.c.id, responses.c.size).where(responses.c.expires <= now).limit(_ROWS)
    ended, more = await _responses(connection, (await connection.execute(over)).all())
    named = (await _some(connection, claims, claims.c.exchange, claims.c.expires <= now)) if not gone else 0
    events = (await _some(connection, outbox, outbox.c.id, outbox.c.expires <= now)) if not gone else 0
    strays = 0 if gone else await _strays(connection)
    if not (gone or ended or named or events or strays):
        return None
    return Swept(expired=gone, responses=ended, claims=named, events=events, freed=freed + more)


async def evict(connection: AsyncConnection, max_bytes: int) -> Swept | None:
    """Delete some of the oldest answers while all of them are more than `max_bytes`; None when they are not."""
    answers = sa.select(sa.func.coalesce(sa.func.sum(results.c.size), 0)).scalar_subquery()
    spoken = sa.select(sa.func.coalesce(sa.func.sum(responses.c.size), 0)).scalar_subquery()
    excess = int((await connection.execute(sa.select(answers + spoken))).scalar_one()) - max_bytes
    if excess <= 0:
        return None
    kept = sa.select(results.c.exchange.label("id"), results.c.size, results.c.created, sa.literal(0).label("kind"))
    kept = kept.join(exchanges, exchanges.c.id == results.c.exchange).where(_SETTLED)  # no draft goes
    said = sa.select(responses.c.id, responses.c.size, responses.c.created, sa.literal(1).label("kind"))
    both = sa.union_all(kept, said.where(_ENDED, responses.c.size > 0)).subquery()
    oldest = sa.select(both).order_by(both.c.created, both.c.id).limit(_ROWS)
    chosen = _first((await connection.execute(oldest)).all(), min(excess, _BYTES))
    evicted, freed = await _exchanges(connection, [row for row in chosen if row.kind == 0])
    ended, more = await _responses(connection, [row for row in chosen if row.kind == 1])
    if not (evicted or ended):
        return None
    return Swept(evicted=evicted, responses=ended, freed=freed + more)


def joined(one: Swept, other: Swept) -> Swept:
    """Both together."""
    return Swept(
        expired=one.expired + other.expired,
        evicted=one.evicted + other.evicted,
        responses=one.responses + other.responses,
        claims=one.claims + other.claims,
        events=one.events + other.events,
        freed=one.freed + other.freed,
    )


def _first(rows: Any, enough: int) -> list[Row]:
    """As many of `rows` as it takes for `enough` bytes."""
    taken: list[Row] = []
    size = 0
    for row in rows:
        if taken and size >= enough:
            break
        taken.append(row)
        size += row.size
    return taken


async def _exchanges(connection: AsyncConnection, rows: list[Row]) -> tuple[tuple[str, ...], int]:
    """Delete exchanges, their answers with them, and the names that stand for them; the ids and bytes that went."""
    sizes: dict[str, int] = {row.id: row.size for row in rows}
    if not sizes:
        return (), 0
    mine = sa.delete(exchanges).where(exchanges.c.id.in_(sizes), _SETTLED).returning(exchanges.c.id)
    gone = tuple((await connection.execute(mine)).scalars())
    await connection.execute(sa.delete(claims).where(claims.c.exchange.in_(gone)))
    return gone, sum(sizes[ident] for ident in gone)


async def _responses(connection: AsyncConnection, rows: Any) -> tuple[tuple[str, ...], int]:
    sizes: dict[str, int] = {row.id: row.size for row in rows}
    if not sizes:
        return (), 0
    mine = sa.delete(responses).where(responses.c.id.in_(sizes)).returning(responses.c.id)
    gone = tuple((await connection.execute(mine)).scalars())
    return gone, sum(sizes[ident] for ident in gone)


async def _some(
    connection: AsyncConnection, table: sa.Table, column: sa.Column[Any], over: sa.ColumnElement[bool]
) -> int:
    chosen = (await connection.execute(sa.select(column).where(over).limit(_ROWS))).scalars().all()
    if not chosen:
        return 0
    deleted = await connection.execute(sa.delete(table).where(column.in_(chosen), over))
    return max(deleted.rowcount, 0)


async def _strays(connection: AsyncConnection) -> int:
    """Delete chunks that never became an answer: their process died between writing them and the end."""
    owned = sa.exists().where(results.c.body == chunks.c.body)
    running = sa.exists().where(exchanges.c.id == chunks.c.exchange, exchanges.c.state == State.RUNNING)
    stray = sa.select(chunks.c.body).where(~owned, ~running).distinct().limit(_ROWS)
    bodies = (await connection.execute(stray)).scalars().all()
    if not bodies:
        return 0
    deleted = await connection.execute(sa.delete(chunks).where(chunks.c.body.in_(bodies)))
    return max(deleted.rowcount, 0)
