from __future__ import annotations

from outwait.diagnosis.excerpt import _WORDS, LONGEST, excerpt


def test_what_is_short_is_read_whole() -> None:
    assert excerpt("x" * LONGEST) == "x" * LONGEST


def test_of_a_long_text_beginning_end_and_words_of_failure_are_read() -> None:
    text = "begin " + "x" * 100_000 + " Read Timed out here " + "y" * 100_000 + " end"
    found = excerpt(text)
    assert len(found) <= LONGEST
    for part in ("begin ", "Read Timed out here", " end"):
        assert part in found
    assert all(piece in text for piece in found.split("\n\x00\n"))


def test_words_everywhere_leave_it_bounded() -> None:
    text = "error: timeout exceeded, connection refused\n" * 100_000
    assert len(excerpt(text)) <= LONGEST
    apart = "".join(word + "y " * 240 for word in _WORDS) * 100  # no two of them share a piece
    assert LONGEST / 2 < len(excerpt(apart)) <= LONGEST
    assert all(word in excerpt(apart) for word in _WORDS)


def test_the_last_failure_of_a_long_log_is_read() -> None:
    lines = [f"error number {number}" for number in range(100_000)]
    assert "error number 99999" in excerpt("\n".join(lines))
