from __future__ import annotations

import json
from contextlib import suppress

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.health import letter
from outwait.health.letter import LARGEST, VERSION, WORDS, Letter, Strange, Unreadable, What, Word

WORD = Word(What.REST, "one", "9f", "one/m", key=1, seconds=2.5)

text = st.text(max_size=20)
seconds = st.floats(0, 1e6)
word = st.builds(Word, st.sampled_from(What) | text, text, text, text, st.integers(0, 99), seconds, seconds, text, text)


def read_all(letters: list[bytes]) -> tuple[list[Word], list[object]]:
    words: list[Word] = []
    waits: list[object] = []
    for data in letters:
        assert len(data) <= LARGEST
        found = letter.read(data)
        words += found.words
        waits += found.waits
    return words, waits


def test_a_letter_is_plain_json() -> None:
    (data,) = letter.write([WORD])
    assert json.loads(data) == {
        "v": 1,
        "words": [{"what": "rest", "channel": "one", "mark": "9f", "endpoint": "one/m", "key": 1, "seconds": 2.5}],
    }
    assert list(letter.write([])) == []


@given(st.lists(word, max_size=20), st.lists(st.dictionaries(text, st.lists(st.integers(0, 9))), max_size=5))
def test_what_is_written_is_read(words: list[Word], waits: list[object]) -> None:
    assert read_all(list(letter.write(words, waits))) == (words, waits)


def test_much_becomes_several_letters() -> None:
    words = [msgspec.structs.replace(WORD, key=key) for key in range(3 * WORDS)]
    waits = [{"n": at, "text": "a" * (LARGEST // 3)} for at in range(7)]
    letters = list(letter.write(words, waits))
    assert len(letters) == 3 + 4
    assert read_all(letters) == (words, waits)


def test_what_fits_into_no_letter_is_left_out() -> None:
    assert read_all(list(letter.write([], [1, "a" * LARGEST, 2]))) == ([], [1, 2])
    almost = "a" * (LARGEST - len(b'{"v":1,"waits":[""]}'))
    assert read_all(list(letter.write([], [almost]))) == ([], [almost])


def test_what_a_newer_version_of_it_adds_is_passed_over() -> None:
    data = b'{"v":1,"mood":3,"words":[{"what":"sings","channel":"one","mark":"9f","song":[1]}]}'
    assert letter.read(data) == Letter(1, [Word("sings", "one", "9f")])


@pytest.mark.parametrize("data", [b'{"v":2}', b'{"v":0,"words":7}', b'{"v":2,"words":{"other":true}}'])
def test_another_version_is_strange(data: bytes) -> None:
    with pytest.raises(Strange, match="is not known here"):
        letter.read(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"[]",
        b'{"words":[]}',
        b'{"v":"1"}',
        b'{"v":1,"words":7}',
        b'{"v":1,"words":[{}]}',
        b'{"v":1,"words":[{"what":"cut","channel":"one","mark":"9f","key":-1}]}',
        b'{"v":1,"words":[{"what":"rest","channel":"one","mark":"9f","seconds":-1}]}',
        b'{"v":1,"words":[{"what":"rest","channel":"one","mark":"9f","seconds":1e300}]}',
        b'{"v":1,"words":[{"what":"rest","channel":"one","mark":"9f","seconds":NaN}]}',
        b'{"v":1,"words":[{"what":"' + b"a" * 1001 + b'","channel":"one","mark":"9f"}]}',
        b'{"v":1,"words":[{"what":"\xff","channel":"one","mark":"9f"}]}',
        b'{"v":1,"words":[' + b",".join([b'{"what":"","channel":"","mark":""}'] * (WORDS + 1)) + b"]}",
        b'{"v":1,"waits":' + b"[" * 100_000,
        b'{"v":1}' + b" " * LARGEST,
    ],
)
def test_what_is_no_letter(data: bytes) -> None:
    with pytest.raises(Unreadable, match=r"."):
        letter.read(data)


@given(st.binary() | st.binary().map(lambda data: b'{"v":1,"words":[' + data))
def test_whatever_comes_is_read_or_refused(data: bytes) -> None:
    with suppress(Unreadable, Strange):
        assert letter.read(data).v == VERSION
