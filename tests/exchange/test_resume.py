"""Jobs that run at a provider: what breaks is gone on with, asked for once, and ended where nobody wants it."""

from __future__ import annotations

from itertools import pairwise

import pytest
from tests.exchange.job_desk import BROKEN, Desk, events

from outwait.core.plan import Plan
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.exchange.phase import Phase
from outwait.testing.playbook import plan_of
from outwait.testing.rig import scene

ALL = b"0 @job-1\n1 +\n2 one\n3 two\n4 three\n5 .\n"


@scene
async def test_an_answer_without_a_break_is_one_call() -> None:
    desk = Desk()
    exchange, line = desk.started(ALL)
    assert desk.client.text == "+\none\ntwo\nthree\n.\n"
    assert desk.told == [Handle("a", "job-1", 5)]
    assert exchange.machine.outcome is Outcome.COMPLETED
    assert exchange.handle == Handle("a", "job-1", 5)
    assert (desk.asked, line.state) == (["POST"], "left")


@scene
async def test_a_break_is_gone_on_with_behind_the_last_event() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n1 +\n2 one\n3 tw")
    line.fail(BROKEN)
    assert exchange.machine.phase is Phase.FLOWING
    await desk.rig.until(0.25)  # half of the first pause
    assert desk.asked == ["POST", "GET /job-1?stream=true&starting_after=2"]
    again = desk.lines[1]
    assert (again.candidate.channel, again.request, again.call) == ("a", b"", exchange.call)
    again.reach()
    again.head()
    again.body(b"3 two\n4 three\n")
    again.body(b"5 .\n")
    assert desk.client.text == "+\none\ntwo\nthree\n.\n"
    assert (exchange.machine.outcome, exchange.machine.number) == (Outcome.COMPLETED, 1)
    assert "interrupted upstream_reset" in events(exchange)
    assert "resumed 1" in events(exchange)
    assert len(desk.told) == 1
    assert desk.rig.entries[0].outcome == "completed"


@scene
async def test_a_body_that_ends_too_early_is_gone_on_with_too() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    line.end()
    await desk.rig.until(0.25)
    desk.lines[1].reach()
    desk.lines[1].head()
    desk.lines[1].body(b"3 two\n")
    desk.lines[1].end()
    await desk.rig.until(0.5)
    desk.lines[2].reach()
    desk.lines[2].answer(b"5 .\n")
    assert desk.client.text == "one\ntwo\n.\n"
    assert [each for each in events(exchange) if each.startswith("resumed")] == ["resumed 1", "resumed 2"]


@scene
async def test_a_json_answer_is_gone_on_with_as_well() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n", stream=False)
    line.fail(BROKEN)
    assert exchange.machine.committed
    await desk.rig.until(0.25)
    desk.lines[1].reach()
    desk.lines[1].answer(b"3 two\n5 .\n")
    assert desk.client.text == "one\ntwo\n"
    assert desk.client.status == 200


@scene
async def test_what_was_held_back_before_the_first_words_is_kept() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n1 +\n")
    assert exchange.machine.phase is Phase.HEAD
    line.fail(BROKEN)
    await desk.rig.until(0.25)
    desk.lines[1].reach()
    desk.lines[1].answer(b"2 one\n5 .\n")
    assert desk.client.text == "+\none\n.\n"


@scene
async def test_an_answer_in_one_piece_that_is_not_whole_goes_on_as_well() -> None:
    for said, then in ((b"0 @job-1\n2 one\n", "one\n"), (b"0 @job-1\n1 +\n", "")):
        desk = Desk()
        exchange = desk.ask()
        line = desk.lines[0]
        line.reach()
        line.answer(said, whole=True)
        assert desk.client.text == then
        assert exchange.machine.committed
        await desk.rig.until(desk.rig.loop.time() + 0.25)
        desk.lines[1].reach()
        desk.lines[1].answer(b"3 two\n5 .\n", whole=True)
        assert desk.client.text.endswith("two\n.\n")
        assert exchange.machine.outcome is Outcome.COMPLETED


@scene
async def test_pauses_grow_until_something_comes() -> None:
    desk = Desk(luck=0.999)
    exchange = desk.ask(plan_of("a", spans={"idle": 1000, "total": 5000}))
    line = desk.lines[0]
    line.reach()
    line.head()
    line.body(b"0 @job-1\n2 one\n")
    line.fail(BROKEN)
    began = []
    for _ in range(8):
        count = len(desk.lines)
        while len(desk.lines) == count:
            await desk.rig.until(desk.rig.loop.time() + 0.1)
        began.append(desk.rig.loop.time())
        desk.lines[-1].fail("upstream_connect")
    gaps = [after - before for before, after in pairwise(began)]
    for gap, cap in zip(gaps, (1, 2, 4, 8, 16, 20, 20), strict=True):
        assert gap == pytest.approx(cap, abs=0.3)
    assert events(exchange).count("interrupted upstream_reset") == 1
    assert not [each for each in events(exchange) if each.startswith("resumed")]
    await desk.rig.until(desk.rig.loop.time() + 20.1)
    desk.lines[-1].reach()
    desk.lines[-1].head()
    desk.lines[-1].body(b"3 two\n")
    desk.lines[-1].fail(BROKEN)
    count = len(desk.lines)
    await desk.rig.until(desk.rig.loop.time() + 0.6)
    assert len(desk.lines) == count + 1
    assert events(exchange)[-2:] == ["resumed 1", "interrupted upstream_reset"]


