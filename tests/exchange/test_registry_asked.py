"""Exchanges that are asked for by their id, and that are to be forgotten at once."""

from __future__ import annotations

from outwait.core.plan import OnDisconnect
from outwait.exchange.adopt import fingerprint
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers

FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH)
GOOD = answers(b"hello\n", b".\n", after=10)


@scene
async def test_who_asked_for_its_id_needs_no_retry() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    first = rig.ask(FINISH)
    await rig.until(5)
    first.client.go()
    assert rig.registry.orphans == 1
    rig.registry.asked_for(first.exchange)
    rig.registry.asked_for(first.exchange)
    assert (rig.registry.orphans, rig.registry.get("ow_1")) == (0, first.exchange)
    assert rig.ask(FINISH, retry=1).exchange is not first.exchange
    await rig.until(11)
    assert rig.registry.get("ow_1") is None


@scene
async def test_one_that_is_over_waits_for_its_time() -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH)
    first.client.go()
    await rig.until(11)
    rig.registry.asked_for(first.exchange)
    assert rig.registry.orphans == 1


@scene
async def test_what_is_dropped_is_gone_for_everybody() -> None:
    rig = Rig(Upstream(GOOD))
    first = rig.ask(FINISH)
    first.client.go()
    await rig.until(11)
    for _ in range(2):
        rig.registry.drop("ow_1")
    assert (rig.registry.get("ow_1"), rig.registry.orphans) == (None, 0)
    assert rig.registry.find(fingerprint(first.exchange.key, first.exchange.call)) is None
    assert first.exchange.replay.memory == 0
