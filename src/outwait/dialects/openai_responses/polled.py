"""The end of a job whose stream cannot be had any more: made of the response as it is read later, in one piece.

OpenAI gives the stream of a background response for some minutes only ("This response can no longer be streamed
because it is more than 5 minutes old", openai-python issue 2828); the response itself is there as long as it is kept.
Its last event carries all that was said, so a client that missed some pieces has the whole all the same.
"""

from __future__ import annotations

from typing import Final

import msgspec

_RUNNING: Final = frozenset(("queued", "in_progress"))
_ENDS: Final = frozenset(("completed", "incomplete", "cancelled"))


class _State(msgspec.Struct, gc=False):
    status: str = ""


_state = msgspec.json.Decoder(_State).decode


def last_event(body: bytes, number: int) -> bytes:
    """The event of this number that ends the stream of the response `body`; b"" while it runs.

    Raises ValueError where it is no response.
    """
    status = _state(body).status
    if status in _RUNNING:
        return b""
    if not status:
        raise ValueError("a response without a status")
    kind = b"response.%b" % (status.encode() if status in _ENDS else b"failed")
    told = msgspec.json.format(body, indent=-1)  # on one line
    return b'event: %b\ndata: {"type":"%b","sequence_number":%d,"response":%b}\n\n' % (kind, kind, number, told)
