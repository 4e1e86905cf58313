"""A tracker in virtual time, with channels that find what a test tells them to find."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Hold, Wish
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.core.probed import Probe, Probed
from outwait.health.endpoint import Change, Endpoint
from outwait.health.hold import Held
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.prober import Prober
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import ProbeRule
from outwait.testing import virtual
from outwait.wire.wheel import Wheel

DOWN = fault("upstream_connect", detail="refused")
_SPAN = Span(100, "test")
CLOCKS = Timeouts(_SPAN, _SPAN, _SPAN, _SPAN, _SPAN, _SPAN, _SPAN)


class Looks:
    """Finds what it is told to find. `asked`: (what, channel, key or model, when)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, object, float]] = []
        self.down: set[str] = set()
        self.spent = 0.0
        self.question: Probed | str | None = "good"
        self.running = self.most = 0

    async def _took(self, what: str, channel: str, about: object) -> float:
        loop = asyncio.get_running_loop()
        self.asked.append((what, channel, about, loop.time()))
        self.running += 1
        self.most = max(self.most, self.running)
        await asyncio.sleep(self.spent)
        self.running -= 1
        return loop.time()

    async def connect(self, channel: str, span: float) -> Probed:
        at = await self._took("connect", channel, span)
        return Probed(Probe.CONNECT, DOWN if channel in self.down else None, self.spent, at, "connect")

    async def ask(self, channel: str, key: int) -> Probed | None:
        at = await self._took("ask", channel, key)
        if self.question is None:
            return None
        code = self.question if isinstance(self.question, str) else ""
        failed = None if code == "good" else fault(code)
        return Probed(Probe.KEY, failed, self.spent, at, "GET /models", key=key)

    async def call(self, channel: str, model: str, key: int = 0) -> Probed:
        at = await self._took("call", channel, (model, key))
        if model == "image":
            raise Refusal(fault("not_supported"))
        return Probed(Probe.CALL, DOWN if channel in self.down else None, self.spent, at, "POST", model=model)


class Scene:
    def __init__(self, *channels: Channel, rule: ProbeRule | None = None) -> None:
        loop = asyncio.get_running_loop()
        self.wheel = Wheel(loop)
        self.clock = loop.time
        self.learning = Learning(LearningRules())
        self.tracker = HealthTracker(loop.time, lambda: 1e9 + loop.time(), lambda: 0.5, self.wheel, self.learning)
        self.channels = channels or (Channel("c", "openai", "http://h", api_keys=("a", "b")),)
        self.tracker.use(Catalog(channels=self.channels))
        self.events: list[tuple[str, Change, str]] = []
        self.tracker.events.append(lambda *news: self.events.append(news))
        self.looks = Looks()
        self.prober = Prober(self.tracker, self.looks, self.wheel, lambda: 0.5, rule or ProbeRule())

    def endpoint(self, model: str = "m", channel: str = "c") -> Endpoint:
        """It has been asked once, and answered."""
        self.answer(model, channel)
        return self.tracker.endpoints[f"{channel}/{model}"]

    def begin(self, model: str = "m", channel: str = "c") -> Held:
        """An attempt begins."""
        plan = Plan("chat", (Candidate(channel, "openai", model),), CLOCKS)
        held = self.tracker.acquire(Wish(plan, "k", self.clock() + 100), lambda _: None)
        assert isinstance(held, Held)
        return held

    def wait(self, granted: Callable[[Hold], object], model: str = "m", channel: str = "c") -> Hold | Fault | None:
        """Somebody asks for a place, and is told when there is one."""
        plan = Plan("chat", (Candidate(channel, "openai", model),), CLOCKS)
        return self.tracker.acquire(Wish(plan, "k", self.clock() + 100), granted)  # type: ignore[arg-type]  # None or not

    def answer(self, model: str = "m", channel: str = "c", failed: Fault | None = None) -> None:
        """An attempt begins and ends."""
        self.begin(model, channel).leave(failed)


def shut(endpoint: Endpoint) -> bool:
    return endpoint.standing.shut


Story = Callable[[], Coroutine[Any, Any, None]]


def story(test: Story) -> Callable[[], None]:
    """Run it in virtual time."""

    @functools.wraps(test)
    def run() -> None:
        virtual.run(test())

    del run.__wrapped__  # pytest would take the coroutine for the test
    return run
