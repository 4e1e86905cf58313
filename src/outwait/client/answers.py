"""An answer that comes over several connections, made one (pure).

Each kind of body knows what of it was passed on, and how the rest is found when the answer is asked for again:

  Events     server-sent events: whole events only are passed on, counted without heartbeats; the gateway is asked for
             what is behind so many of them
  Numbered   events of the Responses API. outwait's heartbeats have numbers there too, so a count would depend on what
             another connection was sent. The answer is asked for from its beginning, what was passed on is left out,
             and what follows is numbered on where the first connection had come to
  Bytes      anything else, from its beginning, without the bytes that were passed on. In a JSON text line breaks mean
             nothing and are heartbeats, so they do not count

However often and wherever the line is cut: what is passed on is each event and byte of the answer once, in order.
"""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from outwait.client.blocks import Block, Cutter

_LIFECYCLE: Final = frozenset(("response.created", "response.in_progress", "response.queued"))

_DONE: Final = b"[DONE]"  # also behind outwait's own errors, but for Anthropic's and Google's clients

# How a stream of each endpoint says that it is over: the name of an event, or its data.
ENDS: Final[dict[str, frozenset[bytes]]] = {
    "chat/completions": frozenset((_DONE,)),
    "completions": frozenset((_DONE,)),
    "messages": frozenset((b"message_stop", b"error")),
    "responses": frozenset(
        (b"response.completed", b"response.failed", b"response.incomplete", b"response.cancelled", b"error")
    ),
    "images/generations": frozenset((b"image_generation.completed", _DONE)),
    "images/edits": frozenset((b"image_edit.completed", _DONE)),
    "audio/speech": frozenset((b"speech.audio.done", _DONE)),
    "audio/transcriptions": frozenset((b"transcript.text.done", _DONE)),
}
# Where nothing comes behind that.
LAST: Final = frozenset(("chat/completions", "completions", "messages", "responses"))
# Gemini has no event of its own for that; these stand in the last one, or in one near it.
SIGNS: Final = (b'"finishReason"', b'"blockReason"', b'"error"')
_GEMINI: Final = ":streamGenerateContent"


class Answer(Protocol):
    """What is passed on of one answer.

    `ended`: it said itself that it is over. `over`: and nothing comes behind that. `fresh`: this connection brought
    something that the last one had not. `after`: events to ask for what is behind; 0: ask from the beginning.
    """

    ended: bool
    fresh: bool

    @property
    def over(self) -> bool:
        """See the class."""
        ...

    @property
    def after(self) -> int:
        """See the class."""
        ...

    def take(self, data: bytes) -> bytes:
        """What is to be passed on now that `data` came."""
        ...

    def rest(self) -> bytes:
        """The connection ended in good order: what was held back."""
        ...

    def again(self) -> None:
        """Another connection follows; what was held back is forgotten, it comes again."""
        ...

    def failed(self, body: bytes) -> bytes:
        """The answer ended with the error `body` (JSON) instead: how that is told."""
        ...


class Events:
    """See the module. `endpoint`: of `outwait.client.places`."""

    def __init__(self, endpoint: str) -> None:
        self.ended = False
        self.fresh = False
        self._cutter = Cutter()
        self._marks = ENDS.get(endpoint, frozenset())
        self._signs = SIGNS if endpoint.endswith(_GEMINI) else ()
        self._named = endpoint == "messages"
        self._last_words = endpoint in LAST
        self._passed = 0

    @property
    def after(self) -> int:
        """See `Answer`."""
        return self._passed

    @property
    def over(self) -> bool:
        """See `Answer`."""
        return self.ended and self._last_words

    @property
    def marked(self) -> bool:
        """Whether streams of this endpoint say when they are over."""
        return bool(self._marks or self._signs)

    def take(self, data: bytes) -> bytes:
        """See `Answer`."""
        self.fresh = self.fresh or bool(data)
        return b"".join(map(self._pass, self._cutter.feed(data)))

    def _pass(self, block: Block) -> bytes:
        if block.event:
            self._passed += 1
            self.ended = self.ended or self._ends(block)
        return block.raw

    def _ends(self, block: Block) -> bool:
        if block.data in self._marks or block.name in self._marks:
            return True
        return any(sign in block.data for sign in self._signs)

    def rest(self) -> bytes:
        """See `Answer`."""
        return self._cutter.rest()

    def again(self) -> None:
        """See `Answer`."""
        self._cutter.rest()
        self.fresh = False

    def failed(self, body: bytes) -> bytes:
        """See `Answer`. Anthropic's clients know an error by its event's name, Google's break on any name."""
        self.ended = True
        name = b"event: error\n" if self._named else b""
        done = b"data: %b\n\n" % _DONE if _DONE in self._marks else b""
        return name + b"data: " + b" ".join(body.split(b"\n")) + b"\n\n" + done


