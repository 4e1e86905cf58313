"""Reasoning as chat completions carry it: `reasoning_details`, OpenRouter's list of entries, beside the plain text.

An entry whose `format` is one of our dialects holds that dialect's own signature or seal. Any other entry is a
provider's, kept whole as the proof of a thought of this dialect, so that it can go back as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outwait.core.part import Thought
from outwait.dialects import document

OWN = "openai"
_DIALECTS = frozenset({"responses", "anthropic", "gemini"})
_TEXT, _SEALED, _SUMMARY = "reasoning.text", "reasoning.encrypted", "reasoning.summary"


def thought_of(entry: Mapping[str, Any]) -> Thought:
    """The thought that an entry of `reasoning_details` tells; an empty one if it tells none."""
    words = _string(entry, "summary" if entry.get("type") == _SUMMARY else "text") or ""
    signature, sealed, origin = _string(entry, "signature"), _string(entry, "data"), entry.get("format")
    if signature is None and sealed is None:
        return Thought(words)
    if origin in _DIALECTS:
        return Thought(words, signature, sealed, _string(entry, "id"), origin)
    whole = document.dumps({key: value for key, value in entry.items() if key not in {"text", "index"}}).decode()
    if sealed is not None:
        return Thought(words, None, whole, None, OWN)
    return Thought(words, whole, None, None, OWN)


def entry_of(thought: Thought) -> dict[str, Any] | None:
    """The entry that carries the thought's proof; None if it has none."""
    proof = thought.sealed if thought.sealed is not None else thought.signature
    if proof is None:
        return None
    if thought.dialect == OWN:
        return own_entry(thought)
    kind, key = (_TEXT, "signature") if thought.sealed is None else (_SEALED, "data")
    entry = {"type": kind, "text": thought.text, key: proof, "format": thought.dialect}
    if thought.ident is not None:
        entry["id"] = thought.ident
    return entry


def own_entry(thought: Thought) -> dict[str, Any] | None:
    """The entry as its provider wrote it; None if it is a proof of another dialect, or none at all."""
    proof = thought.sealed if thought.sealed is not None else thought.signature
    if proof is None or thought.dialect != OWN:
        return None
    try:
        entry = document.loads(proof.encode(errors="replace"))
    except ValueError:
        return None
    if not isinstance(entry, dict):
        return None
    return {**entry, "text": thought.text} if thought.text and entry.get("type") != _SUMMARY else entry


def _string(entry: Mapping[str, Any], key: str) -> str | None:
    value = entry.get(key)
    return value if isinstance(value, str) else None
