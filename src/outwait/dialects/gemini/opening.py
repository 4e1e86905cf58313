"""What a Gemini client gets before and between the upstream's words: the head of its reply, heartbeats, late errors.

Comments break almost every client of this dialect, so there are none (FACTS 1.1.6). Python clients take a blank line;
the others count events and get a chunk that says nothing. An array has to be opened before blanks may stand in it.
"""

from __future__ import annotations

from outwait.core.fault import Fault
from outwait.core.plan import Heartbeat
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects.dialect import Voice
from outwait.dialects.gemini.chunk import EMPTY, MUSING
from outwait.dialects.gemini.errors import error_body, stream_error
from outwait.dialects.gemini.readers import SEPARATOR, kind_of
from outwait.dialects.gemini.request import shows_thoughts
from outwait.dialects.gemini.target import is_array
from outwait.dialects.profiles import Profile
from outwait.dialects.voice import PlainVoice, Unnumbered

_SILENT = frozenset({"off", "headers"})
_FREE = frozenset({"auto", "comment"})  # a comment is never a heartbeat here, whatever was asked for
_BLANK = b"\n"


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered."""
    return Head(200, kind_of(call))


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> Voice:
    """The voice of outwait in one Gemini reply."""
    silent = not heartbeat.enabled or heartbeat.mode in _SILENT
    if is_array(call):
        return ArrayVoice(silent=silent)
    if not call.stream:
        return PlainVoice(b"" if silent else _BLANK, error_body)
    return (
        PlainVoice(b"", stream_error)
        if silent
        else EventVoice(call, profile.gemini if heartbeat.mode in _FREE else heartbeat.mode)
    )


def _beat(call: Call, shape: str) -> bytes:
    """The bytes of a heartbeat between events."""
    if shape == "whitespace":
        return _BLANK
    return b"data: " + (MUSING if shows_thoughts(call) else EMPTY) + b"\r\n\r\n"


class EventVoice(Unnumbered):
    """The voice in a stream of events. Which beat it is takes a look at the body, so that waits for the first one."""

    __slots__ = ("_beat", "_call", "_shape")

    edits = False

    def __init__(self, call: Call, shape: str) -> None:
        self._call = call
        self._shape = shape
        self._beat = b""

    def beat(self) -> bytes:
        """A blank line, or a chunk that says nothing."""
        self._beat = self._beat or _beat(self._call, self._shape)
        return self._beat

    def say(self, data: bytes) -> bytes:
        """The very same bytes."""
        return data

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """See `dialect.Voice`."""
        return stream_error(fault, exchange_id)


class ArrayVoice(Unnumbered):
    """The voice in a stream that is one JSON array. It must see the answer from its first byte, to know whether the
    array is open and has elements."""

    __slots__ = ("_elements", "_opened", "_seen", "_silent")

    edits = True

    def __init__(self, *, silent: bool) -> None:
        self._silent = silent
        self._opened = False  # the bracket is out
        self._seen = False  # so is the answer's own, or it was left out
        self._elements = False

    def beat(self) -> bytes:
        """A blank, behind the array's bracket."""
        if self._silent:
            return b""
        opening, self._opened = b"" if self._opened else b"[", True
        return opening + _BLANK

    def say(self, data: bytes) -> bytes:
        """The answer, without its bracket where that is out already."""
        if not self._seen and data:
            rest = data[1:]
            self._seen, self._elements = True, bool(rest)
            said, self._opened = rest if self._opened else data, True
            return said
        self._elements = self._elements or bool(data)
        return data

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """The error as the last element."""
        lead = SEPARATOR if self._elements else b"" if self._opened else b"["
        return lead + error_body(fault, exchange_id) + b"]"
