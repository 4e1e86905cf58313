from __future__ import annotations

from pathlib import Path

import pytest
from tests.edge.conftest import story
from tests.edge.test_neighbours import SLOW, orphan, street

from outwait.wire import errand
from outwait.wire.endpoint import SideDoor


def test_an_orphan_is_told_of_and_stays_one(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            door = SideDoor(str(tmp_path / "00ab00"))
            await orphan(owner)
            registry = owner.gateway.door.registry
            (question,) = registry._orphans._by_question
            status, ident = await errand.fetch(door, f"/internal/orphans/{question.hex()}")
            assert (status, registry.get(ident.decode()), registry.orphans) == (200, next(iter(registry)), 1)
            for unknown in ("00" * 16, "zz", "0"):
                assert await errand.fetch(door, f"/internal/orphans/{unknown}") == (204, b"")
            assert (await errand.fetch(door, "/internal/others"))[0] == 404
            assert len(owner.entries) == 1  # the last one: asking is not booked

    told()


def test_a_name_is_given_once_and_told_to_who_asks(tmp_path: Path) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            door = SideDoor(str(tmp_path / "00ab00"))
            mine = owner.gateway.door.new_id()
            assert await errand.fetch(door, f"/internal/claims/{'0a' * 16}/{mine}/") == (200, mine.encode())
            await owner.send(SLOW.replace(b"host:", b"idempotency-key: q\r\nhost:"))
            status, names = await errand.fetch(door, "/internal/names/all")
            name, _, ident = names.decode().partition(" ")
            assert (status, ident) == (200, next(iter(owner.gateway.door.registry)).id + "\n")
            for instead in ("", mine):
                reply = await errand.fetch(door, f"/internal/claims/{name}/{mine}/{instead}")
                assert reply == (200, ident.strip().encode())

    told()


@pytest.mark.parametrize("path", ["orphans/" + "00" * 16, "names/all", "claims/" + "00" * 16 + "/ow_1/"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_from_outside_there_is_nothing(tmp_path: Path, method: str, path: str) -> None:
    @story
    async def told() -> None:
        async with street(tmp_path, 1) as ((owner,), _):
            reply = await owner.ask(f"/internal/{path}", method=method)
            assert (reply.status, reply.error["code"]) == (404, "not_found")

    told()
