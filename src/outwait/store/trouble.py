"""Which kind of trouble a driver's error is, and how it is told.

A driver's error may quote the row it failed on. None of its words are passed on, only its name; the one exception is
why no connection came about, which speaks of hosts and users.
"""

from __future__ import annotations

import sqlite3
from enum import Enum, auto
from typing import Final

import sqlalchemy as sa

from outwait.store.errors import StorageFull, StoreError, damaged


class Trouble(Enum):
    """What a driver's error means for the transaction it ended."""

    FULL = auto()  # no space left
    CONTENTION = auto()  # others were in the way: the same again may work
    GONE = auto()  # the connection broke
    DAMAGED = auto()  # the file is not what it should be
    REFUSED = auto()  # anything else; the same again would fail again


_PRIMARY: Final = 0xFF  # an extended SQLite code holds its primary one in the low byte
# Where a disk has no space for a page of the WAL or of its index, SQLite says so in several ways.
_FULL = frozenset(
    {
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR_WRITE,
        sqlite3.SQLITE_IOERR_SHMSIZE,
        sqlite3.SQLITE_IOERR_SHMMAP,
    }
)
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
_BUSY = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})

# https://www.postgresql.org/docs/current/errcodes-appendix.html
_SQLSTATES: dict[str, Trouble] = {
    "53100": Trouble.FULL,  # disk_full
    "40001": Trouble.CONTENTION,  # serialization_failure
    "40P01": Trouble.CONTENTION,  # deadlock_detected
    "55P03": Trouble.CONTENTION,  # lock_not_available
    "53300": Trouble.CONTENTION,  # too_many_connections
    "57P01": Trouble.GONE,  # admin_shutdown
    "57P02": Trouble.GONE,  # crash_shutdown
    "57P03": Trouble.GONE,  # cannot_connect_now
    "25P03": Trouble.GONE,  # idle_in_transaction_session_timeout
    "XX001": Trouble.DAMAGED,  # data_corrupted
    "XX002": Trouble.DAMAGED,  # index_corrupted
}


def trouble(error: BaseException) -> Trouble:
    """The kind of `error`, an exception of SQLAlchemy, of a driver, or of the system."""
    if isinstance(error, sa.exc.TimeoutError):  # no connection of the pool became free
        return Trouble.CONTENTION
    invalidated = isinstance(error, sa.exc.DBAPIError) and error.connection_invalidated
    cause = error.orig if isinstance(error, sa.exc.DBAPIError) else error
    code = getattr(cause, "sqlite_errorcode", None)
    if code is not None:
        return _of_sqlite(code)
    state = getattr(cause, "sqlstate", None)
    if state in _SQLSTATES:
        return _SQLSTATES[state]
    if invalidated or isinstance(cause, OSError) or (state is None and _is_operational(cause)):
        return Trouble.GONE
    return Trouble.GONE if state is not None and state.startswith("08") else Trouble.REFUSED


def _of_sqlite(code: int) -> Trouble:
    if code in _FULL:
        return Trouble.FULL
    if code & _PRIMARY in _DAMAGED:
        return Trouble.DAMAGED
    return Trouble.CONTENTION if code & _PRIMARY in _BUSY else Trouble.REFUSED


def _is_operational(cause: BaseException | None) -> bool:
    """Whether a driver says that it is not the statement that was wrong; psycopg gives no state when a link breaks."""
    return type(cause).__name__ == "OperationalError"


def name_of(error: BaseException) -> str:
    """The name of an error, without any of its words."""
    cause = (error.orig if isinstance(error, sa.exc.DBAPIError) else None) or error
    return getattr(cause, "sqlite_errorname", None) or getattr(cause, "sqlstate", None) or type(cause).__name__


def told(error: BaseException, place: str) -> StoreError:
    """`error` for the caller; `place` is the file, or the database's address without its password."""
    if isinstance(error, StoreError):
        return error
    kind, name = trouble(error), name_of(error)
    if kind is Trouble.FULL:
        return StorageFull(place)
    if kind is Trouble.DAMAGED:
        return damaged(place, name)
    if kind is Trouble.CONTENTION:
        return StoreError(f"{place} was kept busy by others for too long ({name}): try again")
    if kind is Trouble.GONE:
        return StoreError(f"the connection to {place} broke ({name}): see whether the database runs, and try again")
    return StoreError(f"{place} refused this ({name})")
