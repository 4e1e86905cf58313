"""Neutral parts written as the content blocks of a Messages request.

What is left out is noted in `dropped`, by the names of `tables.DROPS`; what would change the meaning is refused.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable
from typing import NoReturn

from outwait.core.fault import Refusal, fault
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import document
from outwait.dialects.anthropic.asked import Document
from outwait.dialects.anthropic.request import NAME

_IDENT = re.compile(r"[^A-Za-z0-9_-]")
# How base64 of a picture begins, for clients that do not say what it is.
_PICTURES = (("/9j/", "image/jpeg"), ("iVBORw0KGgo", "image/png"), ("R0lGOD", "image/gif"), ("UklGR", "image/webp"))
_MORE = ("context", "citations", "transformations")
_PDF = "application/pdf"


def refuse(what: str, field: str = "messages") -> NoReturn:
    """Refuse what the Messages protocol cannot say."""
    raise Refusal(fault("not_expressible", f"{what} cannot be expressed in the anthropic protocol.", param=field))


def blocks_of(parts: Iterable[Part], dropped: dict[str, None]) -> list[Document]:
    """The blocks that say `parts`; empty words and thoughts that nobody could verify make none."""
    blocks = []
    for part in parts:
        block = _block(part, dropped)
        if block is not None:
            blocks.append(block)
    return blocks


def shortest(blocks: list[Document]) -> object:
    """Blocks as the value of `content`: plain words are just a string."""
    if len(blocks) == 1 and blocks[0].keys() == {"type", "text"}:
        return blocks[0]["text"]
    return blocks


def _block(part: Part, dropped: dict[str, None]) -> Document | None:
    if isinstance(part, Text):
        return _text(part, dropped)
    if isinstance(part, Denial):
        return _text(Text(part.text), dropped)
    if isinstance(part, Thought):
        return _thought(part, dropped)
    if isinstance(part, ToolCall):
        return _call(part)
    if isinstance(part, ToolResult):
        return _result(part, dropped)
    return _media(part, dropped)


def _text(part: Text, dropped: dict[str, None]) -> Document | None:
    if not part.text.strip():
        return None  # "text content blocks must contain non-whitespace text"
    block: Document = {"type": "text", "text": part.text}
    if part.citations:
        own = [told for citation in part.citations if (told := _citation(citation)) is not None]
        if len(own) < len(part.citations):
            dropped["messages.citations"] = None
        if own:
            block["citations"] = own
    return _marked(block, part)


def _citation(citation: Citation) -> Document | None:
    return dict(citation.raw) if citation.raw is not None and citation.dialect == NAME else None


def _thought(part: Thought, dropped: dict[str, None]) -> Document | None:
    if part.dialect == NAME and part.sealed is not None:
        return {"type": "redacted_thinking", "data": part.sealed}
    if part.dialect == NAME and part.signature:
        return {"type": "thinking", "thinking": part.text, "signature": part.signature}
    dropped["messages.thoughts"] = None
    return None


def _call(part: ToolCall) -> Document:
    if part.custom:
        refuse("The call of a tool that takes free text")
    try:
        given = document.loads(part.arguments.encode(errors="surrogatepass")) if part.arguments.strip() else {}
    except ValueError:
        given = None
    if not isinstance(given, dict):
        given = {"INVALID_JSON": part.arguments}  # as Anthropic's documents tell it for arguments that broke off
    return _marked({"type": "tool_use", "id": _ident(part.id), "name": part.name, "input": given}, part)


def _result(part: ToolResult, dropped: dict[str, None]) -> Document:
    block: Document = {"type": "tool_result", "tool_use_id": _ident(part.id)}
    if any(not isinstance(inner, Text | Media) for inner in part.parts):
        refuse("A tool's result that is neither text nor an image nor a document")
    blocks = blocks_of(part.parts, dropped)
    if blocks:
        block["content"] = shortest(blocks)
    if part.failed:
        block["is_error"] = True
    return _marked(block, part)


def _ident(ident: str) -> str:
    """An id of a tool call with the characters that Anthropic takes."""
    return _IDENT.sub("_", ident)


def _media(part: Media, dropped: dict[str, None]) -> Document:
    if part.kind not in {"image", "document"}:
        refuse(f"A message part of kind {part.kind!r}")
    if part.detail not in {None, "auto"}:
        dropped["messages.detail"] = None
    block: Document = {"type": part.kind, "source": _source(part)}
    if part.name is not None and part.kind == "document":
        block["title"] = part.name
    more = part.more or {}
    block |= {key: more[key] for key in _MORE if key in more}
    return _marked(block, part)


def _source(part: Media) -> Document:
    if part.more and "content" in part.more:
        return {"type": "content", "content": part.more["content"]}
    if part.url is not None:
        return {"type": "url", "url": part.url}
    if part.file is not None:
        return {"type": "file", "file_id": part.file}
    if part.data is not None:
        return _data(part, part.data)
    if part.text is not None and part.kind == "document":
        return {"type": "text", "media_type": "text/plain", "data": part.text}
    refuse(f"A message part of kind {part.kind!r} without its data")


def _data(part: Media, data: str) -> Document:
    mime = (part.mime or "").partition(";")[0].strip().lower()
    if part.kind == "image":
        known = next((kind for start, kind in _PICTURES if data.startswith(start)), "")
        mime = "image/jpeg" if mime == "image/jpg" else mime or known
        if not mime.startswith("image/"):
            refuse("An image of unknown type")
        return {"type": "base64", "media_type": mime, "data": data}
    if mime in {"", _PDF}:
        return {"type": "base64", "media_type": _PDF, "data": data}
    if mime.startswith("text/") or mime == "application/json":
        try:
            words = base64.b64decode(data).decode()
        except ValueError:
            refuse(f"A document of type {mime} that is no UTF-8 text")
        return {"type": "text", "media_type": "text/plain", "data": words}
    refuse(f"A document of type {mime}")


def _marked(block: Document, part: Text | Media | ToolCall | ToolResult) -> Document:
    """`block` with the part's mark for the prompt cache."""
    if part.cache is not None:
        block["cache_control"] = dict(part.cache)
    return block
