"""From an attempt's reports to the client's bytes: what is held back, what is an error, and when it is over."""

from __future__ import annotations

import pytest

from outwait.core.fault import Stage, fault
from outwait.core.plan import Retry
from outwait.core.reply import Ending, Head
from outwait.exchange.tap import ERROR_BODY
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Line, Script, Upstream

PAID = Retry(paid=0.5)


def start(*channels: str, stream: bool = True, retry: Retry | None = None) -> tuple[Rig, Visit, Line]:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of(*channels, retry=retry or Retry()), stream=stream)
    rig.upstream.line.reach()
    return rig, visit, rig.upstream.line


@scene
async def test_what_comes_before_the_words_is_held_back() -> None:
    _, visit, line = start("a")
    line.head()
    line.body(b"+\n")
    assert visit.client.pieces == []
    line.body(b"hel")
    assert visit.client.pieces == []
    line.body(b"lo\n")
    assert visit.client.text == "+\nhello\n"


@scene
async def test_an_attempt_that_breaks_before_the_words_leaves_no_trace() -> None:
    rig, visit, line = start("a", "b", retry=PAID)
    line.head()
    line.body(b"+\n")
    line.fail(fault("upstream_reset", stage=Stage.HEAD))
    assert rig.upstream.line is not line
    rig.upstream.line.reach()
    rig.upstream.line.answer(b"hello\n.\n")
    assert visit.client.text == "hello\n.\n"


@scene
async def test_an_error_inside_a_reply_ends_the_attempt() -> None:
    rig, _, line = start("a", "b", retry=PAID)
    line.head()
    line.body(b"+\n!upstream_error\n")
    assert line.state == "cancelled"
    assert rig.upstream.line.candidate.channel == "b"
    assert rig.upstream.line.state == "open"


@scene
async def test_an_error_behind_the_words_is_told_behind_them() -> None:
    rig, visit, line = start("a", "b", retry=PAID)
    line.head()
    line.body(b"hello\n!upstream_error\n")
    assert len(rig.upstream.lines) == 1
    assert (visit.client.text, visit.client.ending) == ("hello\n!upstream_error\n.\n", "finished")
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.stage is Stage.CONTENT


@scene
async def test_an_error_before_the_words_stands_at_the_head() -> None:
    _, visit, line = start("a")
    line.head()
    line.body(b"!upstream_error\n")
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.stage is Stage.HEAD


@scene
async def test_a_break_tells_how_far_the_wire_came_unless_words_were_seen() -> None:
    _, visit, line = start("a")
    line.fail(fault("upstream_reset", stage=Stage.SENT))
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.stage is Stage.SENT
    _, visit, line = start("a", stream=False)
    line.head()
    line.body(b"words\n")
    line.fail(fault("upstream_reset", stage=Stage.HEAD))
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.stage is Stage.CONTENT


@scene
async def test_a_cut_answer_never_looks_whole() -> None:
    for stream, told in ((True, "hello\n!upstream_truncated\n.\n"), (False, "!upstream_truncated\n")):
        _, visit, line = start("a", stream=stream)
        line.head()
        line.body(b"hello\n")
        line.end()
        assert visit.client.text == told
        assert visit.exchange.fault is not None
        assert visit.exchange.fault.code == "upstream_truncated"


@scene
async def test_an_empty_answer_is_none() -> None:
    _, visit, line = start("a")
    line.head()
    line.body(b"+\n")
    line.body(b".\n")
    assert visit.client.text == "!upstream_empty\n"
    assert visit.client.status == 502


@scene
async def test_an_answer_is_over_with_its_proper_end() -> None:
    """Some upstreams never end the body behind it; others do, and then the connection is used again."""
    for stream in (True, False):
        rig, visit, line = start("a", stream=stream)
        line.head()
        line.body(b"hello\n")
        line.body(b".\n")
        assert line.state == "left"
        assert visit.exchange.settled
        assert visit.client.ending == ("finished" if stream else "whole")
        assert [entry.outcome for entry in rig.entries] == ["completed"]


@scene
async def test_an_answer_without_progress_keeps_the_clock() -> None:
    rig, visit, line = start("a")
    line.head()
    line.body(b"hello\n")
    await rig.until(20)
    line.body(b"wor")  # half a line is no progress yet
    assert visit.exchange.machine.deadline() == 30
    line.body(b"ld\n")
    assert visit.exchange.machine.deadline() == pytest.approx(50, abs=0.01)


