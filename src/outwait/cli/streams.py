r"""The streams a command is started with, as it may use them: all three are there, and none fails at a character.

What was closed reads as empty and takes everything. A character that a stream's encoding has not is written in ASCII:
a plain one like it, else its number, as `\u4f60`. So a command works under every locale, and loses nothing.
"""

from __future__ import annotations

import codecs
import io
import os
import sys
from typing import Final, TextIO

SPELLED: Final = "outwait-spelled"
"""The name of this way to write what an encoding has not, as `errors` of a stream takes it."""
_OURS: Final = ("strict", "surrogateescape")  # what Python chooses; who chose another way with PYTHONIOENCODING has it
_PLAIN: Final = {  # one cell for one: tables stay straight
    "“": '"',
    "”": '"',
    "\u2018": "'",  # the single quotation marks
    "\u2019": "'",
    "–": "-",
    "—": "-",
    "·": ".",
    "•": "*",
    "×": "x",
    "→": ">",
    "…": ".",
    "\xa0": " ",
}


def prepare() -> None:
    """Make stdin, stdout and stderr of this process what a command may rely on."""
    codecs.register_error(SPELLED, _spelled)
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        stream = getattr(sys, name)
        if stream is None:  # the lowest free descriptor is the one that is missing
            nowhere = os.open(os.devnull, os.O_RDONLY if mode == "r" else os.O_WRONLY)
            setattr(sys, name, os.fdopen(nowhere, mode, encoding="utf-8", closefd=False))
        elif name != "stdin" and isinstance(stream, io.TextIOWrapper) and stream.errors in _OURS:
            stream.reconfigure(errors=SPELLED)


def unicode(stream: TextIO | None) -> bool:
    """Whether `stream` has every character."""
    named = getattr(stream, "encoding", None) or "utf-8"
    try:
        return codecs.lookup(named).name.startswith("utf")
    except LookupError:
        return False


def _spelled(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_ascii, error.object[error.start : error.end])), error.end


def _ascii(letter: str) -> str:
    return _PLAIN.get(letter) or letter.encode("ascii", "backslashreplace").decode("ascii")
