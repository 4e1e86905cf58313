"""The sender of one worker: leases events that are due, sends them, and says what became of each.

Promises: at most eight attempts run at a time, and no more events are leased than can be sent at once; an event whose
sender dies, or cannot reach the store, is due again for any worker when its lease is over, so that it is told at least
once; trouble with the store is logged once until it is over. It sleeps until `wake`, until the next event is due, or
half a minute, when it looks for what other workers left.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Protocol

from outwait.notify import schedule, sign
from outwait.notify.event import Unreadable, opened
from outwait.notify.post import ATTEMPT, Answer, Unanswered
from outwait.notify.schedule import Verdict
from outwait.notify.trouble import WORST, Trouble
from outwait.notify.webhook import Webhook
from outwait.store.errors import StoreError
from outwait.store.rows import EventRow
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

SLOTS: Final = 8
IDLE: Final = 30.0
LEASE: Final = 3 * ATTEMPT  # an attempt, and time for the store to take what became of it
# Something is due and could not be had: another worker is about to lease it, or it waits to be swept.
_TAKEN: Final = 2.0
# Workers are told of a new configuration one after the other, and those that drain keep the old one: an event of a
# webhook that is not known is left to others so often (seconds), and given up when it is so old.
_LEFT: Final = 30.0
_STRANGE: Final = 3600.0


class Outbox(Protocol):
    """Where events wait; see `store.outbox`. Raises StoreError while it cannot do what it is asked."""

    async def lease(self, now: float, until: float, limit: int = 10) -> list[EventRow]:
        """Up to `limit` events that are due; until `until` nobody else gets them."""

    async def done(self, event: EventRow) -> bool:
        """It was sent, or never will be."""

    async def again(self, event: EventRow, at: float) -> bool:
        """Try again at `at`."""

    async def next(self) -> float | None:
        """When the next event is due."""


Send = Callable[[Webhook, Mapping[str, str], bytes], Awaitable[Answer]]


@dataclass(frozen=True, slots=True)
class Means:
    """What a sender works with.

    `send`: one attempt, raises Unanswered (`Post.send`). `now`: wall seconds. `luck`: in [0, 1). `count`: told
    `delivered`, `failed` (an attempt that will be followed by another) or `given_up`.
    """

    send: Send
    now: Callable[[], float]
    luck: Callable[[], float]
    count: Callable[[str], None]


class Sender:
    """Sends what waits in `outbox` to `webhooks`. Made on the running loop; `close` ends it."""

    __slots__ = (
        "_closing",
        "_means",
        "_outbox",
        "_reading",
        "_rounds",
        "_running",
        "_webhooks",
        "_woken",
        "_writing",
    )

    def __init__(self, outbox: Outbox, webhooks: Iterable[Webhook], means: Means) -> None:
        self._outbox = outbox
        self._webhooks = {webhook.name: webhook for webhook in webhooks}
        self._means = means
        self._running: set[asyncio.Task[None]] = set()
        self._woken = asyncio.Event()
        # A full disk can be read: the two fail apart.
        self._reading = Trouble("webhooks: the outbox cannot be read, events wait")
        self._writing = Trouble("webhooks: the outbox cannot be written, events wait or are sent again")
        self._closing = False
        self._rounds = spawn(self._run(), "webhooks")

    @property
    def running(self) -> int:
        """Attempts that run."""
        return len(self._running)

    def use(self, webhooks: Iterable[Webhook]) -> None:
        """From now on, events go where these say; running attempts are not touched."""
        self._webhooks = {webhook.name: webhook for webhook in webhooks}

    def wake(self) -> None:
        """An event was put into the outbox."""
        self._woken.set()

    async def close(self, grace: float = 5.0) -> None:
        """Lease nothing more, give running attempts `grace` seconds, then end them: their leases run out."""
        self._closing = True
        self._woken.set()
        late: set[asyncio.Task[None]] = {self._rounds, *self._running}
        _, late = await asyncio.wait(late, timeout=grace)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)

    async def _run(self) -> None:
        while not self._closing:
            self._woken.clear()
            try:
                pause = await self._round()
            except Exception:  # noqa: BLE001 - task top: one bad round must not silence all webhooks for good
                _log.exception("webhooks: a round failed in a way it should not")
                pause = WORST
            if pause > 0:
                await self._rest(pause)

    async def _round(self) -> float:
        """Start what is due and can be sent now; returns the seconds until there may be more to do."""
        free = SLOTS - len(self._running)
        if free <= 0:
            return IDLE  # the end of an attempt wakes
        now = self._means.now()
        try:
            due = await self._outbox.next()
        except StoreError as error:
            return self._reading.met(error)
        self._reading.over()
        if due is None:
            return IDLE
        if due > now:
            return min(due - now, IDLE)
        try:
            leased = await self._outbox.lease(now, now + LEASE, free)
        except StoreError as error:
            return self._writing.met(error)
        self._writing.over()
        if self._closing:
            return 0.0
        for event in leased:
            task = spawn(self._attempt(event), f"webhook {event.id}")
            self._running.add(task)
            task.add_done_callback(self._ended)
        return 0.0 if leased else _TAKEN

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._running.discard(task)
        self._woken.set()

    async def _rest(self, pause: float) -> None:
        try:
            async with asyncio.timeout(pause):
                await self._woken.wait()
        except TimeoutError:
            pass

    # ------------------------------------------------------------------------------------------------- one event

    async def _attempt(self, event: EventRow) -> None:
        try:
            name, body = opened(event)
        except Unreadable as error:
            await self._give_up(event, "?", str(error))
            return
        webhook = self._webhooks.get(name)
        if webhook is None:
            await self._unknown(event, name)
            return
        now = self._means.now()
        headers = sign.headers(event.id, now, body, webhook.secrets)
        try:
            answer = await self._means.send(webhook, headers, body)
        except Unanswered as error:
            await self._again(event, name, str(error), 0.0)
            return
        verdict = schedule.judged(answer.status)
        if verdict is Verdict.DELIVERED:
            _log.info("webhook %s: %s (%s) was delivered, attempt %d", name, event.id, event.type, event.attempts)
            await self._settle(event, None, "delivered")
        elif verdict is Verdict.GONE:
            await self._give_up(event, name, "it answered 410, so nobody wants it")
        else:
            asked = schedule.asked(answer.retry_after, self._means.now())
            await self._again(event, name, f"it answered {answer.status}", asked)

    async def _unknown(self, event: EventRow, name: str) -> None:
        """No such webhook here: it was taken out, or another worker has the new configuration already."""
        now = self._means.now()
        if now >= event.created + _STRANGE:
            await self._give_up(event, name, "it is not in the configuration any more")
        else:
            await self._tell(event, now + _LEFT)

    async def _again(self, event: EventRow, name: str, why: str, asked: float) -> None:
        now = self._means.now()
        at = schedule.again(event.created, event.attempts, now, luck=self._means.luck(), asked=asked)
        if at is None:
            await self._give_up(event, name, f"{why}, and its time is over")
            return
        told = "webhook %s: attempt %d for %s (%s) failed: %s; the next in %.0f s"
        _log.warning(told, name, event.attempts, event.id, event.type, why, at - now)
        await self._settle(event, at, "failed")

    async def _give_up(self, event: EventRow, name: str, why: str) -> None:
        told = "webhook %s: %s (%s) is given up after %d attempts: %s"
        _log.error(told, name, event.id, event.type, event.attempts, why)
        await self._settle(event, None, "given_up")

    async def _settle(self, event: EventRow, at: float | None, result: str) -> None:
        self._means.count(result)
        await self._tell(event, at)

    async def _tell(self, event: EventRow, at: float | None) -> None:
        """Tell the store, again and again while the lease lasts: what is not settled is sent once more."""
        while True:
            try:
                await (self._outbox.done(event) if at is None else self._outbox.again(event, at))
            except StoreError as error:
                pause = self._writing.met(error)
                if self._means.now() + pause >= event.next:  # the end of the lease
                    return
                await asyncio.sleep(pause)
            else:
                self._writing.over()
                return
