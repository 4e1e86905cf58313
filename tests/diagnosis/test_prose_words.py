from __future__ import annotations

import re

import pytest

from outwait.diagnosis import prose_words
from outwait.diagnosis.excerpt import LONGEST
from outwait.diagnosis.prose_words import (
    AND_MORE,
    BEYOND,
    DENIED,
    EACH_TIME,
    ENDED,
    FAR,
    FLOWING,
    HOP,
    HOP_TIMER,
    LEFT,
    LIMIT,
    LIMITED,
    LOST,
    NEVER,
    OWN_CLOCK,
    OWN_LENGTH,
    OWN_TIMER,
    QUIET,
    SPAN,
    TRIGGER,
    seconds,
)


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
    "span, length",
    [
        ("60 s", 60),
        ("60-second", 60),
        ("60000 ms", 60),
        ("2 minutes", 120),
        ("1-2 minutes", 60),
        ("4分钟", 240),
        ("60 секунде", 60),
        ("2 мин", 120),
        ("60秒", 60),
        ("2분", 120),
        ("a minute", 60),
        ("two minutes", 120),
        ("sixty seconds", 60),
        ("两分钟", 120),
        ("half a minute", 30),
        ("半分钟", 30),
        ("六十秒", 60),
        ("couple of minutes", 120),
        ("几分钟", 0),
    ],
)
def test_how_long_a_span_is(span: str, length: float) -> None:
    assert SPAN.fullmatch(span)
    assert seconds(span) == length


@pytest.mark.parametrize(
    "words, right, wrong",
    [
        (NEVER, "no call that takes so long ever succeeds", "no call was made"),
        (LOST, "they never come back", "they come back"),
        (BEYOND, "requests longer than ", "a longer text than "),
        (AND_MORE, " or longer", " or else"),
        (OWN_LENGTH, " is set to 600", " is long"),
        (FAR, "the server would have answered", "the server did not answer"),
        (FAR, "the model finishes after 8 minutes", "the model is good"),
        (OWN_CLOCK, "httpx has a read timeout", "the gateway has a read timeout"),
        (LEFT, "context canceled", "the context is long"),
        (LEFT, "it logs 499", "it took 1499 ms"),
        (HOP_TIMER, "nginx's default read timeout", "nginx logs that the client timed out"),
        (TRIGGER, "when it fires", "it is configured"),
        (DENIED, "but still", "and then"),
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
        "no call request ",
        "calls a b longer ",
        "the server keeps ",
        "would still be ",
        "client read ",
        "nginx a b ",
        "nginx代理网关",
        "上游其实",
        "client has ",
    ):
        for found in words.finditer((part * (LONGEST // len(part) + 1))[:LONGEST]):
            assert found[0]
