from __future__ import annotations

import re

from tests.edge.conftest import house, story


@story
async def test_ids_name_the_worker_and_never_repeat() -> None:
    async with house() as made:
        door = made.gateway.door
        names = {door.new_id() for _ in range(1000)}
        assert len(names) == 1000
        assert all(name.startswith("ow_05") and len(name) == 25 for name in names)
        assert door.catalog is door.planner.catalog


@story
async def test_ids_name_the_life_of_a_worker() -> None:
    async with house() as first, house() as second:
        lives = {made.gateway.door.new_id()[:9] for made in (first, second)}
        assert len(lives) == 2 or first.gateway.door.name == second.gateway.door.name
        assert all(re.fullmatch(r"ow_05[0-9a-f]{4}", each) for each in lives)
