"""When an exchange is hedged, and where: at another endpoint of its tier that has room and words, in the budgets."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
from tests.exchange.job_desk import Desk

from outwait.core.fault import fault
from outwait.core.plan import Candidate, Hedge, Plan, Retry, Timeouts
from outwait.policy.budget import PAID_FLOOR, TOKENS
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Line, Script, Upstream, answers, breaks, hangs

PAID = Retry(attempts=3, paid=0.5)
QUICK = answers(b"quick\n", b".\n", after=1)


def plan(*channels: str | Candidate, after: float | None = 2.0, **fields: Any) -> Plan:
    fields = {"retry": PAID, "hedge": Hedge(after), **fields}
    return plan_of(*(channels or ("a", "b", "c")), **fields)


def states(rig: Rig) -> list[tuple[str, str]]:
    return [(line.candidate.channel, line.state) for line in rig.upstream.lines]


def nothing_is_left(rig: Rig) -> None:
    assert rig.upstream.running == []
    assert set(rig.places.running.values()) <= {0}
    assert rig.places.waiting == []
    assert all(len([word for word in hold.told if word.startswith("left")]) == 1 for hold in rig.places.holds)


NEVER: dict[str, dict[str, Any]] = {
    "off": {"hedge": None},
    "nothing is known": {"after": None},
    "not paid": {"retry": Retry(attempts=3)},
    "one attempt": {"retry": Retry(attempts=1, paid=0.5)},
    "reasoning": {"scenario": "reasoning"},
    "too late": {"spans": {"total": 3.9}},
}


@pytest.mark.parametrize("why", NEVER)
@scene
async def test_when_there_is_no_hedge(why: str) -> None:
    rig = Rig(Upstream(hangs, hangs))
    rig.ask(plan(**NEVER[why]))
    await rig.until(3.8)
    assert states(rig) == [("a", "open")]
    assert len(rig.places.wishes) == 1


@scene
async def test_a_whole_reply_is_hedged_for_embeddings_only() -> None:
    rig = Rig(Upstream(hangs, hangs, QUICK))
    rig.ask(plan(), stream=False)
    visit = rig.ask(plan(scenario="embedding"), stream=False, body=b"another")
    await rig.until(5)
    assert [line.request for line in rig.upstream.lines] == [
        b"model-a question",
        b"model-a another",
        b"model-b another",
    ]
    assert visit.client.text == "quick\n"


@scene
async def test_the_paid_budget_bounds_hedges() -> None:
    rig = Rig(Upstream())
    for number in range(PAID_FLOOR + 2):
        rig.ask(plan(retry=Retry(attempts=3, paid=0.01)), body=b"%d" % number)
    for line in rig.upstream.lines:
        line.reach()
    await rig.until(3)
    assert len(rig.upstream.lines) == 2 * PAID_FLOOR + 2


@scene
async def test_what_usually_passes_decides() -> None:
    rig = Rig(Upstream(hangs, hangs))
    rig.places.p95 = 7.0
    rig.ask(plan(after=None))
    await rig.until(6.9)
    assert len(rig.upstream.lines) == 1
    await rig.until(7)
    assert len(rig.upstream.lines) == 2


@scene
async def test_nobody_waits_in_line_for_a_hedge() -> None:
    rig = Rig(Upstream(hangs), limits={"b": 0})
    rig.ask(plan("a", "b"))
    await rig.until(3)
    assert states(rig) == [("a", "open")]
    assert len(rig.places.wishes) == 2
    assert rig.places.waiting == []


@scene
async def test_a_refused_place_is_no_hedge() -> None:
    rig = Rig(Upstream(answers(b"slow\n", b".\n", after=3)))
    visit = rig.ask(plan())
    rig.places.refuse = fault("no_healthy_channel")
    await rig.until(5)
    assert visit.client.text == "slow\n.\n"
    assert len(rig.upstream.lines) == 1


@scene
async def test_only_endpoints_of_the_same_tier_that_were_not_asked_are_hedged_at() -> None:
    a, b, c = (Candidate(name, "plain", "m", tier=tier) for name, tier in (("a", 0), ("b", 1), ("c", 0)))
    rig = Rig(Upstream(hangs, hangs))
    rig.ask(plan(a, b, c))
    await rig.until(3)
    assert [channel for channel, _ in states(rig)] == ["a", "c"]
    lonely = Rig(Upstream(hangs))
    lonely.ask(plan(a, b))
    await lonely.until(6)
    assert [channel for channel, _ in states(lonely)] == ["a"]
    assert len(lonely.places.wishes) == 1


@scene
async def test_a_channel_without_tokens_is_not_hedged_at() -> None:
    rig = Rig(Upstream(hangs, hangs))
    rig.budgets.tokens("b").take(TOKENS)
    rig.ask(plan())
    await rig.until(3)
    assert [channel for channel, _ in states(rig)] == ["a", "c"]


@scene
async def test_a_dialect_without_words_is_not_hedged_at() -> None:
    rig = Rig(Upstream(answers(b"slow\n", b".\n", after=3)))
    visit = rig.ask(plan("a", Candidate("b", "foreign", "m")), body=b"unsayable")
    await rig.until(5)
    assert visit.client.text == "slow\n.\n"
    assert len(rig.upstream.lines) == 1
    assert rig.places.holds[1].told == ["left not_expressible"]
    assert rig.entries[0].attempts == 1
    nothing_is_left(rig)


@scene
async def test_a_translated_hedge_tells_what_it_left_out() -> None:
    rig = Rig(Upstream(hangs, answers(b"data: quick\n\n", b"data: .\n\n", after=1)))
    visit = rig.ask(plan("a", Candidate("b", "foreign", "m")), body=b"why? # really")
    await rig.until(2.5)
    assert not visit.exchange.dropped
    await rig.until(4)
    assert visit.client.text == "quick\n.\n"
    assert list(visit.exchange.dropped) == ["remark"]


@scene
async def test_a_retry_is_watched_anew() -> None:
    rig = Rig(Upstream(breaks("upstream_connect", after=1), hangs, QUICK))
    visit = rig.ask(plan())
    await rig.until(2.9)
    assert len(rig.upstream.lines) == 2
    await rig.until(4.1)
    assert visit.client.text == "quick\n.\n"
    assert [channel for channel, _ in states(rig)] == ["a", "b", "c"]


@scene
async def test_the_alarm_of_an_attempt_that_failed_rings_for_nobody() -> None:
    def connects(line: Line) -> Script:
        line.connect()
        yield 100

    rig = Rig(Upstream(breaks("upstream_connect", after=1), connects))
    rig.ask(plan())
    await rig.until(9)
    assert [channel for channel, _ in states(rig)] == ["a", "b"]
    assert len(rig.places.wishes) == 2


@scene
async def test_who_has_content_in_time_is_not_hedged_however_long_it_goes_on() -> None:
    rig = Rig(Upstream(answers(b"one\n", b"two\n", b".\n", after=1, every=4)))
    visit = rig.ask(plan())
    await rig.until(20)
    assert visit.client.text == "one\ntwo\n.\n"
    assert len(rig.places.wishes) == 1


@scene
async def test_an_exchange_that_is_over_leaves_no_alarm() -> None:
    rig = Rig(Upstream(answers(b"word\n.\n", after=1)))
    visit = rig.ask(plan())
    await rig.until(1)
    assert visit.exchange.settled
    assert visit.exchange.hedger is not None
    assert visit.exchange.hedger._alarm.due == math.inf


@scene
async def test_a_hedge_is_paid_for_and_is_no_retry_of_a_route_in_trouble() -> None:
    rig = Rig(Upstream(hangs, hangs))
    visit = rig.ask(plan())
    await rig.until(3)
    assert rig.budgets._routes["model"].retrying == 0
    assert rig.budgets._scenarios["chat"].retries == 1
    visit.exchange.cancel()


@scene
async def test_a_hedge_that_answers_while_it_is_opened() -> None:
    def at_once(line: Line) -> Script:
        line.connect(reused=True)
        line.send()
        line.answer(b"quick\n.\n", whole=True)
        yield from ()

    rig = Rig(Upstream(hangs, at_once))
    visit = rig.ask(plan())
    await rig.until(2)
    assert visit.client.text == "quick\n.\n"
    assert visit.exchange.settled
    nothing_is_left(rig)


@scene
async def test_a_place_that_comes_although_nobody_waits_is_given_back() -> None:
    rig = Rig(Upstream(hangs), limits={"b": 0})
    acquire = rig.places.acquire
    declined: list[Any] = []

    def generous(wish: Any, granted: Any) -> Any:
        found = acquire(wish, granted)
        if found is None:
            rig.places.limits["b"] = 1
            declined.append(rig.places._hold(wish))
            granted(declined[0])
        return found

    rig.places.acquire = generous  # type: ignore[method-assign] # a line that moves while it is asked
    rig.ask(plan("a", "b"))
    await rig.until(3)
    assert declined[0].told == ["left cancelled"]
    assert len(rig.upstream.lines) == 1


@scene
async def test_clocks_of_the_hold_are_the_ones_that_hold() -> None:
    own = Candidate("b", "plain", "m", timeouts=replace(plan().timeouts, growth=0.0))
    rig = Rig(Upstream(hangs, QUICK))
    visit = rig.ask(plan("a", own))
    await rig.until(4)
    found: Timeouts = visit.exchange.machine.timeouts()
    assert found is own.timeouts


@scene
async def test_an_answer_that_is_quicker_than_its_question_is_not_hedged() -> None:
    def early(line: Line) -> Script:
        line.connect()
        line.head()
        line.body(b"word\n")
        line.send()
        yield 5
        line.body(b".\n")

    rig = Rig(Upstream(early))
    visit = rig.ask(plan())
    await rig.until(9)
    assert visit.client.text == "word\n.\n"
    assert states(rig) == [("a", "left")]


@scene
async def test_a_job_is_never_hedged() -> None:
    desk = Desk()
    desk.ask(plan())
    (line,) = desk.lines
    line.reach()
    await desk.rig.until(10)
    assert len(desk.lines) == 1
