"""Text as patterns read it: lower case, runs of blanks as one, no backslashes, plain quotes; places are remembered.

People paste errors as their terminal broke the lines, as JSON inside JSON, with the frames a program drew around them.
Folding takes that away, and `quote` gives back what stood there.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

# What typesetting and accents make of a quotation mark.
_BLANK: Final = r"[\s│┃▏╭╮╰╯⎿]"
# Colours and links of a terminal (ECMA-48, 5.4 and 5.6): as they are, as programs escape them, as viewers leave them.
_COLOUR: Final = (
    r"(?:\x1b|\\{1,8}(?:u001b|x1b|033|e)|\u241b)"
    r"(?:\[[0-9;:?]{0,40}[ -/]?[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\))"
    r"|\[\d{1,3}(?:;\d{1,3}){0,5}m"
)
_COLOURS: Final = re.compile(_COLOUR)
_ODD: Final = re.compile(
    rf"(?P<colour>{_COLOUR})"
    rf"|(?P<blank>(?:{_BLANK}|\\{{1,8}}[nrt])+)"
    r"|(?<![A-Za-z0-9])(?P<state>[sScC][RQCHDL])(?=--\s)|(?<=termination_state\":\")(?P<ended>[sScC][RQCHDL])"
    r"|\\{1,8}u(?P<code>[0-9a-fA-F]{4})"
    r"|(?P<late>\b[Tt]ime out\b)"
    r"|(?P<slash>\\{1,8})"
    r"|(?P<entity>&(?:quot|#34|#39|#x27|apos|lt|gt|amp|nbsp);)"
    r"|(?P<quote>[\u2018\u2019\u00b4`\u201c\u201d\u2033])"
)
# What people and programs set around a name: "The model: 'x' does not exist".
_DRESS: Final = re.compile(r"(?<![a-z])'(?!:)|'(?![a-z:])|[\"*](?!:)|(?<=[a-z0-9)]):(?= )")
# HAProxy tells by the case of a letter whether a clock ran out or somebody aborted (its configuration manual, 8.5).
_ENDED: Final = {"s": "server-timeout", "S": "server-abort", "c": "client-timeout", "C": "client-abort"}
_PLAIN: Final = {"`": "'", "\u2018": "'", "\u2019": "'", "\u00b4": "'", "\u201c": '"', "\u201d": '"', "\u2033": '"'}
_ENTITIES: Final = {"&quot;": '"', "&#34;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&", "&nbsp;": " "}


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` as patterns read it, `plain` as it was. `starts` and `places`: where its pieces stand, in both."""

    text: str
    plain: str
    starts: tuple[int, ...]
    places: tuple[int, ...]

    def quote(self, start: int, end: int) -> str:
        """What stands in the plain text where `text[start:end]` does."""
        return self.plain[self.place(start) : self.place(end - 1) + 1] if end > start else ""

    def place(self, at: int) -> int:
        """Where in the plain text the character `at` of the folded one is from."""
        piece = bisect_right(self.starts, at) - 1
        spot = self.places[piece] + at - self.starts[piece]
        last = self.places[piece + 1] - 1 if piece + 1 < len(self.places) else spot
        return min(spot, max(self.places[piece], last))


def fold(plain: str) -> Folded:
    """`plain`, folded."""
    return _rewritten(plain, _ODD, _told)


def uncoloured(text: str) -> str:
    """`text` without colours and hyperlinks of a terminal."""
    return _COLOURS.sub("", text)


def loosened(read: str) -> Folded:
    """A folded text without the quotes and colons that stand around single words; keys of JSON keep theirs."""
    return _rewritten(read, _DRESS, lambda _: "")


def _rewritten(plain: str, expression: re.Pattern[str], instead: Callable[[re.Match[str]], str]) -> Folded:
    parts: list[str] = []
    starts, places = [0], [0]
    length = done = 0
    for odd in expression.finditer(plain):
        kept = _lower(plain[done : odd.start()])
        told = instead(odd)
        parts += (kept, told)
        starts += (length + len(kept), length + len(kept) + len(told))
        places += (odd.start(), odd.end())
        length += len(kept) + len(told)
        done = odd.end()
    parts.append(_lower(plain[done:]))
    return Folded("".join(parts), plain, tuple(starts), tuple(places))


def _told(odd: re.Match[str]) -> str:
    if odd["blank"]:
        return " "
    state = odd["state"] or odd["ended"]
    if state:
        return f"{_ENDED[state[0]]}-{state[1].lower()}"
    if odd["code"]:
        return _lower(chr(int(odd["code"], 16)))
    if odd["late"]:
        return "timeout"
    if odd["entity"]:
        return _ENTITIES.get(odd["entity"], "'")
    return _PLAIN[odd["quote"]] if odd["quote"] else ""


def _lower(text: str) -> str:
    """`text` in lower case, as long as it was: a few letters have longer small ones."""
    small = text.lower()
    if len(small) == len(text):
        return small
    return "".join(each.lower() if len(each.lower()) == 1 else each for each in text)