@scene
async def test_progress_before_the_first_delivery_counts_too() -> None:
    rig, visit, line = start("a", stream=False)
    line.head()
    line.body(b"+\n")
    assert visit.exchange.machine.deadline() == 80
    line.body(b"hello\n")
    await rig.until(20)
    line.body(b"hello\n")
    assert visit.exchange.machine.deadline() == pytest.approx(50, abs=0.01)


# -- error replies


@scene
async def test_an_error_reply_is_judged_when_it_is_whole() -> None:
    _, visit, line = start("a")
    line.answer(b"bad_", b"request", status=400)
    assert visit.client.status == 400
    assert visit.exchange.fault is not None


@pytest.mark.parametrize("status, final", [(400, True), (429, False)])
@scene
async def test_a_refusal_that_breaks_off_is_still_a_refusal(status: int, final: bool) -> None:
    rig, visit, line = start("a", "b")
    line.head(status)
    line.body(b"upstream_error")
    line.fail(fault("upstream_reset", stage=Stage.HEAD))
    assert len(rig.upstream.lines) == (1 if final else 2)
    if final:
        assert visit.client.status == status


@scene
async def test_of_an_error_reply_a_bounded_part_is_kept() -> None:
    kept: list[int] = []
    rig = Rig(Upstream())

    def judge(candidate: object, status: int, headers: object, body: bytes, waited: float) -> object:
        kept.append(len(body))
        return fault("upstream_error", status=status)

    object.__setattr__(rig._ports, "judge", judge)
    for sizes in ((ERROR_BODY - 1,), (ERROR_BODY + 1,), (ERROR_BODY, 5), (10, ERROR_BODY, 10)):
        rig.ask(plan_of("a"))
        rig.upstream.line.reach()
        rig.upstream.line.answer(*[b"x" * size for size in sizes], status=500)
    assert kept == [ERROR_BODY - 1, ERROR_BODY, ERROR_BODY, ERROR_BODY]


@scene
async def test_the_judge_is_told_how_long_the_head_took_once_the_request_was_whole() -> None:
    waits: list[float] = []
    rig = Rig(Upstream())

    def judge(candidate: object, status: int, headers: object, body: bytes, waited: float) -> object:
        waits.append(waited)
        return fault("upstream_error", status=status)

    object.__setattr__(rig._ports, "judge", judge)
    for pause in (0.0, 4.0):
        rig.ask(plan_of("a"))
        rig.upstream.line.reach()
        await rig.until(rig.loop.time() + pause)
        rig.upstream.line.head(503)
        await rig.until(rig.loop.time() + 2.0)  # the rest of the page is slow
        rig.upstream.line.end()
    rig.ask(plan_of("a"))
    rig.upstream.line.connect()
    rig.upstream.line.answer(status=413)  # before the request was whole
    assert [round(wait) for wait in waits[:2]] == [0, 4]
    assert waits[2] < 0


@pytest.mark.parametrize("status, ok", [(199, False), (200, True), (201, True), (299, True), (300, False)])
@scene
async def test_success_is_any_2xx(status: int, ok: bool) -> None:
    _, visit, line = start("a", retry=Retry(attempts=1))
    line.answer(b"hello\n.\n", status=status)
    assert (visit.exchange.fault is None) is ok


# -- the short way: what comes together is told together


def events(visit: Visit) -> list[str]:
    return [f"{mark.event} {mark.detail}".strip() for mark in visit.exchange.machine.timeline.marks()]


def dispatched(*channels: str, stream: bool = True, retry: Retry | None = None) -> tuple[Rig, Visit, Line]:
    def at_once(line: Line) -> Script:
        line.connect(reused=True)
        line.send()
        yield from ()

    rig = Rig(Upstream(at_once))
    visit = rig.ask(plan_of(*channels, retry=retry or Retry()), stream=stream)
    return rig, visit, rig.upstream.line


