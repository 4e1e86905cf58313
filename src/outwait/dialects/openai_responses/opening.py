"""What a client gets before and between the upstream's words: the head of its reply, heartbeats, a failure.

Some clients count parsed events and never notice a comment (FACTS 1.1.5), so a heartbeat is an event: before the
upstream's first one a `response.created` and `response.in_progress` that outwait made, later `response.in_progress`.
All events behind one that was put in are numbered anew, and the upstream's own `response.created` becomes one more
`response.in_progress`, so that an accumulator does not begin again.

A response has one id. The one that a heartbeat told before the upstream's first event is announced: the whole answer is
told with it, to everybody, and kept under it. In the background it is outwait's own from the beginning.

The official SDKs notice bytes, and get comments: openai-node 6.46 to 7.32 takes a `response.in_progress` behind the
first words for a new, empty beginning, and throws the answer away. For openai-python, on which programs stand that
count events, there is only a comment until the upstream's id is known, since its accumulator refuses a response whose
id changes (3.54: "Lifecycle response identity changed."). So it is where only the upstream keeps the response, since
no other id would lead to it; unless the client counts events.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Fault
from outwait.core.plan import Heartbeat
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import document, passing
from outwait.dialects.openai_responses import response
from outwait.dialects.openai_responses.asked import asked_state
from outwait.dialects.openai_responses.errors import error_body, stream_error
from outwait.dialects.openai_responses.rename import Announced
from outwait.dialects.openai_responses.score import Score
from outwait.dialects.openai_responses.watch import STARTS
from outwait.dialects.profiles import Profile
from outwait.dialects.sniff import JSON_TYPE, STREAM_TYPE
from outwait.dialects.sse import Splitter
from outwait.dialects.voice import PlainVoice

PING = b": ping\n\n"
_SILENT = frozenset({"off", "headers"})
_CREATED = "response.created"
_IN_PROGRESS = "response.in_progress"
_NUMBERED = b'"sequence_number"'


class _Known(msgspec.Struct, gc=False):
    """What a heartbeat repeats of the upstream's response."""

    id: str
    model: str = ""
    created_at: float = 0


class _Frame(msgspec.Struct, gc=False):
    type: str = ""
    sequence_number: int | None = None
    response: Raw | UnsetType = UNSET


