"""What usually passes at an endpoint until there is content, learned from the attempts that were made there."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.tracker import HealthTracker
from outwait.testing.rig import scene
from outwait.wire.wheel import Wheel

_SPAN = Span(100, "test")
A, B = Candidate("a", "plain", "m"), Candidate("b", "plain", "m")
PLAN = Plan("chat", (A, B), Timeouts(_SPAN, _SPAN, _SPAN, _SPAN, _SPAN, _SPAN, _SPAN))


@scene
async def test_what_usually_passes_is_learned_per_endpoint() -> None:
    loop = asyncio.get_running_loop()
    tracker = HealthTracker(loop.time, loop.time, lambda: 0.5, Wheel(loop), Learning(LearningRules()))

    async def attempt(place: int, seconds: float) -> None:
        hold = tracker.acquire(Wish(PLAN, "k", loop.time() + 60, places=(place,)), print)
        assert hold is not None
        assert not isinstance(hold, Fault)
        await told(hold, seconds)

    async def told(hold: Hold, seconds: float) -> None:
        await asyncio.sleep(seconds)
        hold.content()
        hold.leave(None)

    assert tracker.usual(PLAN, A) is None
    for _ in range(60):
        await attempt(0, 1.0)
        await attempt(1, 4.0)
    await asyncio.sleep(300)
    quick, slow = tracker.usual(PLAN, A), tracker.usual(PLAN, B)
    assert quick is not None
    assert slow is not None
    assert 0.9 < quick < 1.2
    assert 3.6 < slow < 4.6
    assert tracker.usual(replace(PLAN, scenario="embedding"), A) is None
    assert tracker.usual(PLAN, replace(A, whole=True)) is None
