"""What is known of a Gemini reply so far: one chunk after the other is judged and remembered.

A stream has no event that ends it: it is whole when each candidate has its reason and the body is over, since the last
usage may stand behind. A prompt that was refused is a whole reply without words. Replies that are no generation (token
counts, embeddings) are whole when they have what was asked for.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects import cut, document
from outwait.dialects.gemini import chunk as reading
from outwait.dialects.gemini.target import COUNT, EMBED, EMBED_BATCH

_ASKED = {COUNT: "totalTokens", EMBED: "embedding", EMBED_BATCH: "embeddings"}


class Watch:
    """See `dialects.watch.Watch`. `endpoint`: what was asked."""

    __slots__ = (
        "_asked", "_ended", "begun", "complete", "content", "fault", "finished", "progress", "usage", "wordless",
    )  # fmt: skip

    def __init__(self, endpoint: str) -> None:
        self.begun = self.content = self.wordless = self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._asked = _ASKED.get(endpoint)
        self._ended: dict[int, bool] = {}  # candidate -> it has a finish reason; -1 stands for a reply that needs none

    def event(self, name: bytes, data: bytes) -> bool:
        """See `dialects.watch.Watch`."""
        return self.read(name, data) is not None

    def read(self, name: bytes, data: bytes) -> dict[str, Any] | None:
        """Judge one event; the chunk in it, if it is for the client."""
        self.progress = False
        named = name == b"error"
        if name in reading.PING_EVENTS or (not named and data.strip() in reading.PINGS):
            return None
        if data.startswith(b"[DONE]"):  # not Google's, but some proxies' way to end
            self.finished = self.progress = True
            return None
        try:
            value = document.loads(data)
        except ValueError:
            value = data.decode(errors="replace") if named else None
        return self._judge(value, data, named=named)

    def whole(self, body: bytes) -> None:
        """See `dialects.watch.Watch`."""
        self.chunks(body)

    def chunks(self, body: bytes) -> list[dict[str, Any]]:
        """Judge a JSON body: one reply, or the array of a stream's chunks."""
        try:
            value = document.loads(body)
        except ValueError:
            self.fault = cut.no_answer(body, lists=True)
            return []
        items = value if isinstance(value, list) else [value]
        found: list[dict[str, Any]] = []
        for item in items:
            chunk = self._judge(item, body if item is value else document.dumps(item))
            if chunk is None:
                break
            found.append(chunk)
        if self.fault is not None:
            return found
        if not self._ended:
            self.fault = fault("upstream_empty")
        elif not isinstance(value, list):
            self.complete = True  # what is one JSON object cannot have been cut
        return found

    def stray(self, text: bytes) -> Fault | None:
        """See `dialects.watch.Watch`."""
        try:
            return reading.error_in(document.loads(text), text)
        except ValueError:
            return None

    def _judge(self, value: object, raw: bytes, *, named: bool = False) -> dict[str, Any] | None:
        self.fault = reading.error_in(value, raw, named=named)
        if self.fault is not None:
            self.progress = True
            return None
        if not isinstance(value, dict):
            self.fault = fault("upstream_bad_response", detail=f"an event that is no chunk: {raw[:200]!r}")
            return None
        if not self.begun:
            self.begun = self.progress = True
        if self._asked is not None:
            self._settle(value, self._asked)
        for index, candidate in reading.candidates_of(value):
            self._candidate(index, candidate)
        if reading.block_of(value):
            self.wordless = self.progress = True
            self._ended = {-1: True}
        self.complete = bool(self._ended) and all(self._ended.values())
        usage = reading.usage_of(value.get("usageMetadata"))
        if usage is not None and usage != self.usage:
            self.usage, self.progress = usage, True
        return value

    def _candidate(self, index: int, candidate: dict[str, Any]) -> None:
        for part in reading.parts_of(candidate):
            if reading.says(part):
                self.content = self.progress = True
            elif "thoughtSignature" in part:
                self.progress = True
        reason = reading.reason_of(candidate)
        if index not in self._ended or reason:
            self._ended[index] = bool(reason)
            self.progress = True
        if reason and reason != "STOP":
            self.wordless = True

    def _settle(self, value: dict[str, Any], asked: str) -> None:
        """A reply that is no generation."""
        if value.get(asked) is not None:
            self.content = self.wordless = True
            self._ended = {-1: True}
