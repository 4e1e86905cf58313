"""Exchanges made of stored rows: the same bytes, the same story, and nothing that was paid for again."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.descriptors import descriptors
from tests.exchange.archive import CALL, Archive, with_store

from outwait.core.entry import Mark
from outwait.core.fault import Clock, fault
from outwait.core.reply import Head, Usage
from outwait.core.request import Call
from outwait.exchange import recall
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.replay import Bounds, Reader
from outwait.exchange.story import Story, pack, state
from outwait.store.errors import StoreError
from outwait.store.results import Results
from outwait.store.rows import ExchangeRow, Owner, ResultRow, State
from outwait.store.store import Store
from outwait.testing.plain import PLAIN
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream

HEAD = Head(206, "text/event-stream", (("x-a", "1"),))
TOLD = Story(
    scenario="chat",
    channel="far",
    upstream_dialect="plain",
    upstream_model="big",
    attempts=2,
    silence=61.5,
    usage=Usage(input=1, output=2),
    dropped=("remark",),
    inserted=(0, 1),
    timeline=(Mark(0.0, "accepted", "chat"), Mark(0.5, "attempt", "far")),
)


def row_of(state: State = State.COMPLETED, told: Story | None = TOLD, *, stream: bool = True) -> ExchangeRow:
    story = None if told is None else pack(told)
    return ExchangeRow(
        id="ow_kept",
        owner=Owner(0, "there"),
        key="key",
        fingerprint=b"f" * 16,
        dialect="plain",
        endpoint="talk",
        model="model",
        stream=stream,
        created=5.0,
        updated=6.0,
        expires=9.0,
        on_disconnect="finish",
        state=state,
        story=story,
    )


class Kept:
    """One kept answer, in these pieces; it breaks off where `error` is given."""

    def __init__(self, *pieces: bytes, error: Exception | None = None, none: bool = False) -> None:
        self._pieces = pieces
        self._error = error
        self._none = none

    async def find(self, exchange: str) -> ResultRow | None:
        return None if self._none else ResultRow(exchange, HEAD, sum(map(len, self._pieces)), 5.0)

    async def body(self, _exchange: str) -> AsyncIterator[bytes]:
        for piece in self._pieces:
            yield piece
        if self._error is not None:
            raise self._error


async def recalled(kept: Kept, row: ExchangeRow, rig: Rig | None = None) -> Exchange | None:
    ports = (rig or Rig(Upstream())).ports
    return await recall.recall(row, cast("Results", kept), recall.call_of(row), PLAIN, ports)


async def found(kept: Kept, row: ExchangeRow, rig: Rig | None = None) -> Exchange:
    exchange = await recalled(kept, row, rig)
    assert exchange is not None
    return exchange


def chunks(exchange: Exchange) -> list[bytes]:
    reader = Reader(exchange.replay, lambda: None)
    return [reader.read() for _ in range(exchange.replay.count)]


@scene
async def test_it_is_what_it_was() -> None:
    rig = Rig(Upstream())
    exchange = await found(Kept(b"data: 1\n\ndata", b": 2\n\n"), row_of(), rig)
    assert (exchange.id, exchange.key, exchange.started, exchange.stored) == ("ow_kept", "key", 5.0, True)
    assert (exchange.settled, exchange.machine.outcome, exchange.fault) == (True, Outcome.COMPLETED, None)
    assert (exchange.replay.head, chunks(exchange)) == (HEAD, [b"data: 1\n\n", b"data: 2\n\n"])
    assert (exchange.usage, exchange.dropped) == (TOLD.usage, ("remark",))
    assert exchange.inserted == (0, 1)  # who comes back counts them
    told = state(exchange)
    assert (told["status"], told["channel"], told["upstream_model"], told["attempts"]) == ("completed", "far", "big", 2)
    assert [(mark.at, mark.event) for mark in told["timeline"]] == [(0.0, "accepted"), (0.5, "attempt")]
    assert exchange.machine.silence == TOLD.silence
    assert rig.budgets._routes == {}


@scene
async def test_a_json_reply_is_one_piece() -> None:
    exchange = await found(Kept(b'{"a":', b"1}"), row_of(stream=False))
    assert chunks(exchange) == [b'{"a":1}']
    assert chunks(await found(Kept(), row_of(stream=False))) == []


@scene
async def test_without_its_answer_a_completed_one_is_not_there() -> None:
    assert await recalled(Kept(none=True), row_of()) is None


@pytest.mark.parametrize(
    "standing, outcome, code",
    [
        (State.FAILED, Outcome.FAILED, "idle_timeout"),
        (State.CANCELLED, Outcome.CANCELLED, "cancelled"),
        (State.LOST, Outcome.FAILED, "exchange_lost"),
    ],
)
@scene
async def test_an_end_without_an_answer_is_told(standing: State, outcome: Outcome, code: str) -> None:
    failed = None if standing is State.LOST else fault(code)
    exchange = await found(Kept(none=True), row_of(standing, replace_story(fault=failed)))
    assert (exchange.machine.outcome, exchange.replay.count) == (outcome, 0)
    assert exchange.replay.fault is exchange.fault
    assert exchange.fault is not None
    assert exchange.fault.code == code


def replace_story(**fields: Any) -> Story:
    return msgspec.structs.replace(TOLD, **fields)


@scene
async def test_half_of_an_answer_comes_before_its_error() -> None:
    rig = Rig(Upstream())
    failed = fault("idle_timeout", clock=Clock.IDLE, span=30.0)
    exchange = await found(Kept(b"hello\n"), row_of(State.FAILED, replace_story(fault=failed)), rig)
    visit = rig.join(exchange)
    assert visit.client.text == "hello\n!idle_timeout\n.\n"
    assert exchange.fault == failed


@scene
async def test_what_never_began_has_no_channel() -> None:
    exchange = await found(Kept(none=True), row_of(State.FAILED, Story(fault=fault("total_timeout"))))
    assert (exchange.candidate, exchange.machine.number) == (None, 0)
    bare = await found(Kept(b"x"), row_of(State.LOST, None))
    assert (bare.candidate, bare.fault and bare.fault.code) == (None, "exchange_lost")


@scene
async def test_an_answer_that_cannot_be_read_to_its_end_leaves_no_file() -> None:
    rig = Rig(Upstream(), bounds=Bounds(memory=10))
    before = descriptors()
    with pytest.raises(StoreError):
        await recalled(Kept(b"data: 1\n\n" * 9, b"data: 2\n\n" * 9, error=StoreError("gone")), row_of(), rig)
    assert descriptors() <= before
    exchange = await found(Kept(b"data: 1\n\n" * 9, b"data: 2\n\n" * 9), row_of(), rig)
    assert len(descriptors() - before) == 1
    exchange.replay.close()
    assert descriptors() <= before


@with_store
async def test_a_long_answer_is_the_same_to_the_byte(store: Store) -> None:
    here, there = Archive(store), Archive(store, "there")
    visit = here.ask()
    visit.client.blocked = True
    here.finish(*[b"%d\n" % number * 20_000 for number in range(9)])
    visit.client.go()
    await here.keeper.quiet()
    row = await here.row(visit.exchange)
    made = await there.keeper.recall(row, CALL, PLAIN, there.rig.ports)
    assert made is not None
    assert made.call == msgspec.structs.replace(CALL, created=int(made.started))
    assert made.replay.head == visit.exchange.replay.head
    assert b"".join(chunks(made)) == b"".join(chunks(visit.exchange))


async def pieces_of(*pieces: bytes) -> list[bytes]:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return [piece async for piece in recall.whole_events(body())]


EVENTS = st.lists(st.sampled_from([b"data: 1", b"a\nb", b"a\r\nb"]), max_size=6)


@given(EVENTS, st.sampled_from([b"\n\n", b"\r\n\r\n"]), st.sampled_from([b"", b"rest", b"r\r\n\r", b"r\n"]), st.data())
def test_pieces_end_between_events_however_they_were_cut(
    events: Sequence[bytes], mark: bytes, rest: bytes, data: st.DataObject
) -> None:
    whole = b"".join(event + mark for event in events) + rest
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    pieces = [whole[start:end] for start, end in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    came = asyncio.run(pieces_of(*pieces))
    assert b"".join(came) == whole
    assert all(piece.endswith(mark) for piece in came[:-1])
    assert all(came)
    rest = whole[max(whole.rfind(each) + len(each) if each in whole else 0 for each in (b"\n\n", b"\r\n\r\n")) :]
    assert not rest or came[-1] == rest  # no whole event is held back


def test_a_body_without_breaks_is_joined_in_linear_time() -> None:
    piece = b"x" * (256 << 10)
    (came,) = asyncio.run(pieces_of(*[piece] * 64))
    assert len(came) == 16 << 20


def test_the_call_of_a_row_is_what_the_store_knows_of_it() -> None:
    assert recall.call_of(row_of()) == Call("plain", "talk", "model", stream=True, body=b"", created=5)


@scene
async def test_where_nothing_may_be_kept_there_is_no_file() -> None:
    bare = recall.unspilled(Rig(Upstream(), bounds=Bounds(memory=7, cap=99)).ports)
    assert (bare.bounds.memory, bare.bounds.cap) == (7, 7)
