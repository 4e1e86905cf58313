"""Stores to test with: each test that asks for `place` runs on SQLite and on PostgreSQL."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop
from tests.store import postgres
from tests.store.places import Place

T = TypeVar("T")
Run = Callable[[Coroutine[Any, Any, T]], T]


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    why = postgres.missing()
    if why is not None:
        pytest.skip(why)
    with postgres.server() as url:
        yield url


@pytest.fixture
def folder() -> Iterator[Path]:
    """An empty folder that is in memory where it can be: a store waits for its disk at every step, and a process that
    is killed does not take the page cache with it, so nothing is tested worse."""
    with tempfile.TemporaryDirectory(prefix="ow-store-", dir=postgres.memory()) as made:
        yield Path(made)


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, folder: Path) -> Iterator[Place]:
    """Where a store can be opened, nothing in it yet."""
    if request.param == "sqlite":
        yield Place(None, folder / "data")
        return
    with Place.in_schema(request.getfixturevalue("postgres_server"), folder / "data") as made:
        yield made


@pytest.fixture
def sqlite_place(folder: Path) -> Place:
    return Place(None, folder / "data")


@pytest.fixture
def run() -> Iterator[Run[Any]]:
    """Runs a coroutine on the gateway's kind of loop."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        yield runner.run
