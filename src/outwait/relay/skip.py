"""Where a reader goes on that has seen the beginning of a stream already.

Events are counted as the replay buffer holds them: without heartbeats, since those are no part of the answer. Where a
protocol numbers its events itself (`sequence_number` of the Responses API), its own numbers count.
"""

from __future__ import annotations

import re

from outwait.dialects import document

_EVENT = re.compile(rb".*?(?:\r\n\r\n|\n\n)", re.DOTALL)
_NUMBER = re.compile(rb"[0-9]{1,18}")


class Skip:
    """Leaves out the first events of a stream: `after` of them or, where they are `numbered`, those whose number is at
    most `after`. What it is given always ends between two events. `done`: nothing is left out any more.
    """

    __slots__ = ("_left", "_numbered", "done")

    def __init__(self, after: int, *, numbered: bool = False) -> None:
        self._left = after
        self._numbered = numbered
        self.done = not numbered and after <= 0

    def pass_on(self, data: bytes) -> bytes:
        """What of `data` the reader has not seen."""
        at = 0
        while not self.done and at < len(data):
            match = _EVENT.match(data, at)
            end = len(data) if match is None else match.end()
            if not self._seen(data[at:end]):
                break
            at = end
        return data[at:]

    def _seen(self, event: bytes) -> bool:
        if self._numbered:
            number = _number(event)
            self.done = number is not None and number > self._left
            return not self.done
        self._left -= 1
        self.done = self._left <= 0
        return True


def _number(event: bytes) -> int | None:
    """The event's own number, None where it has none."""
    for line in event.splitlines():
        if line.startswith(b"data:"):
            places = document.values_of(line, "sequence_number")
            found = _NUMBER.match(line, places[0]) if places else None
            return int(found[0]) if found else None
    return None
