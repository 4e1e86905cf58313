from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from tests.health.scene import DOWN, Scene, shut, story

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal
from outwait.core.probed import Probe, Probed
from outwait.health.endpoint import Change
from outwait.health.prober import AGAIN, AT_ONCE
from outwait.policy.health_rules import ProbeRule
from outwait.policy.standing import Hint
from outwait.testing import virtual


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
    assert all(29 < later - sooner < 36 for sooner, later in pairwise(times))
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
    assert not shut(endpoint)
    await asyncio.sleep(30)
    assert shut(endpoint)
    assert not endpoint.standing.breaker.open
    assert scene.events == [("c/m", Change.SUSPECT, "3 probes in a row failed: upstream_connect")]
    await asyncio.sleep(60)
    assert len(scene.events) == 1
    scene.looks.down.clear()
    await asyncio.sleep(31)
    assert not shut(endpoint)
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
    assert shut(hung)
    assert shut(heard)
    assert scene.events == []


@story
async def test_an_endpoint_that_begins_to_hang_meanwhile_stays_suspect() -> None:
    scene = Scene()
    endpoint = scene.endpoint()
    await asyncio.sleep(1)
    for _ in range(3):
        scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    assert shut(endpoint)
    endpoint.standing.suspect(scene.clock())
    scene.prober.took("c", Probed(Probe.CONNECT, None, 0.0, scene.clock(), "connect"))
    assert shut(endpoint)
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
    assert not shut(endpoint)
    await asyncio.sleep(1)
    for _ in range(3):
        scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    assert shut(endpoint)
    scene.looks.down.clear()
    await scene.prober.check("c", "m", paid=True)
    assert not shut(endpoint)


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


def test_a_look_that_fails_in_a_way_it_should_not_is_logged_and_not_repeated_at_once(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def test() -> None:
        scene = Scene()
        scene.tracker.channels["c"].credentials.kill(0, scene.clock() - 3600)

        async def broken(*_: object) -> Probed:
            raise RuntimeError("unheard of")

        scene.looks.connect = scene.looks.ask = broken  # type: ignore[method-assign,assignment]  # that is the test
        scene.prober.start()
        await asyncio.sleep(100)
        scene.prober.close()

    virtual.run(test())
    assert 3 <= len(caplog.records) <= 5  # a probe each half minute, one question


@story
async def test_a_channel_that_leads_elsewhere_begins_anew() -> None:
    scene = Scene()
    scene.endpoint()
    await asyncio.sleep(1)
    bad = Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect")
    scene.prober.took("c", bad)
    scene.prober.took("c", bad)
    scene.tracker.use(Catalog(channels=(Channel("c", "openai", "http://other"),)))
    endpoint = scene.endpoint()
    await asyncio.sleep(1)
    scene.prober.took("c", Probed(Probe.CONNECT, DOWN, 0.0, scene.clock(), "connect"))
    assert not shut(endpoint)
