from __future__ import annotations

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.store.conftest import Run
from tests.store.places import Place

from outwait.store.database import changed
from outwait.store.errors import StoreError


def test_reading_fails_with_the_stores_own_error(place: Place, run: Run[None]) -> None:
    async def wrong(connection: AsyncConnection) -> None:
        await connection.execute(sa.text("SELECT :secret FROM nowhere"), {"secret": "measles"})

    async def story() -> None:
        async with place.open() as store:
            with pytest.raises(StoreError, match="refused this") as told:
                await store._database.read(wrong)
            assert "measles" not in str(told.value)
            assert told.value.__cause__ is None

    run(story())


@pytest.mark.parametrize("size", [0, 100, 100_000])
def test_long_and_short_are_sealed_alike(sqlite_place: Place, run: Run[None], size: int) -> None:
    async def story() -> None:
        async with sqlite_place.open() as store:
            database = store._database
            sealed = await database.sealed(b"x" * size, "label")
            assert await database.opened(sealed, "label") == b"x" * size
            assert database.seal.open(sealed, "label") == b"x" * size

    run(story())


def test_rows_changed_are_counted(place: Place, run: Run[None]) -> None:
    async def story() -> None:
        async with place.open() as store, store._database.engines.writer.begin() as connection:
            facts = sa.table("facts", sa.column("name"), sa.column("value"))
            assert await changed(connection, sa.insert(facts).values(name="a", value=b"")) == 1
            assert await changed(connection, sa.delete(facts).where(facts.c.name == "b")) == 0

    run(story())
