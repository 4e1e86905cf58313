"""What real libraries, proxies and servers printed when they failed on loopback, read by the engine.

tests/corpus/errors/make.py made the cases; a label says what was done, so a reading that names it is right by fact.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from outwait.diagnosis.causes import CAUSES, SIDES, UNKNOWN
from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom

CASES = Path(__file__).resolve().parents[1] / "corpus/errors/cases.jsonl"
CAUSE_SHARE, SIDE_SHARE, MISLED_SHARE = 0.92, 0.95, 0.06  # the last: sure of a wrong cause
FIELDS = {"id", "text", "made_by", "cause", "side", "also_ok", "also_side", "elapsed_s"}


@cache
def cases() -> tuple[dict[str, Any], ...]:
    return tuple(json.loads(line) for line in CASES.read_text("utf-8").splitlines())


@cache
def verdicts() -> tuple[tuple[str, bool, bool, bool], ...]:
    """Each case: what was said of it, whether cause and side are right, and whether it was said for sure."""
    told = []
    for case in cases():
        seen = read(Symptom(case["text"], elapsed=case.get("elapsed_s")))
        cause, side = seen.best.cause, str(seen.side)
        right = cause in {case["cause"], *case.get("also_ok", ())}
        # Of what nobody can tell, nobody's side can be told either.
        placed = side in {case["side"], *case.get("also_side", ())} or (right and cause == UNKNOWN == side)
        line = f"{case['id']}: {cause}, {side} ({seen.confidence}); it was {case['cause']}, {case['side']}"
        told.append((line, right, placed, seen.confidence == "high"))
    return tuple(told)


def wanted(share: float, right: list[bool], lines: list[str]) -> None:
    """Fail with the lines of what is wrong when less than `share` is right."""
    if sum(right) < share * len(right):
        wrong = [line for line, good in zip(lines, right, strict=True) if not good]
        head = f"{sum(right) / len(right):.1%} right, at least {share:.0%} wanted; wrong:"
        pytest.fail("\n  ".join([head, *wrong]), pytrace=False)


def test_the_cause_is_found() -> None:
    wanted(CAUSE_SHARE, [right for _, right, _, _ in verdicts()], [line for line, *_ in verdicts()])


def test_the_side_is_found() -> None:
    wanted(SIDE_SHARE, [placed for _, _, placed, _ in verdicts()], [line for line, *_ in verdicts()])


def test_what_is_said_for_sure_is_seldom_wrong() -> None:
    sure = [(line, right) for line, right, _, high in verdicts() if high]
    wanted(1 - MISLED_SHARE, [right for _, right in sure], [line for line, _ in sure])


def test_cases_are_whole() -> None:
    assert len(cases()) >= 120
    assert not [name for name, count in Counter(case["id"] for case in cases()).items() if count > 1]
    for case in cases():
        assert case.keys() <= FIELDS, case["id"]
        assert case["text"].strip(), case["id"]
        assert case["made_by"], case["id"]
        assert {case["cause"], *case.get("also_ok", ())} <= set(CAUSES), case["id"]
        assert {case["side"], *case.get("also_side", ())} <= set(SIDES), case["id"]


def test_cases_are_of_many_kinds() -> None:
    told = Counter(case["cause"] for case in cases())
    assert len(told) >= 22
    assert max(told.values()) <= len(cases()) / 5
