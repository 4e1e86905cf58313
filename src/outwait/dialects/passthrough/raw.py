"""Replies of bytes that nobody here reads: sound, subtitles, plain text. They flow as they come.

Only their first bytes are looked at: an upstream may tell an error as JSON although it announced something else.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable

from outwait.core.fault import Fault, fault
from outwait.core.reply import Ending, Head, Usage
from outwait.dialects import document, openai_judge

# What may be an error is held back up to this many bytes.
HOLD_LIMIT = 64 * 1024
_BLANK = b" \t\r\n"


class RawReader:
    """Reads such a reply (see `dialect.Reader`); its framing alone says where it ends.

    `blank`: it may be empty, as the subtitles of silence are. `wrap`: what a client that asked for events gets of each
    piece; `closing`: the event that ends them.
    """

    __slots__ = ("_blank", "_closing", "_held", "_wrap", "content", "fault", "finished", "head", "progress", "usage")

    def __init__(
        self, head: Head, *, blank: bool = False, wrap: Callable[[bytes], bytes] | None = None, closing: bytes = b""
    ) -> None:
        self.head = head
        self.content = self.progress = self.finished = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._blank = blank
        self._closing = closing
        self._held: bytes | None = b""  # None once bytes flow
        self._wrap = wrap

    def feed(self, data: bytes) -> bytes:
        """The bytes as they come, once they are surely no error."""
        self.progress = bool(data)
        if self._held is None:
            return self._wrapped(data)
        held = self._held + data
        if held.lstrip(_BLANK)[:1] in {b"", b"{"} and len(held) <= HOLD_LIMIT:
            self._held = held
            return b""
        self._held = None
        self.content = True
        return self._wrapped(held)

    def end(self) -> Ending:
        """What was held back and the end, or why this is no answer; see `Reader`."""
        held, data = self._held, b""
        if held is not None:
            self.fault = self._judge(held)
            if self.fault is not None:
                return Ending(fault=self.fault)
            self._held = None
            self.content = bool(held)
            data = self._wrapped(held)
        self.finished = True
        return Ending(data + self._closing)

    def _judge(self, body: bytes) -> Fault | None:
        if not body:
            return None if self._blank else fault("upstream_empty")
        try:
            return openai_judge.error_in(document.loads(body), body)
        except ValueError:
            return None

    def _wrapped(self, data: bytes) -> bytes:
        return data if self._wrap is None or not data else self._wrap(data)


def sound_event(data: bytes) -> bytes:
    """A piece of sound as an event of a speech stream."""
    return b'data: {"type":"speech.audio.delta","audio":"%s"}\n\n' % b64encode(data)


# Without `usage`: nobody has counted.
SOUND_DONE = b'data: {"type":"speech.audio.done"}\n\n'
