from __future__ import annotations

from pathlib import Path

import pytest
from tests.edge.conftest import story
from tests.edge.test_neighbours import orphan, street

from outwait.wire import errand
from outwait.wire.endpoint import SideDoor


def test_an_orphan_is_told_of_and_stays_one(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            door = SideDoor(str(tmp_path / "00ab00"))
            await orphan(owner)
            registry = owner.gateway.door.registry
            (question,) = registry._orphans
            status, ident = await errand.fetch(door, f"/internal/orphans/{question.hex()}")
            assert (status, registry.get(ident.decode()), registry.orphans) == (200, next(iter(registry)), 1)
            for unknown in ("00" * 16, "zz", "0"):
                assert await errand.fetch(door, f"/internal/orphans/{unknown}") == (204, b"")
            assert (await errand.fetch(door, "/internal/others"))[0] == 404
            assert len(owner.entries) == 1  # the last one: asking is not booked

    told()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_from_outside_there_is_nothing(tmp_path: Path, method: str) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            reply = await owner.ask(f"/internal/orphans/{'00' * 16}", method=method)
            assert (reply.status, reply.error["code"]) == (404, "not_found")

    told()
