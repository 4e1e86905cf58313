"""One piece of settings, ready to paste, and who makes it: the port between advice and targets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Advice


@dataclass(frozen=True, slots=True)
class Snippet:
    """Settings for one target.

    `target`: as an option names it. `title`: what it is for. `language`: of a fenced block, as in `python`. `file`: the
    name it is written under. `text`: plain ASCII, English comments, ends with a newline. `check`: the command that
    checks it, with `{file}` in it; "" where there is none. `notes`: what the reader must know or do besides.
    """

    target: str
    title: Said
    language: str
    file: str
    text: str
    check: str = ""
    notes: tuple[Said, ...] = ()


Emitter = Callable[[Advice], Snippet]
