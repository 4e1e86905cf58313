from __future__ import annotations

import sys
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.store import postgres
from tests.store.conftest import Run

from outwait.store.engine import Engines, postgres_engines, sqlite_engines
from outwait.store.errors import StoreError

PRAGMAS = {"synchronous": 2, "foreign_keys": 1, "busy_timeout": 3000}  # 2 is FULL


async def _ask(engines: Engines, statement: str, *, write: bool = True) -> object:
    async with (engines.writer if write else engines.reader).connect() as connection:
        return (await connection.exec_driver_sql(statement)).scalar_one()


def test_a_file_is_written_durably_and_read_only_by_readers(tmp_path: Path, run: Run[None]) -> None:
    async def story() -> None:
        engines = sqlite_engines(tmp_path / "x.db", 3.0)
        assert (engines.embedded, engines.place) == (True, str(tmp_path / "x.db"))
        for pragma, value in PRAGMAS.items():
            assert await _ask(engines, f"PRAGMA {pragma}") == value
        async with engines.reader.connect() as connection:
            with pytest.raises(sa.exc.OperationalError, match="readonly"):
                await connection.exec_driver_sql("CREATE TABLE t (x)")
        await engines.close()

    run(story())


def test_a_writer_takes_its_lock_at_once(tmp_path: Path, run: Run[None]) -> None:
    async def story() -> None:
        one, other = sqlite_engines(tmp_path / "x.db", 0.0), sqlite_engines(tmp_path / "x.db", 0.0)
        async with one.writer.begin():
            with pytest.raises(sa.exc.OperationalError, match="locked"):
                await _ask(other, "SELECT 1")
        assert await _ask(other, "SELECT 1") == 1
        await one.close()
        await other.close()

    run(story())


def test_errors_do_not_quote_rows(tmp_path: Path, run: Run[None]) -> None:
    async def story() -> None:
        engines = sqlite_engines(tmp_path / "x.db", 0.0)
        async with engines.writer.connect() as connection:
            with pytest.raises(sa.exc.OperationalError) as told:
                await connection.execute(sa.text("INSERT INTO nowhere VALUES (:x)"), {"x": "measles"})
        assert "measles" not in str(told.value)
        await engines.close()

    run(story())


@pytest.mark.parametrize(
    "url, message",
    [
        ("not a url", "is no URL"),
        ("mysql://u:hunter2@h/d", "begins with `mysql:`"),
        ("postgresql+asyncpg://u:hunter2@h/d", "begins with `postgresql"),
    ],
)
def test_another_address_is_refused(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as told:
        postgres_engines(url)
    assert "hunter2" not in str(told.value)


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_the_place_is_told_without_its_password(scheme: str) -> None:
    engines = postgres_engines(f"{scheme}://u:hunter2@h:1/d?sslpassword=hunter2")
    assert engines.place == "postgresql://u:***@h:1/d"
    assert not engines.embedded


def test_a_missing_driver_is_named_by_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"pip install 'outwait\[postgres\]'"):
        postgres_engines("postgresql://h/d")


def test_a_session_is_bounded_unless_the_address_says_otherwise(postgres_server: str, run: Run[None]) -> None:
    async def story() -> None:
        plain = postgres_engines(postgres_server)
        assert await _ask(plain, "SHOW idle_in_transaction_session_timeout", write=False) == "1min"
        assert await _ask(plain, "SHOW application_name") == "outwait"
        await plain.close()
        other = postgres_engines(f"{postgres_server}&application_name=mine&options=-cstatement_timeout%3D7s")
        assert await _ask(other, "SHOW statement_timeout") == "7s"
        assert await _ask(other, "SHOW lock_timeout") == "10s"
        assert await _ask(other, "SHOW application_name") == "mine"
        await other.close()

    assert postgres.missing() is None
    run(story())
