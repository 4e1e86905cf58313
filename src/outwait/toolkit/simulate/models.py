"""The lists of models, as OpenAI, Anthropic and Gemini tell them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.gemini import GEMINI
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT

Card = dict[str, object]

_GEMINI_PATH = "/v1beta/models"
_PATHS = (_GEMINI_PATH, "/v1/models", "/openai/v1/models", "/openai/models")
_VERBS = ["generateContent", "countTokens", "embedContent"]


@dataclass(frozen=True, slots=True)
class Shelf:
    """Where models are asked for. `name`: of the one asked for, "" for all. `speech`: whose list it is."""

    name: str
    speech: Speech


def shelf(path: str, headers: Mapping[str, str]) -> Shelf | None:
    """Which models `path` asks for, None if for none; on the path they share, providers are told apart by headers."""
    for base in _PATHS:
        if path == base or path.startswith(f"{base}/"):
            return Shelf(path[len(base) + 1 :], _speaker(base, headers))
    return None


def _speaker(base: str, headers: Mapping[str, str]) -> Speech:
    if base == _GEMINI_PATH or any(name.startswith("x-goog-") for name in headers):
        return GEMINI
    return ANTHROPIC if "anthropic-version" in headers else OPENAI_CHAT


def card(name: str, speech: Speech) -> Card:
    """One model."""
    if speech is ANTHROPIC:
        return {"id": name, "type": "model", "display_name": name, "created_at": "1970-01-01T00:00:00Z",
                "lifecycle": "active"}  # fmt: skip
    if speech is GEMINI:
        return {
            "name": f"models/{name}", "version": "1", "displayName": name, "description": "A script.",
            "inputTokenLimit": 1_048_576, "outputTokenLimit": 65_536, "supportedGenerationMethods": _VERBS,
        }  # fmt: skip
    return {"id": name, "object": "model", "created": 0, "owned_by": "simulate"}


def cards(names: Sequence[str], speech: Speech) -> Card:
    """All models, on one page."""
    told = [card(name, speech) for name in names]
    if speech is ANTHROPIC:
        return {"data": told, "has_more": False, "first_id": names[0], "last_id": names[-1]}
    if speech is GEMINI:
        return {"models": told}
    return {"object": "list", "data": told}
