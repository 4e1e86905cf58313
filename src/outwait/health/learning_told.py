"""What is learned, as rows for people: one for each clock of which something is known."""

from __future__ import annotations

from collections.abc import Iterator

from outwait.health.learned import Subject
from outwait.health.learning_export import Lesson
from outwait.health.learning_rules import Mode
from outwait.policy import durations


def rows(subject: Subject, mode: Mode, now: float) -> Iterator[dict[str, object]]:
    """Rows of plain data. `configured`, `learned`: seconds, None where there are none; `used`: the learned span is the
    one that holds; `sentence`: what holds, and why.
    """
    for clock, learner in subject.learners.items():
        answered, cut = learner.waits.counts(now)
        if not answered and not cut and not learner.frozen:
            continue
        known = subject.configured.get(clock)
        learned = learner.learned(known.bounds, now) if known and known.movable else None
        if known is None:
            sentence = "no request has had this clock yet"
        elif known.movable:
            sentence = learner.explain(known.bounds, now)
        else:
            sentence = f"{durations.tell(known.span.seconds)} as written: {known.span.reason}"
        yield {
            **subject.key.plain(),
            "clock": clock.value,
            "configured": known.span.seconds if known else None,
            "learned": learned.seconds if learned else None,
            "used": learned is not None and mode is Mode.ON,
            "samples": answered + cut,
            "cut": cut,
            "frozen": learner.frozen,
            "sentence": sentence,
        }


def lessons(subject: Subject, now: float) -> Iterator[Lesson]:
    """The same for `learning_export`."""
    for clock, learner in subject.learners.items():
        known = subject.configured.get(clock)
        learned = learner.span(known.bounds, now) if known and known.movable else None
        yield Lesson(*subject.key, clock, known.span.seconds if known else None, learned.seconds if learned else None)
