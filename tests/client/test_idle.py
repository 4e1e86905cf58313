from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.client.idle import IdleTimeout, Partial, Watch
from outwait.core.plan import Span

SPANS = (Span(10, "a"), Span(5, "b"), Span(60, "c"))
WORD = {"choices": [{"delta": {"content": "word "}}]}
THOUGHT = {"choices": [{"delta": {"reasoning_content": "hm "}}]}
PING = ": ping"


def due(watch: Watch) -> tuple[float, str, Span]:
    return watch.due


def waited(watch: Watch, seconds: float, event: object) -> None:
    """The program waits for an event, and hears it."""
    watch.wait(1000)
    watch.rest(1000 + seconds)
    watch.hear(event)


def left(watch: Watch, now: float = 0.0) -> tuple[float, str, Span]:
    """What a program that waits from `now` on waits at most."""
    watch.wait(now)
    when, clock, span = due(watch)
    watch.rest(now)
    return when - now, clock, span


def test_the_first_content_has_a_time_of_its_own() -> None:
    watch = Watch(*SPANS)
    assert left(watch, 100) == (10, "first_token", SPANS[0])
    waited(watch, 9, PING)
    assert left(watch, 500) == (1, "first_token", SPANS[0])
    waited(watch, 0.5, THOUGHT)
    assert left(watch) == (5, "idle", SPANS[1])
    waited(watch, 4, PING)
    assert left(watch) == (1, "idle", SPANS[1])
    waited(watch, 0.5, WORD)
    assert left(watch) == (5, "idle", SPANS[1])
    assert watch.partial == Partial("word ", "hm ", 4)


def test_the_whole_answer_has_one_too() -> None:
    watch = Watch(*SPANS)
    waited(watch, 57, WORD)
    assert left(watch, 9999) == (3, "total", SPANS[2])
    assert Watch(Span(99, ""), SPANS[1], SPANS[2]).due[1] == "total"


def test_a_program_that_is_busy_hears_no_silence() -> None:
    watch = Watch(*SPANS)
    watch.wait(0)
    watch.rest(1)
    watch.rest(2000)
    watch.wait(3000)
    assert due(watch) == (3009, "first_token", SPANS[0])
    watch.rest(3001)
    watch.hear(WORD)
    watch.wait(9000)
    assert due(watch) == (9005, "idle", SPANS[1])


@given(st.lists(st.tuples(st.floats(0, 8), st.booleans(), st.floats(0, 500)), max_size=30))
def test_only_content_puts_the_end_off(steps: list[tuple[float, bool, float]]) -> None:
    watch, now, whole, silent, limit = Watch(*SPANS), 0.0, 0.0, 0.0, 10
    for seconds, content, busy in steps:
        watch.wait(now)
        now += seconds
        watch.rest(now)
        watch.hear(WORD if content else PING)
        whole, silent, limit = whole + seconds, 0 if content else silent + seconds, 5 if content else limit
        now += busy
        assert left(watch, now)[0] == pytest.approx(min(limit - silent, 60 - whole), abs=1e-6)


def test_what_it_says() -> None:
    error = IdleTimeout("idle", Span(90, "scenario chat"), Partial("abc", "t", 7))
    assert str(error) == (
        "no content came within 90s (idle: scenario chat); 3 characters of text and 1 of thoughts came before"
    )
    assert str(IdleTimeout("total", Span(90, "given"), Partial())).startswith("the answer was not whole within 90s")
    again = pickle.loads(pickle.dumps(error))
    assert (again.clock, again.span, again.partial) == (error.clock, error.span, error.partial)
    assert isinstance(error, TimeoutError)
