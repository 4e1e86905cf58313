"""The lists of models, as OpenAI, Anthropic and Gemini tell them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.gemini import GEMINI
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT

Card = dict[str, object]

_GEMINI_PATH = "/v1beta/models"
_PATHS = (_GEMINI_PATH, "/v1/models", "/openai/v1/models", "/openai/models")
_MOST = 1000  # models on a page, at both
_NO_QUERY: Mapping[str, str] = MappingProxyType({})
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


def cards(names: Sequence[str], speech: Speech, query: Mapping[str, str] = _NO_QUERY) -> Card:
    """All models, or as many of them as `query` asks for: Anthropic's by `limit` and `after_id`, Gemini's by `pageSize`
    and `pageToken`. OpenAI knows no pages.
    """
    if speech is ANTHROPIC:
        page, more = _page(names, query.get("after_id"), query.get("limit", ""))
        ends = (page[0], page[-1]) if page else (None, None)
        data = [card(name, speech) for name in page]
        return {"data": data, "has_more": more, "first_id": ends[0], "last_id": ends[1]}
    if speech is GEMINI:
        page, more = _page(names, query.get("pageToken"), query.get("pageSize", ""))
        told: Card = {"models": [card(name, speech) for name in page]}
        return told | {"nextPageToken": page[-1]} if more else told
    return {"object": "list", "data": [card(name, speech) for name in names]}


def _page(names: Sequence[str], after: str | None, count: str) -> tuple[Sequence[str], bool]:
    """The names behind `after`, as many as `count` says, and whether there are more."""
    start = 0 if after is None else names.index(after) + 1 if after in names else len(names)
    end = start + min(max(int(count), 1), _MOST) if re.fullmatch("[0-9]{1,9}", count) else len(names)
    return names[start:end], end < len(names)
