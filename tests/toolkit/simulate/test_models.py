from __future__ import annotations

from typing import Any

import pytest
from anthropic.types import ModelInfo
from google.genai import types
from openai.types import Model

from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.gemini import GEMINI
from outwait.toolkit.simulate.models import card, cards, shelf
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT


@pytest.mark.parametrize(
    "path,headers,speech,name",
    [
        ("/v1/models", {}, OPENAI_CHAT, ""),
        ("/v1/models/a/b", {}, OPENAI_CHAT, "a/b"),
        ("/openai/v1/models", {}, OPENAI_CHAT, ""),
        ("/v1/models/fast", {"anthropic-version": "2023-06-01"}, ANTHROPIC, "fast"),
        ("/v1beta/models", {}, GEMINI, ""),
        ("/v1/models/fast", {"x-goog-api-key": "x"}, GEMINI, "fast"),
    ],
)
def test_path_and_headers_say_whose_models(path: str, headers: dict[str, str], speech: Speech, name: str) -> None:
    found = shelf(path, headers)
    assert found is not None
    assert (found.speech is speech, found.name) == (True, name)


def test_other_paths_hold_no_models() -> None:
    assert shelf("/v1/modelsx", {}) is None


def test_cards_validate_against_the_sdks_types() -> None:
    Model.model_validate(card("fast", OPENAI_CHAT), strict=True)
    assert ModelInfo.model_validate(card("fast", ANTHROPIC)).id == "fast"
    told: Any = card("fast", GEMINI)
    assert told["name"] == "models/fast"
    assert types.Model(name=told["name"], display_name=told["displayName"], version=told["version"]).name


@pytest.mark.parametrize(
    "query,names,more",
    [
        ({"limit": "2"}, ["a", "b"], True),
        ({"limit": "2", "after_id": "b"}, ["c"], False),
        ({"limit": "0"}, ["a"], True),
        ({"limit": "5000"}, ["a", "b", "c"], False),
        ({"limit": "x"}, ["a", "b", "c"], False),
        ({"limit": "9" * 5000}, ["a", "b", "c"], False),
        ({"after_id": "c"}, [], False),
        ({"after_id": "unknown"}, [], False),
    ],
)
def test_anthropic_and_gemini_list_pages(query: dict[str, str], names: list[str], more: bool) -> None:
    told: Any = cards(["a", "b", "c"], ANTHROPIC, query)
    assert ([each["id"] for each in told["data"]], told["has_more"]) == (names, more)
    ends = (told["first_id"], told["last_id"])
    assert ends == ((names[0], names[-1]) if names else (None, None))
    other = {"limit": "pageSize", "after_id": "pageToken"}
    told = cards(["a", "b", "c"], GEMINI, {other[key]: value for key, value in query.items()})
    assert [each["name"] for each in told["models"]] == [f"models/{name}" for name in names]
    assert told.get("nextPageToken") == (names[-1] if more else None)
    assert len(cards(["a", "b", "c"], OPENAI_CHAT, query)["data"]) == 3  # type: ignore[arg-type]  # a list


def test_a_list_is_one_page_unless_another_is_asked_for() -> None:
    assert cards(["a", "b"], ANTHROPIC)["last_id"] == "b"
    assert cards(["a"], GEMINI)["models"] == [card("a", GEMINI)]
    assert cards(["a"], OPENAI_CHAT) == {"object": "list", "data": [card("a", OPENAI_CHAT)]}
