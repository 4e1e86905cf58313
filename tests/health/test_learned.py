"""One endpoint in one scenario: which attempts are looked at, which clocks follow, and what an attempt is worth."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Clock
from outwait.core.plan import Span, Timeouts
from outwait.health.learned import KEPT, Key, News, Subject
from outwait.health.learning_rules import LearningRules, Mode
from outwait.policy.adaptive import CLOCKS, Adapting
from outwait.policy.waits import Waits

KEY = Key("openai/gpt-5", "reasoning", whole=False)
BUILT_IN = Span(900, "scenario reasoning")


def _timeouts(span: Span, total: Span) -> Timeouts:
    return Timeouts(span, span, span, span, span, span, total)


USUAL = _timeouts(BUILT_IN, Span(3600, "scenario reasoning"))


def _subject(rules: LearningRules | None = None, seconds: float = 200, times: int = 300) -> Subject:
    """A subject whose clocks have all seen the same wait so many times."""
    made = Subject(KEY, Waits(0), rules or LearningRules(), 0)
    for _ in range(times):
        made.own.add(seconds, 0)
        for learner in made.learners.values():
            learner.add(seconds, 0)
    return made


def test_few_attempts_are_all_looked_at() -> None:
    made = _subject()
    assert all(made.sampled(at / 20) for at in range(1000))


def test_of_many_one_in_eight_is() -> None:
    made = _subject()
    looked = [made.sampled(at / 400) for at in range(4000)]
    assert all(looked[:20])
    assert sum(looked[400:]) == 450
    assert not made.sampled(10.0001)
    quiet = [made.sampled(20 + at) for at in range(40)]
    assert all(quiet)  # a busy time long ago does not matter


def test_of_very_many_some_fifty_a_second_are() -> None:
    made = _subject()
    looked = [made.sampled(at / 8000) for at in range(40_000)]
    assert sum(looked[8000:]) == 4 * 50
    for _ in range(10):
        made.sampled(5.5)
    assert [made.sampled(6.5) for _ in range(16)].count(True) == 16  # and of few again all


def test_after_a_busy_second_comes_a_quiet_one() -> None:
    made = _subject()
    for _ in range(100):
        made.sampled(0.5)
    assert [made.sampled(1.1) for _ in range(16)].count(True) == 2
    assert all(made.sampled(2.2) for _ in range(20))


@given(st.lists(st.floats(0, 0.2), min_size=1, max_size=300))
def test_at_least_one_in_eight_and_all_of_a_calm_second(pauses: list[float]) -> None:
    made, now, looked = _subject(), 0.0, []
    for pause in pauses:
        now += pause
        looked.append(made.sampled(now))
    assert all(looked[:20])
    unseen = "".join("x" if seen else "." for seen in looked).split("x")
    assert max(map(len, unseen)) < 2 * 8


def test_clocks_that_were_not_set_by_anybody_are_learned() -> None:
    made = _subject()
    found = made.clocks(USUAL, 0)
    assert made.clocks(USUAL, 30) is found
    for clock in CLOCKS:
        assert found.of(clock).seconds == pytest.approx(400, rel=0.045)
        assert found.of(clock).reason.startswith("learned from 300 waits")
    assert replace(found, first_byte=BUILT_IN, first_token=BUILT_IN, idle=BUILT_IN) == USUAL


def test_the_same_clocks_while_nothing_is_learned() -> None:
    made = _subject(times=199)
    assert made.clocks(USUAL, 0) is USUAL
    assert made.clocks(USUAL, 59) is USUAL


@pytest.mark.parametrize("reason", ["rule x", "channel openai", "key dev", "as first_byte: key dev"])
def test_what_somebody_wrote_holds(reason: str) -> None:
    written = _timeouts(Span(20, reason), Span(3600, "scenario reasoning"))
    assert _subject().clocks(written, 0) is written
    moved = _subject(LearningRules(written=True)).clocks(written, 0)
    assert moved.idle.seconds == pytest.approx(400, rel=0.045)


@pytest.mark.parametrize("seconds", [1, 5000])
def test_what_a_request_asks_for_always_holds(seconds: float) -> None:
    asked = replace(USUAL, idle=Span(seconds, "header x-outwait-timeout-idle"))
    found = _subject(LearningRules(written=True)).clocks(asked, 0)
    assert found.idle is asked.idle
    assert found.first_byte.seconds < 900


@given(
    st.sampled_from([1.0, 20.0, 200.0, 4000.0]),
    st.lists(st.tuples(st.floats(0.1, 5000), st.sampled_from(["scenario chat", "rule a", "key b", "header c"]))),
    st.booleans(),
)
def test_a_learned_span_never_undercuts_what_was_written(
    seconds: float, spans: list[tuple[float, str]], cut: bool
) -> None:
    made = _subject(seconds=seconds)
    if cut:
        for _ in range(100):
            made.learners[Clock.IDLE].cut(2 * seconds, 0)
    for at, (configured, reason) in enumerate(spans):
        usual = _timeouts(Span(configured, reason), Span(6000, "scenario chat"))
        found = made.clocks(usual, 60.0 * at)
        for clock in CLOCKS:
            if reason == "scenario chat":
                assert min(configured, 30, configured / 4) <= found.of(clock).seconds <= 6000
            else:
                assert found.of(clock) is usual.of(clock)


@pytest.mark.parametrize("mode, holds", [(Mode.OBSERVE, True), (Mode.ON, False)])
def test_observed_is_not_used(mode: Mode, holds: bool) -> None:
    made = _subject(LearningRules(mode=mode))
    assert (made.clocks(USUAL, 0) is USUAL) is holds
    assert made.configured[Clock.IDLE].movable


def test_what_was_seen_of_a_clock_is_what_is_open_to_learning() -> None:
    made = _subject()
    written = replace(USUAL, idle=Span(20, "key dev"))
    made.clocks(replace(USUAL, idle=Span(1, "header x")), 0)
    assert set(made.configured) == {Clock.FIRST_BYTE, Clock.FIRST_TOKEN}
    made.clocks(written, 0)
    assert made.configured[Clock.IDLE].span == Span(20, "key dev")
    made.clocks(USUAL, 0)
    made.clocks(replace(written, queue=BUILT_IN), 0)
    assert made.configured[Clock.IDLE].span == BUILT_IN


def test_new_rules_hold_at_once() -> None:
    made = _subject()
    assert made.clocks(USUAL, 0) is not USUAL
    made.use(LearningRules(floor={"idle": 800}))
    assert made.configured == {}
    assert made.clocks(USUAL, 1).idle.seconds == 800
    made.use(LearningRules(adapting=Adapting(samples=1000)))
    assert made.clocks(USUAL, 60) is USUAL


@pytest.mark.parametrize("mode", list(Mode))
def test_whether_clocks_are_learned_at_all(mode: Mode) -> None:
    made = _subject()
    made.use(LearningRules(mode=mode))
    assert made.learns is (mode is not Mode.OFF)


def test_what_is_remembered_is_bounded() -> None:
    made = _subject()
    several = [replace(USUAL) for _ in range(3 * KEPT)]
    assert {made.clocks(usual, 0) for usual in several} == {made.clocks(USUAL, 0)}
    assert len(made._cache) <= KEPT


def test_new_samples_are_seen_within_a_minute() -> None:
    made = _subject()
    assert made.clocks(USUAL, 0).idle.seconds < 500
    made.learners[Clock.IDLE].add(1000, 1)
    assert made.clocks(USUAL, 59).idle.seconds < 500
    assert made.clocks(USUAL, 61).idle.seconds == 1250


def test_frozen_and_reset() -> None:
    made = _subject()
    before = made.clocks(USUAL, 0)
    made.freeze(frozen=True)
    made.learners[Clock.IDLE].add(1000, 1)
    assert made.frozen
    assert made.clocks(USUAL, 100) == before
    made.freeze(frozen=False)
    assert made.clocks(USUAL, 101).idle.seconds == 1250
    made.worth(300, 0, 101)
    made.reset(102)
    assert made.clocks(USUAL, 102) is USUAL
    assert made.own.counts(102) == (0, 0)


def test_what_an_attempt_is_worth() -> None:
    made = _subject()
    assert made.worth(400, 0.02, 0) is None
    short = made.worth(10, 0.02, 0)
    assert short is not None
    assert not short.allowed
    assert "a cheap attempt needs 1 %" in short.reason
    dear = made.worth(150, 0.0, 0)
    assert dear is not None
    assert "a dear attempt needs 10 %" in dear.reason


def test_where_too_little_is_known_nothing_is_said_but_that_no_time_is_left() -> None:
    made = _subject(times=49)
    assert made.worth(0.1, 0.0, 0) is None
    over = made.worth(0, 0.0, 0)
    assert over is not None
    assert not over.allowed


def test_the_scenario_speaks_for_an_endpoint_that_is_new() -> None:
    made = _subject(times=0)
    assert made.worth(1, 0.0, 0) is None
    for _ in range(60):
        made.shared.add(100, 1)
    assert made.worth(1, 0.0, 4.9) is None
    found = made.worth(1, 0.0, 5)
    assert found is not None
    assert "60 waits of this scenario" in found.reason


def test_what_usually_passes() -> None:
    made = _subject(seconds=1.0, times=500)
    for _ in range(10):
        made.own.add(60.0, 0)
    found = made.usual(300)
    assert found is not None
    assert 0.9 < found < 1.2  # 98 of 100 are sooner
    for _ in range(30):
        made.own.add(60.0, 300)
    found = made.usual(600)
    assert found is not None
    assert 50 < found < 70


def test_what_usually_passes_is_the_scenarios_where_the_endpoint_is_new() -> None:
    shared = Waits(0)
    made = Subject(KEY, shared, LearningRules(), 0)
    for _ in range(49):
        shared.add(3.0, 0)
    assert made.usual(0) is None
    shared.add(3.0, 0)
    found = made.usual(300)
    assert found is not None
    assert 2.7 < found < 3.4


def test_where_most_never_answer_something_is_always_said() -> None:
    made = _subject(times=30)
    for _ in range(70):
        made.own.cut(400, 0)
    found = made.worth(3000, 0.0, 0)
    assert found is not None
    assert found.allowed


def test_what_was_seen_is_drained_once() -> None:
    here, there = _subject(LearningRules(share=True)), _subject(times=0)
    here.learners[Clock.IDLE].cut(7, 0)
    news = News.read(json.loads(json.dumps(here.drain())))
    assert news.key == KEY
    there.merge(news, 0)
    assert there.own.counts(0) == there.shared.counts(0) == (300, 0)
    assert there.learners[Clock.IDLE].waits.counts(0) == (300, 1)
    assert there.clocks(USUAL, 0) == here.clocks(USUAL, 0)
    assert here.drain() is None
    here.learners[Clock.IDLE].add(3, 1)
    again = here.drain()
    assert again is not None
    assert set(again) == {"endpoint", "scenario", "whole", "idle"}
    assert there.drain() is None


GOOD = {"endpoint": "a/b", "scenario": "chat", "whole": True}


@pytest.mark.parametrize(
    "row, field",
    [
        (7, "a row"),
        (GOOD | {"endpoint": ""}, "endpoint"),
        (GOOD | {"endpoint": "x" * 301}, "endpoint"),
        (GOOD | {"scenario": None}, "scenario"),
        (GOOD | {"whole": 1}, "whole"),
        (GOOD | {"own": 1}, "own: waits"),
        (GOOD | {"idle": {}}, "idle: values"),
    ],
)
def test_bad_news_are_refused(row: object, field: str) -> None:
    assert News.read(GOOD) == News(Key("a/b", "chat", whole=True), {})
    with pytest.raises(ValueError, match=f"^{field}"):
        News.read(row)


def test_a_restart_forgets_nothing() -> None:
    before, after = _subject(), _subject(times=0)
    span = before.clocks(USUAL, 0)
    plain = json.loads(json.dumps(before.dump(0)))
    after.restore(plain, 50, 0)
    assert after.clocks(USUAL, 50) == span
    assert after.own.counts(50) == (300, 0)


@pytest.mark.parametrize(
    "change, field", [({"own": 1}, "own: waits"), ({"clocks": 1}, "clocks: "), ({"clocks": {}}, "clocks.first_byte: ")]
)
def test_a_bad_dump_is_refused(change: dict[str, object], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        _subject().restore(_subject().dump(0) | change, 0, 0)
