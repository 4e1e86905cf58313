"""Names in the store: a question that has one is asked once, also when the process that asked it is no more.

Workers settle among themselves who begins (edge.claims); whoever shall begin asks here, and what is begun is on the
disk before anything goes upstream. So a name never leads to a second call that may be paid for twice: of an exchange
that was lost with its process, the name leads to that truth.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Final

from outwait.core.fault import Refusal, RetryClass
from outwait.exchange.adopt import Named
from outwait.exchange.registry import mismatch
from outwait.exchange.story import story_of
from outwait.policy import retry
from outwait.store.rows import Claim, Claimed, ExchangeRow, State

if TYPE_CHECKING:
    from outwait.store.store import Store

ROUNDS: Final = 4  # times a name may be snatched away between two looks
LOOKS: Final = 5  # for an exchange that has a name and is not there
PAUSE: Final = 0.1  # seconds between them


class Names:
    """The names of all client keys. `bury`: see to exchanges whose process is no more. `ttl`: seconds of a claim."""

    __slots__ = ("_bury", "_store", "_ttl", "_wall")

    def __init__(
        self, store: Store, bury: Callable[[], Awaitable[None]], wall: Callable[[], float], ttl: float
    ) -> None:
        self._store = store
        self._bury = bury
        self._wall = wall
        self._ttl = ttl

    async def claim(self, key: str, named: Named, ident: str) -> str:
        """The exchange that has the name: `ident`, which is about to begin, or an earlier one with something in it.
        Raises Refusal when the name is another question's, StoreError.
        """
        name = named.name.hex()
        for _ in range(ROUNDS):
            now = self._wall()
            claim = Claim(key, name, named.question, ident, now, now + self._ttl)
            answer = await self._store.claims.claim(claim)
            if isinstance(answer, Claimed):
                return ident
            if answer.fingerprint != named.question:
                raise Refusal(mismatch())
            if await self._worth(answer.exchange):
                return answer.exchange
            await self._store.claims.release(key, name, answer.exchange)
        return ident

    async def release(self, key: str, named: Named, ident: str) -> None:
        """`ident` has nothing in it: the question is to be asked anew. Raises StoreError."""
        await self._store.claims.release(key, named.name.hex(), ident)

    async def _worth(self, ident: str) -> bool:
        row = await self._store.exchanges.find(ident)
        for _ in range(LOOKS):
            if row is not None:
                break
            await asyncio.sleep(PAUSE)  # who has just claimed it is about to write it down
            row = await self._store.exchanges.find(ident)
        if row is not None and row.state is State.RUNNING:
            await self._bury()
            row = await self._store.exchanges.find(ident)
        return row is not None and not nothing_done(row)


def nothing_done(row: ExchangeRow) -> bool:
    """Whether the exchange ended without an answer and, as far as anybody knows, without a charge."""
    if row.state is State.CANCELLED:
        return True
    known = story_of(row)
    if row.state is not State.FAILED or known.fault is None:
        return False
    committed = any(mark.event == "committed" for mark in known.timeline)
    return retry.classify(known.fault, committed=committed) is RetryClass.SAFE
