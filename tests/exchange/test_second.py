"""The second attempt by itself: what it makes of its reports, and that it tells them on once it is the running one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from outwait.core.fault import fault
from outwait.core.plan import Candidate, Hedge, Retry
from outwait.core.reply import Ending
from outwait.exchange.second import ROOM
from outwait.testing.plain import PLAIN, PlainReader, reply_head
from outwait.testing.playbook import SPANS, plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Line, Script, Upstream, hangs

PLAN: dict[str, Any] = {"retry": Retry(attempts=3, paid=0.5), "hedge": Hedge(2.0)}


async def hedged(*candidates: str | Candidate) -> tuple[Rig, Visit, Line, Line]:
    """An exchange whose first attempt waits, and whose second is the test's to drive."""
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of(*(candidates or ("a", "b")), **PLAN))
    await rig.until(2)
    first, second = rig.upstream.lines
    return rig, visit, first, second


def marks(visit: Visit) -> list[str]:
    events = [f"{mark.event} {mark.detail}".strip() for mark in visit.exchange.machine.timeline.marks()]
    return events[events.index("hedged b: no content after 2 s") + 1 :]


@scene
async def test_it_asks_as_any_attempt_does() -> None:
    _, visit, _, second = await hedged()
    assert (second.request, second.fresh, second.call) == (b"model-b question", False, visit.exchange.call)


@pytest.mark.parametrize("reused", [True, False])
@scene
async def test_its_reports_so_far_are_told_when_it_overtakes(reused: bool) -> None:
    rig, visit, first, second = await hedged()
    second.connect(reused=reused)
    second.wrote(3)
    second.send()
    second.head(201)
    assert marks(visit) == []
    assert rig.places.holds[1].told == ["headed 201"]
    second.body(b"+\n")
    assert visit.client.text == ""
    second.body(b"word\n")
    assert (first.state, second.state, visit.client.text) == ("cancelled", "open", "+\nword\n")
    walk = ["sent on a pooled connection"] if reused else ["connected", "sent"]
    assert marks(visit) == ["overtaken b instead of a", *walk, "head 201", "content", "committed"]
    second.body(b"more\n")
    second.body(b".\n")
    assert visit.client.text == "+\nword\nmore\n.\n"
    assert rig.places.holds[1].told == ["headed 201", "content", "left"]
    second.end()
    assert visit.exchange.settled


@scene
async def test_what_comes_later_is_told_as_it_comes() -> None:
    rig, visit, first, second = await hedged()
    first.fail("upstream_connect")
    assert marks(visit)[-1] == "overtaken b instead of a"
    second.connect()
    second.wrote(9)
    second.send()
    second.head()
    second.body(b"word\n")
    second.fail("upstream_reset")
    events = [mark.split()[0] for mark in marks(visit)]
    assert events[1:] == [
        "overtaken", "resolved", "connected", "sent", "head", "content", "committed", "failed", "no", "failed",
    ]  # fmt: skip
    assert [hold.told for hold in rig.places.holds] == [
        ["left upstream_connect"],
        ["headed 200", "content", "left upstream_reset"],
    ]


@scene
async def test_a_request_that_is_not_flushed_yet_goes_on_being_written() -> None:
    rig, visit, first, second = await hedged()
    second.connect(reused=True)
    second.wrote(5)
    first.fail("upstream_connect")
    assert marks(visit)[-1] == "connected reused"
    assert visit.exchange.machine.phase.value == "sending"
    second.waiting = 3  # the kernel takes it slowly: no reason to end it
    await rig.until(2 + SPANS["write"] + 1)
    assert second.state == "open"
    second.send()
    second.answer(b"word\n.\n")
    assert visit.client.text.endswith("word\n.\n")


@scene
async def test_a_pooled_connection_of_which_nothing_else_is_known() -> None:
    _, visit, first, second = await hedged()
    second.connect(reused=True)
    first.fail("upstream_connect")
    assert marks(visit)[-1] == "connected reused"
    second.send()
    assert visit.exchange.machine.phase.value == "sent"


@scene
async def test_a_reply_in_one_piece() -> None:
    rig, visit, first, second = await hedged()
    second.reach()
    second.answer(b"word\n.\n", whole=True)
    assert visit.client.text == "word\n.\n"
    assert first.state == "cancelled"
    assert "replied 200" in marks(visit)
    assert rig.entries[0].outcome == "completed"


@scene
async def test_an_error_that_begins_is_kept_when_the_first_fails() -> None:
    _, visit, first, second = await hedged()
    second.reach()
    second.head(500)
    second.body(b"upstream_")
    first.fail("upstream_connect")
    second.body(b"error")
    second.end()
    assert "failed upstream_error (ambiguous)" in marks(visit)


