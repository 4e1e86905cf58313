"""A chat answer that comes as one JSON body.

The body is held until it is whole, so that an error, an empty answer or a cut one can still be told or retried as what
it is. Only a body of more than `HOLD_LIMIT` bytes begins to flow before its end.
"""

from __future__ import annotations

import json
import re
from typing import Annotated, Any

import msgspec

from outwait.core.fault import Fault, fault
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects import cut, document, openai_judge
from outwait.dialects.openai_chat.watch import Choice, chunk_of
from outwait.dialects.told import fault_of

HOLD_LIMIT = 1024 * 1024
_TAIL = 4096
_SPACE = b" \t\r\n"
_USAGE = re.compile(r'(?<!\\)"usage"\s*:\s*')

_Tokens = Annotated[int, msgspec.Meta(ge=0, lt=1 << 53)] | None


class _Details(msgspec.Struct, gc=False):
    cached_tokens: _Tokens = None
    cache_write_tokens: _Tokens = None
    reasoning_tokens: _Tokens = None


class _Counts(msgspec.Struct, gc=False):
    prompt_tokens: _Tokens = None
    completion_tokens: _Tokens = None
    prompt_tokens_details: _Details | None = None
    completion_tokens_details: _Details | None = None
    prompt_cache_hit_tokens: _Tokens = None


class _Plain(msgspec.Struct, gc=False):
    """The deciding fields of an ordinary completion: it has one choice, and counts are counts."""

    choices: tuple[Choice]
    usage: _Counts | None = None
    error: Any = None
    object: Any = None


_decode_plain = msgspec.json.Decoder(_Plain).decode


class JsonReader:
    """Reads one JSON completion for a client that asked for one. White space before it is a keep-alive, swallowed."""

    __slots__ = ("_held", "_hold", "_size", "_tail", "content", "fault", "finished", "head", "progress", "usage")

    def __init__(self, call: Call, head: Head, hold: int | None = HOLD_LIMIT) -> None:
        del call  # what was asked changes nothing here
        self.head = head
        self.content = self.progress = self.finished = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._held: list[bytes] | None = []  # None once bytes flow
        self._hold = hold
        self._size = 0
        self._tail = b""

    def feed(self, data: bytes) -> bytes:
        """Nothing until the body is longer than the hold, then whatever comes."""
        self.progress = False
        if self.fault is not None:
            return b""
        if not self._size:
            data = data.lstrip(_SPACE)
        if not data:
            return b""
        self.progress = bool(data.strip(_SPACE))
        self._size += len(data)
        if self._held is None:
            self._tail = (self._tail + data)[-_TAIL:]
            return data
        self._held.append(data)
        if self._hold is None or self._size <= self._hold:
            return b""
        if not self._held[0].startswith(b"{"):
            self.fault = fault("upstream_bad_response", detail="a long body that is no JSON object")
            return b""
        out = b"".join(self._held)
        self._held = None
        self._tail = out[-_TAIL:]
        self.content = True
        return out

    def end(self) -> Ending:
        """The body as it came, or why it is no answer; see `Reader`."""
        if self.fault is None:
            body = b"" if self._held is None else b"".join(self._held)
            self.fault = self._judge(body) if self._held is not None else self._judge_tail()
            if self.fault is None:
                self.finished = True
                return Ending(body, usage=self.usage)
        return Ending(fault=self.fault, usage=self.usage)

    def _judge(self, body: bytes) -> Fault | None:
        if not body:
            return fault("upstream_empty")
        if self._judge_plain(body):
            return None
        chunk = chunk_of(body)
        if chunk is None:
            return cut.no_answer(body)
        told = None
        if chunk.error or not chunk.choices or chunk.object == "error":
            try:
                told = openai_judge.error_in(document.loads(body), body)
            except ValueError:
                told = fault("upstream_bad_response", detail="nested too deep")
        if told is not None:
            return told
        self.usage = openai_judge.usage_of(chunk.usage)
        wordless = False
        for choice in chunk.choices or ():
            reason = choice.finish_reason
            if reason == "error":
                return fault_of("", {}, body)
            self.content = self.content or openai_judge.says(choice.message)
            wordless = wordless or (isinstance(reason, str) and reason in openai_judge.WORDLESS)
        return None if self.content or wordless else fault("upstream_empty")

    def _judge_plain(self, body: bytes) -> bool:
        """Whether `body` is an ordinary completion with text, known at half the price of asking what else it may be."""
        try:
            reply = _decode_plain(body)
        except (ValueError, RecursionError):
            return False
        choice = reply.choices[0]
        message = choice.message
        text = message.get("content") if type(message) is dict else None
        if (
            not text
            or type(text) is not str
            or choice.finish_reason == "error"
            or reply.error
            or reply.object == "error"
        ):
            return False
        self.content = True
        if reply.usage is not None:
            self.usage = _usage(reply.usage)
        return True

    def _judge_tail(self) -> Fault | None:
        """Of a long body only the end is known here."""
        if not self._tail.rstrip(_SPACE).endswith(b"}"):
            return fault("upstream_truncated")
        tail = self._tail.decode(errors="replace")
        for match in _USAGE.finditer(tail):
            try:
                found, _ = json.JSONDecoder().raw_decode(tail, match.end())
            except (ValueError, RecursionError):
                continue
            self.usage = openai_judge.usage_of(found) or self.usage
        return None


def _usage(counts: _Counts) -> Usage:
    """What `openai_judge.usage_of` says of the same counts."""
    prompt, completion = counts.prompt_tokens_details, counts.completion_tokens_details
    return Usage(
        counts.prompt_tokens or 0,
        counts.completion_tokens or 0,
        (prompt and prompt.cached_tokens) or counts.prompt_cache_hit_tokens or 0,
        (completion and completion.reasoning_tokens) or 0,
        (prompt and prompt.cache_write_tokens) or 0,
    )
