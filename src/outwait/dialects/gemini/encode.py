"""Deltas written as a Gemini reply: a stream of chunks, as SSE or as one growing array, or one whole reply.

Gemini tells a function call whole, so its pieces are gathered. Finish reasons and usage stand in the last chunk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Denial, Media, Part, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.gemini import saying
from outwait.dialects.gemini.readers import SEPARATOR
from outwait.dialects.gemini.request import shows_thoughts
from outwait.dialects.gemini.target import COUNT, is_array

_BROKEN_LIMIT = 1000


@dataclass(slots=True)
class _Tool:
    """A call that still grows."""

    id: str = ""
    name: str = ""
    signature: str | None = None
    pieces: list[str] = field(default_factory=list)

    def part(self) -> dict[str, Any] | None:
        return saying.call_part(self.id, self.name, "".join(self.pieces), self.signature)


@dataclass(slots=True)
class _Growing:
    """One candidate that still grows."""

    calls: dict[int, _Tool] = field(default_factory=dict)
    thought: list[str] = field(default_factory=list)  # what the client shall not see
    ident: str | None = None
    said: list[str] = field(default_factory=list)
    citations: list[dict[str, Any]] = field(default_factory=list)
    reason: str = "stop"
    broken: str = ""

    def settle(self, *, last: bool) -> list[dict[str, Any]]:
        """The parts of the calls that are whole; with `last` no more of them can come."""
        parts: list[dict[str, Any]] = []
        for index in sorted(self.calls):
            part = self.calls[index].part()
            if part is not None:
                parts.append(part)
            elif last:
                self.broken = f"{self.calls[index].name} {''.join(self.calls[index].pieces)}"[:_BROKEN_LIMIT]
            else:
                break
            del self.calls[index]
        return parts


class Encoder:
    """See `dialects.dialect.Encoder`."""

    __slots__ = ("_array", "_base", "_choices", "_model", "_shown", "_started", "_usage")

    def __init__(self, call: Call) -> None:
        self._array = is_array(call)
        self._shown = shows_thoughts(call)
        self._model = call.model
        self._base: dict[str, Any] = {"modelVersion": call.model}
        self._choices: dict[int, _Growing] = {}
        self._started = False
        self._usage: Usage | None = None

    def feed(self, delta: Delta) -> bytes:
        """See `dialects.dialect.Encoder`."""
        if isinstance(delta, Began):
            self._base = {"modelVersion": delta.model or self._model} | ({"responseId": delta.id} if delta.id else {})
            return b""
        if isinstance(delta, Counted):
            self._usage = delta.usage
            return b""
        grown = self._choices.setdefault(delta.choice, _Growing())
        if isinstance(delta, Called):
            _call(grown, delta)
            return b""
        parts = grown.settle(last=isinstance(delta, Stopped))
        more: dict[str, Any] = {}
        if isinstance(delta, Stopped):
            grown.reason = delta.reason
        elif isinstance(delta, Cited):
            grown.citations.append(saying.citation_of(delta.citation, "".join(grown.said)))
        elif isinstance(delta, Mused):
            parts += self._muse(grown, delta)
        elif isinstance(delta, Showed):
            parts.append(saying.media_part(delta.media))
        else:
            parts += _say(grown, delta)
            if isinstance(delta, Said) and delta.logprobs:
                more["logprobsResult"] = saying.logprobs_of(delta.logprobs)
                parts = parts or [{"text": ""}]
        return self._chunk([_candidate(parts, delta.choice) | more]) if parts else b""

    def _muse(self, grown: _Growing, delta: Mused) -> list[dict[str, Any]]:
        grown.ident = delta.ident or grown.ident
        if not self._shown:
            grown.thought.append(delta.text)
        text, ident = delta.text, None
        if delta.signature is not None or delta.sealed is not None:
            text = delta.text if self._shown else "".join(grown.thought)
            ident, grown.ident = grown.ident, None
            grown.thought.clear()
        thought = Thought(text, delta.signature, delta.sealed, ident, delta.dialect)
        part = saying.thought_part(thought, shown=self._shown)
        return [] if part is None else [part]

    def end(self) -> bytes:
        """See `dialects.dialect.Encoder`."""
        candidates: list[dict[str, Any]] = []
        for index in sorted(self._choices):
            grown = self._choices[index]
            parts = grown.settle(last=True) or [{"text": ""}]
            cited = {"citationMetadata": {"citations": grown.citations}} if grown.citations else {}
            ended = saying.finish_of(grown.reason, grown.broken)
            candidates.append(_candidate(parts, index) | ended | cited)
        counted = {} if self._usage is None else {"usageMetadata": saying.usage_of(self._usage)}
        return self._chunk(candidates, counted) + (b"]" if self._array else b"")

    def _chunk(self, candidates: list[dict[str, Any]], more: dict[str, Any] | None = None) -> bytes:
        data = document.dumps({"candidates": candidates, **(more or {}), **self._base})
        if not self._array:
            return b"data: " + data + b"\r\n\r\n"
        lead, self._started = SEPARATOR if self._started else b"[", True
        return lead + data


def _candidate(parts: list[dict[str, Any]], index: int) -> dict[str, Any]:
    return {"content": {"parts": parts, "role": "model"}, "index": index}


def _call(grown: _Growing, delta: Called) -> None:
    tool = grown.calls.setdefault(delta.index, _Tool())
    tool.id, tool.name = tool.id or delta.id, tool.name or delta.name
    tool.signature = tool.signature or delta.signature
    tool.pieces.append(delta.arguments)


def _say(grown: _Growing, delta: Said | Declined) -> list[dict[str, Any]]:
    if not delta.text:
        return []
    grown.said.append(delta.text)
    return [{"text": delta.text}]


def whole(call: Call, answer: Answer) -> bytes:
    """The JSON reply that tells `answer`; to a call that counts tokens, their number."""
    usage = answer.usage
    if call.endpoint == COUNT:
        return document.dumps({"totalTokens": 0 if usage is None else usage.input})
    shown = shows_thoughts(call)
    told: dict[str, Any] = {"candidates": [_whole(choice, at, shown) for at, choice in enumerate(answer.choices)]}
    if usage is not None:
        told["usageMetadata"] = saying.usage_of(usage)
    told["modelVersion"] = answer.model or call.model
    return document.dumps(told | ({"responseId": answer.id} if answer.id else {}))


def _whole(choice: Choice, index: int, shown: bool) -> dict[str, Any]:
    parts: list[dict[str, Any]] = []
    citations: list[dict[str, Any]] = []
    broken = ""
    for part in choice.parts:
        made = _part(part, shown)
        if made is not None:
            parts.append(made)
        elif isinstance(part, ToolCall):
            broken = f"{part.name} {part.arguments}"[:_BROKEN_LIMIT]
        if isinstance(part, Text):
            citations += [saying.citation_of(citation, part.text) for citation in part.citations]
    told = _candidate(parts or [{"text": ""}], index) | saying.finish_of(choice.reason, broken)
    if citations:
        told["citationMetadata"] = {"citations": citations}
    if choice.logprobs:
        told["logprobsResult"] = saying.logprobs_of(choice.logprobs)
    return told


def _part(part: Part, shown: bool) -> dict[str, Any] | None:
    if isinstance(part, ToolCall):
        return saying.call_part(part.id, part.name, part.arguments, part.signature)
    if isinstance(part, Thought):
        return saying.thought_part(part, shown=shown)
    if isinstance(part, Media):
        return saying.media_part(part)
    return {"text": part.text} if isinstance(part, Text | Denial) and part.text else None
