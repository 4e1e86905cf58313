"""The response object at the end of an answer, as it went to a client: as a stream, or as JSON.

A stream ends with the whole response, so only its last events are looked at, however long it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from outwait.dialects import document, lenient
from outwait.dialects.openai_responses.watch import ENDS, FAILED
from outwait.dialects.sse import Event, Splitter

_END = b"\n\n"
_ENDS = ENDS | {FAILED}
_LOOKS = 16  # behind the last event of a response there are at most some pings


def final(body: bytes, *, stream: bool) -> dict[str, Any] | None:
    """The response that `body`, a stream or not, ends with; None if it came to no end."""
    if not stream:
        value = _object(body)
        return value if value is not None and isinstance(value.get("output"), list) else None
    for _, data in _last(body):
        value = _object(data)
        if value is None or lenient.text(value, "type") not in _ENDS:
            continue
        told = value.get("response")
        return told if isinstance(told, dict) else None
    return None


def _last(body: bytes) -> Iterator[Event]:
    """The last events of a stream, latest first."""
    end = len(body)
    for _ in range(_LOOKS):
        start = body.rfind(_END, 0, max(end, 0))
        piece = body[max(start, 0) : max(end, 0)] + _END
        yield from reversed(Splitter(len(piece)).feed(piece))
        end = start


def _object(text: bytes) -> dict[str, Any] | None:
    try:
        value = document.loads(text)
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
