"""What an event of an answer says, whatever SDK read it: words, thoughts, something else, or nothing (pure).

Reads the objects of the SDKs of OpenAI, Anthropic and Google and of LangChain, their JSON as dicts, and raw lines of an
event stream. An event of a shape that is not known here counts as content: a guard must not cut what it cannot read.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple


class Said(NamedTuple):
    """One event. `content`: it is progress of the answer; a ping is none."""

    text: str = ""
    thought: str = ""
    content: bool = False


NOTHING: Final = Said()
_SOMETHING: Final = Said(content=True)

# Events that only say that something is there.
_QUIET: Final = frozenset(
    "ping keepalive message_start response.created response.queued response.in_progress content_block_stop".split()
)
# Events of Anthropic's stream helper that repeat what came before them.
_ECHOES: Final = frozenset(("text", "thinking", "citation", "signature", "input_json"))
_THOUGHTS: Final = ("reasoning_content", "reasoning", "thinking", "reasoning_text")
_ACTS: Final = ("tool_calls", "function_call", "refusal", "audio", "images")


def said(event: Any) -> Said:
    """What `event` says."""
    if isinstance(event, str | bytes | bytearray):
        return _lines(event)
    if event is None:
        return NOTHING
    choices = _of(event, "choices")
    if isinstance(choices, list):
        return _joined([_choice(each) for each in choices])
    candidates = _of(event, "candidates")
    if isinstance(candidates, list):
        return _joined([_part(part) for each in candidates for part in _parts(each)])
    kind = _of(event, "type")
    if isinstance(kind, str):
        return _typed(event, kind)
    return _chunk(event)


def _of(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)


def _joined(pieces: list[Said]) -> Said:
    return Said(
        "".join(piece.text for piece in pieces),
        "".join(piece.thought for piece in pieces),
        any(piece.content for piece in pieces),
    )


def _words(text: Any, thought: Any = "", *, acts: bool = False) -> Said:
    text, thought = (each if isinstance(each, str) else "" for each in (text, thought))
    return Said(text, thought, bool(text or thought or acts))


def _choice(choice: Any) -> Said:
    """One choice of a chat completion, or of a completion."""
    delta = _of(choice, "delta") or _of(choice, "message")
    if delta is None:
        return _words(_of(choice, "text"))
    thought = next((told for name in _THOUGHTS if isinstance(told := _of(delta, name), str) and told), "")
    return _words(_of(delta, "content"), thought, acts=any(_of(delta, name) for name in _ACTS))


def _parts(candidate: Any) -> list[Any]:
    parts = _of(_of(candidate, "content"), "parts")
    return parts if isinstance(parts, list) else []


def _part(part: Any) -> Said:
    """One part of a Gemini candidate."""
    text = _of(part, "text")
    if isinstance(text, str):
        return _words("", text) if _of(part, "thought") else _words(text)
    return _SOMETHING


def _typed(event: Any, kind: str) -> Said:
    """An event that has a type: of the Messages or the Responses API, or a LangChain message."""
    delta = _of(event, "delta")
    if kind in _QUIET:
        return NOTHING
    if kind in _ECHOES:
        return NOTHING if _of(event, "snapshot") is not None else _words(_of(event, "text"), acts=True)
    if kind == "content_block_delta":
        thought = _of(delta, "thinking")
        return _words(_of(delta, "text"), thought, acts=_of(delta, "type") not in {"text_delta", "thinking_delta"})
    if kind == "message_delta":
        return NOTHING if _of(delta, "stop_reason") is None else _SOMETHING
    if kind == "response.output_text.delta":
        return _words(delta)
    if kind.startswith("response.reasoning") and kind.endswith(".delta"):
        return _words("", delta)
    if kind.startswith("response.") or kind in {"error", "message_stop", "content_block_start"}:
        return _SOMETHING
    return _chunk(event)


def _chunk(event: Any) -> Said:
    """A LangChain message, or an object that is not known."""
    content = _of(event, "content")
    if isinstance(content, str):
        return _words(content, acts=bool(_of(event, "tool_call_chunks")))
    if isinstance(content, list):
        return _joined([_words(each if isinstance(each, str) else _of(each, "text"), acts=True) for each in content])
    return _SOMETHING


def _lines(piece: str | bytes | bytearray) -> Said:
    """Raw lines: of an event stream, or a text that has none."""
    text = piece if isinstance(piece, str) else bytes(piece).decode("utf-8", "replace")
    if not text.strip():
        return NOTHING
    if not any(line.startswith((":", "data:", "event:", "id:", "retry:")) for line in text.splitlines()):
        return _words(text)
    return _joined(list(_events(text)))


def _events(text: str) -> Iterator[Said]:
    for line in text.splitlines():
        if line.startswith("data:"):
            data = line.removeprefix("data:").strip()
            try:
                yield said(json.loads(data))
            except ValueError:
                yield NOTHING if data == "[DONE]" else _SOMETHING  # a piece of an event
