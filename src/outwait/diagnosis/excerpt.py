"""The part of a long paste that is worth reading: its beginning, its end, and what stands around words of failure.

Logs have megabytes; a diagnosis reads a bounded part of them, found with plain searches, so that no paste is slow.
"""

from __future__ import annotations

from typing import Final

LONGEST: Final = 48_000  # characters that are read whole
_EDGE: Final = 8_000
_BEFORE, _AFTER, _MOST = 160, 320, 8  # around a word; and how often each word is looked for from either end
_WORDS: Final = (
    *("rror", "RROR", "xception", "imeout", "imed out", "IMEDOUT", "ailed", "efused", "reset", "RESET", "denied"),
    *(
        "losed",
        "exceeded",
        "exhausted",
        "not found",
        "nvalid",
        "verload",
        "unavailable",
        "超时",
        "错误",
        "失败",
        "上游",
    ),
)


def excerpt(text: str) -> str:
    """`text`, or the part of it that is read; what is left out between two pieces is a line of its own.

    At most `LONGEST` characters: where words of failure stand everywhere, fewer places of each are read.
    """
    if len(text) <= LONGEST:
        return text
    found = [_found(text, word) for word in _WORDS]
    tellings = (_joined(text, _pieces(len(text), found, most)) for most in range(_MOST, 0, -1))
    return next(told for told in tellings if len(told) <= LONGEST)


def _joined(text: str, pieces: list[tuple[int, int]]) -> str:
    return "\n\x00\n".join(text[start:end] for start, end in pieces)


def _pieces(length: int, found: list[tuple[list[int], list[int]]], most: int) -> list[tuple[int, int]]:
    """What is read of a text of `length`: its edges, and around `most` places of each word from either end."""
    around = (place for ahead, behind in found for place in (*ahead[:most], *behind[:most]))
    pieces: list[tuple[int, int]] = []
    for place in sorted({0, length - _EDGE, *around}):
        start = max(0, place - _BEFORE)
        end = place + _AFTER if 0 < place < length - _EDGE else place + _EDGE
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], end))
        else:
            pieces.append((start, end))
    return pieces


def _found(text: str, word: str) -> tuple[list[int], list[int]]:
    """The first places of `word`, and the last ones; those near the end are read anyway."""
    ahead: list[int] = []
    behind: list[int] = []
    at = -1
    for _ in range(_MOST):
        at = text.find(word, at + 1)
        if at < 0:
            return ahead, behind
        ahead.append(at)
    at = len(text)
    for _ in range(_MOST):
        at = text.rfind(word, 0, at)
        behind.append(at)
    return ahead, behind
