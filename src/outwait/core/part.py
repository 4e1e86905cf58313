"""The parts of a message in no dialect: what a translator reads from one protocol and writes in another.

`cache` is a mark of Anthropic's prompt cache (`{"type": "ephemeral", ...}`) that belongs to the part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Citation(msgspec.Struct, frozen=True, gc=False):
    """Where words come from. `start`, `end`: characters in the text they stand in, where the protocol counts them.

    `quote`: the words of the source. `raw`: the citation as its own dialect wrote it, `dialect` that dialect's name.
    """

    url: str | None = None
    title: str | None = None
    quote: str | None = None
    start: int | None = None
    end: int | None = None
    raw: Mapping[str, Any] | None = None
    dialect: str = ""


class Text(msgspec.Struct, frozen=True, gc=False):
    """Words."""

    text: str
    citations: tuple[Citation, ...] = ()
    cache: Mapping[str, Any] | None = None


class Thought(msgspec.Struct, frozen=True, gc=False):
    """Reasoning of the model. `signature`: proves that the text is the model's own. `sealed`: reasoning nobody can read
    (redacted, encrypted), to be handed back as it is. `ident`: the id of a reasoning item. `dialect`: whose signature
    and seal these are; no other dialect can use them.
    """

    text: str = ""
    signature: str | None = None
    sealed: str | None = None
    ident: str | None = None
    dialect: str = ""


class Media(msgspec.Struct, frozen=True, gc=False):
    """Something that is no text. `kind`: image | audio | video | document. One of `data` (base64), `url`, `file` (an id
    of the provider's file store) and `text` (a plain-text document) says what. `mime`: media type, as far as known.
    `detail`: low | high | auto. `more`: fields of its own dialect that no other knows.
    """

    kind: str
    mime: str | None = None
    data: str | None = None
    url: str | None = None
    file: str | None = None
    text: str | None = None
    name: str | None = None
    detail: str | None = None
    cache: Mapping[str, Any] | None = None
    more: Mapping[str, Any] | None = None


class ToolCall(msgspec.Struct, frozen=True, gc=False):
    """The model calls a tool. `arguments`: JSON text, as the model wrote it (`custom`: free text). `signature`: a proof
    that must come back with the call (Gemini). `ident`: the id of the item, beside the id of the call (Responses).
    """

    id: str
    name: str
    arguments: str
    custom: bool = False
    signature: str | None = None
    ident: str | None = None
    cache: Mapping[str, Any] | None = None


class ToolResult(msgspec.Struct, frozen=True, gc=False):
    """What a tool gave. `name`: the tool's, where it is known. `failed`: the tool says it failed."""

    id: str
    parts: tuple[Part, ...]
    name: str = ""
    failed: bool = False
    custom: bool = False
    cache: Mapping[str, Any] | None = None


class Denial(msgspec.Struct, frozen=True, gc=False):
    """Words by which the model refuses."""

    text: str


Part = Text | Thought | Media | ToolCall | ToolResult | Denial
