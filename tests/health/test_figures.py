from __future__ import annotations

import asyncio
import logging
import math

import pytest
from tests.health.scene import DOWN, Scene, story

from outwait.core.catalog import Catalog, Channel
from outwait.core.endpoints import Hold
from outwait.core.fault import fault
from outwait.core.probed import Probe, Probed
from outwait.health.endpoint import Change
from outwait.health.figures import Chronicle
from outwait.health.tracker import HEARSAY
from outwait.testing import virtual


@story
async def test_gauges_tell_how_all_is_now() -> None:
    scene = Scene()
    chronicle = Chronicle(scene.tracker, scene.clock)
    chronicle.known = frozenset(("m",))
    held = scene.begin()
    known = scene.tracker.channels["c"]
    known.credentials.kill(0, scene.clock())
    gauges = chronicle.now().gauges
    assert gauges == {
        ("channel_up", "c"): 1.0,
        ("dead_keys", "c"): 1,
        ("endpoint_up", "c/m"): 1.0,
        ("endpoint_outstanding", "c/m"): 1,
        ("endpoint_limit", "c/m"): math.inf,
        ("queue_length", ""): 0,
    }
    known.last_free = Probed(Probe.CONNECT, None, 0.25, scene.clock(), "connect")
    known.credentials.kill(1, scene.clock())
    gauges = chronicle.now().gauges
    assert (gauges["channel_up", "c"], gauges["endpoint_up", "c/m"], gauges["channel_probe_seconds", "c"]) == (
        0,
        0,
        0.25,
    )
    scene.tracker.use(Catalog(channels=(Channel("d", "openai", "http://h"),)))
    assert ("channel_up", "c") not in chronicle.now().gauges
    held.leave(None)


@story
async def test_names_that_clients_made_up_are_told_together_until_they_answer() -> None:
    scene = Scene()
    chronicle = Chronicle(scene.tracker, scene.clock, lambda text: text.replace("m", "*"))
    held = scene.begin()
    for what in (Change.EJECTED, Change.SUSPECT):
        chronicle.changed("c/m", what, "")
        chronicle.changed("c/gone", what, "")
    gauges, totals = chronicle.now()
    assert {label for _, label in gauges} == {"", "c", "other"}
    assert gauges["endpoint_outstanding", "other"] == 1
    assert totals == {("ejections", "other"): 2, ("suspicions", "other"): 2}
    held.leave(None)
    assert {label for _, label in chronicle.now().gauges} == {"", "c", "c/*"}  # without what is secret in it


@story
async def test_who_waits_in_several_lines_is_counted_once() -> None:
    scene = Scene(Channel("c", "openai", "http://h", max_in_flight=1))
    chronicle = Chronicle(scene.tracker, scene.clock)
    chronicle.known = frozenset(("m",))
    held = scene.begin()
    task = asyncio.ensure_future(_waits(scene))
    await asyncio.sleep(0)
    assert chronicle.now().gauges["queue_length", ""] == 1
    held.leave(None)
    await task


async def _waits(scene: Scene) -> None:
    place: asyncio.Future[Hold] = asyncio.get_running_loop().create_future()
    assert scene.wait(place.set_result) is None
    (await place).leave(None)


def test_changes_are_counted_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        scene = Scene()
        chronicle = Chronicle(scene.tracker, scene.clock)
        chronicle.known = frozenset(("m",))
        scene.tracker.events.append(chronicle.changed)
        for _ in range(5):
            scene.answer(failed=fault("upstream_reset"))
        assert chronicle.now().totals == {("ejections", "c/m"): 1}
        await asyncio.sleep(60)
        scene.answer()
        chronicle.changed("c/m", Change.SUSPECT, "3 requests without an answer")
        chronicle.changed("c/m", Change.SUSPECT, HEARSAY)
        chronicle.changed("c/m", Change.LIMIT, "32 -> 33")
        chronicle.probed("c", Probed(Probe.CONNECT, DOWN, 0.1, scene.clock(), "connect"))
        chronicle.probed("c", Probed(Probe.CONNECT, None, 0.1, scene.clock(), "connect"))
        assert chronicle.now().totals == {
            ("ejections", "c/m"): 1,
            ("suspicions", "c/m"): 1,
            ("channel_probe_failures", "c"): 1,
        }

    with caplog.at_level(logging.INFO, "outwait"):
        virtual.run(test())
    told = [(record.levelname, record.getMessage()) for record in caplog.records]
    assert [level for level, _ in told] == ["WARNING", "INFO", "WARNING"]
    assert told[0][1].startswith("c/m: ejected: upstream_reset, for ")
    assert told[1:] == [("INFO", "c/m: healthy"), ("WARNING", "c/m: suspect: 3 requests without an answer")]


def test_keys_that_die_and_revive(caplog: pytest.LogCaptureFixture) -> None:
    async def test() -> None:
        scene = Scene()
        chronicle = Chronicle(scene.tracker, scene.clock)
        chronicle.known = frozenset(("m",))
        scene.tracker.events.append(chronicle.changed)
        scene.answer(failed=fault("upstream_auth"))
        ((key, died),) = chronicle.died["c"].items()
        assert died == pytest.approx(scene.clock())
        scene.tracker.hear_dead("c", 1 - key)
        assert set(chronicle.died["c"]) == {0, 1}
        scene.tracker.revive("c", key)
        assert set(chronicle.died["c"]) == {1 - key}
        chronicle.changed("c", Change.KEY_DEAD, "whichever")
        assert len(chronicle.died["c"]) == 1

    with caplog.at_level(logging.INFO, "outwait"):
        virtual.run(test())
    told = [(record.levelname, record.getMessage().partition(" number")[0]) for record in caplog.records]
    assert told == [("WARNING", "c: key dead:"), ("INFO", "c: key revived:"), ("WARNING", "c: key dead:")]
