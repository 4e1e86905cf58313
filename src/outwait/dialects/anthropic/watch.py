"""What is known of a Messages reply so far: one event after the other is judged and remembered.

Each event is decoded into a typed struct of the few fields that decide, which costs less than looking for substrings.
What an event is its `type` says; its `event:` name only where that is missing (some providers leave out the one, some
the other).
"""

from __future__ import annotations

from typing import Any

import msgspec

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects import cut, document
from outwait.dialects.anthropic import errors, usage
from outwait.dialects.told import fault_of, text_of

_WORDY = frozenset({"text", "thinking"})  # blocks that begin empty
# A reply that ends for one of these reasons may have no words.
_WORDLESS = frozenset({"max_tokens", "refusal", "pause_turn", "stop_sequence", "model_context_window_exceeded"})
_DONE = b"[DONE]"


class Told(msgspec.Struct, gc=False):
    """The deciding fields of an event, or of a whole message."""

    type: Any = None
    delta: Any = None
    content_block: Any = None
    message: Any = None
    usage: Any = None
    error: Any = None
    content: Any = None
    stop_reason: Any = None
    input_tokens: Any = None


_decode = msgspec.json.Decoder(Told).decode


def told_of(payload: bytes) -> Told | None:
    """`payload` as far as it can be read; None when it is no JSON object."""
    try:
        return _decode(payload)
    except (ValueError, RecursionError):
        pass
    try:  # with half an emoji, which other parsers take
        value = document.loads(payload)
    except ValueError:
        return None
    return Told(*(value.get(name) for name in Told.__struct_fields__)) if isinstance(value, dict) else None


def says(value: object) -> bool:
    """Whether a delta or a block (without its type) holds anything."""
    if not isinstance(value, dict):
        return bool(value)
    return any(bool(part) for key, part in value.items() if key != "type")


def block_says(block: object) -> bool:
    """Whether a block says something when it begins: text and thinking begin empty, all others are something."""
    if isinstance(block, dict) and block.get("type") in _WORDY:
        return says(block)
    return isinstance(block, dict)


def fault_in(told: Told | None, raw: bytes) -> Fault:
    """The fault that an error event or an error body tells."""
    error = told.error if told is not None else None
    if not isinstance(error, dict):
        text = error if isinstance(error, str) else raw.decode(errors="replace") if told is None else ""
        return fault_of(text, {}, raw)
    kind = error.get("type")
    status = errors.STATUSES.get(kind) if isinstance(kind, str) else None
    return fault_of(text_of(error), {"code": error.get("code"), "type": kind, "status_code": status}, raw)


class Watch:
    """See `dialects.watch.Watch`. `kind`: the type of the event judged last."""

    __slots__ = (
        "_counted", "begun", "complete", "content", "fault", "finished", "kind", "progress", "usage", "wordless",
    )  # fmt: skip

    def __init__(self) -> None:
        self.begun = self.content = self.wordless = self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self.kind = b""
        self._counted: dict[str, Any] = {}

    def event(self, name: bytes, data: bytes) -> bool:
        """Judge one event of a stream; whether it is for the client (pings and errors are not)."""
        self.progress = False
        told = told_of(data)
        kind = told.type if told is not None and isinstance(told.type, str) else name.decode(errors="replace")
        self.kind = kind.encode(errors="replace")
        if told is not None and kind == "content_block_delta":
            self.begun = True
            if says(told.delta):
                self.content = self.progress = True
            return True
        if kind == "ping" or data.startswith(_DONE):
            return False
        if name == b"error" or (told is not None and told.error and kind in {"error", ""}):
            self.fault = fault_in(told, data)
            self.progress = True
            return False
        return self._judge(kind, told, data)

    def _judge(self, kind: str, told: Told | None, data: bytes) -> bool:
        """Everything but words, pings and errors."""
        if told is None and (not kind or kind.startswith(("message_", "content_block_"))):
            self.fault = fault("upstream_bad_response", detail=f"an event that is no JSON object: {data[:200]!r}")
            return False
        if not kind:
            self.fault = fault("upstream_bad_response", detail=f"an event without a type: {data[:200]!r}")
            return False
        self.begun = self.progress = True
        if told is None:
            return True
        if kind == "message_start":
            self._open(told.message)
        elif kind == "content_block_start":
            self.content = self.content or block_says(told.content_block)
        elif kind == "message_delta":
            self._stop(told)
        elif kind == "message_stop":
            self.finished = self.complete = True
        return True

    def _open(self, message: object) -> None:
        if isinstance(message, dict):
            self._count(message.get("usage"))
            content = message.get("content")
            self.content = isinstance(content, list) and any(block_says(block) for block in content)

    def _stop(self, told: Told) -> None:
        reason = told.delta.get("stop_reason") if isinstance(told.delta, dict) else None
        self._count(told.usage)
        self.progress = reason is not None  # another gateway's heartbeat has none
        self._end(reason)

    def _end(self, reason: object) -> None:
        counted = self.usage is not None and self.usage.output > 0
        # A model may end its turn without a word, after a tool's result for one; it is charged all the same.
        if reason in _WORDLESS or (reason == "end_turn" and counted):
            self.wordless = True

    def _count(self, counts: object) -> None:
        self._counted = usage.merged(self._counted, counts)
        self.usage = usage.usage_of(self._counted) if self._counted else None

    def whole(self, body: bytes) -> None:
        """Judge the JSON body of a reply that is no stream."""
        told = told_of(body)
        if told is None:
            self.fault = cut.no_answer(body)
        elif told.error or told.type == "error":
            self.fault = fault_in(told, body)
        elif type(told.input_tokens) is int and told.content is None:
            self.begun = self.complete = self.content = True  # a count of tokens, which costs nothing
        elif not isinstance(told.content, list):
            self.fault = fault("upstream_bad_response", detail=f"no message: {body[:200]!r}")
        else:
            self.begun = self.complete = True
            self._count(told.usage)
            self.content = any(block_says(block) for block in told.content)
            self._end(told.stop_reason)

    def stray(self, text: bytes) -> Fault | None:
        """The fault that `text`, which stood where a stream should have been, tells; None if it tells none."""
        told = told_of(text)
        return fault_in(told, text) if told is not None and (told.error or told.type == "error") else None
