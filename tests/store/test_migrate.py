from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from tests.store.conftest import Run
from tests.store.places import Place

from outwait.store import file, migrate, schema
from outwait.store.engine import Engines, postgres_engines, sqlite_engines
from outwait.store.errors import StoreError


def engines_of(place: Place) -> Engines:
    if place.url is not None:
        return postgres_engines(place.url)
    place.folder.mkdir(exist_ok=True)
    path = place.folder / file.NAME
    file.prepare(path, 5.0, check=False)
    return sqlite_engines(path, 5.0)


def _compared(connection: sa.Connection) -> list[object]:
    context = MigrationContext.configure(
        connection, opts={"version_table": schema.VERSIONS, "compare_type": True, "compare_server_default": True}
    )
    return list(compare_metadata(context, schema.metadata))


def test_the_steps_lead_to_the_schema(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        engines = engines_of(place)
        await migrate.migrate(engines)
        async with engines.writer.connect() as connection:
            assert await connection.run_sync(_compared) == []
        await engines.close()

    run(story())


def test_the_newest_step_is_the_head() -> None:
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_current_head() == schema.HEAD
    assert all(script.doc for script in scripts.walk_revisions())


def test_several_processes_start_at_once(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        many = [engines_of(place) for _ in range(5)]
        await asyncio.gather(*map(migrate.migrate, many))
        async with many[0].reader.connect() as connection:
            rows = await connection.exec_driver_sql(f"SELECT version_num FROM {schema.VERSIONS}")
            assert rows.scalars().all() == [schema.HEAD]
        for engines in many:
            await engines.close()

    run(story())


def test_a_newer_schema_is_refused(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        engines = engines_of(place)
        await migrate.migrate(engines)
        async with engines.writer.begin() as connection:
            await connection.exec_driver_sql(f"UPDATE {schema.VERSIONS} SET version_num = '9999'")
        with pytest.raises(StoreError, match=r"newer outwait \(schema 9999; this one knows up to 0001\)"):
            await migrate.migrate(engines)
        await engines.close()

    run(story())


STEP = '''"""{number}."""
import sqlalchemy as sa
from alembic import op
revision = "{number}"
down_revision = {before!r}

def upgrade():
    op.create_table("t{number}", sa.Column("x", sa.Text))
    op.execute("{then}")
'''


def test_a_step_that_fails_leaves_nothing_of_itself(
    place: Place, run: Run[None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = tmp_path / "steps" / "versions"
    versions.mkdir(parents=True)
    (versions / "v0001.py").write_text(STEP.format(number="0001", before=None, then="SELECT 1"))
    (versions / "v0002.py").write_text(STEP.format(number="0002", before="0001", then="SELECT nonsense FROM nowhere"))
    monkeypatch.setattr(migrate, "_STEPS", tmp_path / "steps")
    monkeypatch.setattr(migrate, "HEAD", "0002")

    async def story() -> None:
        engines = engines_of(place)
        with pytest.raises(sa.exc.DBAPIError):
            await migrate.migrate(engines)
        async with engines.writer.connect() as connection:
            tables = await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
            assert sorted(tables) == [schema.VERSIONS, "t0001"]
        (versions / "v0002.py").write_text(STEP.format(number="0002", before="0001", then="SELECT 1 + 1"))
        await migrate.migrate(engines)
        async with engines.writer.connect() as connection:
            assert "t0002" in await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())
        await engines.close()

    run(story())
