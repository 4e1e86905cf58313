"""The content blocks of a Messages request, read into neutral parts.

Blocks of server tools, search results and the like mean nothing to another provider: they are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from outwait.core.part import Citation, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import document
from outwait.dialects.anthropic import asked
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.request import NAME
from outwait.dialects.seal import unseal

_TEXT = frozenset({"type", "text", "citations", "cache_control"})
_MEDIA = frozenset({"type", "source", "cache_control"})
_IMAGE_MORE = ("transformations",)
_DOCUMENT_MORE = ("context", "citations")
_CALL = frozenset({"type", "id", "name", "input", "cache_control", "caller"})
_RESULT = frozenset({"type", "tool_use_id", "content", "is_error", "cache_control"})
_PDF, _PLAIN = "application/pdf", "text/plain"
_DIRECT = {"type": "direct"}  # who calls a tool, where nobody else does


def parts_of(content: object, path: str, names: Mapping[str, str]) -> tuple[Part, ...]:
    """The parts of a message's content. `names`: id of each tool call so far -> the tool's name."""
    if isinstance(content, str):
        return (Text(content),)
    blocks = asked.items(content, path)
    return tuple(_part(asked.table(block, at), at, names) for block, at in _placed(blocks, path))


def texts_of(content: object, path: str) -> tuple[Text, ...]:
    """The parts of a system prompt, which is only text."""
    parts = parts_of(content, path, {})
    return tuple(part if isinstance(part, Text) else asked.invalid(path, "text") for part in parts)


def _placed(blocks: list[Any], path: str) -> list[tuple[Any, str]]:
    return [(block, f"{path}[{place}]") for place, block in enumerate(blocks)]


def _part(block: Document, path: str, names: Mapping[str, str]) -> Part:
    kind = asked.text(block.get("type"), f"{path}.type")
    match kind:
        case "text":
            return _text(block, path)
        case "image" | "document":
            return _media(block, path)
        case "tool_use":
            return _call(block, path)
        case "tool_result":
            return _result(block, path, names)
        case "thinking":
            return _thought(block, path)
        case "redacted_thinking":
            return _sealed(asked.text(block.get("data"), f"{path}.data"))
        case _:
            return asked.unspeakable(f"{path}.type", f"A block of type {kind!r}")


def _text(block: Document, path: str) -> Text:
    asked.only(block, _TEXT, path)
    told = block.get("citations") or []
    citations = tuple(citation_of(asked.table(one, at)) for one, at in _placed(told, f"{path}.citations"))
    return Text(asked.text(block.get("text"), f"{path}.text"), citations, _cache(block, path))


def citation_of(told: Mapping[str, Any]) -> Citation:
    """A citation, as far as others understand it; `raw` is all of it."""
    url = told.get("url") or told.get("source")
    title, quote = told.get("title") or told.get("document_title"), told.get("cited_text")
    return Citation(
        url=url if isinstance(url, str) else None,
        title=title if isinstance(title, str) else None,
        quote=quote if isinstance(quote, str) else None,
        raw=told,
        dialect=NAME,
    )


def _thought(block: Document, path: str) -> Thought:
    said = asked.text(block.get("thinking"), f"{path}.thinking")
    signature = asked.maybe_text(block.get("signature"), f"{path}.signature")
    if not signature:
        return Thought(said, dialect=NAME)
    carried = unseal(signature)
    if carried is None:
        return Thought(said, signature, dialect=NAME)
    return Thought(said, carried[1] or None, dialect=carried[0])


def _sealed(data: str) -> Thought:
    carried = unseal(data)
    return Thought(sealed=data, dialect=NAME) if carried is None else Thought(sealed=carried[1], dialect=carried[0])


def _media(block: Document, path: str) -> Media:
    kind = "image" if block["type"] == "image" else "document"
    more_known = _IMAGE_MORE if kind == "image" else _DOCUMENT_MORE
    asked.only(block, _MEDIA | {*more_known, *(("title",) if kind == "document" else ())}, path)
    more = {key: block[key] for key in more_known if block.get(key) is not None}
    source = _source(kind, asked.table(block.get("source"), f"{path}.source"), f"{path}.source")
    name = asked.maybe_text(block.get("title"), f"{path}.title")
    if source.more:
        more |= source.more
    return msgspec.structs.replace(source, name=name, cache=_cache(block, path), more=more or None)


def _source(kind: str, source: Document, path: str) -> Media:
    """What the block shows, before the block's other fields."""

    def said(key: str) -> str:
        return asked.text(source.get(key), f"{path}.{key}")

    match said("type"), kind:
        case "base64", _:
            return Media(kind, said("media_type"), data=said("data"))
        case "url", _:
            return Media(kind, _PDF if kind == "document" else None, url=said("url"))
        case "file", _:
            return Media(kind, file=said("file_id"))
        case "text", "document":
            return Media(kind, _PLAIN, text=said("data"))
        case "content", "document":
            content = source.get("content")
            return Media(kind, _PLAIN, text=_words(content, f"{path}.content"), more={"content": content})
        case _:
            return asked.invalid(f"{path}.type", "a source type that this block can have")


def _words(content: object, path: str) -> str:
    """A document made of blocks, as plain text."""
    parts = parts_of(content, path, {})
    words = [part.text for part in parts if isinstance(part, Text)]
    if len(words) < len(parts):
        asked.unspeakable(path, "A document with images in it")
    return "\n\n".join(words)


def _call(block: Document, path: str) -> ToolCall:
    if block.get("caller") not in (None, _DIRECT):
        asked.unspeakable(f"{path}.caller", "A tool that was called by another tool")
    asked.only(block, _CALL, path)
    given = asked.table(block.get("input"), f"{path}.input")
    ident = asked.text(block.get("id"), f"{path}.id")
    name = asked.text(block.get("name"), f"{path}.name")
    return ToolCall(ident, name, document.dumps(given).decode(), cache=_cache(block, path))


def _result(block: Document, path: str, names: Mapping[str, str]) -> ToolResult:
    asked.only(block, _RESULT, path)
    ident = asked.text(block.get("tool_use_id"), f"{path}.tool_use_id")
    content = block.get("content")
    parts = () if content is None else parts_of(content, f"{path}.content", {})
    for place, part in enumerate(parts):
        if not isinstance(part, Text | Media):
            asked.invalid(f"{path}.content[{place}].type", "text, image or document")
    failed = asked.maybe_flag(block.get("is_error"), f"{path}.is_error") is True
    return ToolResult(ident, parts, names.get(ident, ""), failed, cache=_cache(block, path))


def _cache(block: Document, path: str) -> Document | None:
    return asked.maybe_table(block.get("cache_control"), f"{path}.cache_control")
