"""A streamed answer passed on as a stream: the very bytes of the upstream, without what is not meant for the client.

Comments, ids, retry hints and pings are dropped, incomplete events are held back. Until the first words (or a proper
end) come, events are held back too: should the attempt fail before, another one begins with a clean page, and the
client keeps being kept alive by heartbeats.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from outwait.core.reply import Ending, Head
from outwait.core.request import Call
from outwait.dialects import passing
from outwait.dialects.mould import Mould
from outwait.dialects.openai_chat.watch import Watch, chunk_of
from outwait.dialects.openai_errors import DONE
from outwait.dialects.sse import CR, EVENT_LIMIT, LF

# Events before the first words are held back up to this many bytes.
_PRELUDE_LIMIT = 64 * 1024
# So often a chunk may be found not to be plain; then no more are tried, since this stream speaks in another way.
_TRIES = 4
_CONTENT = re.compile(rb'"content": ?"')


class _Text(msgspec.Struct, gc=False, forbid_unknown_fields=True):
    content: Annotated[str, msgspec.Meta(min_length=1)]
    role: str | None = None
    refusal: None = None
    reasoning: None = None
    reasoning_content: None = None
    tool_calls: None = None
    function_call: None = None


class _PlainChoice(msgspec.Struct, gc=False):
    delta: _Text
    index: Literal[0] = 0
    message: None = None
    finish_reason: None = None


class _Plain(msgspec.Struct, gc=False):
    """A chunk in the middle of an ordinary answer: it is one by its type alone, so that nothing is left to ask.

    One choice, the first, says a word and does not end; there is no usage and no error.
    """

    choices: tuple[_PlainChoice]
    usage: None = None
    error: None = None
    object: Literal["chat.completion.chunk"] = "chat.completion.chunk"


_decode_plain = msgspec.json.Decoder(_Plain).decode


class StreamReader(Watch):
    """Reads a streamed chat answer for a client that asked for a stream."""

    __slots__ = ("_mould", "_prelude", "_tries")

    def __init__(self, call: Call, head: Head, limit: int = EVENT_LIMIT) -> None:
        super().__init__(call, head, limit)
        self._mould = Mould(_CONTENT)
        self._prelude: list[bytes] | None = []  # None once bytes flow
        self._tries = 0  # how often chunks may yet be found not to be plain; 0 too before the first words

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client; the very same object when `data` is whole plain events, the usual case."""
        self.progress = False
        if self.finished or self.fault is not None:
            return b""
        splitter = self._splitter
        size = len(data)
        if splitter.held or size > splitter.limit:
            return self._release(self._slow(data))
        if self._mould.fits(data):
            self.progress = True
            return data
        # To take both ends off and compare lengths costs half of what two slices compared with what they should be do.
        payload = data.removeprefix(b"data: ").removesuffix(b"\n\n")
        if len(payload) != size - 8 or CR in payload:
            return self._release(self._slow(data))
        return self._whole(data, payload)

    def _whole(self, data: bytes, payload: bytes) -> bytes:
        """`data` is one whole event, and `payload` its data; or several, or something else."""
        single = LF not in payload
        if single and self._tries:
            try:
                _decode_plain(payload)
            except (ValueError, RecursionError):
                self._tries -= payload.startswith(b"{")  # the end and pings say nothing of the chunks
            else:
                self._mould.learn(data)
                self.progress = True
                return data
        if not (payload.startswith(b"{") and payload.endswith(b"}")):
            return self._release(self._slow(data))
        if single:
            self._splitter.first = False
            out = data if self._judge(payload) else b""
            return out if self._prelude is None else self._release(out)
        payloads = payload.split(b"\n\ndata: ")
        if LF in b"".join(payloads):
            return self._release(self._slow(data))
        self._splitter.first = False
        if self._tries and self._are_plain(payloads):
            return data
        return self._release(self._many(data, payloads))

    def _are_plain(self, payloads: Sequence[bytes]) -> bool:
        """Whether all `payloads` are plain chunks; they count then, and are to be passed on."""
        try:
            for _ in map(_decode_plain, payloads):
                pass
        except (ValueError, RecursionError):
            self._tries -= 1
            return False
        self.progress = True
        return True

    def _many(self, data: bytes, payloads: Sequence[bytes]) -> bytes:
        """Whole plain events, several in one piece."""
        kept: list[bytes] = []
        for payload in payloads:
            if self._judge(payload):
                kept.append(payload)
            if self.finished or self.fault is not None:
                break
        if len(kept) == len(payloads):
            return data
        return b"".join(b"data: " + payload + b"\n\n" for payload in kept)

    def _slow(self, data: bytes) -> bytes:
        """Anything else: events cut, comments between them, other line ends."""
        out: list[bytes] = []
        for name, payload in self._events(data):
            if self._judge(payload, name):
                out.append(_event(name, payload))
            if self.finished or self.fault is not None:
                break
        self._overflow()
        return b"".join(out)

    def _release(self, out: bytes) -> bytes:
        """`out`, with `[DONE]` when the stream is properly over; held back while nothing has been said."""
        prelude = self._prelude
        if prelude is not None:
            if out:
                prelude.append(out)
            if not self.content and not (self.finished and self._wordless) and sum(map(len, prelude)) < _PRELUDE_LIMIT:
                return b""
            self._prelude = None
            if self.content and 0 in self._ended:
                self._tries = _TRIES
            out = prelude[0] if len(prelude) == 1 else b"".join(prelude)
        # An empty answer gets no end here: `end` tells that it is none.
        return out + DONE if self.finished and (self.content or self._wordless) else out

    def end(self) -> Ending:
        """The last bytes, or why this is no answer; see `Reader`."""
        out = b""
        done = self.finished
        if not done and self.fault is None:
            for name, payload in self._splitter.close():
                # Only the blank line is missing, or the event was cut in the middle: then it is no JSON.
                if payload.startswith(b"[DONE]") or chunk_of(payload) is not None:
                    out = _event(name, payload) if self._judge(payload, name) else b""
        failed = self._verdict()
        if failed is not None:
            return Ending(fault=failed, usage=self.usage)
        if not done:
            self.finished = True
            out = self._release(out)
        return Ending(out, usage=self.usage)


def _event(name: bytes, payload: bytes) -> bytes:
    """An event as it came; `message` is the name of those that have none."""
    return passing.event(b"" if name == b"message" else name, payload)
