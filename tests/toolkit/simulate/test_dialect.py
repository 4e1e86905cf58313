from __future__ import annotations

import pytest

from outwait.toolkit.simulate.answer import Question
from outwait.toolkit.simulate.dialect import BadCallError, Envelope, bearer, taking_turns, wrapped
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT


def test_a_bad_call_names_its_field() -> None:
    error = BadCallError("'n' must be an integer.", "n")
    assert (str(error), error.param) == ("'n' must be an integer.", "n")
    assert BadCallError("no JSON").param is None


def test_several_take_turns_until_the_longest_has_ended() -> None:
    assert list(taking_turns(map(iter, ("ad", "", "bef", "c")))) == list("abcdef")
    assert not list(taking_turns(()))


def test_a_ping_is_a_comment_that_ends_its_event() -> None:
    assert OPENAI_CHAT.ping.startswith(b":")
    assert OPENAI_CHAT.ping.endswith(b"\n\n")


@pytest.mark.parametrize(
    "pieces,whole",
    [((), [b"<>"]), ((b"a",), [b"<a>"]), ((b"a", b"b"), [b"<a", b"b>"]), ((b"a", b"b", b"c"), [b"<a", b"b", b"c>"])],
)
def test_the_first_piece_opens_and_the_last_one_closes(pieces: tuple[bytes, ...], whole: list[bytes]) -> None:
    assert list(wrapped(b"<", iter(pieces), b">")) == whole
    assert list(wrapped(b"", iter(()), b"")) == []


@pytest.mark.parametrize(
    "headers,key",
    [
        ({"authorization": "Bearer a", "api-key": "b"}, "a"),
        ({"authorization": "Basic a", "api-key": "b"}, "b"),
        ({}, None),
    ],
)
def test_the_key_is_a_bearers_or_azures(headers: dict[str, str], key: str | None) -> None:
    assert bearer(Envelope(headers=headers)) == key


def test_the_content_type_is_that_of_the_stream_or_json() -> None:
    assert OPENAI_CHAT.type_of(Question("fast", True, "", 0)).startswith("text/event-stream")
    assert OPENAI_CHAT.type_of(Question("fast", False, "", 0)) == "application/json"