_frame = msgspec.json.Decoder(_Frame).decode
_known = msgspec.json.Decoder(_Known).decode


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered."""
    return Head(200, STREAM_TYPE if call.stream else JSON_TYPE)


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> Voice | PlainVoice:
    """The voice of outwait in one reply."""
    mode = heartbeat.mode if heartbeat.enabled else "off"
    if not call.stream:
        return PlainVoice(b"" if mode in _SILENT else b"\n", error_body)
    if mode == "auto" and profile.responses == "comment":
        mode = "comment"
    steady = profile.responses == "steady" or (profile.chat != "event" and _is_upstreams(call))
    return Voice(call, mode, steady=steady)


def _is_upstreams(call: Call) -> bool:
    """Whether the response of `call` is kept by nobody but its upstream."""
    return call.state is None and asked_state(call.body).store


class Voice:
    """See `dialect.Voice`. `mode`: of the heartbeat. `steady`: in mode `auto` no id is announced."""

    __slots__ = (
        "_call", "_created", "_held", "_job", "_known", "_last", "_mode", "_number", "_ours", "_steady", "announced",
        "inserted",
    )  # fmt: skip

    edits = True  # it must see every event, to know its number

    def __init__(self, call: Call, mode: str, *, steady: bool = False) -> None:
        self._call = call
        self._mode = mode
        self._steady = steady and mode == "auto"
        self._held: list[bytes] = []  # of an event that is not whole yet
        self._last = b""  # bytes given out whose last number was not looked for yet
        self._number = -1  # of the last event
        self.inserted: list[int] = []  # numbers of the events put in
        self._created = False  # the client knows of a response
        state = call.state
        self._ours = f"resp_{response.key_of(call.body)}" if state is None else state.ident
        self._job = state is not None and state.background
        self.announced: Announced | None = None
        # The upstream's, or ours where the client never sees another one.
        self._known: _Known | None = _Known(self._ours, call.model, call.created) if self._job else None

    def beat(self) -> bytes:
        """See `dialect.Voice`."""
        if self._mode in _SILENT:
            return b""
        if self._mode == "whitespace":
            return b"\n"
        if self._mode == "comment" or (self._known is None and (self._steady or self._created)):
            return PING  # an id that the client has seen already, or will, must not be another one
        if self._known is None:
            self._known = _Known(self._ours, self._call.model, self._call.created)
            self.announced = Announced(self._ours, self._call.created)
        score = Score(self._next())
        response_now = self._response()
        events = b"" if self._created else score.tell(_CREATED, response=response_now)
        events += score.tell(_IN_PROGRESS, response=response_now)
        self.inserted.extend(range(self._number + 1, score.number))
        self._number = score.number - 1
        self._created = True
        return events if self._mode == "event" else events + PING

    def say(self, data: bytes) -> bytes:
        """See `dialect.Voice`; gives whole events only."""
        out = self._whole(data)
        if not out:
            return b""
        if self.inserted:
            return b"".join(self._retold(name, payload) for name, payload in Splitter().feed(out))
        if not self._created:
            for _, payload in Splitter().feed(out):
                self._meet(_peek(payload))
        if _NUMBERED in out:
            self._last = out
        return out

    def decided(self) -> None:
        """See `dialect.Voice`."""
        self._steady = True

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """See `dialect.Voice`."""
        return stream_error(fault, exchange_id, self._response(), self._next())

    def resume(self, after: int, inserted: Sequence[int]) -> None:
        """See `dialect.Voice`."""
        self.inserted = list(inserted)
        self._number = after
        self._created = after >= 0

    def _whole(self, data: bytes) -> bytes:
        """`data` behind what was held, up to the last end of an event; the rest is held."""
        if not data:
            return b""
        held = self._held
        end = data.rfind(b"\n\n") + 2
        if end < 2:
            end = 1 if held and data[0] == 10 and held[-1][-1] == 10 else 0
        if not end:
            held.append(data)
            return b""
        out = b"".join((*held, data[:end]))
        self._held = [data[end:]] if end < len(data) else []
        return out

    def _retold(self, name: bytes, payload: bytes) -> bytes:
        """One event of the answer, behind those that were put in."""
        frame = _peek(payload)
        self._meet(frame)
        values: dict[str, bytes] = {}
        if frame.sequence_number is not None:
            self._number = frame.sequence_number + len(self.inserted)
            values["sequence_number"] = b"%d" % self._number
        if frame.type == _CREATED:
            values["type"] = b'"%s"' % _IN_PROGRESS.encode()
            name = _IN_PROGRESS.encode()
        return passing.event(name, document.change(payload, values) if values else payload)

    def _meet(self, frame: _Frame) -> None:
        """Remember the upstream's response."""
        if frame.type in STARTS and not isinstance(frame.response, UnsetType):
            self._created = True
            try:
                self._known = _known(frame.response)
            except ValueError:
                return  # it names itself in a way of its own

    def _next(self) -> int:
        """The number of the next event."""
        last, self._last = self._last, b""
        if last:
            for _, payload in reversed(Splitter().feed(last)):
                number = _peek(payload).sequence_number
                if number is not None:
                    self._number = number
                    break
        return self._number + 1

    def _response(self) -> dict[str, Any]:
        """The response as far as it is known."""
        known = self._known or _Known(self._ours, self._call.model, self._call.created)
        made = response.blank(known.id, known.model or self._call.model, known.created_at)
        return made | {"background": self._job}


def _peek(payload: bytes) -> _Frame:
    for text in (payload, document.without_surrogates(payload)):
        try:
            return _frame(text)
        except ValueError:
            continue
    return _Frame()
