"""An outbox in memory, webhooks to tell, and a stage on which a sender does it in virtual time."""

from __future__ import annotations

import asyncio
import base64
import itertools
from collections.abc import Awaitable, Callable, Mapping

import msgspec

from outwait.config.webhooks import WebhookSection
from outwait.notify.event import events_for
from outwait.notify.post import Answer
from outwait.notify.sender import Means, Sender
from outwait.notify.webhook import Webhook, webhooks
from outwait.store.errors import StoreError
from outwait.store.rows import EventRow
from outwait.testing.virtual import run

NOW = 1_800_000_000.0
HOUR = 3600.0
KEY = bytes(range(32))
SECRET = "whsec_" + base64.b64encode(KEY).decode()


def webhook(**fields: object) -> Webhook:
    given = {"name": "a", "url": "http://127.0.0.1:9/hook", "secret": SECRET, **fields}
    return webhooks([WebhookSection.model_validate(given)])[0]


def counter() -> Callable[[], str]:
    numbers = itertools.count(1)
    return lambda: f"{next(numbers):04}"


class Outbox:
    """As the store's: leases by time, and settles only for who has the latest lease."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.now = now
        self.rows: dict[str, EventRow] = {}
        self.ended: list[str] = []
        self.asked = 0
        self.limits: list[int] = []
        self.no_reads = self.no_writes = False

    def put(self, *events: EventRow) -> None:
        self.rows |= {event.id: event for event in events}

    async def lease(self, now: float, until: float, limit: int = 10) -> list[EventRow]:
        self._write()
        self.limits.append(limit)
        due = sorted((row for row in self.rows.values() if row.next <= now < row.expires), key=lambda row: row.next)
        mine = [msgspec.structs.replace(row, next=until, attempts=row.attempts + 1) for row in due[:limit]]
        self.put(*mine)
        return mine

    async def done(self, event: EventRow) -> bool:
        self._write()
        if not self._has(event):
            return False
        del self.rows[event.id]
        self.ended.append(event.id)
        return True

    async def again(self, event: EventRow, at: float) -> bool:
        self._write()
        if not self._has(event):
            return False
        self.put(msgspec.structs.replace(event, next=at))
        return True

    async def next(self) -> float | None:
        self.asked += 1
        if self.no_reads:
            raise StoreError("cannot read")
        return min((row.next for row in self.rows.values()), default=None)

    def _write(self) -> None:
        if self.no_writes:
            raise StoreError("cannot write")

    def _has(self, event: EventRow) -> bool:
        row = self.rows.get(event.id)
        return row is not None and row.attempts == event.attempts


Replies = Callable[[int], Answer | Exception]


def clock() -> float:
    return NOW + asyncio.get_running_loop().time()


class Stage:
    """A sender, its outbox, and a receiver that answers the n-th attempt with `replies(n)` after `takes` seconds."""

    def __init__(self, replies: Replies, *, takes: float = 0.0, luck: float = 0.5) -> None:
        self.outbox = Outbox(clock)
        self.replies, self.takes = replies, takes
        self.sent: list[tuple[float, Mapping[str, str], bytes]] = []
        self.to: list[str] = []
        self.counts: list[str] = []
        self.at_once = self.most = 0
        self.ids = counter()
        self.means = Means(self.send, clock, lambda: luck, self.counts.append)

    def sender(self, *webhooks: Webhook) -> Sender:
        return Sender(self.outbox, webhooks or (webhook(),), self.means)

    def event(self, now: float | None = None, hook: Webhook | None = None) -> EventRow:
        created = clock() if now is None else now
        (row,) = events_for([hook or webhook()], "app", "response.completed", "resp_1", created, self.ids)
        self.outbox.put(row)
        return row

    async def send(self, hook: Webhook, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append((clock() - NOW, headers, body))
        self.to.append(hook.url)
        self.at_once += 1
        self.most = max(self.most, self.at_once)
        try:
            number = len(self.sent)
            await asyncio.sleep(self.takes)
        finally:
            self.at_once -= 1
        reply = self.replies(number)
        if isinstance(reply, Exception):
            raise reply
        return reply

    @property
    def times(self) -> list[float]:
        return [round(moment, 6) for moment, _, _ in self.sent]


def play(stage: Stage, scenario: Callable[[], Awaitable[None]]) -> None:
    async def story() -> None:
        await scenario()

    run(story(), timeout=30 * 24 * HOUR)
