"""The judge of the matrix: it must find fault with what is at fault, or a green table means nothing."""

from __future__ import annotations

from typing import Any

import pytest
from tests.conformance import page
from tests.conformance.cases import Case
from tests.conformance.verdict import ASKED_AT, judge
from tests.conformance.voices import DIALECTS, VOICES

TEXT = " ".join(["word"] * 40)
WHOLE = {"text": TEXT, "finish": "stop", "seconds": 12.1, "tries": 1}
BROKEN = {"text": "", "seconds": 2.4, "tries": 1, "error": "APIError", "status": 500, "message": "It failed."}
CALLS = [
    {"name": "get_weather", "arguments": {"city": "Paris", "days": 1}},
    {"name": "get_time", "arguments": {"city": "Oslo", "days": 2}},
]
RESULTS = "Results: get_weather of Paris says fine; get_time of Oslo says fine"
ROUND = {**WHOLE, "text": RESULTS, "calls": CALLS, "pieces": 6, "tries": 2}


def asked(calls: int, out: str = "anthropic") -> list[str]:
    return [f"/somewhere{ASKED_AT[out]}"] * calls


def case(what: str, mode: str = "stream", out: str = "anthropic") -> Case:
    return Case(VOICES[0], out, "nginx", mode, what)


@pytest.mark.parametrize(
    "what,mode,row,calls",
    [
        ("silent", "stream", WHOLE, 1),
        ("leave", "json", {**WHOLE, "seconds": 5.0, "tries": 2}, 1),
        ("tools", "stream", ROUND, 1),
        ("late", "stream", BROKEN, 1),
        ("late", "json", {**BROKEN, "tries": 2}, 1),
        ("late", "stream", {"text": "", "finish": "response.failed", "seconds": 2.0, "tries": 1}, 1),
        ("late", "json", {**BROKEN, "error": "TypeError", "status": None, "message": "terminated"}, 1),
        ("truncate", "json", {**BROKEN, "status": 502}, 1),
        ("direct", "json", {**BROKEN, "status": 504, "seconds": 3.0}, 1),
    ],
)
def test_good(what: str, mode: str, row: dict[str, Any], calls: int) -> None:
    assert judge(case(what, mode), row, asked(calls)).problems == ()


@pytest.mark.parametrize(
    "what,mode,row,calls,problem",
    [
        ("silent", "stream", BROKEN, 1, "It failed."),
        ("silent", "stream", {**WHOLE, "text": "word"}, 1, "1 words of 40"),
        ("silent", "json", {**WHOLE, "text": None, "finish": None}, 1, "finish is None"),
        ("silent", "stream", WHOLE, 2, "called 2 times"),
        ("silent", "stream", {**WHOLE, "seconds": 3.0}, 1, "answered after 3.0 s"),
        ("leave", "stream", WHOLE, 1, "was not cut off"),
        ("tools", "stream", BROKEN, 1, "It failed."),
        ("tools", "stream", {**ROUND, "calls": CALLS[:1]}, 1, "calls are"),
        ("tools", "stream", {**ROUND, "text": "Results:"}, 1, "did not arrive"),
        ("tools", "stream", {**ROUND, "finish": None}, 1, "finish is None"),
        ("tools", "stream", {**ROUND, "pieces": 2}, 1, "came in 2 pieces"),
        ("tools", "json", ROUND, 3, "called 3 times"),
        ("truncate", "stream", {**WHOLE, "text": "word word word"}, 1, "looks whole"),
        ("late", "json", {"text": None, "finish": None, "seconds": 2.0, "tries": 1}, 1, "looks whole"),
        ("late", "stream", {**BROKEN, "error": "IndexError"}, 1, "IndexError"),
        ("late", "stream", {**BROKEN, "seconds": 45.0}, 1, "told after 45.0 s"),
        ("late", "json", {**BROKEN, "tries": 2}, 2, "none was given what another had missed"),
        ("late", "json", {**BROKEN, "tries": 2, "status": None}, 1, "not the true error"),
        ("direct", "json", WHOLE, 1, "came through"),
        ("direct", "json", BROKEN, 1, "was told APIError 500"),
    ],
)
def test_bad(what: str, mode: str, row: dict[str, Any], calls: int, problem: str) -> None:
    assert problem in "; ".join(judge(case(what, mode), row, asked(calls)).problems)


def test_an_upstream_asked_in_another_dialect_is_a_problem() -> None:
    problems = judge(case("silent", out="gemini"), WHOLE, asked(1, "chat")).problems
    assert problems == ("the upstream was asked at /somewhere/chat/completions",)


def test_whole_arguments_are_no_fault_where_the_upstream_tells_them_whole() -> None:
    assert judge(case("tools", out="gemini"), {**ROUND, "pieces": 2}, asked(1, "gemini")).passed


def test_the_page_shows_what_failed_and_what_was_seen() -> None:
    verdicts = {
        each: judge(each, WHOLE if each.out != "gemini" else BROKEN, asked(1, each.out))
        for each in (case("silent", out=out) for out in DIALECTS)
    }
    verdicts |= {
        (late := case("late")): judge(late, BROKEN, asked(1)),
        (direct := case("direct")): judge(direct, {**BROKEN, "status": 504}, asked(1)),
    }
    text = page.markdown(verdicts)
    assert "6 calls, 5 as they must be" in text
    assert "| ✓ – – | ✓ – – | ✓ – – | **1/1 ✗** – – |" in text
    assert "`APIError 500`" in text
    assert "- openai-python chat to gemini, silent, stream behind nginx: APIError: It failed." in text
