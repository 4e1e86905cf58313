"""The store does what a few dictionaries would do, whichever of two processes is asked, in whatever order."""

from __future__ import annotations

from collections.abc import Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from tests.store.conftest import Run
from tests.store.places import DAY, HEAD, NOW, Place, body_of, claim, exchange, result, settlement

from outwait.store import schema
from outwait.store.errors import Ended
from outwait.store.rows import Claimed, ExchangeRow, Existing, Owner, State
from outwait.store.store import Store

IDS = st.sampled_from(["ow_a", "ow_b", "ow_c", "ow_d", "ow_e"])
KEYS = st.sampled_from(["dev", "ops"])
PRINTS = st.sampled_from([b"f" * 16, b"g" * 16])
BOOTS = st.sampled_from(["boot-1", "boot-2"])
ENDS = st.sampled_from([State.COMPLETED, State.FAILED, State.CANCELLED])
ADOPTABLE = (State.RUNNING, State.COMPLETED, State.FAILED)


@dataclass
class Model:
    """What the store should hold. `bodies`: exchange -> when it was kept, and what. `drafts`: those that still grow."""

    now: float = NOW
    exchanges: dict[str, ExchangeRow] = field(default_factory=dict)
    bodies: dict[str, tuple[float, bytes]] = field(default_factory=dict)
    drafts: dict[str, bytes] = field(default_factory=dict)
    claims: dict[str, tuple[str, bytes, float]] = field(default_factory=dict)

    def change(self, ident: str, **changes: Any) -> None:
        self.exchanges[ident] = msgspec.structs.replace(self.exchanges[ident], updated=self.now, **changes)

    def forget(self, ident: str) -> None:
        del self.exchanges[ident]
        self.bodies.pop(ident, None)
        self.claims = {name: kept for name, kept in self.claims.items() if kept[0] != ident}

    def in_state(self, ident: str, *states: State) -> bool:
        return ident in self.exchanges and self.exchanges[ident].state in states

    @property
    def kept(self) -> int:
        return sum(len(body) for _, body in self.bodies.values()) + sum(map(len, self.drafts.values()))

    def end(self, ident: str, body: bytes | None) -> None:
        """What becomes of the answer of an exchange that ended; `body` takes the place of a draft."""
        draft = self.drafts.pop(ident, None)
        row = self.exchanges[ident]
        if body is not None:
            self.bodies[ident] = (self.now, body)
        elif draft is not None and row.state is not State.COMPLETED:
            self.bodies[ident] = (row.created, draft)


