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
    """`text`, or the part of it that is read; what is left out between two pieces is a line of its own."""
    if len(text) <= LONGEST:
        return text
    places = sorted({0, len(text) - _EDGE, *(place for word in _WORDS for place in _found(text, word))})
    pieces: list[tuple[int, int]] = []
    for place in places:
        start = max(0, place - _BEFORE)
        end = place + _AFTER if 0 < place < len(text) - _EDGE else place + _EDGE
        if pieces and start <= pieces[-1][1]:
            pieces[-1] = (pieces[-1][0], max(pieces[-1][1], end))
        else:
            pieces.append((start, end))
    return "\n\x00\n".join(text[start:end] for start, end in pieces)


def _found(text: str, word: str) -> list[int]:
    """The first and the last places of `word`."""
    found: list[int] = []
    at = 0
    for _ in range(_MOST):
        at = text.find(word, at) + 1
        if at == 0:
            return found
        found.append(at - 1)
    at = len(text)
    for _ in range(_MOST):
        at = text.rfind(word, 0, at)
        found.append(at)
    return found
