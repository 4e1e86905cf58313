"""Events of one mould: what an event was like around its words, so that the next one is known by that alone.

Most events of a stream differ from the one before in one string and in nothing else. Where an event was decoded and
found to be plain, so is one with the same bytes before that string and behind it, whatever words stand in between: it
is the same document with another string in that place. To know that takes 0.2 us; to decode a chat chunk 0.4, to cut a
Messages event out of its lines and judge it 3.
"""

from __future__ import annotations

import re

# So many moulds in a row may fit no further event; then no more are made, since events differ in more than their words.
_MOULDS = 4
_QUOTE, _BACKSLASH = 34, 92


class Mould:
    """What the last plain event was like. `key`: takes a member's name, its colon and the quote that opens its string.

    A quote that closes a string cannot be the first of `key`, since no name may follow it; so what `key` leads to is
    a string, of that member or of one whose name ends so.
    """

    __slots__ = ("_around", "_before", "_behind", "_key", "_left")

    def __init__(self, key: re.Pattern[bytes]) -> None:
        self._key = key
        self._before = self._behind = b""
        self._around = 0  # their length; 0: there is no mould
        self._left = _MOULDS

    def fits(self, event: bytes) -> bool:
        """Whether `event` is the last plain one but for its words: some text that needs no escapes.

        Some text that needs none is not taken for it (U+00A0, joiners of emoji): such an event is to be read.
        """
        if not self._around:
            return False
        words = event.removeprefix(self._before).removesuffix(self._behind)
        if not 0 < len(words) == len(event) - self._around or _QUOTE in words or _BACKSLASH in words:
            return False
        try:
            if not str(words, "utf-8").isprintable():
                return False
        except UnicodeDecodeError:
            return False
        self._left = _MOULDS
        return True

    def learn(self, event: bytes) -> None:
        """`event`, which does not fit, is whole, was read, and is plain: the next will be like it."""
        if not self._left or (self._around and event.startswith(self._before) and event.endswith(self._behind)):
            return  # no more are made; or it is of this mould, and only its words were not
        self._left -= 1
        self._before, self._behind = (self._cut(event) if self._left else None) or (b"", b"")
        self._around = len(self._before) + len(self._behind)

    def _cut(self, event: bytes) -> tuple[bytes, bytes] | None:
        """What stands before and behind the one string that the key leads to; None where there are more or none, or its
        words are spelled with escapes.
        """
        places = [found.end() for found in self._key.finditer(event)]
        if len(places) != 1:
            return None
        end = event.find(_QUOTE, places[0])
        if _BACKSLASH in event[places[0] : end]:
            return None
        return event[: places[0]], event[end:]
