"""The sender with the store's own outbox."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Mapping
from pathlib import Path

import uvloop
from tests.notify.conftest import NOW, counter, webhook
from tests.store.places import Place

from outwait.notify.event import events_for
from outwait.notify.post import Answer
from outwait.notify.sender import LEASE, Means, Sender
from outwait.notify.webhook import Webhook


def test_two_workers_share_an_outbox_and_what_is_left_of_a_dead_one() -> None:
    wall = NOW
    sent: list[str] = []
    counts: list[str] = []

    async def send(hook: Webhook, headers: Mapping[str, str], body: bytes) -> Answer:
        sent.append(headers["webhook-id"])
        await asyncio.sleep(0.01)
        return Answer(200 if sent.count(headers["webhook-id"]) > 1 else 500)

    async def story(folder: Path) -> None:
        nonlocal wall
        hook = webhook()
        means = Means(send, lambda: wall, lambda: 0.5, counts.append)
        ids = counter()
        async with Place(None, folder).open() as one, Place(None, folder).open() as other:
            for number in range(10):
                for row in events_for([hook], "app", "response.completed", f"resp_{number}", wall, ids):
                    await one.outbox.put(row)
            dead = await one.outbox.lease(wall, wall + LEASE, 3)  # by a worker that is killed now
            senders = [Sender(store.outbox, [hook], means) for store in (one, other)]
            await _until(counts, 7, senders)
            assert len(sent) == len(set(sent)) == 7
            assert not set(sent) & {row.id for row in dead}
            wall += LEASE
            await _until(counts, 7 + 7 + 3, senders)
            wall += LEASE
            await _until(counts, 20, senders)
            assert sorted(counts) == ["delivered"] * 10 + ["failed"] * 10
            assert sorted(sent) == sorted(list(set(sent)) * 2)
            await asyncio.gather(*(sender.close() for sender in senders))
            assert await one.outbox.next() is None

    with tempfile.TemporaryDirectory(prefix="ow-notify-") as folder:
        uvloop.run(story(Path(folder)))


async def _until(counts: list[str], size: int, senders: list[Sender]) -> None:
    async with asyncio.timeout(10):
        while len(counts) < size:
            for sender in senders:
                sender.wake()
            await asyncio.sleep(0.01)
