"""Looks after channels beside the traffic: free probes on a schedule, free questions with dead keys, checks on request.

What a free probe may conclude is little, since a door that opens says nothing about what is behind it, and a door that
does not may have been busy for a moment:

    it failed            nothing, while any endpoint of the channel answers
    three in a row       and no answer from the channel since the first: its endpoints are suspect, never ejected
    it succeeded         takes back that suspicion, and no other: an endpoint that hangs takes connections too

A dead key is asked about with a question that costs nothing. Where the provider has no such question, it stays dead
until somebody revives it. Nothing here judges how long a model thinks.
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Coroutine
from typing import Protocol

from outwait.core.fault import Fault
from outwait.core.probed import Probe, Probed
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.health.tracker import HealthTracker
from outwait.policy.health_rules import ProbeRule
from outwait.policy.standing import Hint
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Alarm, Wheel

_log = logging.getLogger("outwait")

FAILURES = 3  # in a row, until a channel's endpoints are suspect
AT_ONCE = 4  # looks under way at a time
AGAIN = 300.0  # seconds to the next question with a dead key, when the last one told nothing about it
_TICK = 1.0
_JITTER = 0.2  # of the time between two probes: workers and gateways that start together shall not stay together
# What says that a key is no good, whatever the status: Google says 400 to a wrong key.
_REFUSED = frozenset(("upstream_auth", "upstream_quota"))
_NO_ENTRY = frozenset((401, 402, 403))

Told = Callable[[str, Probed], None]


class Looks(Protocol):
    """How channels are looked at (`upstream.probe.Probes`). None of these raises for what the network does."""

    async def connect(self, channel: str, span: float) -> Probed:
        """A connection with its TLS handshake."""

    async def ask(self, channel: str, key: int) -> Probed | None:
        """The free question with a key; None where there is none."""

    async def call(self, channel: str, model: str, key: int = 0) -> Probed:
        """A paid call. Raises Refusal where the channel has nothing to be called so."""


class _Row:
    """Free probes of one channel. `due`: the next one. `failures`: in a row, the first of which began at `since`.
    `suspected`: endpoints that are suspect because of them.
    """

    __slots__ = ("channel", "due", "failures", "since", "suspected")

    def __init__(self, channel: ChannelHealth, due: float) -> None:
        self.channel = channel
        self.due = due
        self.failures = 0
        self.since = 0.0
        self.suspected: set[str] = set()


class Prober:
    """`tracker`: whose channels are probed; what was found last stands there. `told`: who is told of each free probe of
    this worker, so that neighbours which do not probe can be.

    `probing`: this worker probes by itself; otherwise others do, and it hears of it (`took`).
    """

    __slots__ = (
        "_again", "_alarm", "_looks", "_luck", "_rows", "_rule", "_running", "_wheel", "probing", "told", "tracker",
    )  # fmt: skip

    def __init__(
        self, tracker: HealthTracker, looks: Looks, wheel: Wheel, luck: Callable[[], float], rule: ProbeRule
    ) -> None:
        self.tracker = tracker
        self.told: list[Told] = []
        self.probing = False
        self._looks = looks
        self._luck = luck
        self._rule = rule
        self._wheel = wheel
        self._alarm = Alarm(self._ring)
        self._rows: dict[str, _Row] = {}
        self._again: dict[tuple[str, int], float] = {}
        self._running: dict[tuple[str, int], asyncio.Task[None]] = {}

    def start(self, *, probing: bool = True) -> None:
        """Begin. `probing`: see the class."""
        self.probing = probing
        if probing:
            self._wheel.set(self._alarm, self._wheel.now() + _TICK)

    def use(self, rule: ProbeRule) -> None:
        """Take up a new configuration; the tracker has its channels already."""
        self._rule = rule
        names = {channel.name for channel in self._listed()}
        self._rows = {name: row for name, row in self._rows.items() if name in names}
        self._again = {at: due for at, due in self._again.items() if at[0] in names}

    def close(self) -> None:
        """Look no more."""
        self._wheel.forget(self._alarm)
        for task in list(self._running.values()):
            task.cancel()

    def _ring(self, now: float) -> None:
        try:
            self.tick(now)
        finally:
            self._wheel.set(self._alarm, now + _TICK)

    # -- on a schedule -----------------------------------------------------------------------------------------------

    def tick(self, now: float) -> None:
        """Begin what is due."""
        if not self.probing:
            return
        channels = self._listed()
        for channel in channels:
            for key in channel.credentials.due(now):
                if now >= self._again.get((channel.name, key), 0.0):
                    self._begin((channel.name, key), self._question(channel, key))
        if not self._rule.enabled:
            return
        due = [channel for channel in channels if self._row(channel, now).due <= now]
        for channel in sorted(due, key=lambda channel: self._row(channel, now).due):
            self._begin((channel.name, -1), self._probe(channel))

    def _listed(self) -> list[ChannelHealth]:
        """The channels of the configuration; others are there only until what runs there is over."""
        return [channel for channel in self.tracker.channels.values() if channel.listed]

    def _row(self, channel: ChannelHealth, now: float) -> _Row:
        row = self._rows.get(channel.name)
        if row is None or row.channel is not channel:
            # The first probes are spread too.
            row = self._rows[channel.name] = _Row(channel, now + self._rule.every * self._luck())
        return row

    def _begin(self, what: tuple[str, int], look: Coroutine[None, None, None]) -> None:
        if what in self._running or len(self._running) >= AT_ONCE:
            look.close()  # its turn comes at one of the next ticks
            return
        task = self._running[what] = spawn(look, f"probe of {what[0]}")
        task.add_done_callback(lambda _: self._running.pop(what, None))

    async def _probe(self, channel: ChannelHealth) -> None:
        rule, name = self._rule, channel.name
        row = self._row(channel, self._wheel.now())
        row.due = self._wheel.now() + rule.every  # whatever becomes of this one
        found = await self._looks.connect(name, rule.timeout)
        if self.tracker.channels.get(name) is not channel:
            return  # it was taken out of the configuration meanwhile, or leads elsewhere
        row.due = found.at + rule.every * (1.0 + _JITTER * (2.0 * self._luck() - 1.0))
        self.took(name, found)
        for tell in self.told:
            tell(name, found)

    async def _question(self, channel: ChannelHealth, key: int) -> None:
        self._again[channel.name, key] = self._wheel.now() + AGAIN  # whatever becomes of this one
        found = await self._looks.ask(channel.name, key)
        if self.tracker.channels.get(channel.name) is channel and not channel.credentials.alive(key):
            self._judge(channel, key, found)

    def _judge(self, channel: ChannelHealth, key: int, found: Probed | None) -> None:
        """What the answer to the free question says of the dead `key`."""
        if found is not None and found.failed is None:
            self.tracker.revive(channel.name, key)
        elif found is None or (found.failed is not None and _refused(found.failed, found.status)):
            channel.credentials.still_dead(key, self._wheel.now())
        else:
            return  # it says nothing about the key
        self._again.pop((channel.name, key), None)

    # -- what is found -----------------------------------------------------------------------------------------------

    def took(self, name: str, found: Probed) -> None:
        """A free probe of the channel, ours or a neighbour's, has come to its end."""
        channel = self.tracker.channels.get(name)
        if channel is None:
            return
        before, channel.last_free = channel.last_free, found
        row = self._row(channel, found.at)
        if found.failed is None:
            if before is not None and before.failed is not None:
                _log.info("channel %s can be reached again", name)
            self._clear(channel, row)
        else:
            if before is None or before.failed is None:
                told = found.failed.detail or found.failed.message
                _log.warning("channel %s cannot be reached: %s: %s", name, found.failed.code, told)
            self._doubt(channel, row, found.failed, found.at - found.seconds)

    def _doubt(self, channel: ChannelHealth, row: _Row, failed: Fault, began: float) -> None:
        if row.failures and any(_answered(each) >= row.since for each in channel.endpoints.values()):
            row.failures = 0  # it answers: what failed was the probe
            row.suspected.clear()
        if not row.failures:
            row.since = began
        row.failures += 1
        if row.failures < FAILURES:
            return
        now = self._wheel.now()
        for endpoint in channel.endpoints.values():
            if not endpoint.standing.shut:
                row.suspected.add(endpoint.name)
                # As hearsay: a word that all is well can take it back, and no other suspicion with it.
                endpoint.standing.hear(Hint.SUSPECT, now, self._luck())
                why = f"{row.failures} probes in a row failed: {failed.code}"
                self._tell([News(endpoint.name, Change.SUSPECT, why)])

    def _clear(self, channel: ChannelHealth, row: _Row) -> None:
        row.failures = 0
        suspected, row.suspected = row.suspected, set()
        now = self._wheel.now()
        for endpoint in channel.endpoints.values():
            if endpoint.name in suspected and endpoint.standing.shut:
                endpoint.standing.hear(Hint.HEALTHY, now, self._luck())
                news = endpoint.cleared(was_shut=True)
                self._tell(news)
                if news:
                    self.tracker.opened(endpoint, now)

    def _tell(self, news: list[News]) -> None:
        for one in news:
            for event in self.tracker.events:
                event(*one)

    # -- on request --------------------------------------------------------------------------------------------------

    async def check(self, name: str, model: str, *, paid: bool, key: int | None = None) -> Probed:
        """Look at the channel now: by a call that is paid for, or by the free question; where there is none, by a
        connection. Raises KeyError for a channel that is not there, Refusal for a call that cannot be made.
        """
        channel = self.tracker.channels[name]
        place = next(filter(channel.credentials.alive, range(len(channel.credentials))), 0) if key is None else key
        if paid:
            found = channel.last_paid = await self._looks.call(name, model, place)
        else:
            found = await self._looks.ask(name, place) or await self._looks.connect(name, self._rule.timeout)
        if self.tracker.channels.get(name) is not channel:
            return found  # it became another one by a reload
        if found.probe is Probe.CONNECT:
            self.took(name, found)
        elif found.failed is None:
            if not channel.credentials.alive(place):
                self.tracker.revive(name, place)
            self._clear(channel, self._row(channel, found.at))
        return found


def _refused(failed: Fault, status: int) -> bool:
    return failed.code in _REFUSED or status in _NO_ENTRY


def _answered(endpoint: Endpoint) -> float:
    """When it answered last (loop seconds)."""
    return -math.inf if endpoint.succeeded is None else endpoint.succeeded
