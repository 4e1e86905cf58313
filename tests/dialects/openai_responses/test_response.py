from __future__ import annotations

from typing import Any

import pytest
from openai.types.responses import Response

from outwait.core.reply import Usage
from outwait.dialects.openai_responses import response

ASKED: dict[str, Any] = {
    "instructions": "x",
    "max_output_tokens": 9,
    "metadata": {"a": "b"},
    "reasoning": {"effort": "low", "summary": None},
    "text": {"format": {"type": "json_object"}},
    "tools": [{"type": "function", "name": "f"}, {"type": "custom", "name": "g"}],
    "tool_choice": {"type": "function", "name": "f"},
    "temperature": None,
    "input": "not repeated",
}


def test_a_blank_response_has_all_that_clients_demand() -> None:
    made = Response.model_validate(response.blank("resp_1", "m"), strict=True)
    assert made.status == "in_progress"


def test_a_response_repeats_the_request() -> None:
    made = response.echo(ASKED, response.blank("resp_1", "m"))
    Response.model_validate(made)
    assert made["instructions"] == "x"
    assert made["reasoning"] == {"effort": "low", "summary": None}
    assert made["text"] == {"format": {"type": "json_object"}, "verbosity": "medium"}
    assert made["tools"][0] == {
        "type": "function", "name": "f", "description": None, "parameters": None, "strict": False,
    }  # fmt: skip
    assert made["tools"][1] == {"type": "custom", "name": "g"}
    assert made["temperature"] == 1.0
    assert "input" not in made


def test_what_was_not_asked_is_not_repeated() -> None:
    blank = response.blank("resp_1", "m")
    assert response.echo({"tools": None, "text": "x"}, blank) == blank


def test_usage() -> None:
    assert response.usage(Usage(10, 5, 4, 3, 2)) == {
        "input_tokens": 10,
        "input_tokens_details": {"cached_tokens": 4, "cache_write_tokens": 2},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 3},
        "total_tokens": 15,
    }


def test_ids_are_made_of_what_they_are_for() -> None:
    assert response.key_of(b"a", b"b") == response.key_of(b"a", b"b") != response.key_of(b"ab")


@pytest.mark.parametrize("body, fields", [(b'{"a":1}', {"a": 1}), (b"[]", {})])
def test_what_was_asked(body: bytes, fields: dict[str, Any]) -> None:
    assert response.asked(body) == fields
