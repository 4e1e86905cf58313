from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.pattern import needle, rows


@pytest.mark.parametrize(
    "expression, needed",
    [
        ("connection refused", "connection refused"),
        (r"\benotfound\b", "enotfound"),
        ("connect(ion)? timed out", " timed out"),
        ("timed? ?out", "time"),
        ("one|another", ""),
        ("(one|another) thing", " thing"),
        (r"a\.b", "a.b"),
        (r"\[errno (111|61)\]", "[errno "),
        ("err_[a-z]{2,4}_code", "_code"),
        ("x{3}yz", "yz"),
        ("(a|b)", ""),
        ("[]x]yz", "yz"),
        ("end.*of", "end"),
        ("ab*cd", "cd"),
    ],
)
def test_the_needle_is_what_every_match_holds(expression: str, needed: str) -> None:
    assert needle(expression) == needed


@given(st.sampled_from(PATTERNS), st.data())
def test_every_match_holds_the_needle(pattern: object, data: st.DataObject) -> None:
    row = rows("https://example.com", 50, "dns_failure", pattern.expression)[0]  # type: ignore[attr-defined]
    text = data.draw(st.from_regex(re.compile(row.expression, re.ASCII)))
    found = re.search(row.expression, text, re.ASCII)
    assert found is not None
    assert row.needle in found[0]


def test_rows_are_parted_by_blanks() -> None:
    found = rows("https://example.com", 70, "dns_failure", "\n  one two   three\n  four  ", side="network")
    assert [row.expression for row in found] == ["one two", "three", "four"]
    assert {(row.weight, row.cause, row.side) for row in found} == {(70, "dns_failure", "network")}


def test_a_line_that_ends_with_a_bar_goes_on() -> None:
    found = rows("https://example.com", 70, "dns_failure", "\n  no (host|\n  name)\n  four\n")
    assert [row.expression for row in found] == ["no (host|name)", "four"]


def test_a_pattern_is_found_where_it_stands() -> None:
    row = rows("https://example.com", 70, "dns_failure", "no such (host|name)")[0]
    found = row.find("what? no such name")
    assert found is not None
    assert found.span() == (6, 18)
    assert row.find("no such thing") is None
    assert row.find("nothing") is None
