"""Plays a script to a job instead of a client: what it says of time and of the answer happens to the job; what it says
of the connection (`reset`, `close`, `truncate`) happens to the one that asked for the job, and the job goes on.

A script that refuses the call, or replies with what is no answer, makes no job: see `is_job`.
"""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.kept import Kept
from outwait.toolkit.simulate.openai_responses import BACKGROUND
from outwait.toolkit.simulate.player import Player
from outwait.toolkit.simulate.script import End, Fate, Script

_OF_CONNECTION: Final = frozenset({Fate.RESET, Fate.CLOSE, Fate.TRUNCATE})
_OF_CALL: Final = frozenset({Fate.GARBAGE, Fate.GARBAGE_HTTP, Fate.HTML, Fate.EMPTY_BODY})


def is_job(script: Script, *, stream: bool) -> bool:
    """Whether a background call with this script becomes a job."""
    end = script.end
    if end is None:
        return True
    if end.fate is Fate.REFUSE_STREAM:
        return not stream
    at_once = not script.prelude and end.after is None
    return end.fate not in _OF_CALL and not (end.fate is Fate.ERROR and at_once)


async def run(script: Script, said: Answer, kept: Kept) -> None:
    """Play `script` to the end of the job."""
    end = script.end
    cut = end if end is not None and end.fate in _OF_CONNECTION else None
    if cut is not None or (end is not None and end.fate is Fate.REFUSE_STREAM):
        script = replace(script, end=None)
    said = replace(said, question=replace(said.question, stream=True))
    await _JobPlayer(script, said, kept, cut).play()


class _JobPlayer(Player):
    """Severs the first connection where the script says so."""

    __slots__ = ("_cut", "_kept", "_point")

    def __init__(self, script: Script, said: Answer, kept: Kept, cut: End | None) -> None:
        super().__init__(script, said, replace(BACKGROUND, closing=self._closing), _JobVoice(kept), b"")
        self._kept = kept
        self._cut = cut
        self._point = math.inf  # pieces after which the connection is severed
        if cut is not None and (isinstance(cut.after, int) or cut.fate is Fate.TRUNCATE):
            pieces = sum(1 for _ in BACKGROUND.telling(said))
            self._point = pieces if cut.after is None else min(cut.after, pieces)

    async def _tell(self) -> str:
        if self._cut is not None and self._point == math.inf:
            if self._cut.after is None:
                self._kept.sever(self._cut.fate)
            else:
                asyncio.get_running_loop().call_later(self._cut.after, self._kept.sever, self._cut.fate)
        return await super()._tell()

    async def _wait(self, count: int) -> bool:
        self._reach(count)
        return await super()._wait(count)

    def _closing(self, said: Answer) -> Iterator[bytes]:
        self._reach(math.inf)
        yield from BACKGROUND.closing(said)

    def _reach(self, count: float) -> None:
        if self._cut is not None and self._point <= count and self._point < math.inf:
            self._kept.sever(self._cut.fate)


class _JobVoice:
    """Whom the script is played to (`voice.Listener`): a job, which is always there and never behind."""

    __slots__ = ("_kept",)

    opened = True

    def __init__(self, kept: Kept) -> None:
        self._kept = kept

    def now(self) -> float:
        """The loop's clock in seconds."""
        return asyncio.get_running_loop().time()

    async def pause(self, seconds: float) -> None:
        """Say nothing for `seconds` (infinity: for ever)."""
        if seconds == math.inf:
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(max(0.0, seconds))

    async def pause_until(self, when: float) -> None:
        """Say nothing until the loop's clock shows `when`."""
        await self.pause(when - self.now())

    def open(self, status: int, headers: bytes) -> None:
        """A job has no head."""

    async def write(self, data: bytes) -> None:
        """Some events."""
        self._kept.add(data)

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """A reply that is no stream: none is played."""

    def finish(self) -> None:
        """The last event has said so."""

    def close(self) -> None:
        """It is played to the connection instead."""

    async def reset(self) -> None:
        """The same."""

    def raw(self, data: bytes, status: int = 0) -> None:
        """The same."""

    def short(self, status: int, headers: bytes, body: bytes) -> None:
        """The same."""
