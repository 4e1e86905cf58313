"""Where answers are kept: the store and all that works with it, opened before a worker serves and closed after.

This is the one module that loads the database library, which takes some forty megabytes; with `keep_results: off` it is
never loaded.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from outwait.app.resuming import Resuming
from outwait.config.settings import Settings
from outwait.edge.door import Door
from outwait.exchange.inherit import Heirs
from outwait.exchange.keeper import Keeper
from outwait.exchange.names import Names
from outwait.exchange.scribe import Keeps, Scribe
from outwait.exchange.ties import Kept, Ties
from outwait.exchange.upkeep import Upkeep
from outwait.ledger.counts import Counts
from outwait.notify.event import events_for
from outwait.notify.post import Post
from outwait.notify.sender import Means, Sender
from outwait.notify.webhook import Webhook, webhooks
from outwait.store import lives
from outwait.store.errors import StoreError
from outwait.store.manifest import Left, Manifest, take
from outwait.store.rows import EventRow, Owner
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Wheel

if TYPE_CHECKING:
    from outwait.store.store import Store

_log = logging.getLogger("outwait")


async def open_store(settings: Settings, *, check: bool) -> Store | None:
    """The store that `settings` name, None where nothing is to be kept. `check`: look for damage first, once for each
    start of the gateway. Raises StoreError.
    """
    if not settings.keeps():
        return None
    from outwait.store.opening import Tuning, open_store as opened  # noqa: PLC0415, I001 - loaded only where it is used

    section = settings.store
    return await opened(
        section.address(),
        Path(settings.data_dir),
        section.encryption(),
        spawn=spawn,
        clock=time.time,
        tuning=Tuning(check=check),
    )


@dataclass(slots=True)
class Storage:
    """All that keeps answers in one worker. `life`: what tells the others that this process is alive. `naming(ttl)`:
    names that are kept for so many seconds.
    """

    store: Store
    life: lives.Life
    manifest: Manifest | None
    keeper: Keeper
    upkeep: Upkeep
    sender: Sender
    scribe: Scribe
    post: Post
    told: Told
    naming: Callable[[float], Names]

    def use(self, settings: Settings) -> None:
        """Take up a new configuration. Where it is stored stays as it is until a restart."""
        self.scribe.keeps = keeps_of(settings)
        self.keeper.names = self.naming(settings.keep_results.ttl)
        self.upkeep.use(settings.keep_results.size)
        self.told.use(settings)
        self.sender.use(self.told.webhooks)
        self.post.renew()

    async def close(self) -> None:
        """Write what is still to be written; what is left undone is others' from now on."""
        await self.upkeep.close()
        await self.keeper.close()
        await self.sender.close()
        await self.store.close()
        if self.manifest is not None:
            self.manifest.close()
        self.life.end()


class Told:
    """Whom the configuration wants to be told, and whose answers may be kept."""

    __slots__ = ("_anything", "_silent", "webhooks")

    def __init__(self, settings: Settings) -> None:
        self.webhooks: tuple[Webhook, ...] = ()
        self._anything = True
        self._silent: frozenset[str] = frozenset()
        self.use(settings)

    def use(self, settings: Settings) -> None:
        """Take up a new configuration."""
        self.webhooks = webhooks(settings.webhooks)
        self._anything = settings.keeps()
        self._silent = frozenset(key.name for key in settings.keys if not settings.keeps(key))

    def keeps(self, key: str) -> bool:
        """Whether answers of this client key may be kept."""
        return self._anything and key not in self._silent

    def events(self, key: str, kind: str, response: str, now: float) -> tuple[EventRow, ...]:
        """What is to be told of a response."""
        return events_for(self.webhooks, key, kind, response, now, partial(token_hex, 16))


def keeps_of(settings: Settings) -> Keeps:
    """How long things are kept."""
    return Keeps(ttl=settings.keep_results.ttl, responses=settings.keep_results.responses)


def join(store: Store, settings: Settings, door: Door, worker: int, wheel: Wheel, counts: Counts) -> Storage:
    """Make of `store` what keeps the exchanges behind `door`. Raises StoreError."""
    data_dir = Path(settings.data_dir)
    life = lives.Life.begin(data_dir, door.name)
    told, post = Told(settings), Post()
    means = Means(post.send, time.time, random.random, counts.add)
    sender = Sender(store.outbox, told.webhooks, means)
    owner = Owner(worker, life.boot)

    async def dead(boots: Collection[str]) -> frozenset[str]:
        return await asyncio.to_thread(lives.dead, data_dir, boots)

    async def left() -> list[Left]:
        return await asyncio.to_thread(take, data_dir, life.boot, partial(lives.dead, data_dir))

    def count(kept: Kept) -> None:
        counts.add(kept.value)

    resuming = Resuming(door, store)
    ties = Ties(told.keeps, told.events, sender.wake, count, time.time, dead, resuming.resume, left)
    scribe = Scribe(store, owner, ties, keeps_of(settings))
    heirs = Heirs(store, owner, ties)
    upkeep = Upkeep(store, heirs, settings.keep_results.size, wheel, time.time, random.random)
    naming = partial(Names, store, heirs.bury, time.time)
    keeper = Keeper(store, scribe, naming(scribe.keeps.ttl), door.registry, wheel, ties)
    door.keeper = door.registry.keeper = keeper
    door.registry.keeps = told.keeps
    door.registry.manifest = manifest = _manifest(data_dir, life.boot)
    return Storage(store, life, manifest, keeper, upkeep, sender, scribe, post, told, naming)


def _manifest(data_dir: Path, boot: str) -> Manifest | None:
    """Where it is noted who is on board. A worker without room for it serves all the same."""
    try:
        return Manifest(data_dir, boot)
    except StoreError as error:
        _log.error("should this worker be killed, its exchanges are not known to be lost: %s", error)
        return None
