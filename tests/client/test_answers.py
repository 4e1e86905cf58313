from __future__ import annotations

import json

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.client.lines import BEATS, Cut, beaten, chat, cuts, pieces, responses

from outwait.client.answers import ENDS, LAST, SIGNS, Answer, Bytes, Events, Numbered
from outwait.dialects.passthrough.endpoints import ENDPOINTS as PLAIN

EVENTS = chat(6)
WHOLE = b"".join(EVENTS)
NUMBERED = responses(5)


def connections(answer: Answer, tell: list[bytes], made: list[Cut], *, after: bool = True) -> bytes:
    """What is passed on when the gateway has `tell` (one for each connection, or the last one again), each cut."""
    passed = b""
    for number, (most, splits) in enumerate([*made, (1 << 30, [])]):
        events = tell[min(number, len(tell) - 1)]
        line = _behind(events, answer.after) if after else events
        for piece in pieces(line[:most], splits):
            passed += answer.take(piece)
        if number < len(made):
            answer.again()
    return passed + answer.rest()


def _behind(events: bytes, after: int) -> bytes:
    """What a gateway sends that is asked for what is behind `after` events; its heartbeats are counted by nobody."""
    at = 0
    while after:
        end = events.index(b"\n\n", at) + 2
        block = events[at:end].lstrip(b"\n")
        after -= block.startswith(b"data:") or (block.startswith(b"event:") and b'"ping"' not in block)
        at = end
    return events[at:]


# -- events ------------------------------------------------------------------------------------------------------------


@given(cuts(len(WHOLE)))
def test_whatever_the_cuts_the_events_are_the_same_bytes(made: list[Cut]) -> None:
    answer = Events("chat/completions")
    assert connections(answer, [WHOLE], made) == WHOLE
    assert answer.ended


@given(cuts(len(WHOLE)), st.lists(st.sets(st.integers(0, 6)), min_size=6, max_size=6), st.sampled_from(BEATS))
def test_heartbeats_of_any_connection_do_not_count(made: list[Cut], beats: list[set[int]], beat: bytes) -> None:
    told = [beaten(EVENTS, sorted(each), beat) for each in beats]
    passed = connections(Events("chat/completions"), told, made)
    events = [each.lstrip(b"\n") + b"\n\n" for each in passed.split(b"\n\n") if b"data: " in each]
    assert [each for each in events if b'"ping"' not in each] == EVENTS


def test_only_whole_events_are_passed_on() -> None:
    answer = Events("messages")
    assert answer.take(EVENTS[0] + EVENTS[1][:20]) == EVENTS[0]
    assert answer.after == 1
    answer.again()
    assert answer.take(EVENTS[1]) == EVENTS[1]
    assert answer.rest() == b""


def test_what_the_server_left_open_is_passed_on_at_the_end() -> None:
    answer = Events("chat/completions")
    assert answer.take(b"data: 1") == b""
    assert answer.rest() == b"data: 1"


@pytest.mark.parametrize("endpoint", sorted(ENDS))
def test_an_end_is_known(endpoint: str) -> None:
    for mark in ENDS[endpoint]:
        answer: Events = Numbered() if endpoint == "responses" else Events(endpoint)
        assert answer.marked
        answer.take(b'data: {"type":"x"}\n\n')
        assert not answer.ended
        answer.take(b"data: [DONE]\n\n" if mark == b"[DONE]" else b'event: %b\ndata: {"type":"%b"}\n\n' % (mark, mark))
        assert answer.ended


def test_nothing_comes_behind_some_ends() -> None:
    for endpoint in ("chat/completions", "images/generations"):
        answer = Events(endpoint)
        assert not answer.over
        answer.take(b"data: [DONE]\n\n")
        assert answer.ended
        assert answer.over is (endpoint in LAST)
    assert not Bytes(json=True).over
    assert ENDS.keys() > LAST


def test_a_dialect_without_an_end_says_so() -> None:
    answer = Events("images/variations")
    answer.take(b"data: [DONE]\n\n")
    assert (answer.marked, answer.ended) == (False, False)


@pytest.mark.parametrize("sign", SIGNS)
def test_geminis_end_is_in_an_event(sign: bytes) -> None:
    answer = Events("models/x:streamGenerateContent")
    answer.take(b'data: {"candidates":[{}]}\r\n\r\n')
    before = answer.ended
    answer.take(b'data: {"candidates":[{%b:1}]}\r\n\r\n' % sign)
    assert (answer.marked, before, answer.ended) == (True, False, True)


def test_the_ends_are_those_of_the_gateway() -> None:
    for row in PLAIN.values():
        if row.ends:
            assert {end.encode() for end in row.ends} < ENDS[row.path.removeprefix("/")]


