"""Jobs that run at a provider: what breaks is gone on with, asked for once, and ended where nobody wants it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import cast

import msgspec
import pytest

from outwait.core.fault import UpstreamError, fault
from outwait.core.plan import Candidate, Plan
from outwait.core.request import Call, State
from outwait.dialects.profiles import UNKNOWN
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.exchange.phase import Phase
from outwait.relay.relay import Relay
from outwait.testing.plain import PLAIN, PlainReader, reply_head
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Client, Rig, scene
from outwait.testing.scripted import Line, Upstream
from outwait.wire.outlet import Outlet

ALL = b"0 @job-1\n1 +\n2 one\n3 two\n4 three\n5 .\n"


class JobReader(PlainReader):
    """Reads numbered lines; `@name` tells the job's handle, `?` that the job has failed."""

    def __init__(self, call: Call) -> None:
        super().__init__(reply_head(call), stream=call.stream)
        self.handle, self.sequence = "", -1
        self._half = b""

    def resume(self) -> None:
        self._half = b""

    def feed(self, data: bytes) -> bytes:
        *lines, self._half = (self._half + data).split(b"\n")
        new = [line.split(b" ", 1)[1] for line in lines if self._is_new(line)]
        if any(line == b"?" for line in new):
            self.fault = fault("upstream_error", upstream=UpstreamError(500, "", b""))
        said = [line for line in new if line != b"?" and not line.startswith(b"@")]
        return super().feed(b"".join(line + b"\n" for line in said))

    def _is_new(self, line: bytes) -> bool:
        number, _, said = line.partition(b" ")
        if int(number) <= self.sequence:
            return False
        self.sequence = int(number)
        if said.startswith(b"@"):
            self.handle = said[1:].decode()
        return True


def reader(call: Call, _candidate: Candidate, _status: int, _headers: Mapping[str, str]) -> JobReader:
    return JobReader(call)


DIALECT = replace(PLAIN, reader=reader)


class Desk:
    """A rig whose calls are background calls. `told`: handles that were told of."""

    def __init__(self, *, luck: float = 0.5, limits: Mapping[str, int] | None = None) -> None:
        self.upstream = Upstream()
        self.rig = Rig(self.upstream, luck=luck, dialect=DIALECT, limits=limits)
        self.told: list[Handle | None] = []
        self.client = Client(self.rig.wheel)

    def ask(self, plan: Plan | None = None, *, stream: bool = True, handle: Handle | None = None) -> Exchange:
        state = State("resp_ours", background=True)
        call = Call("plain", "talk", "model", stream=stream, body=b"question", path="/talk", state=state)
        plan = plan or plan_of("a", "b")
        exchange = Exchange("ow_1", "key", call, plan, DIALECT, self.rig._ports)
        exchange.on_handle = lambda each: self.told.append(each.handle)
        if handle is not None:
            exchange.handle = handle
        self.rig.registry.add(exchange)
        relay = Relay(exchange, cast("Outlet", self.client), UNKNOWN)
        exchange.begin()
        relay.start()
        return exchange

    @property
    def asked(self) -> list[str]:
        """What was sent upstream, in order."""
        return ["POST" if line.errand is None else f"{line.errand.method} {line.errand.suffix}" for line in self.lines]

    @property
    def lines(self) -> list[Line]:
        return self.upstream.lines

    def started(self, said: bytes, **more: bool) -> tuple[Exchange, Line]:
        """An exchange whose provider has said so much."""
        exchange = self.ask(**more)
        line = self.lines[0]
        line.reach()
        line.head()
        line.body(said)
        return exchange, line


def marks(exchange: Exchange) -> list[tuple[float, str, str]]:
    return [(at, event, detail) for at, event, detail in exchange.machine.timeline.marks()]


def events(exchange: Exchange) -> list[str]:
    return [f"{event} {detail}".strip() for _, event, detail in marks(exchange)]


BROKEN = fault("upstream_reset")


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


@pytest.mark.parametrize("status,cancels", [(404, False), (410, False), (400, True), (401, True)])
def test_a_job_that_is_not_given_any_more_is_a_failure_and_nobody_is_asked_again(status: int, cancels: bool) -> None:
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
            assert desk.asked[2:] == (["POST /job-1/cancel"] if cancels else [])

    story()


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
