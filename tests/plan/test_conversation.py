"""A conversation keeps its name from turn to turn, however it is told; what says nothing has none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.request import Call
from outwait.plan.conversation import ENDPOINTS, HEADERS, conversation
from outwait.policy.stick import digest

DIALECTS = {
    "chat.completions": "openai",
    "responses": "responses",
    "messages": "anthropic",
    "generate_content": "gemini",
}


def _named(endpoint: str, body: Any, headers: dict[str, str] | None = None) -> int | None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return conversation(Call(DIALECTS.get(endpoint, "openai"), endpoint, "m", True, raw, headers or {}))


def _user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": text}


def _answer(text: str) -> dict[str, Any]:
    return {"role": "assistant", "content": text}


SYSTEM = {"role": "system", "content": "Be kind. " * 2000}
FIRST: dict[str, list[Any]] = {
    "chat.completions": [
        {"messages": [SYSTEM, _user("one")]},
        {"messages": [SYSTEM, _user("two")]},
    ],
    "responses": [
        {"instructions": "Be kind.", "input": [{"role": "developer", "content": "x"}, _user("one")]},
        {"instructions": "Be kind.", "input": [{"role": "developer", "content": "x"}, _user("two")]},
    ],
    "messages": [
        {"system": [{"type": "text", "text": "Be kind."}], "messages": [_user("one")]},
        {"system": [{"type": "text", "text": "Be kind."}], "messages": [_user("two")]},
    ],
    "generate_content": [
        {"systemInstruction": {"parts": [{"text": "Be kind."}]}, "contents": [{"parts": [{"text": "one"}]}]},
        {"systemInstruction": {"parts": [{"text": "Be kind."}]}, "contents": [{"parts": [{"text": "two"}]}]},
    ],
}
LISTS = {"chat.completions": "messages", "responses": "input", "messages": "messages", "generate_content": "contents"}


def test_every_endpoint_of_a_conversation_is_here() -> None:
    assert set(FIRST) == set(LISTS) == ENDPOINTS


@pytest.mark.parametrize("endpoint", sorted(ENDPOINTS))
def test_the_beginning_names_it_and_later_turns_do_not_matter(endpoint: str) -> None:
    one, two = FIRST[endpoint]
    assert _named(endpoint, one) is not None
    assert _named(endpoint, one) != _named(endpoint, two)
    key = LISTS[endpoint]
    later = {**one, key: [*one[key], _answer("well"), _user("and?")], "temperature": 1}
    assert _named(endpoint, later) == _named(endpoint, one)


@pytest.mark.parametrize("header", HEADERS)
def test_a_header_names_it_before_everything_else(header: str) -> None:
    body = {"prompt_cache_key": "k", "messages": [_user("one")]}
    assert _named("chat.completions", body, {header: "s-1"}) == digest("s-1")
    assert _named("embeddings", b"", {header: "s-1"}) == digest("s-1")
    assert _named("chat.completions", body, {header: ""}) == digest("k")


@pytest.mark.parametrize(
    "endpoint, fields",
    [
        ("chat.completions", {"prompt_cache_key": "k-1"}),
        ("responses", {"prompt_cache_key": "k-1"}),
        ("responses", {"conversation": "k-1"}),
        ("responses", {"conversation": {"id": "k-1"}}),
        ("messages", {"metadata": {"user_id": "k-1"}}),
        ("generate_content", {"cachedContent": "k-1"}),
    ],
)
def test_a_field_that_is_made_for_it_names_it(endpoint: str, fields: dict[str, Any]) -> None:
    assert _named(endpoint, {**FIRST[endpoint][0], **fields}) == digest("k-1")


@pytest.mark.parametrize("fields", [{"conversation": {"id": 5}}, {"conversation": 7}, {"prompt_cache_key": None}])
def test_what_is_no_name_is_none(fields: dict[str, Any]) -> None:
    one = FIRST["responses"][0]
    assert _named("responses", {**one, **fields}) == _named("responses", one)


def test_a_plain_input_counts_as_the_first_message() -> None:
    assert _named("responses", {"input": "one"}) == _named("responses", {"input": [_user("one")]})
    assert _named("responses", {"input": "one"}) != _named("responses", {"input": "two"})


def test_marks_that_move_and_pictures_do_not_count() -> None:
    plain = {"messages": [{"role": "user", "content": [{"type": "text", "text": "one"}]}]}
    marked = {"type": "text", "text": "one", "cache_control": {"type": "ephemeral"}}
    picture = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
    assert _named("messages", plain) == _named(
        "messages", {"messages": [{"role": "user", "content": [marked, picture]}]}
    )


def test_a_user_is_no_conversation() -> None:
    one = FIRST["chat.completions"][0]
    assert _named("chat.completions", {**one, "user": "u"}) == _named("chat.completions", one)


def test_only_so_many_messages_are_looked_at() -> None:
    before = [{"role": "system", "content": str(number)} for number in range(20)]
    one = {"messages": [*before, _user("one")]}
    assert _named("chat.completions", one) == _named("chat.completions", {"messages": [*before, _user("two")]})


def test_half_a_character_is_no_hindrance() -> None:
    raw = rb'{"messages":[{"role":"user","content":"\ud83d one"}]}'
    assert _named("chat.completions", raw) == _named("chat.completions", {"messages": [_user("  one")]})


@pytest.mark.parametrize(
    "endpoint, body",
    [
        ("embeddings", {"input": "x"}),
        ("chat.completions", b""),
        ("chat.completions", b"{"),
        ("chat.completions", {"messages": 5}),
        ("chat.completions", {"messages": []}),
        ("chat.completions", {"messages": [7]}),
        ("chat.completions", b'{"messages":[' + b"[" * 100_000 + b"]" * 100_000 + b"]}"),
        ("responses", {}),
        ("responses", {"input": 5}),
        ("messages", {"metadata": None}),
        ("messages", {"metadata": {"user_id": None}, "messages": [{"role": "user", "content": ""}]}),
        ("generate_content", {"contents": [{"parts": []}]}),
    ],
)
def test_what_says_nothing_has_no_name(endpoint: str, body: Any) -> None:
    assert _named(endpoint, body) is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["role", "content", "text", "parts", "id", "x"]), inner, max_size=3)
    ),
    max_leaves=12,
)
FIELDS = st.sampled_from(
    ["messages", "input", "contents", "system", "instructions", "metadata", "conversation", "prompt_cache_key"]
)


@given(st.sampled_from(sorted(ENDPOINTS)), st.dictionaries(FIELDS, JSON, max_size=4) | JSON)
def test_any_body_has_a_name_or_none_and_always_the_same(endpoint: str, body: Any) -> None:
    name = _named(endpoint, body)
    assert name == _named(endpoint, body)
    assert name is None or 0 <= name < 1 << 64