def test_a_failure_is_told_in_the_dialect() -> None:
    body = b'{"error":\n{"message":"no"}}'
    assert Events("messages").failed(body) == b'event: error\ndata: {"error": {"message":"no"}}\n\n'
    assert Events("chat/completions").failed(body) == b'data: {"error": {"message":"no"}}\n\ndata: [DONE]\n\n'
    assert Events("models/x:streamGenerateContent").failed(body) == b'data: {"error": {"message":"no"}}\n\n'
    assert Numbered().failed(body).startswith(b"data: ")
    assert Bytes(json=True).failed(body) == b""


def test_fresh_is_what_this_connection_brought() -> None:
    answer, seen = Events(""), []
    for piece in (b"", b": p"):
        answer.take(piece)
        seen.append(answer.fresh)
    answer.again()
    assert [*seen, answer.fresh] == [False, True, False]


# -- numbered events ---------------------------------------------------------------------------------------------------


@given(cuts(600))
@example([(200, []), (0, []), (90, [])])
def test_whatever_the_cuts_numbered_events_are_the_same_bytes(made: list[Cut]) -> None:
    answer = Numbered()
    assert connections(answer, [b"".join(NUMBERED)], made, after=False) == b"".join(NUMBERED)
    assert answer.ended


def in_progress(before: list[int]) -> bytes:
    """The answer as a connection gets it whose silences were filled with numbered events."""
    told, number = [], 0
    for at, event in enumerate(NUMBERED):
        for _ in range(before.count(at)):
            told.append(json.dumps({"type": "response.in_progress", "sequence_number": number}).encode())
            number += 1
        frame = json.loads(event.partition(b"data: ")[2])
        told.append(json.dumps(frame | {"sequence_number": number}).encode())
        number += 1
    return b"".join(b"event: %b\ndata: %b\n\n" % (json.loads(each)["type"].encode(), each) for each in told)


@given(cuts(900), st.lists(st.lists(st.integers(2, 7), max_size=4), min_size=6, max_size=6))
def test_numbered_heartbeats_do_not_lose_words(made: list[Cut], beats: list[list[int]]) -> None:
    """Each word comes once, in order, and the numbers the client sees go up one by one."""
    answer = Numbered()
    passed = connections(answer, [in_progress(each) for each in beats], made, after=False)
    frames = [json.loads(each.partition(b"data: ")[2]) for each in passed.split(b"\n\n")[:-1]]
    words = [each["type"] for each in frames if each["type"] != "response.in_progress"]
    assert words == ["response.created", *["response.output_text.delta"] * 5, "response.completed"]
    assert [each["sequence_number"] for each in frames] == list(range(len(frames)))


def test_numbers_go_on_where_the_client_is() -> None:
    answer = Numbered()
    answer.take(in_progress([2, 2, 3]).partition(b"event: response.completed")[0])
    answer.again()
    last = answer.take(b"".join(NUMBERED))
    assert json.loads(last.partition(b"data: ")[2]) == {
        "type": "response.completed",
        "sequence_number": 10,
        "delta": "x",
    }


def test_events_without_numbers_and_words_that_are_no_json() -> None:
    plain = b'data: {"type":"response.created"}\n\ndata: {"type":"a"}\n\ndata: nonsense\n\n: c\n\n'
    answer = Numbered()
    assert answer.take(plain) == plain
    answer.again()
    assert answer.take(plain + b'data: {"type":"b"}\n\n') == b': c\n\ndata: {"type":"b"}\n\n'


def test_numbered_answers_are_asked_for_from_their_beginning() -> None:
    answer = Numbered()
    answer.take(NUMBERED[0])
    assert answer.after == 0
    answer.again()
    assert answer.take(NUMBERED[0]) == b""
    assert not answer.fresh


# -- bytes -------------------------------------------------------------------------------------------------------------

ARRAY = b'[{"text":"a b"},\r\n{"text":"\\n c"},\r\n{"text":""}]'


@given(cuts(len(ARRAY) + 4), st.lists(st.sets(st.integers(0, 3)), min_size=6, max_size=6))
def test_an_array_is_whole_whatever_its_heartbeats(made: list[Cut], beats: list[set[int]]) -> None:
    elements = ARRAY.split(b",\r\n")
    told = []
    for each in beats:
        parts = [element + b"\n" * (number in each) for number, element in enumerate(elements)]
        told.append(b",\r\n".join(parts))
    passed = connections(Bytes(json=True), told, made, after=False)
    assert passed.replace(b"\n", b"") == ARRAY.replace(b"\n", b"")
    assert json.loads(passed) == json.loads(ARRAY)


@given(cuts(40))
def test_sound_is_the_same_bytes(made: list[Cut]) -> None:
    sound = bytes(range(40))
    answer = Bytes(json=False)
    assert connections(answer, [sound], made, after=False) == sound
    assert not answer.ended


def test_bytes_that_come_again_are_nothing_new() -> None:
    answer = Bytes(json=False)
    answer.take(b"abc")
    answer.again()
    assert answer.take(b"ab") == b""
    assert not answer.fresh
    assert answer.take(b"cd") == b"d"
    assert answer.fresh
