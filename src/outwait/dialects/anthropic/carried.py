"""Thoughts of other providers that a Messages client carried along, taken out of what goes to Anthropic itself.

A conversation may begin with one provider and go on with another. Anthropic refuses a thought whose signature is not
its own, and could not use it; everything else stays byte for byte.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Raw

from outwait.dialects.seal import unseal

_MARK = b'"ow.'
_THOUGHTS = frozenset({"thinking", "redacted_thinking"})


class _Block(msgspec.Struct, gc=False):
    type: Any = None
    signature: Any = None
    data: Any = None


def without_carried(body: bytes) -> bytes:
    """`body` without such thoughts; the very same bytes if it has none, or is not what it should be."""
    if _MARK not in body:
        return body
    try:
        members = msgspec.json.decode(body, type=dict[str, Raw])
        told = msgspec.json.decode(members.get("messages", b"[]"), type=list[Raw])
        messages = [kept for raw in told if (kept := _message(raw))]
    except (ValueError, RecursionError):
        return body
    if messages == told:
        return body
    members["messages"] = Raw(msgspec.json.encode(messages))
    return msgspec.json.encode(members)


def _message(raw: Raw) -> Raw | None:
    """One message; None if nothing is left of it."""
    if _MARK not in bytes(raw):
        return raw
    fields = msgspec.json.decode(raw, type=dict[str, Raw])
    content = fields.get("content")
    if content is None or not bytes(content).startswith(b"["):
        return raw
    blocks = msgspec.json.decode(content, type=list[Raw])
    kept = [block for block in blocks if not _carried(block)]
    if len(kept) == len(blocks):
        return raw
    fields["content"] = Raw(msgspec.json.encode(kept))
    return Raw(msgspec.json.encode(fields)) if kept else None


def _carried(raw: Raw) -> bool:
    if _MARK not in bytes(raw):
        return False
    block = msgspec.json.decode(raw, type=_Block)
    if block.type not in _THOUGHTS:
        return False
    proof = block.signature if block.type == "thinking" else block.data
    return isinstance(proof, str) and unseal(proof) is not None
