from __future__ import annotations

from tests.toolkit.check.rows import bad, good

from outwait.toolkit.check.probe import Probe, rounded


def test_what_is_waited_for_is_the_first_content_or_else_the_end() -> None:
    assert good(ttft=0.5).wait == 0.5
    assert Probe(endpoint="a", total=1.5).wait == 1.5


def test_only_whole_answers_are_ok() -> None:
    assert good().ok
    assert not bad().ok
    assert not Probe(endpoint="a", outcome="timeout").ok


def test_spans_are_whole_microseconds() -> None:
    assert rounded(0.12345678) == 0.123457
    assert rounded(None) is None
