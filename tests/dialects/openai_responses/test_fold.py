from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from openai import OpenAI

from outwait.dialects.openai_responses.fold import Fold, replay, unfold
from outwait.dialects.openai_responses.response import blank
from outwait.dialects.sse import Splitter

ITEM = b'{ "type":"message", "id":"msg_1" }'


def fold(*events: bytes) -> bytes:
    gathered = Fold()
    for data in events:
        gathered.add(b"", data)
    return gathered.body()


def end(response: bytes, kind: bytes = b"completed") -> bytes:
    return b'{"type":"response.%s","response":%s}' % (kind, response)


def done(index: int, item: bytes = ITEM) -> bytes:
    return b'{"type":"response.output_item.done","output_index":%d,"item":%s}' % (index, item)


@pytest.mark.parametrize("kind", [b"completed", b"incomplete", b"cancelled"])
def test_the_last_event_has_the_response_byte_for_byte(kind: bytes) -> None:
    response = b'{ "id":"r", "output":[ 1 ] ,"n":1.50}'
    assert fold(done(0), b'{"type":"response.created"}', end(response, kind)) == response


@pytest.mark.parametrize("output", [b"[]", b"null", b'"nonsense"'])
def test_an_empty_output_is_filled_with_the_items(output: bytes) -> None:
    body = fold(done(1, b'{"n":2}'), done(0), end(b'{"id":"r","output":%s}' % output))
    assert json.loads(body) == {"id": "r", "output": [json.loads(ITEM), {"n": 2}]}


def test_a_missing_output_is_filled_too() -> None:
    assert json.loads(fold(done(0), end(b'{"id":"r"}')))["output"] == [json.loads(ITEM)]


def test_without_items_there_is_nothing_to_fill_in() -> None:
    assert fold(b'{"type":"response.output_item.done"}', end(b'{"output":[]}')) == b'{"output":[]}'


def test_half_a_character_is_no_obstacle() -> None:
    half = b'{"text":"\\ud83d"}'
    told = fold(done(0, half), end(b'{"output":[%s]}' % half))
    assert json.loads(told)["output"][0]["text"] == "\ud83d"


def test_deltas_are_not_looked_at() -> None:
    gathered = Fold()
    gathered.add(b"response.output_text.delta", b"whatever")
    assert gathered.body() == b""


@pytest.mark.parametrize("data", [b"{", b"[1]", b'{"type":"response.completed"}'])
def test_what_cannot_be_folded(data: bytes) -> None:
    with pytest.raises(ValueError):
        fold(data)


def settled(**fields: Any) -> dict[str, Any]:
    return {**blank("resp_1", "m", 1), "status": "completed", **fields}


MESSAGE = {
    "id": "msg_1", "type": "message", "role": "assistant", "status": "completed",
    "content": [
        {"type": "output_text", "text": "Hello", "annotations": [
            {"type": "url_citation", "url": "u", "title": "t", "start_index": 0, "end_index": 1}], "logprobs": []},
        {"type": "refusal", "refusal": "no"},
        {"type": "output_text", "text": "", "annotations": []},
    ],
}  # fmt: skip
OUTPUT: list[dict[str, Any]] = [
    {
        "id": "rs_1", "type": "reasoning", "encrypted_content": "x",
        "summary": [{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
        "content": [{"type": "reasoning_text", "text": "c"}],
    },
    MESSAGE,
    {"id": "fc_1", "type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
    {"id": "ctc_1", "type": "custom_tool_call", "call_id": "c2", "name": "f", "input": ""},
    {"id": "ws_1", "type": "web_search_call", "status": "completed", "action": {"type": "search", "query": "q"}},
    {
        "id": "ci_1", "type": "code_interpreter_call", "status": "completed", "container_id": "k",
        "code": "print()", "outputs": [],
    },
    {"id": "ig_1", "type": "image_generation_call", "status": "completed", "result": "AAAA"},
    {"id": "mcp_1", "type": "mcp_call", "name": "f", "server_label": "s", "arguments": "{}", "status": "failed"},
    {"id": "mcpl_1", "type": "mcp_list_tools", "server_label": "s", "tools": [], "error": "no"},
    {"id": "cmp_1", "type": "compaction", "encrypted_content": "x"},
]  # fmt: skip


def test_a_response_unfolds_into_a_valid_stream(
    strict: Callable[[bytes], Any], served: Callable[[bytes], OpenAI]
) -> None:
    response = settled(output=OUTPUT)
    stream = unfold(json.dumps(response).encode())
    events = strict(stream)
    kinds = [kind for kind, _ in events]
    assert [value["sequence_number"] for _, value in events] == list(range(len(events)))
    assert kinds[:2] == ["response.created", "response.in_progress"]
    assert events[0][1]["response"]["output"] == []
    assert events[-1][1]["response"] == response
    assert kinds.count("response.output_item.done") == kinds.count("response.output_item.added") == len(OUTPUT)
    assert "response.mcp_call.failed" in kinds
    assert "response.image_generation_call.completed" in kinds
    with served(stream).responses.stream(model="m", input="q") as reading:
        assert reading.get_final_response().output_text == "Hello"


def test_what_was_unfolded_folds_back() -> None:
    body = json.dumps(settled(output=OUTPUT)).encode()
    gathered = Fold()
    for name, data in Splitter().feed(unfold(body)):
        gathered.add(name, data)
    assert json.loads(gathered.body()) == json.loads(body)


@pytest.mark.parametrize("status", ["queued", "in_progress"])
def test_a_background_job_unfolds_into_its_state(strict: Callable[[bytes], Any], status: str) -> None:
    events = strict(unfold(json.dumps(settled(status=status, background=True)).encode()))
    assert [kind for kind, _ in events] == ["response.created", f"response.{status}"]
    assert events[1][1]["response"]["status"] == status


def test_strange_items_do_not_hinder() -> None:
    odd = [7, {"type": "message", "content": "words"}, {"type": "message", "content": ["x", {"type": "new"}]}, {}]
    assert unfold(json.dumps({"output": odd}).encode()).count(b"event: response.output_item.done") == 3


def test_what_cannot_be_unfolded() -> None:
    with pytest.raises(ValueError):
        unfold(b"[]")


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "queued"])
def test_a_replay_can_begin_anywhere(status: str) -> None:
    response = settled(output=OUTPUT, status=status)
    events = [event + b"\n\n" for event in replay(response).split(b"\n\n")[:-1]]
    assert json.loads(events[0].split(b"data: ")[1])["sequence_number"] == 0
    assert events[-1].startswith(b"event: response.%s\n" % status.encode())
    for after in range(-1, len(events) + 1):
        assert replay(response, after) == b"".join(events[after + 1 :])
