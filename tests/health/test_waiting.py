"""One attempt: what it teaches in each order of events, and that nothing is counted twice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.health.learned import Key, Subject
from outwait.health.learning_rules import LearningRules, Mode
from outwait.health.waiting import Waiting
from outwait.policy.sketch import Sketch
from outwait.policy.survival import Watch
from outwait.policy.waits import Waits

KEY = Key("openai/gpt-5", "chat", whole=False)


def _subject(mode: Mode = Mode.ON) -> Subject:
    return Subject(KEY, Waits(0), LearningRules(mode=mode), 0)


def _seen(subject: Subject) -> dict[str, tuple[list[float], list[float]]]:
    """What was answered and what was cut; each of one length at most."""
    kinds = {"shared": subject.shared, "own": subject.own}
    kinds |= {clock.value: learner.waits for clock, learner in subject.learners.items()}
    found = {name: (_all(waits.values(0)), _all(waits.cuts(0))) for name, waits in kinds.items()}
    return {name: pair for name, pair in found.items() if pair != ([], [])}


def _all(sketch: Sketch) -> list[float]:
    return sorted({sketch.low, sketch.high}) if sketch.count else []


def test_an_answer() -> None:
    subject, watch = _subject(), Watch()
    waiting = Waiting(subject, watch, 10)
    assert (watch.in_flight, len(subject.own.running), len(subject.shared.running)) == (1, 1, 1)
    waiting.headed(12)
    waiting.content(17)
    assert watch.in_flight == 0
    waiting.end(30, 4)
    assert _seen(subject) == {
        "shared": ([7], []),
        "own": ([7], []),
        "first_byte": ([2], []),
        "first_token": ([5], []),
        "idle": ([4], []),
    }


def test_content_that_comes_with_its_head() -> None:
    subject = _subject()
    waiting = Waiting(subject, Watch(), 10)
    waiting.content(13)
    waiting.end(13)
    assert _seen(subject) == {
        "shared": ([3], []),
        "own": ([3], []),
        "first_byte": ([3], []),
        "first_token": ([0], []),
    }


def test_no_head() -> None:
    subject, watch = _subject(), Watch()
    Waiting(subject, watch, 10).end(130, complete=False)
    assert _seen(subject) == {"shared": ([], [120]), "own": ([], [120]), "first_byte": ([], [120])}
    assert (watch.in_flight, subject.own.running) == (0, {})


@pytest.mark.parametrize("status, refused", [(200, False), (299, False), (300, True), (429, True), (504, True)])
def test_the_head_of_an_error_is_no_answer(status: int, refused: bool) -> None:
    subject = _subject()
    waiting = Waiting(subject, Watch(), 10)
    waiting.headed(70, status)
    waiting.end(71)
    waits = {"first_byte": ([], [61])} if refused else {"first_byte": ([60], []), "first_token": ([], [1])}
    assert _seen(subject) == {"shared": ([], [61]), "own": ([], [61]), **waits}


@pytest.mark.parametrize("complete", [True, False])
def test_the_longest_gap_of_a_broken_answer_is_only_the_longest_so_far(complete: bool) -> None:
    subject = _subject()
    waiting = Waiting(subject, Watch(), 10)
    waiting.content(11)
    waiting.end(400, 120, complete=complete)
    assert _seen(subject)["idle"] == (([120], []) if complete else ([], [120]))


def test_what_is_not_learned_is_not_counted_but_for_survival() -> None:
    subject = _subject(Mode.OFF)
    waiting = Waiting(subject, Watch(), 10)
    waiting.headed(12)
    waiting.content(17)
    waiting.end(30, 4)
    Waiting(subject, Watch(), 40).end(41)
    assert _seen(subject) == {"shared": ([7], [1]), "own": ([7], [1])}


STEPS = st.lists(
    st.tuples(st.sampled_from(["headed", "error", "content", "end", "broken"]), st.floats(-5, 500)), max_size=12
)


@given(STEPS)
def test_in_any_order_each_wait_is_counted_once(steps: list[tuple[str, float]]) -> None:
    subject, watch = _subject(), Watch()
    waiting = Waiting(subject, watch, 0)
    for what, now in [*steps, ("end", 600.0)]:
        if what in {"headed", "error"}:
            waiting.headed(now, 200 if what == "headed" else 500)
        elif what == "content":
            waiting.content(now)
        else:
            waiting.end(now, 3, complete=what == "end")
    first = next((place for place, (what, _) in enumerate(steps) if what in {"end", "broken"}), len(steps))
    said = [what for what, _ in steps[:first]]
    answered = "content" in said
    assert subject.own.counts(0) == subject.shared.counts(0) == ((1, 0) if answered else (0, 1))
    first_byte, first_token, idle = (sum(learner.waits.counts(0)) for learner in subject.learners.values())
    assert (first_byte, first_token, idle) == (1, int(answered or "headed" in said), int(answered))
    assert (watch.in_flight, subject.own.running, subject.shared.running) == (0, {}, {})