class _Frame(msgspec.Struct, gc=False):
    type: str = ""
    sequence_number: int | None = None


_frame = msgspec.json.Decoder(_Frame).decode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Numbered(Events):
    """See the module."""

    def __init__(self) -> None:
        super().__init__("responses")
        self._words = 0  # events passed on that no heartbeat can be
        self._skip = 0  # so many of them come again
        self._last = -1  # the number of the last event passed on
        self._shift: int | None = 0  # added to the numbers of this connection; None: not known yet

    @property
    def after(self) -> int:
        """See `Answer`."""
        return 0

    def take(self, data: bytes) -> bytes:
        """See `Answer`. What comes again is nothing new."""
        fresh, out = self.fresh, super().take(data)
        self.fresh = fresh or bool(out)
        return out

    def _pass(self, block: Block) -> bytes:
        if not block.event:
            return block.raw
        frame = _peek(block.data)
        beginning = frame.type in _LIFECYCLE
        if self._skip:
            self._skip -= not beginning
            return b""
        number = frame.sequence_number
        if self._shift is None:
            if beginning and self._seen(number):
                return b""
            self._shift = self._last + 1 - number if number is not None and self._last >= 0 else 0
        self._words += not beginning
        self.ended = self.ended or frame.type.encode() in self._marks or self._ends(block)
        if number is None:
            return block.raw
        self._last = number + self._shift
        return _renumbered(block, self._last) if self._shift else block.raw

    def _seen(self, number: int | None) -> bool:
        """Whether a beginning that comes again was passed on before."""
        return self._words > 0 or (number is not None and number <= self._last)

    def again(self) -> None:
        """See `Answer`."""
        super().again()
        self._skip = self._words
        self._shift = None


def _peek(data: bytes) -> _Frame:
    try:
        return _frame(data)
    except ValueError:
        return _Frame()


def _renumbered(block: Block, number: int) -> bytes:
    """The event with another `sequence_number`; its other fields stay as they are, to the byte."""
    fields = _fields(block.data)
    fields["sequence_number"] = msgspec.Raw(b"%d" % number)
    name = b"event: %b\n" % block.name if block.name else b""
    return name + b"data: " + msgspec.json.encode(fields) + b"\n\n"


class Bytes:
    """See the module. `json`: it is a JSON text."""

    after = 0
    over = False

    def __init__(self, *, json: bool) -> None:
        self.ended = False
        self.fresh = False
        self._empty = b"\n" if json else b""
        self._passed = 0
        self._skip = 0

    def take(self, data: bytes) -> bytes:
        """See `Answer`."""
        if self._skip:
            data = self._unseen(data)
        self._passed += self._count(data)
        self.fresh = self.fresh or bool(data)
        return data

    def _count(self, data: bytes) -> int:
        return len(data) - (data.count(self._empty) if self._empty else 0)

    def _unseen(self, data: bytes) -> bytes:
        """What of `data` was not passed on before."""
        counting = self._count(data)
        if counting <= self._skip:
            self._skip -= counting
            return b""
        at = 0
        while self._skip:
            at += 1
            self._skip -= data[at - 1 : at] != self._empty
        return data[at:]

    def rest(self) -> bytes:
        """See `Answer`."""
        return b""

    def again(self) -> None:
        """See `Answer`."""
        self._skip = self._passed
        self.fresh = False

    def failed(self, body: bytes) -> bytes:
        """See `Answer`. There is no place for an error: nothing is told, and the answer does not end well."""
        return b""
