from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.part import Thought
from outwait.dialects.openai_chat.thoughts import entry_of, own_entry, thought_of


@pytest.mark.parametrize(
    "entry, thought",
    [
        ({"type": "reasoning.text", "text": "a"}, Thought("a")),
        ({"type": "reasoning.summary", "summary": "s", "text": "no"}, Thought("s")),
        ({"type": "reasoning.text", "text": 3}, Thought()),
        (
            {"type": "reasoning.text", "text": "a", "signature": "s", "format": "anthropic", "id": "i"},
            Thought("a", "s", None, "i", "anthropic"),
        ),
        (
            {"type": "reasoning.encrypted", "data": "d", "format": "responses"},
            Thought("", None, "d", None, "responses"),
        ),
    ],
)
def test_entries_of_ours(entry: dict[str, Any], thought: Thought) -> None:
    assert thought_of(entry) == thought


@pytest.mark.parametrize(
    "entry",
    [
        {"type": "reasoning.text", "text": "a", "signature": "s", "format": "anthropic-claude-v1", "id": "x"},
        {"type": "reasoning.text", "signature": "s"},
        {"type": "reasoning.encrypted", "data": "d", "format": "xai-responses-v1", "more": [1]},
        {"type": "reasoning.summary", "summary": "s", "data": "d"},
    ],
)
def test_a_providers_own_entry_goes_back_as_it_came(entry: dict[str, Any]) -> None:
    thought = thought_of({**entry, "index": 3})
    assert thought.dialect == "openai"
    assert entry_of(thought) == own_entry(thought) == entry


TEXT = st.text(max_size=5)


@given(
    TEXT,
    st.tuples(TEXT, st.none()) | st.tuples(st.none(), TEXT),
    st.none() | TEXT,
    st.sampled_from(["anthropic", "gemini", "responses"]),
)
def test_a_proof_survives_a_chat_client(
    text: str, proof: tuple[str | None, str | None], ident: str | None, dialect: str
) -> None:
    thought = Thought(text, *proof, ident, dialect)
    entry = entry_of(thought)
    assert entry is not None
    assert thought_of(json.loads(json.dumps(entry))) == thought
    assert own_entry(thought) is None


@pytest.mark.parametrize("proof", ["no json", "[]", "{", '{"a":\ud800}'])
def test_a_proof_that_was_bent_is_left_out(proof: str) -> None:
    assert entry_of(Thought("a", proof, None, None, "openai")) is None


def test_a_thought_without_a_proof_has_no_entry() -> None:
    assert entry_of(Thought("a")) is None
    assert own_entry(Thought("a", dialect="openai")) is None
