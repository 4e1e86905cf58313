"""How exchanges end before their answer is whole: cancelled, left, or overtaken by what their upstream still says."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from outwait.core.fault import fault
from outwait.core.plan import OnDisconnect, Plan
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Line, Script, Upstream, answers

GOOD = answers(b"hello\n", b".\n")

# -- cancelling and leaving


@pytest.mark.parametrize("steps", range(5))
@scene
async def test_cancelling_closes_the_connection_in_every_phase(steps: int) -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of("a"))
    line = rig.upstream.line
    every: list[Callable[[], None]] = [line.connect, line.send, line.head, lambda: line.body(b"word\n")]
    for step in every[:steps]:
        step()
    visit.exchange.cancel()
    assert line.state == "cancelled"
    assert (visit.exchange.settled, visit.exchange.fault) == (True, fault("cancelled"))
    line.body(b"more\n")
    line.end()
    assert "more" not in visit.client.text
    assert [entry.outcome for entry in rig.entries] == ["cancelled"]
    assert len(rig.registry) == 0
    visit.exchange.cancel()
    assert len(rig.entries) == 1


LEAVING: list[tuple[OnDisconnect, float, str]] = [
    (OnDisconnect.CANCEL, 5, "cancelled"),
    (OnDisconnect.LINGER, 25, "cancelled"),
    (OnDisconnect.FINISH, 35, "left"),
]


@pytest.mark.parametrize("choice, over, state", LEAVING)
@scene
async def test_what_becomes_of_a_call_whose_client_left(choice: OnDisconnect, over: float, state: str) -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=35)))
    visit = rig.ask(plan_of("a", on_disconnect=choice, linger=20.0))
    await rig.until(5 if choice is not OnDisconnect.CANCEL else 4.9)
    visit.client.go()
    if choice is not OnDisconnect.CANCEL:
        await rig.until(over - 0.1)
        assert rig.upstream.line.state == "open"
        assert rig.entries == []
    await rig.until(over)
    assert rig.upstream.line.state == state
    assert [(entry.delivered, entry.status) for entry in rig.entries] == [("none", 0)]


@scene
async def test_who_left_before_the_start_is_served_no_byte() -> None:
    rig = Rig(Upstream(GOOD))
    visit = rig.ask(plan_of("a", on_disconnect=OnDisconnect.CANCEL), gone=True)
    assert visit.client.pieces == []
    assert rig.upstream.line.state == "cancelled"


# -- what must not happen


@scene
async def test_reports_of_an_ended_attempt_count_for_nothing() -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of("a", "b"))
    old = rig.upstream.line
    sink = old._sink
    await rig.until(10.1)
    assert len(rig.upstream.lines) == 2
    before = visit.exchange.machine.timeline.marks()
    sink.resolved()
    sink.connected(False)
    sink.wrote(1)
    sink.sent()
    sink.head(200, {})
    sink.body(b"ghost\n")
    sink.end()
    sink.failed(fault("upstream_reset"))
    assert visit.exchange.machine.timeline.marks() == before
    assert rig.upstream.line.state == "open"


@scene
async def test_an_attempt_that_is_over_before_its_handle_is_there_is_closed() -> None:
    rig: Rig

    def answers_too_early(line: Line) -> Script:
        line.connect(reused=True)
        rig.registry.get("ow_1").cancel()  # type: ignore[union-attr]
        yield from ()

    rig = Rig(Upstream(answers_too_early))
    rig.ask(plan_of("a"))
    assert rig.upstream.line.state == "cancelled"


@scene
async def test_the_whole_answer_may_come_before_the_handle() -> None:
    def at_once(line: Line) -> Script:
        line.connect(reused=True)
        line.send()
        line.answer(b"hello\n.\n")
        yield from ()

    rig = Rig(Upstream(at_once))
    visit = rig.ask(plan_of("a"))
    assert (visit.client.text, visit.client.ending) == ("hello\n.\n", "finished")
    assert len(rig.registry) == 0


def plan_that_waits() -> Plan:
    return plan_of("a", spans={"first_byte": 3600 * 5, "total": 3600 * 6})


@scene
async def test_hours_of_silence() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=3600 * 4)))
    visit = rig.ask(plan_that_waits())
    await rig.until(3600 * 4 + 1)
    assert visit.client.ending == "finished"
    assert rig.entries[0].silence == 3600 * 4