class Machine(RuleBasedStateMachine):
    def __init__(self, stores: list[Store], run: Run[Any]) -> None:
        super().__init__()
        self.model = Model()
        self._stores = stores
        self._run = run
        self._turn = 0
        run(self._empty())

    async def _empty(self) -> None:
        async with self._stores[0]._database.engines.writer.begin() as connection:
            for table in (schema.exchanges, schema.claims):
                await connection.execute(sa.delete(table))

    @property
    def store(self) -> Store:
        self._turn += 1
        return self._stores[self._turn % len(self._stores)]

    def do(self, coro: Coroutine[Any, Any, Any]) -> Any:
        return self._run(coro)

    @rule(seconds=st.sampled_from([1.0, 60.0, DAY / 2]))
    def wait(self, seconds: float) -> None:
        self.model.now += seconds

    @rule(ident=IDS, key=KEYS, print_=PRINTS, boot=BOOTS, waits=st.booleans(), handle=st.sampled_from([None, "h"]))
    def remember(self, ident: str, key: str, print_: bytes, boot: str, waits: bool, handle: str | None) -> None:
        now = self.model.now
        row = exchange(ident, key=key, fingerprint=print_, owner=Owner(0, boot), created=now, updated=now)
        row = msgspec.structs.replace(row, expires=now + DAY, orphan=now if waits else None, provider=handle)
        assert self.do(self.store.exchanges.remember(row)) == (ident not in self.model.exchanges)
        self.model.exchanges.setdefault(ident, row)

    @rule(ident=IDS)
    def orphan(self, ident: str) -> None:
        known = self.model.in_state(ident, *ADOPTABLE)
        assert self.do(self.store.exchanges.orphan(ident, self.model.now)) == known
        if known:
            self.model.change(ident, orphan=self.model.now)

    @rule(key=KEYS, print_=PRINTS)
    def adopt(self, key: str, print_: bytes) -> None:
        model = self.model
        waiting = [
            (row.orphan, row.id)
            for row in model.exchanges.values()
            if row.orphan is not None
            and (row.key, row.fingerprint) == (key, print_)
            and row.state in ADOPTABLE
            and (row.state is State.RUNNING or row.expires > model.now)
        ]
        seen = self.do(self.store.exchanges.waiting(key, print_, model.now))
        assert seen == (min(waiting)[1] if waiting else None)
        row = self.do(self.store.exchanges.adopt(key, print_, model.now))
        if not waiting:
            assert row is None
            return
        model.change(min(waiting)[1], orphan=None)
        assert row == model.exchanges[min(waiting)[1]]

    @rule(ident=IDS, state=ENDS, body=st.none() | st.binary(max_size=40))
    def settle(self, ident: str, state: State, body: bytes | None) -> None:
        now, known = self.model.now, self.model.in_state(ident, State.RUNNING)
        end = settlement(ident, state, now=now, expires=now + DAY, result=None if body is None else result(body))
        assert self.do(self.store.exchanges.settle(end)) == known
        if known:
            self.model.change(ident, state=state, expires=now + DAY)
            self.model.end(ident, body)

    @rule(ident=IDS, state=ENDS, body=st.none() | st.binary(max_size=40), waits=st.booleans())
    def keep(self, ident: str, state: State, body: bytes | None, waits: bool) -> None:
        now = self.model.now
        row = exchange(ident, created=now, updated=now)
        end = settlement(ident, state, now=now, expires=now + DAY, result=None if body is None else result(body))
        end = msgspec.structs.replace(end, orphan=now if waits else None)
        free = ident not in self.model.exchanges
        assert self.do(self.store.exchanges.keep(row, end)) == (free or self.model.in_state(ident, State.RUNNING))
        if free or self.model.in_state(ident, State.RUNNING):
            self.model.exchanges.setdefault(ident, row)
            orphan = now if waits else self.model.exchanges[ident].orphan
            self.model.change(ident, state=state, expires=now + DAY, orphan=orphan)
            self.model.end(ident, body)

    @rule(ident=IDS, data=st.binary(min_size=1, max_size=40), anew=st.booleans())
    def draft(self, ident: str, data: bytes, anew: bool) -> None:
        self.do(self._draft(ident, data, anew))

    async def _draft(self, ident: str, data: bytes, anew: bool) -> None:
        old = None if anew else await self.store.results.resume(ident)
        assert (old is not None) == (not anew and ident in self.model.drafts)
        draft = old or self.store.results.draft(ident, HEAD)
        if not self.model.in_state(ident, State.RUNNING):
            with pytest.raises(Ended):
                await draft.add(data)
            return
        await draft.add(data)
        self.model.drafts[ident] = data if anew else self.model.drafts.get(ident, b"") + data

    @rule(ident=IDS)
    def adopted(self, ident: str) -> None:
        waited = ident in self.model.exchanges and self.model.exchanges[ident].orphan is not None
        assert self.do(self.store.exchanges.adopted(ident, self.model.now)) == waited
        if waited:
            self.model.change(ident, orphan=None)

    @rule(boot=BOOTS, heir=BOOTS)
    def lose(self, boot: str, heir: str) -> None:
        model = self.model
        fallen = [row for row in model.exchanges.values() if row.state is State.RUNNING and row.owner.boot == boot]
        told = self.do(self.store.exchanges.lose([boot], Owner(1, heir), model.now))
        for row in fallen:
            if row.provider is None:
                model.change(row.id, state=State.LOST, orphan=None)
                model.end(row.id, None)
            else:
                model.change(row.id, owner=Owner(1, heir))
        assert {row.id for row in told.lost} == {row.id for row in fallen if row.provider is None}
        assert {row.id for row in told.resumed} == {row.id for row in fallen if row.provider is not None}

    @rule(name=st.sampled_from(["n1", "n2"]), ident=IDS, print_=PRINTS)
    def claim(self, name: str, ident: str, print_: bytes) -> None:
        model = self.model
        mine = claim(ident, name=name, fingerprint=print_, created=model.now, expires=model.now + DAY)
        answer = self.do(self.store.claims.claim(mine))
        held = model.claims.get(name)
        if held is None or held[2] <= model.now:
            model.claims[name] = (ident, print_, model.now + DAY)
            assert answer == Claimed()
        else:
            assert answer == (Claimed() if held[0] == ident else Existing(held[0], held[1]))

    @rule(name=st.sampled_from(["n1", "n2"]), ident=IDS)
    def release(self, name: str, ident: str) -> None:
        held = self.model.claims.get(name)
        mine = held is not None and held[0] == ident
        assert self.do(self.store.claims.release("dev", name, ident)) == mine
        if mine:
            del self.model.claims[name]

    @rule(room=st.none() | st.integers(0, 100))
    def sweep(self, room: int | None) -> None:
        model = self.model
        before, expired, evicted = model.kept, [], []
        for row in list(model.exchanges.values()):
            if row.state is not State.RUNNING and row.expires <= model.now:
                expired.append(row.id)
                model.forget(row.id)
        model.claims = {name: held for name, held in model.claims.items() if held[2] > model.now}
        for _, ident in sorted((at, ident) for ident, (at, _) in model.bodies.items()):
            if room is not None and model.kept > room:
                evicted.append(ident)
                model.forget(ident)
        swept = self.do(self.store.sweep(model.now, room))
        assert (sorted(swept.expired), list(swept.evicted)) == (sorted(expired), evicted)
        assert swept.freed == before - model.kept

    @invariant()
    def same(self) -> None:
        self.do(self._same())

    async def _same(self) -> None:
        store, model = self.store, self.model
        assert sum((await store.exchanges.counts()).values()) == len(model.exchanges)
        for ident, row in model.exchanges.items():
            assert await store.exchanges.find(ident) == row
            kept = model.drafts.get(ident) or (model.bodies[ident][1] if ident in model.bodies else None)
            if kept is not None:
                assert await body_of(store, ident) == kept
            else:
                assert await store.results.find(ident) is None
        for name in ("n1", "n2"):
            held = model.claims.get(name)
            alive = held is not None and held[2] > model.now
            assert await store.claims.find("dev", name, model.now) == (Existing(*held[:2]) if held and alive else None)
        assert await store.kept() == model.kept
        for key in ("dev", "ops"):
            mine = sorted((row.created, row.id) for row in model.exchanges.values() if row.key == key)
            assert [row.id for row in await store.exchanges.of(key, 9)] == [ident for _, ident in reversed(mine)]


@pytest.mark.slow
def test_the_store_is_as_simple_as_its_model(place: Place, run: Run[Any]) -> None:
    async def opened() -> list[Store]:
        return [await stack.enter_async_context(place.open()) for _ in range(2)]

    stack = AsyncExitStack()
    stores = run(opened())

    class Here(Machine):
        def __init__(self) -> None:
            super().__init__(stores, run)

    try:
        quick = settings(max_examples=15, stateful_step_count=20, suppress_health_check=list(HealthCheck))
        run_state_machine_as_test(Here, settings=quick)
    finally:
        run(stack.aclose())
