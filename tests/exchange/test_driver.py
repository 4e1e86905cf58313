"""Whole exchanges in virtual time: attempts, slots, budgets, clocks and cancelling, as their upstreams see them."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from outwait.core.fault import fault
from outwait.core.plan import Candidate, Retry
from outwait.policy.budget import TOKENS
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Line, Script, Upstream, answers, breaks, hangs, refuses

GOOD = answers(b"hello\n", b".\n")
PAID = Retry(attempts=3, paid=0.5)
ONCE = Retry(attempts=1)


def channels(rig: Rig) -> list[str]:
    return [line.candidate.channel for line in rig.upstream.lines]


def states(rig: Rig) -> list[str]:
    return [line.state for line in rig.upstream.lines]


def code(visit: Visit) -> str:
    assert visit.exchange.fault is not None
    return visit.exchange.fault.code


@scene
async def test_the_request_is_prepared_for_the_candidate() -> None:
    rig = Rig(Upstream(GOOD))
    visit = rig.ask(plan_of(Candidate("a", "plain", "big", streamed=True)), stream=False, body=b"why?")
    line = rig.upstream.line
    assert (line.request, line.fresh, line.call) == (b"big streamed why?", False, visit.exchange.call)
    await rig.until(1)
    assert visit.client.text == "hello\n"
    assert visit.exchange.settled


@scene
async def test_a_hanging_channel_is_followed_by_the_next() -> None:
    rig = Rig(Upstream(hangs, GOOD))
    visit = rig.ask(plan_of("a", "b", retry=PAID, spans={"first_byte": 300}))
    await rig.until(299)
    assert (channels(rig), states(rig)) == (["a"], ["open"])
    await rig.until(301)
    assert (channels(rig), states(rig)) == (["a", "b"], ["cancelled", "left"])
    assert visit.client.text.endswith("hello\n.\n")
    assert visit.exchange.retries == ["ambiguous"]


CLOCKS = [
    ("queue", 5, "queued"),
    ("connect", 10, "connecting"),
    ("write", 20, "sending"),
    ("first_byte", 40, "sent"),
    ("first_token", 80, "head"),
    ("idle", 30, "content"),
    ("total", 600, "content"),
]


def stuck_at(stage: str) -> Upstream:
    """An upstream that comes as far as `stage` and says nothing more."""

    def script(line: Line) -> Script:
        steps: list[Callable[[], None]] = [line.connect, line.send, line.head, lambda: line.body(b"word\n")]
        for step in steps[: ["connecting", "sending", "sent", "head", "content"].index(stage)]:
            step()
        yield from ()

    return Upstream(script)


@pytest.mark.parametrize("clock, span, stage", CLOCKS)
@scene
async def test_every_clock_ends_a_call_in_its_own_name(clock: str, span: float, stage: str) -> None:
    rig = Rig(stuck_at("connecting" if stage == "queued" else stage), limits={"a": 1})
    plan = plan_of("a", spans={"idle": 700} if clock == "total" else None, retry=ONCE)
    if stage == "queued":
        rig.places.take("a")
    visit = rig.ask(plan)
    await rig.until(span - 0.1)
    assert not visit.exchange.settled
    await rig.until(span)
    failed = visit.exchange.fault
    assert failed is not None
    assert (failed.code, failed.span, failed.reason) == (f"{clock}_timeout", span, f"rule of {clock}")
    assert failed.stage == stage
    assert rig.upstream.running == []
    assert rig.entries[0].duration == pytest.approx(span, abs=0.01)


@scene
async def test_upstream_pings_do_not_restart_the_idle_clock() -> None:
    def pings(line: Line) -> Script:
        line.reach()
        line.head()
        line.body(b"word\n")
        while line.state == "open":
            yield 5
            line.body(b": still there\n")

    rig = Rig(Upstream(pings))
    visit = rig.ask(plan_of("a"))
    await rig.until(31)
    assert code(visit) == "idle_timeout"


@scene
async def test_progress_restarts_the_idle_clock() -> None:
    rig = Rig(Upstream(answers(b"one\n", b"+\n", b"two\n", b".\n", every=29)))
    visit = rig.ask(plan_of("a"))
    await rig.until(100)
    assert visit.exchange.fault is None
    assert visit.client.text == "one\n: beat\n+\n: beat\ntwo\n: beat\n.\n"


@scene
async def test_the_write_clock_restarts_with_each_byte_taken() -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of("a", retry=ONCE))
    line = rig.upstream.line
    line.connect()
    line.wrote(900)
    await rig.until(15)
    line.wrote(800)
    await rig.until(34)
    line.waiting = 700  # taken without a word
    await rig.until(54)
    assert line.state == "open"
    await rig.until(55.1)
    assert code(visit) == "write_timeout"
    assert line.state == "cancelled"


@scene
async def test_an_upstream_that_never_takes_a_byte_runs_out_of_one_span() -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of("a", retry=ONCE))
    rig.upstream.line.connect()
    rig.upstream.line.waiting = 900
    await rig.until(20.1)
    assert code(visit) == "write_timeout"


# -- failover, backoff, repairs


@scene
async def test_failover_walks_over_the_candidates() -> None:
    rig = Rig(Upstream(refuses("upstream_connect", after=2), refuses("upstream_tls", after=3), GOOD))
    visit = rig.ask(plan_of("a", "b", "c"))
    await rig.until(6)
    assert channels(rig) == ["a", "b", "c"]
    assert visit.exchange.retries == ["safe", "safe"]
    assert rig.entries[0].attempts == 3
    assert rig.entries[0].channel == "c"


@scene
async def test_backoff_waits_before_the_same_channel() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), GOOD), luck=0.5)
    visit = rig.ask(plan_of("a", retry=Retry(base_transport=8)))
    await rig.until(3.9)
    assert len(rig.upstream.lines) == 1
    await rig.until(4)
    assert len(rig.upstream.lines) == 2
    assert visit.client.text == "hello\n.\n"


@scene
async def test_retry_after_is_kept_and_heartbeats_go_on() -> None:
    def busy(line: Line) -> Script:
        line.reach()
        line.head(429, {"retry-after": "60"})
        line.end()
        yield from ()

    rig = Rig(Upstream(busy, GOOD), luck=0)
    visit = rig.ask(plan_of("a"))
    await rig.until(59.9)
    assert len(rig.upstream.lines) == 1
    await rig.until(60.1)
    assert visit.client.times(b": beat\n") == [10, 25, 40, 55]
    assert visit.client.text.endswith("hello\n.\n")


@scene
async def test_a_dead_pooled_connection_costs_nothing() -> None:
    rig = Rig(Upstream(breaks(fault("upstream_reset", hint="stale")), GOOD))
    visit = rig.ask(plan_of("a", retry=Retry(attempts=1)))
    await rig.until(1)
    assert [line.fresh for line in rig.upstream.lines] == [False, True]
    assert visit.client.text == "hello\n.\n"
    assert rig.entries[0].attempts == 1
    assert rig.budgets.tokens("a").left == TOKENS


@scene
async def test_retries_are_charged_and_first_successes_refunded() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), GOOD, GOOD))
    rig.ask(plan_of("a", "b"))
    await rig.until(1)
    assert rig.budgets.tokens("a").left == TOKENS - 14
    rig.ask(plan_of("a"))
    await rig.until(2)
    assert rig.budgets.tokens("a").left == TOKENS - 13
    assert rig.budgets.routes == 0


@scene
async def test_a_channel_without_tokens_is_not_retried() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), GOOD))
    rig.budgets.tokens("a").take(TOKENS)
    visit = rig.ask(plan_of("a"))
    await rig.until(1)
    assert (code(visit), channels(rig)) == ("upstream_connect", ["a"])


@scene
async def test_a_dead_channel_is_never_the_outage_of_the_next_one() -> None:
    dead = TOKENS // 14 + 5
    rig = Rig(Upstream(*[refuses("upstream_connect"), GOOD] * dead))
    visits = []
    for _ in range(dead):
        visits.append(rig.ask(plan_of("a", "b")))
        await rig.until(rig.loop.time() + 1)
    assert [visit.exchange.fault for visit in visits] == [None] * dead
    assert channels(rig) == ["a", "b"] * dead
    assert rig.budgets.tokens("a").left == 0


@scene
async def test_the_paid_budget_bounds_risky_retries() -> None:
    rig = Rig(Upstream(*[breaks(fault("upstream_reset", stage=None)), GOOD] * 4))
    plan = plan_of("a", "b", retry=Retry(paid=0.02))
    visits = []
    for _ in range(4):
        visits.append(rig.ask(plan))
        await rig.until(rig.loop.time() + 1)
    assert [visit.exchange.fault is None for visit in visits] == [True, True, True, False]


@scene
async def test_a_call_nobody_can_serve_fails_at_once() -> None:
    rig = Rig(Upstream())
    visit = rig.ask(plan_of())
    assert (visit.client.status, visit.client.text, visit.client.ending) == (503, "!no_healthy_channel\n", "whole")
    assert visit.exchange.candidate is None
    assert [entry.outcome for entry in rig.entries] == ["failed"]
    assert len(rig.registry) == 0


# -- slots


@scene
async def test_calls_wait_for_a_slot_in_order() -> None:
    rig = Rig(Upstream(), limits={"a": 1})
    visits = [rig.ask(plan_of("a")) for _ in range(3)]
    assert [len(rig.upstream.lines), len(rig.places.waiting)] == [1, 2]
    for number in range(3):
        rig.upstream.line.reach()
        rig.upstream.line.answer(b"hi\n", b".\n")
        assert visits[number].client.ending
    assert [visit.client.text for visit in visits] == ["hi\n.\n"] * 3
    assert rig.places.running == {"a": 0}


@scene
async def test_who_leaves_the_queue_takes_no_slot() -> None:
    rig = Rig(Upstream(), limits={"a": 1})
    first, second = rig.ask(plan_of("a")), rig.ask(plan_of("a"))
    second.exchange.cancel()
    assert len(rig.places.waiting) == 0
    assert second.client.status == 499
    first.exchange.cancel()
    assert rig.upstream.line.state == "cancelled"
    assert rig.places.running == {"a": 0}


@scene
async def test_a_full_channel_is_passed_over() -> None:
    rig = Rig(Upstream(hangs, GOOD), limits={"a": 1})
    rig.ask(plan_of("a"))
    visit = rig.ask(plan_of("a", "b"))
    await rig.until(5.1)
    assert channels(rig) == ["a", "b"]
    assert visit.client.text == "hello\n.\n"
    assert len(rig.places.waiting) == 0


@scene
async def test_failover_waits_for_a_slot_too() -> None:
    rig = Rig(Upstream(hangs, refuses("upstream_connect", after=1), GOOD), limits={"b": 1})
    first = rig.ask(plan_of("b"))
    visit = rig.ask(plan_of("a", "b"))
    await rig.until(3)
    assert (channels(rig), len(rig.places.waiting)) == (["b", "a"], 1)
    first.exchange.cancel()
    assert channels(rig) == ["b", "a", "b"]
    await rig.until(4)
    assert visit.client.text == "hello\n.\n"


@scene
async def test_a_failed_attempt_gives_its_slot_back() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), refuses("upstream_connect"), GOOD), limits={"a": 1, "b": 1})
    rig.ask(plan_of("a", "b", retry=Retry(base_transport=0.1)))
    await rig.until(1)
    assert channels(rig) == ["a", "b", "a"]
    assert rig.places.running == {"a": 0, "b": 0}
