"""How exchanges with a job end: by a clock, by hand, with the worker; and how another process goes on with them."""

from __future__ import annotations

from dataclasses import replace

import msgspec
from tests.exchange.job_desk import BROKEN, Desk

from outwait.core.fault import fault
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.testing.playbook import plan_of
from outwait.testing.rig import scene


# ------------------------------------------------------------------------------------------------ the clocks, the end
@scene
async def test_silence_on_the_way_to_the_words_is_the_first_token_clocks() -> None:
    desk = Desk()
    plan = plan_of("a", "b", spans={"first_token": 100, "idle": 10, "total": 1000})
    exchange = desk.ask(plan)
    line = desk.lines[0]
    line.reach()
    line.head()
    line.body(b"0 @job-1\n1 +\n")
    await desk.rig.until(50)
    line.fail(BROKEN)
    await desk.rig.until(99)
    assert exchange.machine.outcome is None
    await desk.rig.until(100)
    assert exchange.fault is not None
    assert exchange.fault.code == "first_token_timeout"
    assert desk.asked[-1] == "POST /job-1/cancel"
    assert "POST" not in desk.asked[1:]


@scene
async def test_the_idle_clock_runs_while_the_connection_is_away() -> None:
    desk = Desk()
    exchange = desk.ask(plan_of("a", "b", spans={"idle": 10, "total": 1000}))
    line = desk.lines[0]
    line.reach()
    line.head()
    line.body(b"0 @job-1\n2 one\n")
    await desk.rig.until(4)
    line.fail(BROKEN)
    await desk.rig.until(5)
    desk.lines[1].reach()
    desk.lines[1].head()
    await desk.rig.until(9.9)
    assert exchange.machine.outcome is None
    await desk.rig.until(10)
    assert exchange.fault is not None
    assert exchange.fault.code == "idle_timeout"
    assert desk.lines[1].state == "cancelled"
    assert desk.asked[2:] == ["POST /job-1/cancel"]


@scene
async def test_the_total_clock_ends_it_in_a_pause() -> None:
    desk = Desk(luck=0.999)
    exchange = desk.ask(plan_of("a", spans={"idle": 100, "total": 2}))
    line = desk.lines[0]
    line.reach()
    line.head()
    line.body(b"0 @job-1\n2 one\n")
    line.fail(BROKEN)
    await desk.rig.until(0.6)
    desk.lines[1].fail(BROKEN)
    await desk.rig.until(1.7)
    desk.lines[2].fail(BROKEN)
    await desk.rig.until(30)
    assert exchange.fault is not None
    assert exchange.fault.code == "total_timeout"
    assert desk.asked[3:] == ["POST /job-1/cancel"]


@scene
async def test_a_slow_reader_does_not_stop_the_clock_of_a_broken_connection() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    desk.client.blocked = True
    for number in range(3, 40):
        line.body(b"%d %s\n" % (number, b"x" * 100_000))
    assert line.paused
    line.fail(BROKEN)
    desk.client.drain()
    await desk.rig.until(0.3)
    desk.lines[1].reach()
    desk.lines[1].answer(b"40 .\n")
    assert exchange.machine.outcome is Outcome.COMPLETED


@scene
async def test_its_slot_is_kept_while_it_is_away_and_given_back_at_the_end() -> None:
    desk = Desk(limits={"a": 1})
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    line.fail(BROKEN)
    other = desk.rig.ask(plan_of("a"))
    assert len(desk.lines) == 1
    await desk.rig.until(0.3)
    desk.lines[1].reach()
    desk.lines[1].answer(b"5 .\n")
    assert exchange.machine.outcome is Outcome.COMPLETED
    assert desk.lines[2].call is other.exchange.call


