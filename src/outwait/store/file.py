"""The SQLite file itself: made or checked before it is used, and made smaller after much was deleted."""

from __future__ import annotations

import os
import sqlite3
from pathlib import Path
from typing import Final

from outwait.store.errors import StoreError, damaged
from outwait.store.trouble import told

NAME: Final = "outwait.db"
_OLDEST: Final = (3, 35, 0)  # RETURNING
_STEP: Final = 1024  # pages given back in one transaction


def prepare(file: Path, busy: float, *, check: bool) -> None:
    """Make `file` if there is none, and see that it can be used. `check`: read all of it, which takes about a second
    per gigabyte. Raises StoreError.
    """
    if sqlite3.sqlite_version_info < _OLDEST:
        raise StoreError(f"SQLite {sqlite3.sqlite_version} is too old: 3.35 or newer is needed; use a newer Python")
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT, 0o600))  # SQLite gives its log files the same mode
    except OSError as error:
        raise StoreError(f"{file} cannot be opened: {error.strerror}; see who owns it and its mode") from None
    try:
        connection = sqlite3.connect(file, timeout=busy, isolation_level=None)
        try:
            _examine(connection, file, check=check)
        finally:
            connection.close()
    except sqlite3.Error as error:
        raise told(error, str(file)) from None


def _examine(connection: sqlite3.Connection, file: Path, *, check: bool) -> None:
    connection.execute("PRAGMA auto_vacuum=INCREMENTAL")  # of effect in a new file only
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise StoreError(
            f"{file} lies on a file system without shared memory (a network share?): put data_dir on a local disk, "
            "or use PostgreSQL"
        )
    if check:
        found = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if found != "ok":
            raise damaged(str(file), "quick_check")


def shrink(file: Path, busy: float) -> None:
    """Give free pages back to the file system, a few at a time. Raises sqlite3.Error."""
    connection = sqlite3.connect(file, timeout=busy, isolation_level=None)
    try:
        connection.execute("PRAGMA secure_delete=OFF")
        free = connection.execute("PRAGMA freelist_count").fetchone()[0]
        while free > 0:
            connection.execute(f"PRAGMA incremental_vacuum({_STEP})").fetchall()  # a step per page: fetch them all
            left = connection.execute("PRAGMA freelist_count").fetchone()[0]
            if left >= free:
                break
            free = left
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
    finally:
        connection.close()
