from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.diagnosis.fold import fold, loosened, uncoloured


@pytest.mark.parametrize(
    "plain, folded",
    [
        ("Read Timed Out", "read timed out"),
        ("read\n   timed\tout", "read timed out"),
        ('{\\"error\\": \\"Not Found\\"}', '{"error": "not found"}'),
        ("one\\ntwo\\r\\nthree", "one two three"),
        ("isn\u2019t \u201csupported\u201d", 'isn\'t "supported"'),
        ("│ ✕ [API Error:   terminated] │", " ✕ [api error: terminated] "),
        ("\\u65e0\\u53ef\\u7528\\u6e20\\u9053", "无可用渠道"),
        ("\\\\u003chtml\\\\u003e", "<html>"),
        ("&lt;title&gt; it&#39;s", "<title> it's"),
        ("Time out; time outside, my time out", "timeout; time outside, my timeout"),
        ("\x1b[31mE\x1b[1;31mrror\x1b[0m: \x1b[38;2;1;2;3mECONN\x1b[mRESET\x1b[K", "error: econnreset"),
        ("[31mError[0m: \\u001b[1mread\\x1b[0m \\033[4mok", "error: read ok"),
        ("\x1b]8;;http://x\x1b\\docs\x1b]8;;\x07 [1] [404] m", "docs [1] [404] m"),
        ("İstanbul", "İstanbul"),  # its small letter is longer, so it stays
        ("", ""),
    ],
)
def test_what_dressing_is_taken_away(plain: str, folded: str) -> None:
    assert fold(plain).text == folded


@pytest.mark.parametrize(
    "line, said",
    [
        ("200 209 - - sH-- 1/1", "server-timeout-h"),
        ("502 209 - - SH-- 1/1", "server-abort-h"),
        ("200 209 - - cD-- 1/1", "client-timeout-d"),
        ("200 209 - - CD-- 1/1", "client-abort-d"),
        ('{"termination_state":"sC","x":1}', "server-timeout-c"),
    ],
)
def test_the_case_of_a_session_state_is_kept_in_words(line: str, said: str) -> None:
    assert said in fold(line).text


def test_colours_are_taken_from_what_is_shown() -> None:
    assert uncoloured("\x1b[31mread \\u001b[1mECONN\x1b[0mRESET [1]") == "read ECONNRESET [1]"


def test_a_quote_is_what_stood_there() -> None:
    plain = 'Error:  \\"Connection\n   Refused\\" at host'
    folded = fold(plain)
    start = folded.text.index("connection refused")
    assert folded.quote(start, start + len("connection refused")) == "Connection\n   Refused"
    assert folded.quote(3, 3) == ""


@pytest.mark.parametrize(
    "folded, loose",
    [
        ("the model: 'x-1' does not exist", "the model x-1 does not exist"),
        ('lookup of "host": failed', 'lookup of host": failed'),  # what looks like a key keeps its sign
        ("it isn't *here*", "it isn't here"),
        ("12:30, http://host: closed", "12:30, http://host closed"),
        ("", ""),
    ],
)
def test_what_stands_around_single_words_is_taken_away(folded: str, loose: str) -> None:
    assert loosened(folded).text == loose


@given(st.text(alphabet=st.sampled_from("aB \n\\u65e0nrtİ&lt;’│\"'sH--"), max_size=60) | st.text(max_size=60))
def test_every_quote_stands_in_the_text(plain: str) -> None:
    folded = fold(plain)
    for start in range(len(folded.text)):
        for end in range(start, min(len(folded.text), start + 7)):
            assert folded.quote(start, end) in plain
    assert fold(plain).text == folded.text
