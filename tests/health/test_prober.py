from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Wish
from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.core.probed import Probe, Probed
from outwait.health.endpoint import Change, Endpoint
from outwait.health.hold import Held
from outwait.health.learning import Learning
from outwait.health.learning_rules import LearningRules
from outwait.health.prober import AGAIN, AT_ONCE, Prober
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import ProbeRule
from outwait.policy.standing import Hint
from outwait.testing import virtual
from outwait.wire.wheel import Wheel

DOWN = fault("upstream_connect", detail="refused")
CLOCKS = Timeouts(*(Span(100, "test") for _ in range(7)))


class Looks:
    """Finds what it is told to find. `asked`: (what, channel, key or model, when)."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, object, float]] = []
        self.down: set[str] = set()
        self.spent = 0.0
        self.question: Probed | None | str = "good"
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
        learning = Learning(LearningRules(), loop.time())
        self.tracker = HealthTracker(loop.time, lambda: 1e9 + loop.time(), lambda: 0.5, self.wheel, learning)
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

    def answer(self, model: str = "m", channel: str = "c") -> None:
        plan = Plan("chat", (Candidate(channel, "openai", model),), CLOCKS)
        held = self.tracker.acquire(Wish(plan, "k", self.clock() + 100), lambda _: None)
        assert isinstance(held, Held)
        held.leave(None)


Story = Callable[[], Coroutine[Any, Any, None]]


def story(test: Story) -> Callable[[], None]:
    """Run it in virtual time."""

    @functools.wraps(test)
    def run() -> None:
        virtual.run(test())

    del run.__wrapped__  # type: ignore[attr-defined]  # pytest would take the coroutine for the test
    return run


@story
async def test_each_channel_is_probed_on_schedule_and_not_at_the_same_moment() -> None:
    scene = Scene(*(Channel(name, "openai", "http://h") for name in "abcdefg"))
    scene.looks.spent = 2.0
    scene.prober.start()
    began = scene.clock()
    await asyncio.sleep(100)
    scene.prober.close()
    assert scene.looks.most == AT_ONCE
    times = [at - began for what, channel, _, at in scene.looks.asked if channel == "a"]
    assert 10 < times[0] < 20  # half of the time between two, by luck
    assert all(29 < later - sooner < 36 for sooner, later in zip(times, times[1:], strict=False))
    assert {each[1] for each in scene.looks.asked} == set("abcdefg")
    count = len(scene.looks.asked)
    await asyncio.sleep(100)
    assert len(scene.looks.asked) == count
    scene.wheel.close()


@story
async def test_a_worker_that_does_not_probe_hears_of_it() -> None:
    scene = Scene()
    scene.prober.start(probing=False)
    await asyncio.sleep(100)
    assert scene.looks.asked == []
    found = Probed(Probe.CONNECT, None, 0.01, scene.clock(), "connect")
    scene.prober.took("c", found)
    assert scene.tracker.channels["c"].last_free is found
    scene.prober.took("gone", found)
    scene.prober.close()


@story
async def test_no_probe_where_none_is_wanted_and_keys_are_asked_about_all_the_same() -> None:
    scene = Scene(rule=ProbeRule(enabled=False))
    scene.tracker.channels["c"].credentials.kill(1, scene.clock())
    scene.prober.start()
    await asyncio.sleep(3700)
    assert [each[:3] for each in scene.looks.asked] == [("ask", "c", 1)]
    scene.prober.close()


@story
async def test_three_failures_make_idle_endpoints_suspect_and_a_success_takes_it_back() -> None:
    scene = Scene()
    endpoint = scene.endpoint()
    told: list[tuple[str, bool]] = []
    scene.prober.told.append(lambda name, found: told.append((name, found.ok)))
    await asyncio.sleep(1)
    scene.looks.down.add("c")
    scene.prober.start()
    await asyncio.sleep(60)
    assert len(scene.looks.asked) == 2
    assert not endpoint.standing.shut
    await asyncio.sleep(30)
    assert endpoint.standing.shut
    assert not endpoint.standing.breaker.open
    assert scene.events == [("c/m", Change.SUSPECT, "3 probes in a row failed: upstream_connect")]
    await asyncio.sleep(60)
    assert len(scene.events) == 1
    scene.looks.down.clear()
    await asyncio.sleep(31)
    assert not endpoint.standing.shut
    assert scene.events[1:] == [("c/m", Change.HEALTHY, "")]
    assert told == [("c", False)] * 5 + [("c", True)]
    scene.prober.close()


@story
async def test_an_endpoint_that_answers_is_not_doubted() -> None:
    scene = Scene()
    scene.endpoint()
    scene.looks.down.add("c")
    scene.prober.start()
    for _ in range(30):
        await asyncio.sleep(10)
        scene.answer()
    assert scene.events == []
    # It fell silent, and the probes go on failing.
    await asyncio.sleep(120)
    assert [what for _, what, _ in scene.events] == [Change.SUSPECT]
    # One real request tried it, and it answered.
    await asyncio.sleep(60)
    scene.answer()
    assert [what for _, what, _ in scene.events] == [Change.SUSPECT, Change.HEALTHY]
    scene.prober.close()


@story
async def test_a_success_takes_back_nothing_else() -> None:
    scene = Scene()
    hung, heard = scene.endpoint("hung"), scene.endpoint("heard")
    hung.standing.suspect(scene.clock())
    heard.standing.hear(Hint.SUSPECT, scene.clock(), 0.5)
    for _ in range(4):
        scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    scene.prober.took("c", Probed(Probe.CONNECT, None, 0.0, scene.clock(), "connect"))
    assert hung.standing.shut
    assert heard.standing.shut
    assert scene.events == []


@story
async def test_an_endpoint_that_begins_to_hang_meanwhile_stays_suspect() -> None:
    scene = Scene()
    endpoint = scene.endpoint()
    await asyncio.sleep(1)
    for _ in range(3):
        scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    assert endpoint.standing.shut
    endpoint.standing.suspect(scene.clock())
    scene.prober.took("c", Probed(Probe.CONNECT, None, 0.0, scene.clock(), "connect"))
    assert endpoint.standing.shut
    assert [what for _, what, _ in scene.events] == [Change.SUSPECT]


@story
async def test_a_dead_key_is_asked_about_until_it_works() -> None:
    scene = Scene(rule=ProbeRule(enabled=False))
    credentials = scene.tracker.channels["c"].credentials
    credentials.kill(0, scene.clock())
    scene.prober.start()
    scene.looks.question = "upstream_auth"
    await asyncio.sleep(3700)
    assert (len(scene.looks.asked), credentials.dead) == (1, 1)
    await asyncio.sleep(7200)
    assert len(scene.looks.asked) == 2  # after twice the time
    scene.looks.question = "upstream_connect"  # tells nothing about the key
    await asyncio.sleep(4 * 3600)
    assert len(scene.looks.asked) == 3
    await asyncio.sleep(AGAIN)
    assert len(scene.looks.asked) == 4
    scene.looks.question = "good"
    await asyncio.sleep(AGAIN)
    assert credentials.dead == 0
    assert scene.events == [("c", Change.KEY_REVIVED, "0")]
    scene.prober.close()


@story
async def test_a_provider_without_a_free_question_leaves_it_dead() -> None:
    scene = Scene(rule=ProbeRule(enabled=False))
    credentials = scene.tracker.channels["c"].credentials
    credentials.kill(0, scene.clock())
    scene.looks.question = None
    scene.prober.start()
    await asyncio.sleep(4000)
    assert (len(scene.looks.asked), credentials.dead, credentials.due(scene.clock())) == (1, 1, ())
    scene.prober.close()


@story
async def test_what_a_reload_takes_out_is_forgotten_whatever_is_under_way() -> None:
    scene = Scene()
    scene.tracker.channels["c"].credentials.kill(0, scene.clock())
    scene.looks.spent = 10.0
    scene.prober.start()
    await asyncio.sleep(3605)
    assert scene.looks.running == 1
    scene.tracker.use(Catalog(channels=(Channel("d", "openai", "http://h"),)))
    scene.prober.use(ProbeRule(every=5))
    await asyncio.sleep(60)
    assert {channel for _, channel, _, _ in scene.looks.asked if channel != "c"} == {"d"}
    count = sum(channel == "d" for _, channel, _, _ in scene.looks.asked)
    assert 3 <= count <= 12
    scene.prober.close()


@story
async def test_closing_ends_what_is_under_way() -> None:
    scene = Scene()
    scene.looks.spent = 1000.0
    scene.prober.start()
    await asyncio.sleep(40)
    scene.prober.close()
    await asyncio.sleep(0)
    assert scene.tracker.channels["c"].last_free is None


@story
async def test_a_check_on_request() -> None:
    scene = Scene()
    channel = scene.tracker.channels["c"]
    channel.credentials.kill(0, scene.clock())
    free = await scene.prober.check("c", "m", paid=False)
    assert (free.probe, free.key) == (Probe.KEY, 1)  # with a key that is not dead
    revived = await scene.prober.check("c", "", paid=False, key=0)
    assert revived.ok
    assert channel.credentials.dead == 0
    scene.looks.question = None
    knocked = await scene.prober.check("c", "", paid=False)
    assert channel.last_free is knocked
    paid = await scene.prober.check("c", "gpt", paid=True)
    assert (channel.last_paid, paid.model) == (paid, "gpt")
    assert scene.looks.asked[-1][2] == ("gpt", 0)
    with pytest.raises(Refusal):
        await scene.prober.check("c", "image", paid=True)
    with pytest.raises(KeyError):
        await scene.prober.check("nobody", "m", paid=True)


@story
async def test_a_check_that_fails_harms_nobody_and_one_that_is_good_clears_doubts() -> None:
    scene = Scene()
    endpoint = scene.endpoint()
    scene.looks.down.add("c")
    for _ in range(9):
        assert not (await scene.prober.check("c", "m", paid=True)).ok
    assert not endpoint.standing.shut
    await asyncio.sleep(1)
    for _ in range(3):
        scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    assert endpoint.standing.shut
    scene.looks.down.clear()
    await scene.prober.check("c", "m", paid=True)
    assert not endpoint.standing.shut


@story
async def test_a_check_that_outlives_its_channel_changes_nothing() -> None:
    scene = Scene()
    scene.tracker.channels["c"].credentials.kill(0, scene.clock())
    scene.looks.spent = 5.0
    task = asyncio.ensure_future(scene.prober.check("c", "m", paid=False, key=0))
    await asyncio.sleep(1)
    scene.tracker.use(Catalog(channels=(Channel("c", "openai", "http://other", api_keys=("x", "y")),)))
    assert (await task).ok
    assert scene.tracker.channels["c"].last_free is None
