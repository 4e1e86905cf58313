"""The connections of one process: one that writes and a few that read, to a SQLite file or to PostgreSQL.

SQLite: WAL with synchronous=FULL, which loses no acknowledged commit in a power cut (FACTS 3). Transactions begin as
said here, not as the driver thinks: a writing one takes its lock at once and so can wait for it, where one that reads
first would fail as soon as another process writes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from outwait.store.errors import StoreError

READERS: Final = 3
WAL_LIMIT: Final = 64 << 20  # bytes the write-ahead log is cut back to after a great write

# What a session of PostgreSQL is bound to: a process that is stopped in the middle must not hold its locks for ever.
_SESSION = {
    "synchronous_commit": "on",
    "statement_timeout": "60s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "60s",
}
_CONNECTION = {"connect_timeout": 10, "tcp_user_timeout": 15_000, "application_name": "outwait"}


@dataclass(frozen=True, slots=True)
class Engines:
    """`place`: the file's absolute path, or the database's address without its password."""

    writer: AsyncEngine
    reader: AsyncEngine
    place: str

    @property
    def embedded(self) -> bool:
        """Whether this is a SQLite file."""
        return self.writer.dialect.name == "sqlite"

    async def close(self) -> None:
        """End all connections."""
        await self.reader.dispose()
        await self.writer.dispose()


def sqlite_engines(file: Path, busy: float) -> Engines:
    """For `file`, which exists. `busy`: seconds to wait for other processes' writes."""
    url = sa.URL.create("sqlite+aiosqlite", database=str(file))
    common: dict[str, Any] = {"hide_parameters": True, "connect_args": {"timeout": busy}}
    writer = create_async_engine(url, pool_size=1, max_overflow=0, **common)
    reader = create_async_engine(url, pool_size=READERS, max_overflow=0, **common)
    # What was deleted is encrypted; to overwrite it as well would need space, and at a full disk there is none.
    pragmas = ("synchronous=FULL", "foreign_keys=ON", "secure_delete=OFF", f"journal_size_limit={WAL_LIMIT}")
    _steer(writer, "BEGIN IMMEDIATE", pragmas)
    _steer(reader, "BEGIN", ("query_only=ON",))
    return Engines(writer, reader, str(file))


def _steer(engine: AsyncEngine, begin: str, pragmas: tuple[str, ...]) -> None:
    def connected(connection: Any, _entry: ConnectionPoolEntry) -> None:
        connection.isolation_level = None  # the driver begins no transactions of its own
        cursor = connection.cursor()
        for pragma in pragmas:
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    def begun(connection: sa.Connection) -> None:
        connection.exec_driver_sql(begin)

    sa.event.listen(engine.sync_engine, "connect", connected)
    sa.event.listen(engine.sync_engine, "begin", begun)


def postgres_engines(text: str) -> Engines:
    """For a `postgresql://` address. Raises StoreError for one that is not, or when the driver is not installed."""
    try:
        url = sa.make_url(text)
    except (sa.exc.ArgumentError, ValueError):
        raise StoreError("the store's address is no URL; expected postgresql://user:password@host/database") from None
    if url.drivername not in ("postgresql", "postgres", "postgresql+psycopg"):
        raise StoreError(f"the store's address begins with `{url.drivername}:`; expected postgresql://")
    url = url.set(drivername="postgresql+psycopg")
    common: dict[str, Any] = {"hide_parameters": True, "pool_pre_ping": True, "connect_args": _arguments(url)}
    try:
        writer = create_async_engine(url, pool_size=1, max_overflow=0, **common)
        reader = create_async_engine(url, pool_size=READERS, max_overflow=0, **common)
    except ImportError:
        raise StoreError("PostgreSQL needs its driver: pip install 'outwait[postgres]'") from None
    return Engines(writer, reader, url.set(drivername="postgresql", query={}).render_as_string(hide_password=True))


def _arguments(url: sa.URL) -> dict[str, Any]:
    """What a connection is made with; what the address says itself comes later and wins."""
    session = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    said = url.query.get("options", "")
    arguments: dict[str, Any] = {"options": f"{session} {said if isinstance(said, str) else ' '.join(said)}".strip()}
    return arguments | {name: value for name, value in _CONNECTION.items() if name not in url.query}
