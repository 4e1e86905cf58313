from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.responses import ResponseItemList

from outwait.core.fault import Refusal
from outwait.dialects.openai_responses.stored import input_items, page


def items_of(given_input: Any) -> list[dict[str, Any]]:
    return input_items(json.dumps({"model": "m", "input": given_input}).encode(), "resp_1")


def test_a_string_is_a_user_message() -> None:
    (item,) = items_of("hi")
    assert item["id"].startswith("msg_")
    assert {key: value for key, value in item.items() if key != "id"} == {
        "type": "message",
        "role": "user",
        "status": "completed",
        "content": [{"type": "input_text", "text": "hi"}],
    }


GIVEN: list[Any] = [
    {"role": "developer", "content": "a"},
    {"role": "assistant", "content": "b"},
    {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "c"}], "id": "msg_own"},
    {"type": "reasoning", "id": "", "summary": []},
    {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}"},
    {"type": "function_call_output", "call_id": "c", "output": "1", "status": "incomplete"},
    {"type": "custom_tool_call", "call_id": "d", "name": "g", "input": "x"},
    {"type": "custom_tool_call_output", "call_id": "d", "output": "x"},
    {"type": "shell_call_output", "call_id": "e", "output": [], "max_output_length": 1},
]


def test_items_are_as_openai_shows_them() -> None:
    items = items_of(GIVEN)
    ResponseItemList.model_validate_json(json.dumps(page(items, limit="100", order="asc")), strict=True)
    assert [item["type"] for item in items[:3]] == ["message"] * 3
    assert items[1]["content"] == [{"type": "output_text", "text": "b", "annotations": [], "logprobs": []}]
    assert items[2]["id"] == "msg_own"
    assert items[3]["id"].startswith("rs_")
    assert "status" not in items[3]
    assert items[5]["status"] == "incomplete"
    assert len({item["id"] for item in items}) == len(items)
    assert items == items_of(GIVEN)
    assert input_items(json.dumps({"input": "hi"}).encode(), "resp_2")[0]["id"] != items_of("hi")[0]["id"]


def test_strange_items_do_not_hinder() -> None:
    odd = [7, {"id": "msg_1"}, {"type": 7}, {"type": []}, {"type": "new", "id": 7}, {"role": "user", "content": None}]
    items = items_of(odd)
    assert [item["type"] for item in items] == ["item_reference", 7, [], "new", "message"]
    assert [item["id"].partition("_")[0] for item in items] == ["msg", "item", "item", "item", "msg"]


@pytest.mark.parametrize("body", [b"{}", b'{"input":null}', b'{"input":7}', b'{"input":[]}', b"[]"])
def test_without_input_there_are_no_items(body: bytes) -> None:
    assert input_items(body, "resp_1") == []
    assert page([]) == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


ROWS = [{"id": str(number)} for number in range(30)]


def shown(**parameters: Any) -> tuple[list[int], bool]:
    told = page(ROWS, **parameters)
    ids = [row["id"] for row in told["data"]]
    assert (told["first_id"], told["last_id"]) == ((ids[0], ids[-1]) if ids else (None, None))
    return [int(ident) for ident in ids], told["has_more"]


@pytest.mark.parametrize(
    "parameters, ids, more",
    [
        ({}, list(range(29, 9, -1)), True),
        ({"order": "asc"}, list(range(20)), True),
        ({"order": "asc", "limit": "30"}, list(range(30)), False),
        ({"order": "asc", "limit": "2", "after": "4"}, [5, 6], True),
        ({"order": "desc", "limit": "2", "after": "1"}, [0], False),
        ({"after": "0"}, [], False),
        ({"order": "asc", "limit": "2", "before": "4"}, [2, 3], True),
        ({"order": "asc", "limit": "3", "after": "0", "before": "3"}, [1, 2], False),
        ({"order": "asc", "before": "0"}, [], False),
    ],
)
def test_a_page(parameters: dict[str, Any], ids: list[int], more: bool) -> None:
    assert shown(**parameters) == (ids, more)


@pytest.mark.parametrize(
    "name, value",
    [
        *(("limit", value) for value in ("0", "101", "-1", "x", "", "1.0", "\u0661", "0" * 99)),
        ("order", "up"),
        ("order", ""),
        ("after", "none"),
        ("before", ""),
    ],
)
def test_a_wrong_parameter_is_named(name: str, value: str) -> None:
    with pytest.raises(Refusal) as caught:
        page(ROWS, **{name: value})
    found = caught.value.fault
    assert (found.status, found.code, found.param) == (400, "invalid_value", name)


@given(st.integers(0, 120), st.integers(1, 100), st.sampled_from(("asc", "desc")))
def test_page_by_page_everything_is_seen_once(count: int, limit: int, order: str) -> None:
    rows = [{"id": str(number)} for number in range(count)]
    seen: list[str] = []
    after: str | None = None
    while True:
        told = page(rows, limit=str(limit), order=order, after=after)
        seen += [row["id"] for row in told["data"]]
        assert len(told["data"]) <= limit
        if not told["has_more"]:
            break
        after = told["last_id"]
    wanted = [row["id"] for row in rows]
    assert seen == (wanted if order == "asc" else wanted[::-1])


_ITEM = st.dictionaries(
    st.sampled_from(("id", "type", "role", "content", "status")), st.none() | st.integers() | st.text(max_size=5)
)


@given(st.lists(_ITEM | st.integers()) | st.text())
def test_any_input_has_ids(value: Any) -> None:
    assert all(isinstance(item["id"], str) and item["id"] for item in items_of(value))
