"""The ledger entry of each delivery: once, and saying what this client got."""

from __future__ import annotations

import pytest

from outwait.core.fault import fault
from outwait.core.plan import OnDisconnect, Retry
from outwait.core.reply import Usage
from outwait.exchange.story import state
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, breaks, refuses

PATIENT = {"first_byte": 900, "idle": 900, "total": 5000}


def silent(seconds: float) -> Upstream:
    return Upstream(answers(b"hello\n", b".\n", after=seconds))


@scene
async def test_an_ordinary_call() -> None:
    rig = Rig(Upstream(refuses("upstream_connect", after=1), answers(b"one\n", b"two\n", b".\n", after=30, every=2)))
    await rig.until(5)
    rig.ask(plan_of("a", "b"))
    await rig.until(60)
    (entry,) = rig.entries
    said = {
        "exchange": "ow_1",
        "key": "key",
        "dialect": "plain",
        "endpoint": "talk",
        "model": "model",
        "scenario": "chat",
        "stream": True,
        "outcome": "completed",
        "delivered": "whole",
        "status": 200,
        "attempts": 2,
        "channel": "b",
        "upstream_model": "model-b",
        "heartbeats": 2,
        "retries": ("safe",),
        "rescued": False,
        "adopted": False,
        "fault": None,
        "usage": Usage(output=2),
        "client": "tests/1",
    }
    assert {name: getattr(entry, name) for name in said} == said
    assert [entry.started, entry.duration] == pytest.approx([5, 35], abs=0.01)
    assert [entry.first_byte, entry.first_token, entry.silence] == pytest.approx([31, 31, 31], abs=0.01)
    assert entry.timeline[-1][1] == "completed"


@scene
async def test_a_failed_call() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=3)))
    rig.ask(plan_of("a"))
    await rig.until(4)
    (entry,) = rig.entries
    assert (entry.outcome, entry.delivered, entry.status) == ("failed", "none", 502)
    assert entry.fault is not None
    assert entry.fault.code == "upstream_reset"
    assert (entry.first_byte, entry.first_token, entry.usage) == (None, None, None)


@scene
async def test_half_an_answer_is_delivered_in_part() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b"!upstream_error\n", every=1)))
    rig.ask(plan_of("a"))
    await rig.until(4)
    assert [(entry.outcome, entry.delivered, entry.status) for entry in rig.entries] == [("failed", "partial", 200)]


@pytest.mark.parametrize("silence, rescued", [(59.0, False), (60.0, True), (400.0, True)])
@scene
async def test_what_outlasts_a_middlebox_was_rescued(silence: float, rescued: bool) -> None:
    rig = Rig(silent(silence))
    rig.ask(plan_of("a", spans=PATIENT))
    await rig.until(500)
    assert rig.entries[0].rescued is rescued


@pytest.mark.parametrize("patience, rescued", [(20.0, True), (40.0, False), (600.0, False)])
@scene
async def test_what_outlasts_the_clients_own_patience_was_rescued(patience: float, rescued: bool) -> None:
    rig = Rig(silent(30))
    rig.ask(plan_of("a", patience=patience))
    await rig.until(50)
    assert rig.entries[0].rescued is rescued


@scene
async def test_what_was_not_delivered_was_not_rescued() -> None:
    rig = Rig(silent(100))
    visit = rig.ask(plan_of("a", spans=PATIENT, on_disconnect=OnDisconnect.FINISH))
    await rig.until(90)
    visit.client.go()
    await rig.until(110)
    (entry,) = rig.entries
    assert (entry.outcome, entry.delivered, entry.rescued, entry.heartbeats) == ("completed", "none", False, 6)
    assert entry.duration == pytest.approx(100, abs=0.01)


@scene
async def test_each_delivery_has_one_entry() -> None:
    rig = Rig(silent(100))
    plan = plan_of("a", spans=PATIENT, on_disconnect=OnDisconnect.FINISH)
    visit = rig.ask(plan)
    await rig.until(15)
    visit.client.go()
    await rig.until(16)
    rig.ask(plan, retry=1)
    assert rig.entries == []
    await rig.until(110)
    first, second = rig.entries
    assert (first.exchange, first.delivered, first.adopted, first.rescued) == ("ow_1", "none", False, False)
    assert (second.exchange, second.delivered, second.adopted, second.rescued) == ("ow_1", "whole", True, True)


@scene
async def test_an_answer_adopted_after_its_end_has_its_entry_at_once() -> None:
    rig = Rig(silent(10))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    rig.ask(plan).client.go()
    await rig.until(20)
    assert len(rig.entries) == 1
    rig.ask(plan, retry=1)
    assert [entry.delivered for entry in rig.entries] == ["none", "whole"]
    assert rig.entries[1].rescued


@scene
async def test_attempts_are_counted_without_repairs() -> None:
    rig = Rig(Upstream(breaks(fault("upstream_reset", hint="stale")), answers(b"hello\n.\n")))
    rig.ask(plan_of("a", retry=Retry(attempts=1)))
    await rig.until(1)
    assert (rig.entries[0].attempts, rig.entries[0].retries) == (1, ("safe",))


@scene
async def test_an_exchange_counts_whoever_came_back_for_it() -> None:
    rig = Rig(silent(100))
    first = rig.ask(plan_of("a", spans=PATIENT, on_disconnect=OnDisconnect.FINISH))
    await rig.until(10)
    first.client.go()
    await rig.until(20)
    second = rig.ask(plan_of("a"), retry=1)
    await rig.until(200)
    assert second.exchange is first.exchange
    told = state(first.exchange)["returns"]
    assert told == {"adopted": 1, "attached": 0, "replayed": 0, "reattached": 0, "rescued": 1, "calls_saved": 1}


@scene
async def test_of_an_ordinary_call_nothing_is_counted() -> None:
    rig = Rig(silent(1))
    visit = rig.ask(plan_of("a"))
    await rig.until(10)
    assert visit.exchange.returns is None
    assert set(state(visit.exchange)["returns"].values()) == {0}
