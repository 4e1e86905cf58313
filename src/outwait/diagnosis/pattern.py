"""One known way to say a cause: an expression, what it means, how much it says, and where it is from.

Expressions are matched against folded text (`outwait.diagnosis.fold`): lower case, single spaces, no backslashes, plain
quotes. They stay quick on any text: what repeats is bounded, and an expression is only tried where its longest literal
piece stands in the text. Weights, from 0 to 100:

    90-100  names the innermost cause, in words that mean nothing else
    80-89   names the cause, in words that a deeper cause may stand behind
    60-79   says it, as many say it; a class of exceptions, a phrase
    40-59   a status, a page, a wrapper that usually means it
    1-39    a whisper
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Pattern(NamedTuple):
    """`expression` in a text means `cause`, on `side` (None: where such a cause usually is), with `weight`.

    `source`: the documentation, standard or program that says it so. `needle`: what every match holds, "" for nothing.
    """

    expression: str
    cause: str
    side: str | None
    weight: int
    source: str
    needle: str

    def find(self, folded: str) -> re.Match[str] | None:
        """The first place of `folded` where it stands."""
        if self.needle not in folded:
            return None
        return compiled(self.expression).search(folded)


@lru_cache(maxsize=4096)
def compiled(expression: str) -> re.Pattern[str]:
    """`expression`, ready for use; most are never needed, so none is made before."""
    return re.compile(expression)


def rows(source: str, weight: int, cause: str, expressions: str, *, side: str | None = None) -> tuple[Pattern, ...]:
    """Patterns of one cause, weight and source; `expressions` are parted by two blanks or more, or by a new line.

    A line that ends with `|` goes on in the next one.
    """
    found = re.split(r"\s{2,}|\n", re.sub(r"\|\n\s*", "|", expressions.strip()))
    return tuple(Pattern(each, cause, side, weight, source, needle(each)) for each in found)


def needle(expression: str) -> str:
    """The longest piece of `expression` that every text it matches holds as it stands; "" where there is none.

    Only what is outside groups and classes counts, and nothing that may be left out or repeated.
    """
    best = run = ""
    depth, skip = 0, -1
    for place, sign in enumerate(expression):
        if place <= skip:
            continue
        if sign == "\\":
            skip = place + 1
            literal = "" if expression[skip].isalnum() else expression[skip]
        elif sign == "[":
            skip, literal = expression.index("]", place + 2), ""
        elif sign == "{":
            skip, literal = expression.index("}", place), ""
        elif sign == "|" and depth == 0:
            return ""
        else:
            literal = "" if sign in ".^$?*+()|" else sign
        depth += {"(": 1, ")": -1}.get(sign, 0)
        if sign in "?*{":
            run = run[:-1]  # what stands before it may be left out
        if literal and depth == 0:
            run += literal
            continue
        best, run = max(best, run, key=len), ""
    return max(best, run, key=len)
