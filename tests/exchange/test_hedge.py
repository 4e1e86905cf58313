"""Hedged exchanges in virtual time: two attempts, of whom the first with content answers."""

from __future__ import annotations

from typing import Any

import pytest

from outwait.core.fault import fault
from outwait.core.plan import Candidate, Hedge, OnDisconnect, Plan, Retry
from outwait.policy.budget import TOKENS
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Line, Script, Upstream, answers, breaks, hangs

PAID = Retry(attempts=3, paid=0.5)
QUICK = answers(b"quick\n", b".\n", after=1)


def plan(*channels: str | Candidate, after: float | None = 2.0, **fields: Any) -> Plan:
    fields = {"retry": PAID, "hedge": Hedge(after), **fields}
    return plan_of(*(channels or ("a", "b", "c")), **fields)


def marks(visit: Visit) -> list[str]:
    return [f"{mark.event} {mark.detail}".strip() for mark in visit.exchange.machine.timeline.marks()]


def states(rig: Rig) -> list[tuple[str, str]]:
    return [(line.candidate.channel, line.state) for line in rig.upstream.lines]


def nothing_is_left(rig: Rig) -> None:
    assert rig.upstream.running == []
    assert set(rig.places.running.values()) <= {0}
    assert rig.places.waiting == []
    assert all(len([word for word in hold.told if word.startswith("left")]) == 1 for hold in rig.places.holds)


@scene
async def test_the_hedge_answers_first() -> None:
    rig = Rig(Upstream(hangs, QUICK))
    visit = rig.ask(plan())
    await rig.until(1.9)
    assert states(rig) == [("a", "open")]
    await rig.until(2)
    assert states(rig) == [("a", "open"), ("b", "open")]
    await rig.until(3)
    assert visit.client.text == "quick\n.\n"
    assert states(rig) == [("a", "cancelled"), ("b", "left")]
    assert visit.client.headers["x-outwait-attempts"] == "2"
    assert visit.client.headers["x-outwait-channel"] == "b"
    assert [hold.told for hold in rig.places.holds] == [
        ["left cancelled"],
        ["headed 200", "content", "left"],
    ]
    walk = marks(visit)
    assert walk[walk.index("sent") + 1 :] == [
        "hedged b: no content after 2 s",
        "overtaken b instead of a",
        "connected",
        "sent",
        "head 200",
        "content",
        "committed",
        "completed",
    ]
    (entry,) = rig.entries
    assert (entry.attempts, entry.channel, entry.retries, entry.outcome) == (2, "b", (), "completed")
    nothing_is_left(rig)


@scene
async def test_the_first_answers_before_the_hedge() -> None:
    rig = Rig(Upstream(answers(b"slow\n", b".\n", after=2.5), QUICK))
    visit = rig.ask(plan())
    await rig.until(5)
    assert visit.client.text == "slow\n.\n"
    assert states(rig) == [("a", "left"), ("b", "cancelled")]
    assert [hold.told[-1] for hold in rig.places.holds] == ["left", "left cancelled"]
    assert visit.client.headers["x-outwait-attempts"] == "2"
    assert rig.entries[0].channel == "a"
    nothing_is_left(rig)


@scene
async def test_content_settles_it_not_the_end() -> None:
    def slow(line: Line) -> Script:
        line.reach()
        yield 2.5
        line.head()
        yield 0.1
        line.body(b"slow\n")
        yield 10
        line.body(b".\n")

    rig = Rig(Upstream(slow, hangs))
    rig.ask(plan())
    await rig.until(2.55)
    assert states(rig) == [("a", "open"), ("b", "open")]
    await rig.until(2.6)
    assert states(rig) == [("a", "open"), ("b", "cancelled")]
    await rig.until(20)
    nothing_is_left(rig)


@pytest.mark.parametrize("last", [b".\n", b""])
@scene
async def test_a_head_that_came_late_is_no_content(last: bytes) -> None:
    def headed(line: Line) -> Script:
        line.reach()
        line.head()
        line.body(b"+\n")
        yield 100

    rig = Rig(Upstream(headed, answers(b"quick\n", last or b"more\n", after=1)))
    visit = rig.ask(plan())
    await rig.until(3)
    assert visit.client.text.startswith("quick\n")
    assert rig.upstream.lines[0].state == "cancelled"


@scene
async def test_the_clocks_of_the_hedge_begin_when_it_steps_up() -> None:
    def stalls(line: Line) -> Script:
        line.reach()
        yield 50
        line.head()
        line.body(b"word\n")

    rig = Rig(Upstream(hangs, stalls))
    visit = rig.ask(plan(spans={"first_byte": 60, "idle": 20}))
    await rig.until(71)
    assert "word\n" in visit.client.text
    await rig.until(73)
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.code == "idle_timeout"
    nothing_is_left(rig)


@pytest.mark.parametrize("failed", ["upstream_reset", fault("upstream_error", status=500)])
@scene
async def test_the_hedge_goes_on_where_the_first_fails(failed: Any) -> None:
    rig = Rig(Upstream(breaks(failed, after=3), answers(b"quick\n", b".\n", after=4)))
    visit = rig.ask(plan())
    await rig.until(3.1)
    assert states(rig) == [("a", "failed"), ("b", "open")]
    assert visit.exchange.candidate is not None
    assert visit.exchange.candidate.channel == "b"
    await rig.until(6)
    assert visit.client.text == "quick\n.\n"
    assert len(rig.upstream.lines) == 2
    assert rig.entries[0].attempts == 2
    assert len(rig.entries[0].retries) == 1
    nothing_is_left(rig)


