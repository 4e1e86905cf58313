"""What the ties are where nothing else is tied."""

from __future__ import annotations

from outwait.exchange.ties import Kept
from outwait.testing.rig import scene
from outwait.testing.shelf import Joined


@scene
async def test_nobody_left_anything_unless_somebody_says_so() -> None:
    assert await Joined(lambda: 0.0).ties().left() == ()


def test_what_is_counted_has_a_name_of_its_own() -> None:
    assert len({kept.value for kept in Kept}) == len(Kept)
    assert all(kept.value.isidentifier() for kept in Kept)