@pytest.mark.parametrize("status", [500, 502, 503, 429, 408])
def test_refusals_that_pass_are_waited_out(status: int) -> None:
    @scene
    async def story() -> None:
        desk = Desk()
        exchange, line = desk.started(b"0 @job-1\n2 one\n")
        line.fail(BROKEN)
        await desk.rig.until(0.25)
        desk.lines[1].reach()
        desk.lines[1].head(status, {"retry-after": "3"})
        assert desk.lines[1].state == "cancelled"
        await desk.rig.until(2.9)
        assert len(desk.lines) == 2
        await desk.rig.until(3.3)
        desk.lines[2].reach()
        desk.lines[2].answer(b"5 .\n")
        assert exchange.machine.outcome is Outcome.COMPLETED

    story()


@pytest.mark.parametrize("status", [404, 410])
def test_a_job_that_is_gone_is_a_failure_and_nobody_is_asked_again(status: int) -> None:
    @scene
    async def story() -> None:
        for broken in (False, True):
            desk = Desk()
            exchange, line = desk.started(b"0 @job-1\n2 one\n")
            line.fail(BROKEN)
            await desk.rig.until(desk.rig.loop.time() + 0.25)
            again = desk.lines[1]
            again.reach()
            again.head(status)
            again.body(b"upstream_")
            if broken:
                again.fail(BROKEN)
            else:
                again.body(b"error")
                again.end()
            assert exchange.fault is not None
            assert exchange.fault.upstream is not None
            assert exchange.fault.upstream.status == status
            assert exchange.machine.outcome is Outcome.FAILED
            assert desk.client.text == "one\n!upstream_error\n.\n"
            assert len(desk.lines) == 2

    story()


# -------------------------------------------------------------------------------------------------------- in one piece
async def polling(status: int = 400, plan: Plan | None = None) -> tuple[Desk, Exchange]:
    """A job whose stream is refused, and that is asked for as a whole."""
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n", plan)
    line.fail(BROKEN)
    await desk.rig.until(desk.rig.loop.time() + 0.25)
    desk.lines[1].reach()
    desk.lines[1].answer(b"upstream_error", status=status)
    await desk.rig.until(desk.rig.loop.time() + 0.5)
    assert desk.asked[2:] == ["GET /job-1"]
    desk.lines[2].reach()
    return desk, exchange


@scene
async def test_a_stream_that_is_too_old_ends_with_the_job_as_a_whole() -> None:
    desk, exchange = await polling()
    line = desk.lines[2]
    line.answer(b"run", b"ning")
    await desk.rig.until(desk.rig.loop.time() + 1)
    assert desk.asked[3:] == ["GET /job-1"]
    desk.lines[3].reach()
    desk.lines[3].head(503)
    for said in (b"junk", b"three"):  # nothing of it is an end
        await desk.rig.until(desk.rig.loop.time() + 4)
        desk.lines[-1].reach()
        desk.lines[-1].answer(said)
    await desk.rig.until(desk.rig.loop.time() + 8)
    desk.lines[-1].reach()
    desk.lines[-1].answer(b".")
    assert exchange.machine.outcome is Outcome.COMPLETED
    assert desk.client.text == "one\nthree\n.\n"
    assert "polling upstream_error" in events(exchange)
    assert not [each for each in events(exchange) if each.startswith("resumed")]
    assert len(desk.told) == 1


@scene
async def test_a_job_that_is_said_to_run_is_alive() -> None:
    desk, exchange = await polling(plan=plan_of("a", spans={"idle": 30, "total": 300}))
    while desk.rig.loop.time() < 250:
        if desk.lines[-1].state == "open":
            desk.lines[-1].reach()
            desk.lines[-1].answer(b"running")
        await desk.rig.until(desk.rig.loop.time() + 1)
    assert exchange.machine.outcome is None
    await desk.rig.until(299)
    assert exchange.fault is not None
    assert exchange.fault.code == "idle_timeout"  # since nobody has said so for 30 s


@scene
async def test_a_job_that_is_not_given_at_all_is_a_failure_and_is_cancelled() -> None:
    desk, exchange = await polling(401)
    desk.lines[2].answer(b"upstream_error", status=401)
    assert exchange.machine.outcome is Outcome.FAILED
    assert desk.asked[3:] == ["POST /job-1/cancel"]
    desk, exchange = await polling()
    desk.lines[2].answer(b"upstream_error", status=404)
    assert exchange.machine.outcome is Outcome.FAILED
    assert len(desk.lines) == 3


@scene
async def test_an_accepted_job_is_never_asked_for_elsewhere() -> None:
    """Not even where it fails by its own word before there was a word of the answer."""
    for said in (b"0 @job-1\n1 ?\n", b"0 @job-1\n1 +\n2 ?\n", b"0 @job-1\n2 one\n3 ?\n"):
        for whole in (False, True):
            desk = Desk()
            exchange = desk.ask()
            desk.lines[0].reach()
            desk.lines[0].answer(said, whole=whole)
            assert desk.asked == ["POST"]
            assert exchange.machine.outcome is Outcome.FAILED


@scene
async def test_without_a_handle_an_attempt_is_one_like_any_other() -> None:
    desk = Desk()
    desk.ask()
    desk.lines[0].fail("upstream_connect")
    await desk.rig.until(1)
    assert [line.candidate.channel for line in desk.lines] == ["a", "b"]
    desk.lines[1].reach()
    desk.lines[1].answer(b"2 one\n5 .\n")
    assert desk.client.text == "one\n.\n"
    desk = Desk()
    exchange = desk.ask()
    desk.lines[0].reach()
    desk.lines[0].head(503)
    desk.lines[0].fail(BROKEN)
    assert exchange.handle is None
    assert desk.told == []