@scene
async def test_who_cancels_it_cancels_it_at_the_provider() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    exchange.cancel()
    assert line.state == "cancelled"
    assert desk.asked == ["POST", "POST /job-1/cancel"]
    farewell = desk.lines[1]
    assert (farewell.candidate.channel, farewell.request, farewell.fresh) == ("a", b"", False)
    farewell.reach()
    farewell.head(200)
    assert farewell.state == "left"
    assert exchange.handle == Handle("a", "job-1", 2)
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    line.fail(BROKEN)
    exchange.cancel()
    await desk.rig.until(60)
    assert desk.asked == ["POST", "POST /job-1/cancel"]


@scene
async def test_before_its_id_is_known_there_is_nothing_to_cancel() -> None:
    desk = Desk()
    exchange = desk.ask()
    desk.lines[0].reach()
    exchange.cancel()
    assert desk.asked == ["POST"]


@scene
async def test_a_worker_that_shuts_down_leaves_it_running() -> None:
    desk = Desk()
    exchange, line = desk.started(b"0 @job-1\n2 one\n")
    exchange.cancel(fault("gateway_draining"))
    assert line.state == "cancelled"
    assert desk.asked == ["POST"]
    assert exchange.handle == Handle("a", "job-1", 2)


# ------------------------------------------------------------------------------------------------ in another process
def handle_again(handle: Handle) -> Handle:
    return msgspec.json.decode(msgspec.json.encode(handle), type=Handle)


@scene
async def test_who_has_the_handle_reads_it_from_its_beginning_and_never_asks_anew() -> None:
    desk = Desk()
    plan = plan_of("x", "a", "b")
    exchange = desk.ask(plan, handle=handle_again(Handle("a", "job-1", 3, key=2)))
    assert desk.asked == ["GET /job-1?stream=true"]
    assert (desk.lines[0].candidate.channel, desk.lines[0].candidate.key) == ("a", 2)
    desk.lines[0].fail("upstream_connect")
    await desk.rig.until(0.25)
    desk.lines[1].reach()
    desk.lines[1].head(503)
    await desk.rig.until(0.8)
    desk.lines[2].reach()
    desk.lines[2].head()
    desk.lines[2].body(b"0 @job-1\n1 +\n2 one\n")
    desk.lines[2].fail(BROKEN)
    await desk.rig.until(1.1)
    desk.lines[3].reach()
    desk.lines[3].answer(b"3 two\n4 .\n")
    assert desk.asked == ["GET /job-1?stream=true"] * 3 + ["GET /job-1?stream=true&starting_after=2"]
    assert desk.client.text == "+\none\ntwo\n.\n"
    assert exchange.machine.outcome is Outcome.COMPLETED
    assert desk.told == []


@scene
async def test_a_job_whose_channel_is_gone_cannot_be_gone_on_with() -> None:
    desk = Desk()
    exchange = desk.ask(plan_of("b"), handle=Handle("a", "job-1"))
    assert desk.asked == ["POST /job-1/cancel"]
    assert exchange.fault is not None
    assert exchange.fault.code == "no_healthy_channel"


@scene
async def test_a_job_that_is_unknown_now_is_told_so() -> None:
    desk = Desk()
    exchange = desk.ask(handle=Handle("a", "job-1"))
    desk.lines[0].reach()
    desk.lines[0].answer(b"upstream_error", status=404)
    assert exchange.machine.outcome is Outcome.FAILED
    assert desk.asked == ["GET /job-1?stream=true"]


@scene
async def test_a_dead_pooled_connection_is_followed_by_a_fresh_one() -> None:
    desk = Desk()
    _, line = desk.started(b"0 @job-1\n2 one\n")
    line.fail(BROKEN)
    await desk.rig.until(0.25)
    assert not desk.lines[1].fresh
    desk.lines[1].fail(replace(BROKEN, hint="stale"))
    await desk.rig.until(0.8)
    assert desk.lines[2].fresh
    desk.lines[2].fail(BROKEN)
    await desk.rig.until(2)
    assert not desk.lines[3].fresh
