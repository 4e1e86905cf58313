from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from outwait.store import file
from outwait.store.errors import StoreError
from outwait.store.file import prepare, shrink


def _fill(path: Path, rows: int = 300) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE t (x BLOB)")
        connection.executemany("INSERT INTO t VALUES (?)", [(bytes(4000),)] * rows)
        connection.commit()
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


def test_a_new_file_is_made_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "outwait.db"
    prepare(path, 1.0, check=True)
    prepare(path, 1.0, check=True)
    assert path.stat().st_mode & 0o777 == 0o600
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert connection.execute("PRAGMA auto_vacuum").fetchone() == (2,)  # incremental
        connection.execute("CREATE TABLE t (x)")
        connection.commit()
        assert path.with_name("outwait.db-wal").stat().st_mode & 0o777 == 0o600


def test_damage_is_found_and_told_with_its_cure(tmp_path: Path) -> None:
    path = tmp_path / "outwait.db"
    prepare(path, 1.0, check=True)
    _fill(path)
    with path.open("r+b") as out:
        out.seek(100 * 4096)
        out.write(b"\xff" * 8 * 4096)
    prepare(path, 1.0, check=False)
    with pytest.raises(StoreError, match=r"outwait\.db is damaged") as told:
        prepare(path, 1.0, check=True)
    assert f"sqlite3 {path} .recover" in str(told.value)


def test_what_is_no_database_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "outwait.db"
    path.write_bytes(b"this is a letter to my aunt" * 1000)
    with pytest.raises(StoreError, match="is damaged"):
        prepare(path, 1.0, check=False)


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    (tmp_path / "outwait.db").mkdir()
    with pytest.raises(StoreError, match="cannot be opened: Is a directory"):
        prepare(tmp_path / "outwait.db", 1.0, check=True)


def test_a_file_without_shared_memory_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "outwait.db"
    held = sqlite3.connect(path, isolation_level=None)
    held.execute("PRAGMA journal_mode=DELETE")
    held.execute("CREATE TABLE t (x)")
    held.execute("BEGIN IMMEDIATE")
    with closing(held), pytest.raises(StoreError, match="kept busy"):
        prepare(path, 0.0, check=True)  # another program holds it in the old mode
    monkeypatch.setattr(file, "_OLDEST", (99, 0, 0))
    with pytest.raises(StoreError, match="too old"):
        prepare(path, 0.0, check=True)


def test_a_memory_file_system_without_wal_is_told(tmp_path: Path) -> None:
    memory = closing(sqlite3.connect(":memory:", isolation_level=None))
    with memory as connection, pytest.raises(StoreError, match="local disk"):
        file._examine(connection, tmp_path / "outwait.db", check=False)


def test_freed_pages_go_back_to_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "outwait.db"
    prepare(path, 1.0, check=True)
    _fill(path, 3000)
    before = path.stat().st_size
    shrink(path, 1.0)
    assert path.stat().st_size == before
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM t")
        connection.commit()
    shrink(path, 1.0)
    assert path.stat().st_size < before / 100
