"""An exchange's place: the short way, the line, what is asked for, and that each place is given up once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.exchange.job_desk import Desk

from outwait.core.endpoints import Hold, Outlook
from outwait.core.fault import Clock, fault
from outwait.core.plan import Candidate, OnDisconnect, Plan, Retry
from outwait.core.request import Call
from outwait.exchange import seat
from outwait.exchange.driver import Exchange
from outwait.exchange.handle import Handle
from outwait.exchange.phase import Phase
from outwait.testing.playbook import plan_of, timeouts_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Line, Script, Upstream, answers, breaks, hangs, refuses

GOOD = answers(b"hello\n", b".\n")
FULL = fault("rate_limited", retry_after=7.0)


def marks(visit: Visit) -> list[str]:
    return [f"{event} {detail}".strip() for _, event, detail in visit.exchange.machine.timeline.marks()]


def short(rig: Rig, candidate: Candidate | None = None) -> list[Plan]:
    """There is a short way now: to `candidate`, else to the plan's own. Returns the plans that were asked for."""
    asked: list[Plan] = []

    def lone(plan: Plan) -> Hold | None:
        asked.append(plan)
        rig.places.take(plan.candidates[0].channel)
        return Given(rig, candidate or plan.candidates[0])

    rig.places.lone = lone  # type: ignore[method-assign] # it has none of its own
    return asked


class Given:
    """A hold of the short way. `told`: with what it was given up."""

    place = 0
    reason = "the only one"

    def __init__(self, rig: Rig, candidate: Candidate) -> None:
        self.candidate = candidate
        self._rig = rig

    def headed(self, status: int, headers: object) -> None:
        pass

    def content(self) -> None:
        pass

    def leave(self, failed: object, gap: float = 0.0) -> None:
        self._rig.places.release(self.candidate.channel)


# -- the beginning


@scene
async def test_the_short_way_asks_for_nothing_else() -> None:
    rig = Rig(Upstream(GOOD))
    asked, plan = short(rig), plan_of("a")
    visit = rig.ask(plan)
    assert rig.upstream.line.candidate is plan.candidates[0]
    assert (asked, rig.places.wishes) == ([plan], [])
    await rig.until(1)
    assert visit.exchange.settled
    assert (visit.exchange.hold, rig.places.running) == (None, {"a": 0})
    assert marks(visit)[1] == "attempt a"


@scene
async def test_the_short_way_may_have_other_clocks() -> None:
    rig = Rig(Upstream(hangs))
    plan = plan_of("a", retry=Retry(attempts=1))
    short(rig, replace(plan.candidates[0], timeouts=timeouts_of(first_byte=2)))
    visit = rig.ask(plan)
    await rig.until(2.1)
    assert visit.exchange.fault is not None
    assert (visit.exchange.fault.code, rig.places.running) == ("first_byte_timeout", {"a": 0})


@scene
async def test_a_place_at_once() -> None:
    rig = Rig(Upstream(GOOD))
    visit = rig.ask(plan_of("a", "b"))
    (wish,) = rig.places.wishes
    assert (wish.plan, wish.key, wish.places, wish.used) == (visit.exchange.plan, "key", (), ())
    (hold,) = rig.places.holds
    assert [visit.exchange.hold] == [hold]
    await rig.until(1)
    assert hold.told == ["headed 200", "content", "left"]
    assert [visit.exchange.hold, rig.places.running] == [None, {"a": 0}]


@scene
async def test_who_has_to_wait_asks_once() -> None:
    rig = Rig(Upstream(GOOD), limits={"a": 1})
    rig.places.take("a")
    visit = rig.ask(plan_of("a"))
    assert (visit.exchange.machine.phase, len(rig.places.wishes)) == (Phase.QUEUED, 1)
    assert [visit.exchange.waiting] == rig.places.wishes
    await rig.until(3)
    rig.places.release("a")
    assert (visit.exchange.waiting, len(rig.upstream.lines)) == (None, 1)
    await rig.until(4)
    assert visit.client.text == "hello\n.\n"
    assert [(hold.told[-1], len(rig.places.wishes)) for hold in rig.places.holds] == [("left", 1)]


@scene
async def test_who_is_refused_is_told_why() -> None:
    rig = Rig(Upstream())
    rig.places.refuse = FULL
    visit = rig.ask(plan_of("a"))
    assert (visit.exchange.fault, visit.client.status) == (FULL, FULL.status)
    assert (visit.exchange.waiting, rig.places.holds, rig.upstream.lines) == (None, [], [])
    assert marks(visit) == ["accepted chat", "refused rate_limited", "failed rate_limited"]


@scene
async def test_nobody_is_asked_for_a_plan_that_leads_nowhere() -> None:
    rig = Rig(Upstream())
    rig.ask(plan_of())
    assert rig.places.wishes == []


@scene
async def test_a_job_that_runs_already_takes_no_place() -> None:
    desk = Desk(limits={"a": 1})
    desk.rig.places.take("a")
    exchange = desk.ask(handle=Handle("a", "job-1", 5))
    assert desk.asked == ["GET /job-1?stream=true"]
    assert (exchange.hold, exchange.waiting, desk.rig.places.wishes) == (None, None, [])


# -- the end of an attempt


@scene
async def test_who_leaves_the_line_withdraws() -> None:
    rig = Rig(Upstream(), limits={"a": 1})
    rig.places.take("a")
    visit = rig.ask(plan_of("a", on_disconnect=OnDisconnect.CANCEL))
    visit.client.go()
    assert (rig.places.waiting, visit.exchange.waiting) == ([], None)
    rig.places.release("a")
    assert rig.places.holds == []


