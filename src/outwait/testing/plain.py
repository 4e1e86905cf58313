"""The smallest dialect there can be, for tests of what is the same in all of them.

A reply is lines of text: `: anything` is a ping, `+` progress without words, `!code` an error, `.` the proper end, and
every other line is words. A stream is passed on line by line; a JSON reply is all of its words, given at the end.

`FOREIGN` is another one, whose replies are event streams, one word an event and `.` last; calls are translated to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from outwait.core.ask import Ask, Message, Wording
from outwait.core.delta import Answer, Delta, Said, Stopped
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.part import Text
from outwait.core.plan import Candidate, Heartbeat
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect, Translation
from outwait.dialects.profiles import Profile
from outwait.dialects.voice import PlainVoice

STREAM, WHOLE = "text/event-stream", "application/json"
BEATS: Mapping[bool, bytes] = {True: b": beat\n", False: b"\n"}


class PlainReader:
    """Reads one reply (dialects.dialect.Reader)."""

    __slots__ = ("_count", "_cut", "_stream", "_words", "content", "fault", "finished", "head", "progress", "usage")

    def __init__(self, head: Head, *, stream: bool) -> None:
        self.head = head
        self.content = self.progress = self.finished = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._stream = stream
        self._cut = b""  # the beginning of a line
        self._words: list[bytes] = []
        self._count = 0  # lines of words

    def feed(self, data: bytes) -> bytes:
        """Whole lines, without pings."""
        self.progress = False
        *lines, self._cut = (self._cut + data).split(b"\n")
        out = [line + b"\n" for line in lines if self._keep(line)]
        if self._stream:
            return b"".join(out)
        self._words += out
        return b""

    def _keep(self, line: bytes) -> bool:
        if not line or line.startswith(b":"):
            return False
        self.progress = True
        if line.startswith(b"!"):
            self.fault = fault(line[1:].decode())
            return False
        if line == b".":
            self.finished = True
            return self._stream
        if line != b"+":
            self.content = True
            self._count += 1
            return True
        return self._stream

    def end(self) -> Ending:
        """Whole only after a proper end, and with words."""
        if not self.finished:
            return Ending(fault=fault("upstream_truncated"))
        if not self.content:
            return Ending(fault=fault("upstream_empty"))
        return Ending(b"".join(self._words), usage=Usage(output=self._count))


def reply_head(call: Call) -> Head:
    """The head of every successful reply to `call`."""
    return Head(200, STREAM if call.stream else WHOLE)


def _read(_method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    return Call("plain", "talk", "model", stream=body.startswith(b"stream"), body=body, headers=headers, path=path)


def _prepare(call: Call, candidate: Candidate) -> bytes:
    return b"%b %b%b" % (candidate.model.encode(), b"streamed " if candidate.streamed else b"", call.body)


def _reader(call: Call, _candidate: Candidate, _status: int, _headers: Mapping[str, str]) -> PlainReader:
    return PlainReader(reply_head(call), stream=call.stream)


def _error_body(failed: Fault, _exchange: str) -> bytes:
    return f"!{failed.code}\n".encode()


def _stream_error(failed: Fault, _exchange: str) -> bytes:
    return f"!{failed.code}\n.\n".encode()


def _voice(call: Call, heartbeat: Heartbeat, _profile: Profile) -> PlainVoice:
    return PlainVoice(b"" if heartbeat.mode == "headers" else BEATS[call.stream], _stream_error)


def _endpoint(path: str) -> str:
    return "talk" if path == "/talk" else "other"


def _ask(call: Call) -> Ask:
    return Ask(call.model, (Message("user", (Text(call.body.decode()),)),), call.stream)


def _word(ask: Ask, candidate: Candidate) -> Wording:
    """A question with `unsayable` in it cannot be asked; what comes behind `#` is left out."""
    (part,) = ask.messages[0].parts
    said = part.text if isinstance(part, Text) else ""
    if "unsayable" in said:
        raise Refusal(fault("not_expressible", param="question"))
    words, mark, _ = said.partition("#")
    return Wording(f"{candidate.model} {words}".encode(), ("remark",) if mark else ())


class _Decoder:
    """Reads a foreign stream (dialects.dialect.Decoder)."""

    def __init__(self) -> None:
        self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        self.progress = True
        if name == b"error":
            self.fault = fault("upstream_error")
            return ()
        self.finished = self.complete = data == b"."
        return (Stopped("stop"),) if self.finished else (Said(data.decode()),)

    def whole(self, body: bytes) -> Sequence[Delta]:
        self.complete = True
        return (Said(body.decode()), Stopped("stop"))


class _Encoder:
    """Writes a plain stream (dialects.dialect.Encoder)."""

    def feed(self, delta: Delta) -> bytes:
        return f"{delta.text}\n".encode() if isinstance(delta, Said) else b""

    def end(self) -> bytes:
        return b".\n"


def _whole(_call: Call, answer: Answer) -> bytes:
    return b"".join(f"{part.text}\n".encode() for part in answer.choices[0].parts if isinstance(part, Text))


_TRANSLATION = Translation(
    ask=_ask,
    word=_word,
    decoder=lambda _call, _candidate: _Decoder(),
    encoder=lambda _call: _Encoder(),
    whole=_whole,
    names={},
    takes=frozenset(),
    drops={},
    losable={},
)

PLAIN = Dialect(
    name="plain",
    read=_read,
    prepare=_prepare,
    reader=_reader,
    reply_head=reply_head,
    error_body=_error_body,
    voice=_voice,
    endpoint=_endpoint,
    translation=_TRANSLATION,
)
FOREIGN = replace(PLAIN, name="foreign")
