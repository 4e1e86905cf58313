"""What providers list, remembered: a provider is asked when a client wants to see the models, and seldom.

    told          good for `FRESH`; then it is asked for anew, and holds until it is `STALE` if that fails
    failed        the provider is left alone for `AGAIN`, whoever asks
    under way     one question at a time and channel; clients wait for it until it has run for `WAIT`, and are told
                  what is known then, while it goes on

Nothing is asked unless a client asks, and nothing here judges a channel: a list that cannot be had says nothing about
calls.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Iterable

from outwait.core.catalog import Catalog, Channel
from outwait.plan.routes import Told
from outwait.upstream.listing import Listed
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

FRESH = 300.0  # seconds: providers add a model some times a month, front ends ask whenever a page is opened
STALE = 3600.0  # a list that nobody has confirmed for so long may name what is not there any more
AGAIN = 30.0  # who looks at a list that lacks something, and mends it, tries again after about that
WAIT = 3.0  # who gives up shows no model at all: Open WebUI after 10 s (AIOHTTP_CLIENT_TIMEOUT_MODEL_LIST)
AT_ONCE = 8  # questions under way: each may hold a page of some MiB

Ask = Callable[[Channel], Awaitable[Listed]]


class _Row:
    """`names`, told at `told` (loop seconds); asked last at `asked`, and not again before `due`."""

    __slots__ = ("asked", "channel", "due", "names", "task", "told")

    def __init__(self, channel: Channel) -> None:
        self.channel = channel
        self.names: tuple[str, ...] = ()
        self.told = self.asked = self.due = -math.inf
        self.task: asyncio.Task[None] | None = None


class ModelLists:
    """The lists of one worker. `ask`: how a provider is asked; it does not raise for what the network does."""

    __slots__ = ("_ask", "_loop", "_room", "_rows")

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._loop = asyncio.get_running_loop()
        self._room = asyncio.Semaphore(AT_ONCE)
        self._rows: dict[str, _Row] = {}

    def use(self, catalog: Catalog) -> None:
        """A reload: what was told for a channel that is another one now is forgotten."""
        now = {channel.name: channel for channel in catalog.channels}
        for name, row in tuple(self._rows.items()):
            if now.get(name) != row.channel:
                del self._rows[name]
                if row.task is not None:
                    row.task.cancel()

    def close(self) -> None:
        """Ask no more."""
        self.use(Catalog())

    def told(self) -> Told:
        """What is known by now: channel name -> the names its provider lists."""
        now = self._loop.time()
        return {name: row.names for name, row in self._rows.items() if now - row.told < STALE}

    async def refresh(self, channels: Iterable[Channel]) -> None:
        """Ask for what is not known of `channels`, and wait for it: not longer than `WAIT` from when it was asked."""
        now = self._loop.time()
        rows = [self._asked(channel, now) for channel in channels]
        waits = {row.task: row.asked + WAIT - now for row in rows if row.task is not None}
        waits = {task: left for task, left in waits.items() if left > 0}
        if waits:
            await asyncio.wait(waits, timeout=max(waits.values()))

    def _asked(self, channel: Channel, now: float) -> _Row:
        """The row of `channel`, which is being asked for if that is due."""
        row = self._rows.get(channel.name)
        if row is None:
            row = self._rows[channel.name] = _Row(channel)
        if row.task is None and now >= row.due:
            row.asked = now
            row.task = spawn(self._fill(row), f"models of {channel.name}")
        return row

    async def _fill(self, row: _Row) -> None:
        listed = Listed()
        try:
            async with self._room:
                listed = await self._ask(row.channel)
        finally:
            row.task = None
            row.due = self._loop.time() + AGAIN
        if listed.failed is not None:
            told = listed.failed.detail or listed.failed.message
            _log.debug("channel %s: its models are not known: %s: %s", row.channel.name, listed.failed.code, told)
            return
        row.names, row.told = listed.names, self._loop.time()
        row.due = row.told + FRESH
