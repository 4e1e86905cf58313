"""A call answered by a channel of another dialect: worded for it, read from it, and refused where it cannot be."""

from __future__ import annotations

import pytest

from outwait.core.plan import Candidate, Retry
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers

ABROAD = Candidate("abroad", "foreign", "theirs", endpoint="speak")
EVENTS = answers(b"data: one\n\n", b": ping\n\ndata: two\n\n", b"data: .\n\n")


@pytest.mark.parametrize("stream", [True, False])
@scene
async def test_it_is_worded_there_and_told_here(stream: bool) -> None:
    rig = Rig(Upstream(EVENTS))
    visit = rig.ask(plan_of(ABROAD), body=b"why", stream=stream)
    await rig.until(10)
    assert rig.upstream.lines[0].request == b"theirs why"
    assert visit.client.text == ("one\ntwo\n.\n" if stream else "onetwo\n")
    assert visit.client.status == 200
    assert "x-outwait-dropped" not in visit.client.headers


@scene
async def test_what_was_left_out_is_told() -> None:
    rig = Rig(Upstream(EVENTS))
    visit = rig.ask(plan_of(ABROAD), body=b"why #not")
    await rig.until(10)
    assert visit.client.headers["x-outwait-dropped"] == "remark"


@scene
async def test_a_name_that_no_header_can_carry_breaks_none() -> None:
    rig = Rig(Upstream(EVENTS))
    visit = rig.ask(plan_of(ABROAD), body=b"why")
    visit.exchange.dropped = ("a\r\nset-cookie: x", "\u00fc" * 100, *("long" * 20 for _ in range(50)))
    await rig.until(10)
    told = visit.client.headers["x-outwait-dropped"]
    assert told.startswith(f"a??set-cookie: x, {'?' * 80}, longlong")
    assert len(told) == 2000
    assert "set-cookie" not in visit.client.headers


@scene
async def test_what_cannot_be_said_there_is_asked_elsewhere() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n")))
    visit = rig.ask(plan_of(ABROAD, "home"), body=b"unsayable")
    await rig.until(10)
    assert [line.candidate.channel for line in rig.upstream.lines] == ["home"]
    assert visit.client.text == "hello\n.\n"
    assert "x-outwait-dropped" not in visit.client.headers
    assert rig.places.running == {"abroad": 0, "home": 0}


@scene
async def test_what_can_be_said_nowhere_is_refused_at_once() -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of(ABROAD, Candidate("far", "foreign", "x")), body=b"unsayable")
    await rig.until(0.01)
    assert rig.upstream.lines == []
    assert (visit.client.status, visit.client.headers["x-should-retry"]) == (400, "false")
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.param == "question"


@scene
async def test_a_foreign_stream_that_breaks_off_has_no_proper_end() -> None:
    rig = Rig(Upstream(answers(b"data: one\n\n")))
    visit = rig.ask(plan_of(ABROAD, retry=Retry(attempts=1)), body=b"why")
    await rig.until(10)
    assert visit.client.text == "one\n!upstream_truncated\n.\n"


@scene
async def test_a_foreign_refusal_is_evidence_and_not_passed_on() -> None:
    refusal = answers(b"their own words", status=429)
    rig = Rig(Upstream(refusal, refusal))
    home = rig.ask(plan_of("home", retry=Retry(attempts=1)))
    abroad = rig.ask(plan_of(ABROAD, retry=Retry(attempts=1)))
    await rig.until(10)
    for visit, body in ((home, b"their own words"), (abroad, b"")):
        assert visit.exchange.fault is not None
        assert visit.exchange.fault.upstream is not None
        assert (visit.exchange.fault.upstream.status, visit.exchange.fault.upstream.body) == (429, body)


@scene
async def test_a_fault_told_inside_a_foreign_reply_leads_elsewhere() -> None:
    rig = Rig(Upstream(answers(b"event: error\ndata: x\n\n"), answers(b"hello\n", b".\n")))
    visit = rig.ask(plan_of(ABROAD, "home", retry=Retry(paid=1.0)), body=b"why")
    await rig.until(10)
    assert visit.client.text == "hello\n.\n"