@pytest.mark.parametrize("stream", [True, False])
@scene
async def test_a_whole_answer_on_a_pooled_connection_is_told_in_few_words(stream: bool) -> None:
    rig, visit, line = dispatched("a", stream=stream)
    line.answer(b"+\nhello\n", b".\n", status=201, whole=True)
    assert events(visit)[2:] == ["sent on a pooled connection", "replied 201", "completed"]
    assert visit.client.text == ("+\nhello\n.\n" if stream else "hello\n")
    assert (rig.entries[0].first_byte, rig.entries[0].first_token) == (0, 0)


@scene
async def test_a_whole_answer_that_is_none_may_be_tried_elsewhere() -> None:
    for body, code in ((b"!upstream_error\n", "upstream_error"), (b"hello\n", "upstream_truncated")):
        rig, visit, line = dispatched("a", "b", retry=PAID)
        line.answer(body, whole=True)
        assert events(visit)[3:5] == ["head 200", f"failed {code} (ambiguous)"]
        assert rig.upstream.line.candidate.channel == "b"
        assert visit.client.pieces == []


@scene
async def test_a_whole_answer_that_breaks_off_is_none() -> None:
    _, visit, line = dispatched("a")
    line.head(whole=True)
    line.body(b"hello\n")
    line.fail(fault("upstream_reset", stage=Stage.HEAD))
    assert events(visit)[3:5] == ["head 200", "failed upstream_reset (ambiguous)"]
    assert (visit.client.status, visit.client.text) == (502, "!upstream_reset\n")


@scene
async def test_a_whole_refusal_is_a_refusal() -> None:
    _, visit, line = dispatched("a")
    line.answer(b"bad_request", status=400, whole=True)
    assert events(visit)[3:5] == ["head 400", "failed bad_request (final)"]


@scene
async def test_an_answer_before_the_request_was_flushed_goes_the_long_way() -> None:
    _, visit, line = dispatched("a")
    assert events(visit)[-1] == "sent on a pooled connection"
    _, visit, line = start_unsent()
    line.answer(b"hello\n.\n", whole=True)
    assert events(visit)[3:] == ["connected", "head 200", "content", "committed", "completed"]


def start_unsent() -> tuple[Rig, Visit, Line]:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of("a"))
    rig.upstream.line.connect()
    return rig, visit, rig.upstream.line


@scene
async def test_a_pooled_connection_that_takes_time_is_told_as_it_goes() -> None:
    def slowly(line: Line) -> Script:
        line.connect(reused=True)
        line.wrote(500)
        yield 15
        line.wrote(100)
        yield 15
        line.send()

    rig = Rig(Upstream(slowly))
    visit = rig.ask(plan_of("a"))
    await rig.until(31)
    assert events(visit)[2:] == ["connected reused", "sent"]
    assert visit.exchange.machine.deadline() == pytest.approx(70, abs=0.01)


@scene
async def test_a_pooled_connection_is_told_when_the_handle_is_there() -> None:
    def quietly(line: Line) -> Script:
        line.connect(reused=True)
        yield from ()

    rig = Rig(Upstream(quietly))
    visit = rig.ask(plan_of("a"))
    assert events(visit)[2:] == ["connected reused"]
    rig.upstream.line.send()
    assert events(visit)[2:] == ["connected reused", "sent"]


@scene
async def test_a_pooled_connection_that_breaks_at_once_was_connected() -> None:
    def at_once(line: Line) -> Script:
        line.connect(reused=True)
        line.fail(fault("upstream_reset", stage=Stage.SENDING))
        yield from ()

    rig = Rig(Upstream(at_once))
    visit = rig.ask(plan_of("a", retry=Retry(attempts=1)))
    assert events(visit)[2:4] == ["connected reused", "failed upstream_reset (safe)"]


class Doubter:
    """Reads what looks like an end, and finds that it is none."""

    head = Head(200, "text/event-stream")
    content = progress = finished = True
    fault = usage = None

    def feed(self, data: bytes) -> bytes:
        return data

    def end(self) -> Ending:
        return Ending(b"", fault("upstream_bad_response"))


@scene
async def test_last_words_that_were_none_are_delivered_before_the_error() -> None:
    _, visit, line = start("a")
    line.head()
    line.body(b"hello\n")
    tap = visit.exchange.tap
    assert tap is not None
    tap._reader = Doubter()
    line.body(b"and so on\n")
    assert (visit.client.text, visit.client.ending) == ("hello\nand so on\n!upstream_bad_response\n.\n", "finished")
