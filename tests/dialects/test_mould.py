from __future__ import annotations

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.mould import Mould

KEY = re.compile(rb'"content": ?"')
NAMES = st.sampled_from(("content", 'a"content', "content\\", "kind", "漢"))
VALUES = st.recursive(
    st.none() | st.integers() | st.sampled_from(("content", '"content":"', "hi", "", "\\", "a\nb", "漢", '":"')),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
DOCUMENTS = st.dictionaries(NAMES, VALUES, max_size=4)
WORDS = st.text(max_size=8) | st.sampled_from(('"', "\\", "a\nb", "\x00", "\x7f", '","content":"', "漢字", "hi"))


def made(event: bytes) -> Mould:
    mould = Mould(KEY)
    mould.learn(event)
    return mould


@pytest.mark.parametrize(
    "event, like",
    [
        (b'data: {"content":"hi","a":1}\n\n', b'data: {"content":"you","a":1}\n\n'),
        (b'data: {"content": "hi"}\n\n', b'data: {"content": "you"}\n\n'),
        (b'data: {"content":""}\n\n', b'data: {"content":"you"}\n\n'),
    ],
)
def test_an_event_with_other_words_fits(event: bytes, like: bytes) -> None:
    assert made(event).fits(like)
    assert not Mould(KEY).fits(like)


@pytest.mark.parametrize(
    "event",
    [
        b'{"content":"a\\nb"}',
        b'{"content":"a","b":{"content":"c"}}',
        b'{"content":null}',
        b'{"content" :"a"}',
        b"{}",
        b"",
    ],
)
def test_no_mould_is_made_where_there_is_not_one_string_without_escapes(event: bytes) -> None:
    assert not made(event).fits(event)


@pytest.mark.parametrize("words", [b" patience", "漢字".encode(), b"a'b", b" "])
def test_words_that_fit(words: bytes) -> None:
    assert made(b'{"content":"x"}').fits(b'{"content":"%b"}' % words)


@pytest.mark.parametrize(
    "words", [b"", b'"', b"a\\n", b"a\nb", b"\x00", b"\x7f", b"\xff", b"\xed\xa0\x80", b'a","b":"', "\u00a0".encode()]
)
def test_words_that_do_not(words: bytes) -> None:
    assert not made(b'{"content":"x"}').fits(b'{"content":"%b"}' % words)


@pytest.mark.parametrize(
    "event", [b'{"content":"x"', b'"content":"x"}', b'{"content":"x"}\n', b'{"content":', b"", b'"}']
)
def test_what_stands_around_the_words_must_be_the_same(event: bytes) -> None:
    assert not made(b'{"content":"x"}').fits(event)


def test_moulds_are_made_as_long_as_events_fit_them() -> None:
    mould = Mould(KEY)
    for number in range(9):
        mould.learn(b'{"created":%d,"content":"x"}' % number)
        assert mould.fits(b'{"created":%d,"content":"y"}' % number)
    for number in range(9):
        mould.learn(b'{"at":%d,"content":"x"}' % number)
    assert not mould.fits(b'{"at":8,"content":"x"}')
    assert not mould.fits(b'{"at":0,"content":"x"}')


def test_words_with_escapes_do_not_unmake_a_mould() -> None:
    mould = made(b'{"content":"x"}')
    for _ in range(9):
        mould.learn(b'{"content":"\\n"}')
    assert mould.fits(b'{"content":"y"}')


@given(DOCUMENTS, st.booleans(), st.sampled_from(((",", ":"), (", ", ": "))), WORDS, DOCUMENTS)
def test_what_fits_is_the_same_document_but_for_one_string(
    document: dict[str, object], plain: bool, separators: tuple[str, str], words: str, other: dict[str, object]
) -> None:
    """The other document is found by putting words where the first has a string, wherever that is."""
    event = json.dumps(document, ensure_ascii=plain, separators=separators).encode()
    mould = made(event)
    tries = [json.dumps(other, ensure_ascii=plain, separators=separators).encode()]
    tries += [
        event[: place.start()] + words.encode(errors="surrogatepass") + event[place.end() :]
        for place in re.finditer(rb'(?<=")[^"]*(?=")', event)
    ]
    for like in filter(mould.fits, tries):
        assert len(changes(document, json.loads(like))) <= 1


def changes(one: object, other: object) -> list[tuple[object, object]]:
    """Where two documents differ, and how."""
    if isinstance(one, dict) and isinstance(other, dict) and list(one) == list(other):
        return [found for name in one for found in changes(one[name], other[name])]
    if isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        return [found for pair in zip(one, other, strict=True) for found in changes(*pair)]
    return [] if one == other else [(one, other)]