@scene
async def test_the_clock_that_runs_out_in_the_line_withdraws_too() -> None:
    rig = Rig(Upstream(), limits={"a": 1})
    rig.places.take("a")
    visit = rig.ask(plan_of("a", retry=Retry(attempts=1)))
    await rig.until(5.1)
    assert visit.exchange.fault is not None
    assert (visit.exchange.fault.clock, rig.places.waiting, rig.upstream.lines) == (Clock.QUEUE, [], [])


@scene
async def test_a_failed_attempt_is_told_and_the_next_one_asks_for_who_is_left() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), GOOD))
    visit = rig.ask(plan_of("a", "b", "c"))
    await rig.until(1)
    first, second = rig.places.holds
    assert (first.failed, first.told) == (fault("upstream_connect"), ["left upstream_connect"])
    assert second.told[-1] == "left"
    wish = rig.places.wishes[1]
    assert (wish.places, wish.used, wish.deadline) == ((1, 2), ((0, 0),), 600.0)
    assert visit.exchange.hold is None


@scene
async def test_a_place_that_is_granted_later_goes_on_where_it_is() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), GOOD), limits={"b": 1, "c": 1})
    rig.places.take("b")
    rig.places.take("c")
    rig.ask(plan_of("a", "b", "c"))
    await rig.until(2)
    rig.places.release("c")
    assert [line.candidate.channel for line in rig.upstream.lines] == ["a", "c"]


@pytest.mark.parametrize("silence, gap", [((0.0, 9.0, 2.0), 9.0), ((30.0, 1.0, 2.0), 2.0)])
def test_the_gap_is_the_silence_between_words(silence: tuple[float, float, float], gap: float) -> None:
    def speaks(line: Line) -> Script:
        line.reach()
        line.head()
        for span in silence:
            yield span
            line.body(b"word\n")
        line.body(b".\n")
        line.end()

    @scene
    async def told() -> None:
        rig = Rig(Upstream(speaks))
        rig.ask(plan_of("a"))
        await rig.until(60)
        assert rig.places.holds[0].gap == pytest.approx(gap, abs=0.01)

    told()


@scene
async def test_without_a_word_there_is_no_gap() -> None:
    rig = Rig(Upstream(hangs))
    rig.ask(plan_of("a", retry=Retry(attempts=1)))
    await rig.until(41)
    (hold,) = rig.places.holds
    assert (hold.told[-1], hold.gap) == ("left first_byte_timeout", 0.0)


@scene
async def test_a_client_that_cancels_is_told_as_what_ended_it() -> None:
    rig = Rig(Upstream(hangs))
    visit = rig.ask(plan_of("a"))
    visit.exchange.cancel()
    assert rig.places.holds[0].told[-1] == "left cancelled"


# -- what is wished for


def wish(plan: Plan, call: Call | None = None) -> tuple[float, int | None]:
    """The deadline and the conversation of a call that was accepted at second 0."""
    found = []

    @scene
    async def asked() -> None:
        rig = Rig(Upstream())
        rig.ask(plan) if call is None else rig.serve(rig.make(call, plan))
        found.append((rig.places.wishes[0].deadline, rig.places.wishes[0].sticky))

    asked()
    return found[0]


@pytest.mark.parametrize(
    "patience, leaving, deadline",
    [
        (None, OnDisconnect.CANCEL, 600.0),
        (100.0, OnDisconnect.CANCEL, 100.0),
        (900.0, OnDisconnect.CANCEL, 600.0),
        (100.0, OnDisconnect.FINISH, 600.0),
        (100.0, OnDisconnect.LINGER, 600.0),
    ],
)
def test_nobody_waits_for_what_nobody_gets(patience: float | None, leaving: OnDisconnect, deadline: float) -> None:
    assert wish(plan_of("a", patience=patience, on_disconnect=leaving))[0] == deadline


def test_a_conversation_is_told_only_where_its_route_sticks() -> None:
    call = Call("plain", "talk", "model", stream=True, body=b"q", headers={"session-id": "s-1"}, path="/talk")
    other = Call("plain", "talk", "model", stream=True, body=b"q", headers={"session-id": "s-2"}, path="/talk")
    assert wish(plan_of("a", "b"), call)[1] is None
    found = wish(plan_of("a", "b", sticky=True), call)[1]
    assert found is not None
    assert found == wish(plan_of("a", "b", sticky=True), call)[1]
    assert found != wish(plan_of("a", "b", sticky=True), other)[1]


@scene
async def test_the_second_attempt_sticks_too() -> None:
    rig = Rig(Upstream(breaks(fault("upstream_reset", hint="stale")), GOOD))
    call = Call("plain", "talk", "model", stream=True, body=b"q", headers={"session-id": "s-1"}, path="/talk")
    rig.serve(rig.make(call, plan_of("a", "b", sticky=True)))
    await rig.until(1)
    first, second = rig.places.wishes
    assert first.sticky is not None
    assert (second.sticky, second.places) == (first.sticky, (0,))


@scene
async def test_why_there_is_said_where_there_was_a_choice() -> None:
    rig = Rig(Upstream(GOOD, GOOD))
    exchange = rig.ask(plan_of("a", "b")).exchange
    for plan, reason in ((plan_of("a"), ""), (plan_of("a", "b"), "least loaded")):
        exchange.plan = plan
        hold = Given(rig, plan.candidates[0])
        hold.reason = "least loaded"
        assert seat._sit(exchange, hold).reason == reason
        hold.reason = "last resort: its key was refused 3m ago"
        assert seat._sit(exchange, hold).reason == hold.reason


@scene
async def test_the_outlook_is_asked_with_the_same_wish() -> None:
    rig = Rig(Upstream(hangs))
    rig.places.order = (1,)
    visit = rig.ask(plan_of("a", "b"))
    exchange: Exchange = visit.exchange
    assert seat.outlook(exchange) == Outlook((1,))
