"""The blocks of an event stream as they come over the wire, and which of them are no part of an answer (pure).

A block is what stands up to a blank line. An event is a block with data or a name; comments, blank lines and the
heartbeats of the table are none, so a gateway does not count them (docs/exchanges.md).
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

_END: Final = re.compile(rb"\r?\n\r?\n")
_BREAKS: Final = b"\r\n"
_LOOK_BACK: Final = 3  # bytes of an end that may have come before: all but the last of CRLF CRLF

# The data of events that outwait puts in to fill a silence, to the byte (docs/heartbeats.md). A test compares them with
# what the gateway sends.
HEARTBEATS: Final = frozenset(
    (
        b'{"type": "ping"}',
        b'{"type":"message_delta","delta":{"stop_reason":null,"stop_sequence":null},"usage":{"output_tokens":0}}',
        b'{"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}',
        b'{"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null}]}',
        b'{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}]}',
        b'{"candidates":[{"content":{"parts":[{"text":" ","thought":true}],"role":"model"},"index":0}]}',
    )
)


class Block(NamedTuple):
    """One block: its bytes up to and with the blank line, and what they say. `event`: it is one of the answer."""

    raw: bytes
    name: bytes = b""
    data: bytes = b""
    event: bool = False


class Cutter:
    """Cuts blocks out of bytes that come in any pieces. Blank lines between blocks are blocks of their own."""

    __slots__ = ("_held", "_looked")

    def __init__(self) -> None:
        self._held = bytearray()
        self._looked = 0  # so much of it holds no end

    def feed(self, data: bytes) -> list[Block]:
        """The blocks that `data` completes."""
        held, blocks, at = self._held, [], 0
        held += data
        while True:
            begin = _past_breaks(held, at)
            if begin > at:
                blocks.append(Block(bytes(held[at:begin])))
                at, self._looked = begin, 0
            found = _END.search(held, max(at, self._looked))
            if found is None:
                break
            blocks.append(_read(bytes(held[at : found.end()])))
            at, self._looked = found.end(), 0
        del held[:at]
        self._looked = max(0, len(held) - _LOOK_BACK)
        return blocks

    def rest(self) -> bytes:
        """What has no end yet; forgotten here."""
        rest = bytes(self._held)
        self._held.clear()
        self._looked = 0
        return rest


def _past_breaks(held: bytearray, at: int) -> int:
    """Where the first line begins that is not blank. A CR whose LF may still come is left for later."""
    end = at
    while end < len(held) and held[end] in _BREAKS:
        end += 1
    return end - 1 if end == len(held) and end > at and held[end - 1] == _BREAKS[0] else end


def _read(raw: bytes) -> Block:
    name, data, told = b"", [], False
    for line in raw.splitlines():
        field, _, value = line.partition(b":")
        if field == b"data":
            data.append(value.removeprefix(b" "))
        elif field == b"event":
            name = value.removeprefix(b" ")
        told = told or field in {b"data", b"event"}
    joined = b"\n".join(data)
    return Block(raw, name, joined, told and joined not in HEARTBEATS)