FALLS = [
    (lambda line: line.answer(b"rate_limited", status=503), "rate_limited"),
    (lambda line: line.answer(b"x" * ROOM, b"y", status=500), "upstream_error"),
    (lambda line: (line.head(429), line.body(b"rate_limited"), line.fail("upstream_reset")), "rate_limited"),
    (lambda line: line.fail("upstream_reset"), "upstream_reset"),
    (lambda line: (line.head(), line.fail("upstream_reset")), "upstream_reset"),
    (lambda line: (line.head(), line.body(b"!rate_limited\n"), line.body(b"more\n"), line.end()), "rate_limited"),
    (lambda line: line.answer(b"+\n"), "upstream_truncated"),
    (lambda line: (line.head(), line.body(b".\n"), line.end()), "upstream_empty"),
]


@pytest.mark.parametrize("said, code", FALLS)
@scene
async def test_it_falls(said: Any, code: str) -> None:
    rig, visit, first, second = await hedged()
    second.reach()
    said(second)
    assert marks(visit) == [f"hedge failed {code}"]
    assert rig.places.holds[1].told[-1] == f"left {code}"
    assert first.state == "open"
    assert second.state != "open"
    first.answer(b"word\n.\n")
    assert visit.client.text == "word\n.\n"
    assert rig.places.running == {"a": 0, "b": 0}


@scene
async def test_an_error_body_is_kept_to_a_bound() -> None:
    rig, _, _, second = await hedged()
    seen: list[bytes] = []
    judge = rig.ports.judge

    def noted(candidate: Candidate, status: int, headers: Any, body: bytes, waited: float) -> Any:
        seen.append(body)
        return judge(candidate, status, headers, b"", waited)

    object.__setattr__(rig.ports, "judge", noted)
    second.reach()
    second.answer(b"x" * (ROOM - 1), b"yy", b"z", status=500)
    assert [len(body) for body in seen] == [ROOM]


@scene
async def test_who_says_very_much_has_begun_to_answer() -> None:
    _, visit, first, second = await hedged()
    second.reach()
    second.head()
    second.body(b": " + b"x" * (ROOM - 3))
    assert first.state == "open"
    second.body(b"\n")
    assert first.state == "cancelled"
    second.body(b"word\n.\n")
    assert visit.client.text == "word\n.\n"


@scene
async def test_after_it_is_dropped_nothing_counts() -> None:
    rig, visit, first, second = await hedged()
    sink = second._sink
    first.answer(b"word\n", b".\n")
    before = marks(visit)
    sink.resolved()
    sink.connected(False)
    sink.sent()
    sink.head(200, {})
    sink.body(b"other\n")
    sink.end()
    sink.failed(fault("upstream_reset"))
    assert marks(visit) == before
    assert visit.client.text == "word\n.\n"
    assert rig.places.holds[1].told == ["left cancelled"]


@scene
async def test_an_attempt_that_is_over_before_it_is_open_is_closed() -> None:
    def at_once(line: Line) -> Script:
        line.reach()
        line.head()
        line.body(b"!upstream_error\n")
        yield from ()

    rig = Rig(Upstream(hangs, at_once))
    visit = rig.ask(plan_of("a", "b", **PLAN))
    await rig.until(3)
    assert marks(visit) == ["hedge failed upstream_error"]
    assert rig.upstream.lines[1].state == "cancelled"
    assert rig.places.running == {"a": 1, "b": 0}


class Late(PlainReader):
    """Knows its words only when all are there."""

    def feed(self, data: bytes) -> bytes:
        out = super().feed(data)
        self.content = False
        return out

    def end(self) -> Ending:
        return Ending(b"".join(self._words)) if self.finished else super().end()


@pytest.mark.parametrize("framed", [True, False])
@scene
async def test_an_answer_that_is_known_only_by_its_end(framed: bool) -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a", "b", **{**PLAN, "scenario": "embedding"}), stream=False)
    visit.exchange.dialect = replace(PLAIN, reader=lambda *_: Late(reply_head(visit.exchange.call), stream=False))
    await rig.until(2)
    first, second = rig.upstream.lines
    second.reach()
    second.head()
    second.body(b"word\n")
    assert first.state == "open"
    second.body(b".\n" if framed else b"\n")
    if not framed:
        second.body(b".\n")
    assert (first.state, visit.client.text) == ("cancelled", "word\n")
    second.end()
    assert rig.entries[0].outcome == "completed"


@scene
async def test_an_answer_that_ends_by_its_framing_only() -> None:
    class Framed(Late):
        def feed(self, data: bytes) -> bytes:
            out = super().feed(data)
            self.finished = False
            return out

        def end(self) -> Ending:
            return Ending(b"".join(self._words))

    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a", "b", **{**PLAN, "scenario": "embedding"}), stream=False)
    visit.exchange.dialect = replace(PLAIN, reader=lambda *_: Framed(reply_head(visit.exchange.call), stream=False))
    await rig.until(2)
    first, second = rig.upstream.lines
    second.reach()
    second.head()
    second.body(b"word\n")
    assert first.state == "open"
    second.end()
    assert (first.state, visit.client.text) == ("cancelled", "word\n")
    assert rig.entries[0].channel == "b"
    assert rig.places.running == {"a": 0, "b": 0}
