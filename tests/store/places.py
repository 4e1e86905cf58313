"""Where a test's store lies, and rows to put into it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa

from outwait.core.reply import Head, Usage
from outwait.store.opening import Tuning, open_store
from outwait.store.rows import Claim, EventRow, ExchangeRow, Owner, ResponseRow, Result, Settlement, State
from outwait.store.store import Store
from outwait.wire.tasks import spawn

NOW = 1_800_000_000.0
DAY = 86_400.0
SMALL = 64 << 10  # bytes of ballast: enough where the disk is not full
OWNER = Owner(0, "boot-1")
HEAD = Head(200, "application/json", (("x-request-id", "r1"),))


@dataclass(frozen=True)
class Place:
    """An address and a directory; every `open` is as if by another process."""

    url: str | None
    folder: Path

    @classmethod
    @contextmanager
    def in_schema(cls, server: str, folder: Path) -> Iterator[Place]:
        """A schema of its own in the database at `server`."""
        name = f"t{uuid.uuid4().hex[:12]}"
        engine = sa.create_engine(server.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(sa.text(f"CREATE SCHEMA {name}"))
        try:
            yield cls(f"{server}&options=-csearch_path%3D{name}", folder)
        finally:
            with engine.connect() as connection:
                connection.execute(sa.text(f"DROP SCHEMA {name} CASCADE"))
            engine.dispose()

    @asynccontextmanager
    async def open(
        self, keys: Sequence[str] = (), *, now: float = NOW, tuning: Tuning | None = None
    ) -> AsyncIterator[Store]:
        tuning = tuning or Tuning(ballast=SMALL)
        store = await open_store(self.url, self.folder, keys, spawn=spawn, clock=lambda: now, tuning=tuning)
        try:
            yield store
        finally:
            await store.close()


def exchange(ident: str = "ow_1", **changes: Any) -> ExchangeRow:
    row = ExchangeRow(
        id=ident,
        owner=OWNER,
        key="dev",
        fingerprint=b"f" * 16,
        dialect="openai",
        endpoint="chat",
        model="o3-pro",
        stream=True,
        created=NOW,
        updated=NOW,
        expires=NOW + DAY,
        on_disconnect="finish",
    )
    return msgspec.structs.replace(row, **changes)


def settlement(ident: str = "ow_1", state: State = State.COMPLETED, **more: Any) -> Settlement:
    return Settlement(ident, state, **{"now": NOW + 5, "expires": NOW + DAY, **more})


def result(body: Any = b'{"answer":42}', **more: Any) -> Result:
    return Result(HEAD, body, **{"usage": Usage(input=3, output=4), **more})


def claim(exchange: str = "ow_1", **changes: Any) -> Claim:
    row = Claim("dev", "once-1", b"f" * 16, exchange, NOW, NOW + DAY)
    return msgspec.structs.replace(row, **changes)


def response(ident: str = "resp_1", **changes: Any) -> ResponseRow:
    row = ResponseRow(
        id=ident,
        exchange="ow_1",
        key="dev",
        created=NOW,
        model="o3-pro",
        status="in_progress",
        expires=NOW + DAY,
        request=b'{"model":"o3-pro"}',
        input=b'[{"type":"message","id":"msg_1"}, {"type":"message","id":"msg_2"}]',
    )
    return msgspec.structs.replace(row, **changes)


def event(ident: str = "evt_1", **changes: Any) -> EventRow:
    row = EventRow(ident, "https://hooks.test/in?token=t", "response.completed", b'{"id":"evt_1"}', NOW, NOW, NOW + DAY)
    return msgspec.structs.replace(row, **changes)


async def body_of(store: Store, ident: str = "ow_1", start: int = 0) -> bytes:
    return b"".join([piece async for piece in store.results.body(ident, start)])
