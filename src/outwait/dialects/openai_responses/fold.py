"""Between the two forms of an answer: a stream folded into one response, and a response unfolded into a stream.

The last event of a stream carries the whole response, which is taken as it stands; only where a server left its
`output` empty it is filled with the items that were finished before.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.dialects import document
from outwait.dialects.openai_responses.score import Score
from outwait.dialects.openai_responses.watch import ENDS

# What a response has only at its end.
_LATER = ("completed_at", "error", "incomplete_details", "usage")


class _Frame(msgspec.Struct, gc=False):
    """What of an event is kept."""

    type: str = ""
    output_index: int = 0
    item: Raw | UnsetType = UNSET
    response: Raw | UnsetType = UNSET


class _Output(msgspec.Struct, gc=False):
    output: list[Raw] | UnsetType | None = UNSET


_frame = msgspec.json.Decoder(_Frame).decode
_output = msgspec.json.Decoder(_Output).decode


class Fold:
    """Gathers a stream; see `passing.Fold`."""

    __slots__ = ("_items", "_response")

    def __init__(self) -> None:
        self._items: dict[int, bytes] = {}
        self._response = b""

    def add(self, name: bytes, data: bytes) -> None:
        """One event; raises ValueError for one that cannot be read."""
        if name.endswith(b".delta"):
            return
        frame = _read(data)
        if frame.type == "response.output_item.done" and not isinstance(frame.item, UnsetType):
            self._items[frame.output_index] = bytes(frame.item)
        elif frame.type in ENDS:
            if isinstance(frame.response, UnsetType):
                raise ValueError("the last event has no response")
            self._response = bytes(frame.response)
            if self._items and not _has_output(self._response):
                items = b",".join(self._items[index] for index in sorted(self._items))
                self._response = document.change(self._response, {"output": b"[%s]" % items})

    def body(self) -> bytes:
        """The response."""
        return self._response


def _read(data: bytes) -> _Frame:
    try:
        return _frame(data)
    except ValueError:
        value = document.loads(data)
    # Half a surrogate pair is JSON all the same; only msgspec stumbles over it.
    if not isinstance(value, dict):
        raise ValueError("no event")  # noqa: TRY004 - it is the upstream's value that is wrong
    held = {key: Raw(document.dumps(value[key])) for key in ("item", "response") if key in value}
    index = value.get("output_index")
    return _Frame(str(value.get("type")), index if type(index) is int else 0, **held)


def _has_output(response: bytes) -> bool:
    try:
        return bool(_output(document.without_surrogates(response)).output)
    except ValueError:
        return False


def unfold(body: bytes) -> bytes:
    """The stream that says the same as the response in `body`; ValueError if that is none."""
    response = document.loads(body)
    if not isinstance(response, dict):
        raise ValueError("no response")  # noqa: TRY004 - it is the upstream's value that is wrong
    return replay(response)


def replay(response: dict[str, Any], after: int = -1) -> bytes:
    """The stream that says the same as `response`, numbered from 0, without the events up to number `after`."""
    status = str(response.get("status", "completed"))
    score = Score(after=after)
    pending = status in {"queued", "in_progress"}
    begun = response | dict.fromkeys(_LATER) | {"output": [], "status": status if pending else "in_progress"}
    events = [score.tell("response.created", response=begun)]
    events.append(score.tell(f"response.{begun['status']}", response=begun))
    if not pending:
        items = [item for item in response.get("output") or () if isinstance(item, dict)]
        events += [score.whole_item(index, item) for index, item in enumerate(items)]
        events.append(score.tell(f"response.{status}", response=response))
    return b"".join(events)
