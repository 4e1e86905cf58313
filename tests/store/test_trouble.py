from __future__ import annotations

import sqlite3

import psycopg
import pytest
import sqlalchemy as sa

from outwait.store.errors import StorageFull, StoreError
from outwait.store.trouble import Trouble, name_of, told, trouble

SECRET = "the patient has measles"


def _sqlite(code: int) -> sa.exc.DBAPIError:
    error = sqlite3.OperationalError(SECRET)
    error.sqlite_errorcode = code
    error.sqlite_errorname = "SQLITE_NAME"
    return sa.exc.OperationalError(f"INSERT {SECRET}", {"x": SECRET}, error)


def _postgres(state: str) -> sa.exc.DBAPIError:
    kind = psycopg.errors.lookup(state)
    return sa.exc.OperationalError(f"INSERT {SECRET}", {"x": SECRET}, kind(SECRET))


CASES = [
    (_sqlite(sqlite3.SQLITE_FULL), Trouble.FULL),
    (_sqlite(sqlite3.SQLITE_IOERR_SHMSIZE), Trouble.FULL),
    (_sqlite(sqlite3.SQLITE_BUSY), Trouble.CONTENTION),
    (_sqlite(sqlite3.SQLITE_BUSY_SNAPSHOT), Trouble.CONTENTION),
    (_sqlite(sqlite3.SQLITE_NOTADB), Trouble.DAMAGED),
    (_sqlite(sqlite3.SQLITE_CORRUPT_INDEX), Trouble.DAMAGED),
    (_sqlite(sqlite3.SQLITE_CONSTRAINT), Trouble.REFUSED),
    (_sqlite(sqlite3.SQLITE_IOERR_READ), Trouble.REFUSED),
    (_postgres("53100"), Trouble.FULL),
    (_postgres("40P01"), Trouble.CONTENTION),
    (_postgres("57P01"), Trouble.GONE),
    (_postgres("08006"), Trouble.GONE),
    (_postgres("XX001"), Trouble.DAMAGED),
    (_postgres("23505"), Trouble.REFUSED),
    (sa.exc.OperationalError("x", {}, psycopg.OperationalError(SECRET)), Trouble.GONE),
    (sa.exc.ProgrammingError("x", {}, psycopg.ProgrammingError(SECRET)), Trouble.REFUSED),
    (sa.exc.DBAPIError("x", {}, psycopg.InterfaceError(SECRET), connection_invalidated=True), Trouble.GONE),
    (sa.exc.TimeoutError(), Trouble.CONTENTION),
    (ConnectionResetError(SECRET), Trouble.GONE),
    (KeyError(SECRET), Trouble.REFUSED),
]


@pytest.mark.parametrize("error, kind", CASES, ids=str)
def test_a_drivers_error_is_known_by_its_code(error: Exception, kind: Trouble) -> None:
    assert trouble(error) is kind
    for place in ("/data/outwait.db", "postgresql://u:***@h/d"):
        story = told(error, place)
        assert place in str(story)
        assert SECRET not in str(story)
        assert isinstance(story, StorageFull) == (kind is Trouble.FULL)


def test_our_own_errors_stay_as_they_are() -> None:
    error = StoreError("said already")
    assert told(error, "/data/outwait.db") is error


def test_names_without_words() -> None:
    assert name_of(_sqlite(sqlite3.SQLITE_FULL)) == "SQLITE_NAME"
    assert name_of(_postgres("40P01")) == "40P01"
    assert name_of(OSError(SECRET)) == "OSError"
