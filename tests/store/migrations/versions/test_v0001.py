from __future__ import annotations

from tests.store.conftest import Run
from tests.store.places import Place
from tests.store.test_migrate import engines_of

from outwait.store.migrate import migrate

TABLES = {"facts", "exchanges", "claims", "results", "chunks", "responses", "outbox", "outwait_schema"}


def test_it_makes_the_first_tables(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        import sqlalchemy as sa

        engines = engines_of(place)
        await migrate(engines)
        async with engines.writer.connect() as connection:
            assert set(await connection.run_sync(lambda sync: sa.inspect(sync).get_table_names())) == TABLES
        await engines.close()

    run(story())
