"""The tables of patterns, all of them: well-formed, sourced, quick, and found by what they say they need."""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from re import _constants, _parser  # type: ignore[attr-defined]  # what an expression is made of, as `re` reads it
from time import process_time
from typing import Any

import pytest

from outwait import diagnosis
from outwait.core.fault import FAULTS, Side
from outwait.diagnosis.causes import CAUSES, NOBODY, SIDES, USUAL
from outwait.diagnosis.excerpt import LONGEST
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.pattern import Pattern, compiled
from outwait.diagnosis.patterns_chinese import CHINESE
from outwait.diagnosis.patterns_clocks import CLOCKS
from outwait.diagnosis.patterns_mishaps import MISHAPS
from outwait.diagnosis.patterns_phrases import PHRASES
from outwait.diagnosis.patterns_sentences import SENTENCES
from outwait.diagnosis.patterns_tongues import TONGUES
from outwait.diagnosis.patterns_words import WORDS
from outwait.diagnosis.read import read
from outwait.diagnosis.statuses import STATUSES
from outwait.diagnosis.symptom import Symptom

# Plain words have no page to be looked up on.
SPOKEN = {*CLOCKS, *SENTENCES, *PHRASES, *TONGUES, *CHINESE, *MISHAPS, *WORDS}
EXPRESSIONS = sorted({pattern.expression for pattern in PATTERNS})
REPEATS = (_constants.MAX_REPEAT, _constants.MIN_REPEAT, _constants.POSSESSIVE_REPEAT)
RUNS = ("1", "a", " ", "'", '"', "一", "错", "\\", "\\n", "1 ", "a ", "no ", "一 ")


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


def test_no_blank_is_lost_where_a_row_goes_on() -> None:
    """What a line begins with loses its blanks: `did(n't|` and ` not)` would become `didnot`."""
    glued = re.compile(
        r"\b(?:did|do|does|has|have|had|is|was|were|are|can|could|would|will)\((?:[^()]{0,40}\|)?(?:not|be|been)\b"
    )
    assert [each for each in EXPRESSIONS if glued.search(each)] == []


def test_no_row_stands_twice() -> None:
    twice = [row for row, count in Counter((each.expression, each.cause) for each in PATTERNS).items() if count > 1]
    assert twice == []


def endless(parsed: Any) -> bool:
    """Whether something in a parsed expression repeats without a bound."""
    for code, what in parsed:
        if code in REPEATS:
            if what[1] == _constants.MAXREPEAT or endless(what[2]):
                return True
        elif code is _constants.BRANCH:
            if any(map(endless, what[1])):
                return True
        elif (code in (_constants.SUBPATTERN, _constants.ASSERT, _constants.ASSERT_NOT) and endless(what[-1])) or (
            code is _constants.ATOMIC_GROUP and endless(what)
        ):
            return True
    return False


def compiled_ones() -> Iterator[tuple[str, re.Pattern[str]]]:
    """The expressions that stand in the room's modules beside the tables, and where."""
    for each in pkgutil.iter_modules(diagnosis.__path__):
        for name, value in vars(importlib.import_module(f"{diagnosis.__name__}.{each.name}")).items():
            stack = [value]
            while stack:
                found = stack.pop()
                if isinstance(found, re.Pattern):
                    yield f"{each.name}.{name}", found
                elif isinstance(found, (tuple, list)):
                    stack += found


def test_nothing_repeats_without_end() -> None:
    """A run of fifty thousand digits is tried at each of them: what repeats without a bound takes a second for each
    second of reading, squared.
    """
    assert [each for each in EXPRESSIONS if endless(_parser.parse(each))] == []
    long = {name for name, each in compiled_ones() if endless(_parser.parse(each.pattern))}
    assert long == {"fold._ODD"}  # a run of blanks, after which nothing follows: it never goes back


@pytest.mark.parametrize(
    "expression", ["[0-9]+ s", "a(b|c{2,})", "(?=x*)y", "(?:ab?){1,}", r"(?>\d+)x", "x(?:y(?:z+)?)?"]
)
def test_a_repetition_without_end_is_seen(expression: str) -> None:
    assert endless(_parser.parse(expression))
    assert not endless(_parser.parse("a{1,9}(b?|[cd]{0,40}){1,3}(?!.{0,80}e)"))


@pytest.mark.parametrize("length", [LONGEST // 8, pytest.param(LONGEST, marks=pytest.mark.slow)])
@pytest.mark.parametrize("start", range(0, len(EXPRESSIONS), 200))
def test_no_text_is_slow(start: int, length: int) -> None:
    """Each expression on the texts that are the worst for it: its own needle, over and over, and runs of one sign
    before its needle.
    """
    known = {pattern.expression: pattern for pattern in PATTERNS}
    most = 0.1 * length / (LONGEST // 8)  # seconds; what goes back over all it has seen takes ten times as long
    for expression in EXPRESSIONS[start : start + 200]:
        pattern: Pattern = known[expression]
        texts = [(pattern.needle or "error ") + filler for filler in ("", " ", " 1", "a" * 40)]
        texts = [(part * (length // len(part) + 1))[:length] for part in texts]
        texts += [f"{sign * (length // len(sign))}{pattern.needle}" for sign in RUNS]
        for text in texts:
            assert took(compiled(expression), text) < most, (expression, text[:80])


@pytest.mark.parametrize("length", [LONGEST // 8, pytest.param(LONGEST, marks=pytest.mark.slow)])
@pytest.mark.parametrize("sign", RUNS)
def test_the_rooms_own_expressions_are_quick(sign: str, length: int) -> None:
    text = sign * (length // len(sign))
    for name, expression in compiled_ones():
        assert took(expression, text) < length / LONGEST, name


@pytest.mark.parametrize(
    "tail", ["", " s timeout", "秒内没有收到数据", '" without data', " minutes ago: connection closed"]
)
@pytest.mark.parametrize("sign", RUNS)
@pytest.mark.slow
def test_a_text_of_any_run_is_read_at_once(sign: str, tail: str) -> None:
    before = process_time()
    read(Symptom(sign * (LONGEST // len(sign) - 40) + tail))
    assert process_time() - before < 3


def took(expression: re.Pattern[str], text: str) -> float:
    """Seconds of this process for all that is found; the best of a few, as others run beside it."""
    best = 1e9
    for _ in range(3):
        before = process_time()
        for _each in expression.finditer(text):
            pass
        best = min(best, process_time() - before)
        if best < 0.02:
            break
    return best


def test_statuses_are_those_of_failures() -> None:
    assert all(400 <= status <= 599 for status in STATUSES)
    assert {cause for _, cause, _ in STATUSES.values()} <= set(CAUSES)
    assert all(side in (None, *SIDES) for _, _, side in STATUSES.values())