@scene
async def test_the_hedge_goes_on_where_the_clock_of_the_first_runs_out() -> None:
    rig = Rig(Upstream(hangs, answers(b"quick\n", b".\n", after=30)))
    visit = rig.ask(plan(spans={"first_byte": 20}))
    await rig.until(20)
    assert states(rig) == [("a", "cancelled"), ("b", "open")]
    assert rig.places.holds[0].failed is not None
    assert rig.places.holds[0].failed.code == "first_byte_timeout"
    await rig.until(33)
    assert visit.client.text.endswith("quick\n.\n")
    assert visit.exchange.retries == ["ambiguous"]
    nothing_is_left(rig)


@scene
async def test_what_fails_everywhere_ends_both() -> None:
    rig = Rig(Upstream(answers(b"bad_request", after=3, status=400), hangs))
    visit = rig.ask(plan())
    await rig.until(3.1)
    assert visit.exchange.settled
    assert states(rig) == [("a", "ended"), ("b", "cancelled")]
    nothing_is_left(rig)


@pytest.mark.parametrize("script", [breaks("upstream_reset", after=1), answers(b"upstream_error", after=1, status=500)])
@scene
async def test_a_hedge_that_fails_changes_nothing(script: Any) -> None:
    rig = Rig(Upstream(answers(b"slow\n", b".\n", after=9), script))
    visit = rig.ask(plan())
    await rig.until(20)
    assert visit.client.text == "slow\n.\n"
    assert len(rig.upstream.lines) == 2
    assert any(mark.startswith("hedge failed") for mark in marks(visit))
    assert rig.budgets.tokens("b").left < TOKENS
    assert rig.budgets.tokens("a").left == TOKENS
    nothing_is_left(rig)


@scene
async def test_after_both_have_failed_a_third_is_asked() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=6), breaks("upstream_reset", after=1), QUICK))
    visit = rig.ask(plan())
    await rig.until(10)
    assert [channel for channel, _ in states(rig)] == ["a", "b", "c"]
    assert visit.client.text == "quick\n.\n"
    assert rig.entries[0].attempts == 3
    nothing_is_left(rig)


@scene
async def test_there_is_one_hedge_only() -> None:
    rig = Rig(Upstream(breaks("upstream_reset", after=3), breaks("upstream_reset", after=2), hangs))
    rig.ask(plan("a", "b", "c", "d", retry=Retry(attempts=9, paid=0.5)))
    await rig.until(39)
    assert [channel for channel, _ in states(rig)] == ["a", "b", "c"]


@pytest.mark.parametrize("content", [b"!upstream_error\n", b".\n"])
@scene
async def test_a_hedge_whose_answer_is_no_good(content: bytes) -> None:
    rig = Rig(Upstream(answers(b"slow\n", b".\n", after=9), answers(content, after=1)))
    visit = rig.ask(plan())
    await rig.until(3.1)
    assert [channel for channel, _ in states(rig)] == ["a", "b"]
    assert rig.upstream.lines[1].state != "open"
    await rig.until(12)
    assert visit.client.text == "slow\n.\n"
    nothing_is_left(rig)


@scene
async def test_cancelling_ends_both() -> None:
    rig = Rig(Upstream(hangs, hangs))
    visit = rig.ask(plan())
    await rig.until(3)
    visit.exchange.cancel()
    assert states(rig) == [("a", "cancelled"), ("b", "cancelled")]
    assert [hold.told for hold in rig.places.holds] == [["left cancelled"], ["left cancelled"]]
    nothing_is_left(rig)


@scene
async def test_a_client_that_leaves_ends_both() -> None:
    rig = Rig(Upstream(hangs, hangs))
    visit = rig.ask(plan(on_disconnect=OnDisconnect.CANCEL))
    await rig.until(3)
    visit.client.go()
    assert states(rig) == [("a", "cancelled"), ("b", "cancelled")]
    nothing_is_left(rig)


@scene
async def test_nobody_is_hedged_for_who_has_left() -> None:
    rig = Rig(Upstream(hangs, hangs))
    visit = rig.ask(plan(on_disconnect=OnDisconnect.FINISH))
    await rig.until(1)
    visit.client.go()
    await rig.until(30)
    assert states(rig) == [("a", "open")]


@scene
async def test_the_total_time_ends_both() -> None:
    rig = Rig(Upstream(hangs, hangs))
    visit = rig.ask(plan(spans={"total": 10}))
    await rig.until(11)
    assert visit.exchange.settled
    assert visit.exchange.fault is not None
    assert visit.exchange.fault.code == "total_timeout"
    nothing_is_left(rig)


@scene
async def test_who_ends_before_it_is_late_is_not_hedged() -> None:
    rig = Rig(Upstream(answers(b"word\n", b".\n", after=1)))
    rig.ask(plan())
    await rig.until(10)
    assert states(rig) == [("a", "left")]
