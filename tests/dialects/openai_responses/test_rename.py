from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.request import Call, State
from outwait.dialects.openai_responses.rename import Announced, Renaming, of_continued, of_job

OURS = b'"id":"resp_ow"'


def renaming(**fields: Any) -> Renaming:
    body = json.dumps({"model": "m", "input": "q", "background": True, **fields}).encode()
    return Renaming(of_job(Call("responses", "responses", "m", True, body, state=State("resp_ow", background=True))))


def event(kind: str, number: int, response: bytes) -> bytes:
    return b'{ "type":"response.%s" , "sequence_number":%d, "response": %s }' % (kind.encode(), number, response)


@pytest.mark.parametrize("kind", ["created", "queued", "in_progress", "completed", "failed", "incomplete", "cancelled"])
def test_every_event_of_its_life_is_renamed_and_nothing_else(kind: str) -> None:
    said = b'{ "id":"resp_up", "background": true , "store":true,"previous_response_id": %s, "n":1.50, "o":[{"id":1}] }'
    reading = renaming(previous_response_id="resp_before")
    assert reading.handle == ""
    told = reading.event(event(kind, 4, said % b'"resp_there"'))
    assert told == event(kind, 4, said.replace(b"resp_up", b"resp_ow") % b'"resp_before"')
    assert (reading.handle, reading.sequence) == ("resp_up", 4)


def test_what_upstreams_leave_out_is_put_in() -> None:
    told = renaming().event(event("created", 0, b"{}"))
    assert told is not None
    assert json.loads(told)["response"] == {
        "id": "resp_ow", "background": True, "store": True, "previous_response_id": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "payload",
    [
        b'{"type":"response.output_text.delta","sequence_number":7,"delta":"resp_up"}',
        b'{"type":"response.of_the_future","response":{"id":"resp_up"}}',
        b'{"type":"response.created"}',
        b'{"type":"response.created","response":"resp_up"}',
        b"[DONE]",
        b'"x"',
        b'{"type":7}',
        b"[" * 100_000,
    ],
)
def test_other_events_stay_as_they_are(payload: bytes) -> None:
    reading = renaming()
    assert reading.event(payload) == payload
    assert reading.handle == ""


def test_half_a_character_is_no_obstacle() -> None:
    said = rb'{"id":"resp_up","text":"\ud83d","background":false,"store":true,"previous_response_id":null}'
    told = renaming().event(event("completed", 1, said))
    assert told == event("completed", 1, said.replace(b"_up", b"_ow").replace(b"false", b"true"))


def test_strange_ways_to_write_it() -> None:
    reading = renaming()
    twice = b'{"type":"response.created","response":1,"response":{"id":"a"}}'
    assert (reading.event(twice) or b"").startswith(b'{"type":"response.created","response":1,"response":{"')
    assert OURS in (reading.event(twice) or b"")
    escaped = b'{"type":"response.created","respons\\u0065":{"id":"a"}}'
    told = reading.event(escaped)
    assert told is not None
    assert json.loads(told)["response"]["id"] == "resp_ow"
    assert reading.handle == "a"
    deep = rb'{"type":"response.created","t":"\ud83d","respons\u0065":%s1%s}' % (b"[" * 200, b"]" * 200)
    assert reading.event(deep) == deep
    alien = rb'{"id":{"x":"\ud83d"},"t":"\ud83d"}'  # neither changed in place nor taken apart at once
    assert json.loads(reading.whole(alien))["id"] == "resp_ow"


def test_a_response_as_json() -> None:
    reading = renaming()
    assert OURS in reading.whole(b'{ "id":"resp_up" }')
    assert reading.whole(b"oops") == b"oops"
    broken = b'{"id":{"x":'
    assert reading.whole(broken) == broken
    reading.meet(b"oops")
    assert reading.handle == ""
    reading.meet(rb'{"id":"resp_up","t":"\ud83d"}')
    reading.meet(b'{"id":"another"}')
    assert reading.handle == "resp_up"


def test_over_another_connection_nothing_is_told_twice() -> None:
    reading = renaming()
    events = [event("created", 0, b"{}"), b'{"type":"x","sequence_number":1}', b'{"type":"x","sequence_number":2}']
    assert reading.event(events[0]) is not None
    assert reading.event(events[1]) == events[1]
    assert reading.event(events[1]) == events[1]  # a server that counts badly loses nothing before a break
    reading.resume()
    assert [reading.event(each) for each in events] == [None, None, events[2]]
    assert reading.event(b'{"type":"x"}') is not None
    assert reading.sequence == 2


def test_what_is_only_continued_keeps_its_own_id() -> None:
    body = b'{"model":"m","input":"q","previous_response_id":"resp_before"}'
    reading = Renaming(of_continued(Call("responses", "responses", "m", True, body)))
    said = b'{"id":"resp_up","background":false,"store":false,"previous_response_id":%s}'
    assert reading.event(event("created", 0, said % b"null")) == event("created", 0, said % b'"resp_before"')


def sent(*payloads: bytes) -> bytes:
    return b"".join(b"event: x\ndata: %s\n\n" % payload for payload in payloads)


def test_what_was_announced_stands_in_the_whole_answer() -> None:
    announced = Announced("resp_ow", 17)
    words = b'{"type":"response.output_text.delta","sequence_number":2,"delta":"resp_up"}'
    assert announced.retell(sent(words)) == sent(words)
    assert announced.retell(b"") == b""
    assert announced.handle == ""
    said = b'{"id":"%s","created_at":%s,"output":[{"id":"msg_1"}]}'
    first, last = said % (b"resp_up", b"7.5"), said % (b"resp_other", b"9")
    ours = said % (b"resp_ow", b"17")
    out = announced.retell(sent(event("created", -1, first), event("in_progress", 1, first), words))
    assert out == sent(event("created", -1, ours), event("in_progress", 1, ours), words)
    assert announced.retell(sent(event("completed", 9, last))) == sent(event("completed", 9, ours))
    assert announced.handle == "resp_up"
    large = event("completed", 9, last[:-1] + b',"text":"%s"}' % (b"x" * (9 << 20)))
    assert b'"id":"resp_ow"' in announced.retell(sent(large))


_TEXT = st.text(max_size=5)
_LEAF = st.none() | st.booleans() | st.integers(-9, 9) | _TEXT
_INNER = st.dictionaries(_TEXT | st.sampled_from(("id", "response")), _LEAF, max_size=2)
_JSON = _LEAF | _INNER | st.lists(_INNER, max_size=2)
_KEYS = _TEXT | st.sampled_from(("id", "store", "background", "previous_response_id", "output"))


@given(
    st.dictionaries(_KEYS, _JSON, max_size=4),
    st.sampled_from((None, 1)),
    st.booleans(),
    st.dictionaries(_TEXT, _JSON, max_size=2),
)
def test_whatever_the_response_is(
    response: dict[str, Any], indent: int | None, ascii_only: bool, around: dict[str, Any]
) -> None:
    value = {**around, "type": "response.created", "response": response, "sequence_number": 3}
    told = renaming().event(json.dumps(value, indent=indent, ensure_ascii=ascii_only).encode())
    assert told is not None
    changed = {"id": "resp_ow", "background": True, "store": True, "previous_response_id": None}
    assert json.loads(told) == value | {"response": response | changed}


@given(st.binary(max_size=60))
def test_any_bytes(payload: bytes) -> None:
    reading = renaming()
    reading.meet(payload)
    assert reading.event(payload) == payload
    if not payload.startswith(b"{"):
        assert reading.whole(payload) == payload
