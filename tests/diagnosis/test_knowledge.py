"""The tables of patterns, all of them: well-formed, sourced, quick, and found by what they say they need."""

from __future__ import annotations

import re
from collections import Counter

import pytest

from outwait.core.fault import FAULTS, Side
from outwait.diagnosis.causes import CAUSES, NOBODY, SIDES, USUAL
from outwait.diagnosis.excerpt import LONGEST
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.pattern import Pattern, compiled
from outwait.diagnosis.patterns_chinese import CHINESE
from outwait.diagnosis.patterns_clocks import CLOCKS
from outwait.diagnosis.patterns_phrases import PHRASES
from outwait.diagnosis.patterns_sentences import SENTENCES
from outwait.diagnosis.patterns_tongues import TONGUES
from outwait.diagnosis.patterns_words import WORDS
from outwait.diagnosis.statuses import STATUSES

SPOKEN = {*CLOCKS, *SENTENCES, *PHRASES, *TONGUES, *CHINESE, *WORDS}  # plain words have no page to be looked up on
EXPRESSIONS = sorted({pattern.expression for pattern in PATTERNS})


def test_causes_and_sides_are_those_of_the_gateway() -> None:
    assert {kind.cause for kind in FAULTS.values()} <= set(CAUSES)
    assert sorted(SIDES) == sorted(Side)
    assert set(USUAL.values()) == {*SIDES, NOBODY}


def test_each_cause_can_be_found() -> None:
    known = {pattern.cause for pattern in PATTERNS}
    assert set(CAUSES) - known == set()


def test_rows_are_well_formed() -> None:
    wrong = [
        pattern
        for pattern in PATTERNS
        if pattern.cause not in CAUSES
        or pattern.side not in (None, *SIDES)
        or not 1 <= pattern.weight <= 100
        or not pattern.source.startswith("https://" if pattern not in SPOKEN else "")
        or pattern.expression != pattern.expression.strip()
        or "  " in pattern.expression
    ]
    assert wrong == []


def test_expressions_are_of_folded_text() -> None:
    """Folded text has small letters and no backslash; an expression with a capital would never be found."""
    odd = [each for each in EXPRESSIONS if re.sub(r"\\.", "", each) != re.sub(r"\\.", "", each).lower()]
    assert odd == []
    assert [each for each in EXPRESSIONS if r"\\" in each] == []


def test_no_row_stands_twice() -> None:
    twice = [row for row, count in Counter((each.expression, each.cause) for each in PATTERNS).items() if count > 1]
    assert twice == []


def test_what_repeats_without_end_is_plain() -> None:
    """Only single characters and classes may repeat without a bound, never groups or anything at all."""
    unbounded = re.compile(r"\)[*+]|(?<!\\)\.[*+]|\{\d*,\}")
    assert [each for each in EXPRESSIONS if unbounded.search(each)] == []


@pytest.mark.parametrize("length", [LONGEST // 8, pytest.param(LONGEST, marks=pytest.mark.slow)])
@pytest.mark.parametrize("start", range(0, len(EXPRESSIONS), 200))
def test_no_text_is_slow(start: int, length: int) -> None:
    """Each expression on the text that is the worst for it: its own needle, over and over. A slow one hangs here."""
    known = {pattern.expression: pattern for pattern in PATTERNS}
    for expression in EXPRESSIONS[start : start + 200]:
        pattern: Pattern = known[expression]
        for filler in ("", " ", " 1", "a" * 40):
            part = (pattern.needle or "error ") + filler
            compiled(expression).search((part * (length // len(part) + 1))[:length])


def test_statuses_are_those_of_failures() -> None:
    assert all(400 <= status <= 599 for status in STATUSES)
    assert {cause for _, cause, _ in STATUSES.values()} <= set(CAUSES)
    assert all(side in (None, *SIDES) for _, _, side in STATUSES.values())
