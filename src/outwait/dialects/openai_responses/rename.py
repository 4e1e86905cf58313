"""A response told with what its client knows of it already, whichever upstream writes it.

The client of a background response has its id since it asked, and one that was sent a heartbeat before the answer has
the id that stood there. A call that continues another response was worded with the upstream's id of that, or with the
whole conversation; its client knows it by the id that it sent. So each event that carries the response, and a response
that comes as JSON, is told with these, and every other byte stays as it came.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.request import Call
from outwait.dialects import body as reading
from outwait.dialects import document
from outwait.dialects.openai_responses import members
from outwait.dialects.openai_responses.asked import asked_state
from outwait.dialects.openai_responses.watch import ENDS, FAILED, STARTS
from outwait.dialects.passing import event
from outwait.dialects.sse import Splitter

_LIFECYCLE = STARTS | ENDS | {FAILED}


class _Frame(msgspec.Struct, gc=False):
    type: str = ""
    sequence_number: int | None = None
    response: Raw | UnsetType = UNSET


class _Named(msgspec.Struct, gc=False):
    id: str = ""


_frame = msgspec.json.Decoder(_Frame).decode


def of_job(call: Call) -> dict[str, bytes]:
    """What the client of a background call knows of its response."""
    ident = "" if call.state is None else call.state.ident
    return {"id": msgspec.json.encode(ident), "background": b"true", "store": b"true"} | of_continued(call)


def of_continued(call: Call) -> dict[str, bytes]:
    """What the client knows of the response before."""
    return {"previous_response_id": msgspec.json.encode(asked_state(call.body).previous_response_id)}


class Renaming:
    """Tells one reply with these `values`, fields of its response as JSON; it may come over several connections.

    `handle`: the response's id at the upstream, empty until it was told. `sequence`: the number of the last event, -1
    before the first.
    """

    __slots__ = ("_seen", "_values", "handle", "sequence")

    def __init__(self, values: Mapping[str, bytes]) -> None:
        self.handle = ""
        self.sequence = -1
        self._seen: int | None = None  # events up to this number were told on an earlier connection
        self._values = values

    def event(self, payload: bytes) -> bytes | None:
        """The data of an event as the client shall see it; None if it was told on an earlier connection."""
        frame = _peek(payload)
        number = frame.sequence_number
        if number is not None:
            if self._seen is not None and number <= self._seen:
                return None
            self.sequence = number
        if frame.type not in _LIFECYCLE or isinstance(frame.response, UnsetType):
            return payload
        return self._inside(payload, frame.response)

    def whole(self, body: bytes) -> bytes:
        """A response as the client shall see it; what is no object stays as it is."""
        if not body.startswith(b"{"):
            return body
        # Half a surrogate pair may stand in the way of changing it in place.
        return _changed(body, self._values, document.change, members.put)

    def meet(self, response: bytes) -> None:
        """Note whose response it is."""
        named = reading.loosely(Raw(document.without_surrogates(response)), _Named)
        self.handle = self.handle or ("" if named is None else named.id)

    def resume(self) -> None:
        """What comes now comes over another connection."""
        self._seen = self.sequence

    def _inside(self, payload: bytes, response: Raw) -> bytes:
        """`payload`, an event, with its response renamed."""
        told = bytes(response)
        self.meet(told)
        places = document.values_of(payload, "response")
        if not places:  # the key is written with escapes
            return _changed(payload, {"response": self.whole(told)}, members.put)
        start = places[-1]  # of several the last one counts
        end = start + len(told)
        return payload[:start] + self.whole(payload[start:end]) + payload[end:]


class Announced:
    """See `dialect.Announced`. `ident`, `created`: what a heartbeat told as the response's id and as when it began."""

    __slots__ = ("_renaming",)

    def __init__(self, ident: str, created: int) -> None:
        self._renaming = Renaming({"id": msgspec.json.encode(ident), "created_at": b"%d" % created})

    @property
    def handle(self) -> str:
        """See `dialect.Announced`."""
        return self._renaming.handle

    def retell(self, data: bytes) -> bytes:
        """See `dialect.Announced`."""
        told = []
        changed = False
        for name, payload in Splitter(len(data)).feed(data):
            renamed = self._renaming.event(payload) or payload
            changed = changed or renamed != payload
            told.append(event(name, renamed))
        return b"".join(told) if changed else data


def _changed(text: bytes, values: Mapping[str, bytes], *ways: Callable[[bytes, Mapping[str, bytes]], bytes]) -> bytes:
    """`text`, an object, with these values; as it is where it cannot be read, which whoever judges it will say."""
    for change in ways:
        try:
            return change(text, values)
        except (ValueError, RecursionError):
            continue
    return text


def _peek(payload: bytes) -> _Frame:
    # Half a surrogate pair is JSON all the same; the text without it is as long as before.
    for text in (payload, document.without_surrogates(payload)):
        try:
            return _frame(text)
        except (ValueError, RecursionError):
            continue
    return _Frame()
