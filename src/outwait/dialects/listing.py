"""Lists of models as providers tell them: the names on a page, and what is asked for the next one.

    openai      {"data": [{"id": ...}]}                                       one page, and Together's a bare array
    anthropic   {"data": [{"id": ...}], "has_more": true, "last_id": ...}     the next with after_id=
    gemini      {"models": [{"name": "models/..."}], "nextPageToken": ...}    the next with pageToken=

From platform.openai.com/docs/api-reference/models/list, docs.together.ai/reference/models,
platform.claude.com/docs/en/api/models-list and ai.google.dev/api/models#method:-models.list. Of a card only its name
is read; one without a usable name counts as not there.
"""

from __future__ import annotations

import string
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import msgspec

from outwait.dialects.gemini.target import METHODS
from outwait.dialects.provider import Way

_RESOURCE = "models/"
# Gemini's methods that some endpoint of ours is answered by: `predict` makes images, at its OpenAI-compatible API.
# Others, such as bidiGenerateContent, make a model that nobody could call here.
_CALLABLE = frozenset((*METHODS, "predict"))
_PLAIN = frozenset(string.ascii_letters + string.digits + "-._~")  # RFC 3986 section 2.3
_CURSOR = 2000  # characters of what stands for the next page; servers refuse longer targets


@dataclass(frozen=True, slots=True)
class Page:
    """`names`: as a call has them at the provider, in its order, each once. `more`: what is added to the query for the
    next page; empty for the last one."""

    names: tuple[str, ...]
    more: str = ""


class _Card(msgspec.Struct, gc=False):
    id: Any = None
    name: Any = None
    methods: Any = msgspec.field(default=None, name="supportedGenerationMethods")


class _Data(msgspec.Struct):
    # Null is how Ollama lists nothing.
    data: list[_Card] | None
    has_more: Any = None
    last_id: Any = None


class _Models(msgspec.Struct):
    models: list[_Card] | None = None  # an empty list is not sent
    token: Any = msgspec.field(default=None, name="nextPageToken")


_DATA = msgspec.json.Decoder(_Data | list[_Card])
_MODELS = msgspec.json.Decoder(_Models)


def read(form: str, body: bytes) -> Page | None:
    """The page that `body` is in `form`, the dialect of a provider's `lists`; None if it is no such list."""
    try:
        if form == "gemini":
            return _gemini(_MODELS.decode(body))
        told = _DATA.decode(body)
    except (ValueError, RecursionError):  # msgspec's errors and UnicodeDecodeError are the former
        return None
    if isinstance(told, list):
        return Page(_once(card.id for card in told))
    names = _once(card.id for card in told.data or ())
    if form != "anthropic" or told.has_more is not True or not names:
        return Page(names)
    return Page(names, _next("after_id", told.last_id if isinstance(told.last_id, str) else names[-1]))


def following(way: Way, page: Page) -> Way:
    """Where the page after `page` is; `way`: of the first one."""
    return replace(way, path=f"{way.path}{'&' if '?' in way.path else '?'}{page.more}")


def _gemini(told: _Models) -> Page:
    cards = [card for card in told.models or () if _callable(card.methods)]
    names = _once(card.name.removeprefix(_RESOURCE) for card in cards if isinstance(card.name, str))
    return Page(names, _next("pageToken", told.token) if isinstance(told.token, str) else "")


def _callable(methods: object) -> bool:
    return not isinstance(methods, list) or any(method in _CALLABLE for method in methods if isinstance(method, str))


def _once(names: Iterator[Any]) -> tuple[str, ...]:
    """Those that are names, each once; a control character or a line's end is in none."""
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str) and name and name.isprintable()))


def _next(parameter: str, cursor: str) -> str:
    """Whatever the cursor is, it cannot become another part of the target."""
    escaped = "".join(char if char in _PLAIN else _escaped(char) for char in cursor[: _CURSOR + 1])
    return f"{parameter}={escaped}" if 0 < len(escaped) <= _CURSOR else ""


def _escaped(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in char.encode())
