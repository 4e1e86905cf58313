from __future__ import annotations

import re

import pytest

from outwait.diagnosis import prose_words
from outwait.diagnosis.excerpt import LONGEST
from outwait.diagnosis.prose_words import EACH_TIME, ENDED, FLOWING, HOP, LIMIT, LIMITED, OWN_TIMER, QUIET, SPAN


@pytest.mark.parametrize(
    "text, span",
    [
        ("after 60s", "60s"),
        ("within 60000 ms", "60000 ms"),
        ("a 30-second limit", "30-second"),
        ("for two minutes", "two minutes"),
        ("about 3-4 minutes", "3-4 minutes"),
        ("超过五分钟时", "五分钟"),
        ("60秒後", "60秒"),
        ("30초 뒤", "30초"),
        ("через 30 секунд", "30 секунд"),
        ("after 3 s", None),
        ("v1.60s", None),
        ("5 million", None),
    ],
)
def test_spans_in_many_units(text: str, span: str | None) -> None:
    found = SPAN.search(text)
    assert (None if found is None else found[0]) == span


@pytest.mark.parametrize(
    "words, right, wrong",
    [
        (QUIET, "the model is silent", "it silently drops"),
        (QUIET, "no bytes were sent", "no idea"),
        (ENDED, "the connection was suddenly closed", "the connection was opened"),
        (ENDED, "closes our idle streams", "closes the ticket"),
        (FLOWING, "tokens are still streaming", "the stream is still quiet"),
        (HOP, "behind an alb", "behind an albatross"),
        (EACH_TIME, "at exactly 60 s", "at some point"),
        (LIMIT, " second timeout for answers", " seconds later. timeout"),
        (LIMITED, "backend timeout of ", "a limit that is"),
        (OWN_TIMER, "idle, aborting", "aborted"),
    ],
)
def test_words_of_each_kind(words: re.Pattern[str], right: str, wrong: str) -> None:
    assert words.search(right)
    assert words.search(wrong) is None


@pytest.mark.parametrize("name", [name for name in vars(prose_words) if name.isupper() and name[0] != "_"])
def test_no_text_is_slow(name: str) -> None:
    """Each kind on texts that almost match, over and over. A slow one hangs here."""
    words: re.Pattern[str] = getattr(prose_words, name)
    for part in (
        "stream a b c ",
        "closes the ",
        "no new ",
        "without a ",
        "60 ",
        "all a ",
        "while it is ",
        "verbindung ",
    ):
        for found in words.finditer((part * (LONGEST // len(part) + 1))[:LONGEST]):
            assert found[0]
