from __future__ import annotations

import pickle

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


def test_the_first_content_has_a_time_of_its_own() -> None:
    watch = Watch(*SPANS)
    watch.begin(100)
    watch.begin(105)
    assert due(watch) == (110, "first_token", SPANS[0])
    watch.hear(PING, 109)
    assert due(watch) == (110, "first_token", SPANS[0])
    watch.hear(THOUGHT, 109)
    assert due(watch) == (114, "idle", SPANS[1])
    watch.hear(PING, 113)
    watch.hear(WORD, 113.5)
    assert due(watch) == (118.5, "idle", SPANS[1])
    assert watch.partial == Partial("word ", "hm ", 4)


def test_the_whole_answer_has_one_too() -> None:
    watch = Watch(*SPANS)
    watch.begin(0)
    watch.hear(WORD, 57)
    assert due(watch) == (60, "total", SPANS[2])
    assert Watch(Span(99, ""), SPANS[1], SPANS[2]).due[1] == "total"


@given(st.lists(st.tuples(st.floats(0, 8), st.booleans()), max_size=30))
def test_only_content_puts_the_end_off(steps: list[tuple[float, bool]]) -> None:
    watch, now, last = Watch(*SPANS), 0.0, None
    watch.begin(0)
    for seconds, content in steps:
        now += seconds
        watch.hear(WORD if content else PING, now)
        last = now if content else last
        assert due(watch)[0] == (min(10, 60) if last is None else min(last + 5, 60))


def test_what_it_says() -> None:
    error = IdleTimeout("idle", Span(90, "scenario chat"), Partial("abc", "t", 7))
    assert str(error) == (
        "no content came within 90s (idle: scenario chat); 3 characters of text and 1 of thoughts came before"
    )
    assert str(IdleTimeout("total", Span(90, "given"), Partial())).startswith("the answer was not whole within 90s")
    again = pickle.loads(pickle.dumps(error))
    assert (again.clock, again.span, again.partial) == (error.clock, error.span, error.partial)
    assert isinstance(error, TimeoutError)
