from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.request import Call
from outwait.dialects.openai_responses.ask import ask
from outwait.dialects.openai_responses.conversation import Turn, expanded
from outwait.dialects.openai_responses.stored import input_items


def turn(given_input: Any, *output: Any) -> Turn:
    items = input_items(json.dumps({"input": given_input}).encode(), "resp_1")
    return Turn(json.dumps(items).encode(), json.dumps({"id": "resp_1", "output": output}).encode())


def grown(body: Any, *turns: Turn) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(expanded(json.dumps(body).encode(), turns))
    return told


def said(role: str, text: str) -> dict[str, Any]:
    kind = {"type": "output_text", "text": text, "annotations": []} if role == "assistant" else None
    return {"type": "message", "role": role, "content": [kind or {"type": "input_text", "text": text}]}


ANSWER = {
    "id": "msg_1", "type": "message", "status": "completed", "role": "assistant",
    "content": [
        {"type": "output_text", "text": "hello", "logprobs": [], "annotations": [
            {"type": "url_citation", "url": "u"}, {"type": "file_citation", "file_id": "f"}]},
        {"type": "refusal", "refusal": "no"},
    ],
}  # fmt: skip
CALL = {"id": "fc_1", "type": "function_call", "status": "completed", "call_id": "c", "name": "f", "arguments": "{}"}
BODY = {"model": "m", "instructions": "new", "previous_response_id": "resp_1", "input": "and now?"}


def test_earlier_turns_stand_in_front_oldest_first() -> None:
    told = grown(BODY, turn("one", ANSWER), turn("two", CALL))
    assert told["instructions"] == "new"
    assert "previous_response_id" not in told
    cited = {"type": "output_text", "text": "hello", "annotations": [{"type": "url_citation", "url": "u"}]}
    assert told["input"] == [
        said("user", "one"),
        {"type": "message", "role": "assistant", "content": [cited, {"type": "refusal", "refusal": "no"}]},
        said("user", "two"),
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        {"type": "message", "role": "user", "content": "and now?"},
    ]


def test_its_own_items_stay_byte_for_byte() -> None:
    own = b'{ "role":"user","content":"x" ,"n":1.50}'
    body = b'{"a" : 1.0,"input":[%s , 7],"previous_response_id":"resp_1"}' % own
    told = expanded(body, [turn("one")])
    assert own in told
    assert json.loads(told)["input"][-1] == 7


def test_calls_and_results_stay_paired() -> None:
    result = {"type": "function_call_output", "call_id": "c", "output": "42"}
    told = grown(BODY | {"input": [result]}, turn("one", CALL))
    assert [item.get("call_id") for item in told["input"]] == [None, "c", "c"]
    again = grown(BODY, turn("one", CALL), turn([result], ANSWER))
    assert again["input"][2] == result


def test_only_thoughts_that_can_be_shown_are() -> None:
    hidden = {"id": "rs_1", "type": "reasoning", "summary": []}
    sealed = {"id": "rs_2", "type": "reasoning", "summary": [], "encrypted_content": "x"}
    empty = hidden | {"encrypted_content": ""}
    told = grown(BODY, turn("one", hidden, sealed, empty))
    assert told["input"][1:-1] == [{"type": "reasoning", "summary": [], "encrypted_content": "x"}]


def test_hosted_tools_are_left_out_and_pictures_shown() -> None:
    told = grown(
        BODY,
        turn(
            "one",
            {"id": "ws_1", "type": "web_search_call", "status": "completed"},
            {"id": "ig_1", "type": "image_generation_call", "result": "AAAA", "output_format": "webp"},
            {"id": "ig_2", "type": "image_generation_call", "result": "BBBB"},
            {"id": "ig_3", "type": "image_generation_call", "result": None},
        ),
    )
    urls = [item["content"][0]["image_url"] for item in told["input"][1:-1]]
    assert urls == ["data:image/webp;base64,AAAA", "data:image/png;base64,BBBB"]


def test_what_needs_its_id_keeps_it() -> None:
    shell = {"id": "lsh_1", "type": "local_shell_call", "call_id": "c", "status": "completed", "action": {}}
    assert grown(BODY, turn("one", shell))["input"][1] == shell


def test_references_to_known_items_are_left_out() -> None:
    known: dict[str, Any] = {"type": "item_reference", "id": "msg_1"}
    unknown = {"type": "item_reference", "id": "msg_9"}
    told = grown(BODY | {"input": [known, {"id": "msg_1"}, unknown, {"id": 7}, {"id": "msg_1", "role": "user"}]},
                 turn("one", ANSWER), turn([known, unknown], CALL))  # fmt: skip
    assert told["input"][2:] == [
        unknown,
        {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
        unknown,
        {"id": 7},
        {"id": "msg_1", "role": "user"},
    ]


@pytest.mark.parametrize("own", [b"null", b"7", None])
def test_without_input_of_its_own(own: bytes | None) -> None:
    body = b"{}" if own is None else b'{"input":%s}' % own
    assert json.loads(expanded(body, [turn("one")]))["input"] == [said("user", "one")]
    assert json.loads(expanded(body, []))["input"] == []


def test_strange_turns_do_not_hinder() -> None:
    odd = {"type": "message", "role": "user", "content": "plain", "id": 7}
    strange = Turn(json.dumps([odd, 7]).encode(), json.dumps({"output": None}).encode())
    part = {"type": "message", "role": "assistant", "content": ["x"]}
    told = grown(BODY, strange, Turn(b"{}", json.dumps({"output": [part]}).encode()))
    assert told["input"][:2] == [{"type": "message", "role": "user", "content": "plain"}, part]


def test_a_conversation_can_be_told_in_any_dialect() -> None:
    body = expanded(json.dumps(BODY).encode(), [turn("one", ANSWER, CALL), turn(
        [{"type": "function_call_output", "call_id": "c", "output": "42"}], ANSWER)])  # fmt: skip
    asked = ask(Call("responses", "responses", "m", False, body))
    assert [turn.role for turn in asked.messages] == ["system", "user", "assistant", "tool", "assistant", "user"]
    assert asked.rest == {}


_ITEM = st.fixed_dictionaries(
    {"type": st.sampled_from(("message", "function_call", "reasoning", "item_reference", "new", 7, []))},
    optional={
        "id": st.text(max_size=2) | st.integers(), "role": st.just("user"),
        "content": st.text(max_size=3) | st.lists(st.integers(), max_size=2), "status": st.just("completed"),
    },
)  # fmt: skip


@given(st.lists(st.tuples(st.lists(_ITEM, max_size=3), st.lists(_ITEM, max_size=3)), max_size=3), st.text())
def test_any_items(turns: list[Any], text: str) -> None:
    told = [Turn(json.dumps(ins).encode(), json.dumps({"output": outs}).encode()) for ins, outs in turns]
    made = json.loads(expanded(json.dumps(BODY | {"input": text}).encode(), told))
    assert made["input"][-1]["content"] == text
    assert len(made["input"]) <= 1 + sum(len(ins) + len(outs) for ins, outs in turns)
