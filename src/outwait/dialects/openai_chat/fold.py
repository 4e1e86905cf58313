"""Between the two forms of an answer: a stream folded into one completion, and a completion unfolded into a stream.

A fold lets the gateway see a stalled upstream although the client asked for one JSON reply; an unfold gives a client
its stream although the upstream answered at once.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import fault
from outwait.core.reply import Ending, Head
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.collect import Fold
from outwait.dialects.openai_chat.reply import JsonReader
from outwait.dialects.openai_chat.watch import Watch, chunk_of
from outwait.dialects.openai_errors import DONE
from outwait.dialects.sse import EVENT_LIMIT

_CHUNK_BASE = ("id", "created", "model", "system_fingerprint", "service_tier")


class FoldReader(Watch):
    """Reads a streamed chat answer for a client that asked for one JSON reply; all bytes come from `end`."""

    __slots__ = ("_fold",)

    def __init__(self, call: Call, head: Head, limit: int = EVENT_LIMIT) -> None:
        super().__init__(call, head, limit)
        self._fold = Fold(call.created)

    def feed(self, data: bytes) -> bytes:
        """Gathers; gives nothing yet."""
        self.progress = False
        if self.finished or self.fault is not None:
            return b""
        for name, payload in self._events(data):
            if not self._gather(payload, name):
                break
        self._overflow()
        return b""

    def _gather(self, payload: bytes, name: bytes) -> bool:
        """Take one event; whether more may follow."""
        if self._judge(payload, name):
            try:
                chunk: Any = document.loads(payload)  # an object, as it was judged to be
            except ValueError:
                self.fault = fault("upstream_bad_response", detail="a chunk is nested too deep")
            else:
                self._fold.add(chunk)
        return not self.finished and self.fault is None

    def end(self) -> Ending:
        """The completion, or why this is no answer; see `Reader`."""
        if not self.finished and self.fault is None:
            for name, payload in self._splitter.close():
                if payload.startswith(b"[DONE]") or chunk_of(payload) is not None:
                    self._gather(payload, name)
        failed = self._verdict()
        if failed is not None:
            return Ending(fault=failed, usage=self.usage)
        self.finished = True
        return Ending(document.dumps(self._fold.completion()), usage=self.usage)


class UnfoldReader(JsonReader):
    """Reads one JSON completion for a client that asked for a stream; all bytes come from `end`."""

    __slots__ = ("_created", "_include_usage")

    def __init__(self, call: Call, head: Head) -> None:
        super().__init__(call, head, hold=None)
        self._created = call.created
        self._include_usage = call.include_usage

    def end(self) -> Ending:
        """The whole stream at once, or why this is no answer; see `Reader`."""
        ending = super().end()
        if ending.fault is not None:
            return ending
        try:
            completion: Any = document.loads(ending.data)  # an object, as it was judged to be
        except ValueError:
            return Ending(fault=fault("upstream_bad_response", detail="the reply is nested too deep"), usage=self.usage)
        chunks = chunks_of(completion, include_usage=self._include_usage, created=self._created)
        events = [b"data: " + document.dumps(chunk) + b"\n\n" for chunk in chunks]
        return Ending(b"".join(events) + DONE, usage=self.usage)


def chunks_of(completion: dict[str, Any], *, include_usage: bool, created: int = 0) -> list[dict[str, Any]]:
    """The chunks of a stream that says the same as `completion`: for each choice one with its message and one with its
    finish reason, then the usage if it was asked for. `created`: told where the completion does not say when."""
    known = {key: completion[key] for key in _CHUNK_BASE if key in completion}
    base = {"id": "", "object": "chat.completion.chunk", "created": created, "model": ""} | known
    other = {key: value for key, value in completion.items() if key not in {*base, "choices", "usage"}}
    chunks: list[dict[str, Any]] = []
    ends: list[dict[str, Any]] = []
    choices = [choice for choice in completion["choices"] if isinstance(choice, dict)]
    for place, choice in enumerate(choices):
        index = choice.get("index", place)
        rest = {key: value for key, value in choice.items() if key not in {"index", "message", "finish_reason"}}
        message = choice.get("message")
        delta = dict(message) if isinstance(message, dict) else {"content": message}
        calls = delta.get("tool_calls")
        if isinstance(calls, list):
            delta["tool_calls"] = [
                {"index": at, **call} if isinstance(call, dict) else call for at, call in enumerate(calls)
            ]
        chunks.append({**base, "choices": [{"index": index, "delta": delta, "finish_reason": None, **rest}], **other})
        ended = {"index": index, "delta": {}, "logprobs": None, "finish_reason": choice.get("finish_reason")}
        ends.append({**base, "choices": [ended]})
        other = {}
    chunks += ends
    if include_usage:
        chunks.append({**base, "choices": [], "usage": completion.get("usage")})
    return chunks
