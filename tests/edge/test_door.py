from __future__ import annotations

from tests.edge.conftest import house, story


@story
async def test_ids_name_the_worker_and_never_repeat() -> None:
    async with house() as made:
        door = made.gateway.door
        names = {door.new_id() for _ in range(1000)}
        assert len(names) == 1000
        assert all(name.startswith("ow_05") and len(name) == 25 for name in names)
        assert door.catalog is door.planner.catalog
