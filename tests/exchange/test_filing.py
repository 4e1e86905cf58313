"""What is written down of an exchange, from its first row to its whole answer."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.exchange.archive import CALL, FINISH, Archive

from outwait.core.fault import fault
from outwait.core.reply import Head, Usage
from outwait.core.request import State as Asked
from outwait.exchange import filing
from outwait.exchange.adopt import fingerprint
from outwait.exchange.driver import Exchange
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.exchange.replay import Bounds, Gone, Reader, Replay
from outwait.exchange.story import story_of
from outwait.store.rows import EventRow, Owner, ResponseRow, Settlement, State
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers

CUT = fault("gateway_draining")
OWNER = Owner(3, "here")


def exchange(**fields: Any) -> Exchange:
    """A settled exchange as far as it is looked at."""
    plain = {
        "fault": None,
        "handle": None,
        "candidate": FINISH.candidates[0],
        "machine": SimpleNamespace(outcome=Outcome.COMPLETED),
        "replay": Replay(Bounds(memory=100, cap=200)),
        "ending": b"",
        "usage": Usage(output=2),
        "call": CALL,
    }
    return cast("Exchange", SimpleNamespace(**(plain | fields)))


async def body_of(of: Exchange) -> bytes:
    result = filing.Body(of).result()
    assert result is not None
    assert not isinstance(result.body, bytes)
    return b"".join([piece async for piece in result.body])


@scene
async def test_a_row_says_who_asked_what_of_whom() -> None:
    here = Archive()
    exchange = here.ask().exchange
    row = filing.row_of(exchange, OWNER, 5.0, 9.0, None)
    assert (row.id, row.owner, row.key, row.state) == (exchange.id, OWNER, "key", State.RUNNING)
    assert (row.dialect, row.endpoint, row.model, row.stream) == ("plain", "talk", "model", True)
    assert (row.created, row.updated, row.expires, row.on_disconnect) == (exchange.started, 5.0, 9.0, "finish")
    assert (row.fingerprint, row.idempotency, row.orphan) == (fingerprint("key", CALL), None, None)
    assert story_of(row).channel == "a"
    known = here.named("q")
    row = filing.row_of(exchange, OWNER, 5.0, 9.0, known)
    assert (row.fingerprint, row.idempotency) == (known.question, known.name.hex())


@pytest.mark.parametrize(
    "outcome, failed, state, cut",
    [
        (Outcome.COMPLETED, None, State.COMPLETED, False),
        (Outcome.FAILED, fault("upstream_error"), State.FAILED, False),
        (Outcome.CANCELLED, fault("cancelled"), State.CANCELLED, False),
        (Outcome.CANCELLED, CUT, State.LOST, True),
        (None, None, State.FAILED, False),
    ],
)
def test_how_it_ended(outcome: Outcome | None, failed: Any, state: State, cut: bool) -> None:
    of = exchange(machine=SimpleNamespace(outcome=outcome), fault=failed)
    assert filing.state_of(of) is state
    assert filing.cut_short(of) is cut


def test_what_had_asked_nothing_was_not_cut_short() -> None:
    assert not filing.cut_short(exchange(fault=CUT, candidate=None))


@pytest.mark.parametrize("handle", [None, Handle("a", "job_1")])
@pytest.mark.parametrize("failed", [None, CUT, fault("upstream_error")])
def test_what_goes_on_has_a_handle_and_was_drained(handle: Handle | None, failed: Any) -> None:
    assert filing.goes_on(exchange(handle=handle, fault=failed)) is (handle is not None and failed is CUT)


@scene
async def test_an_answer_is_all_of_it_and_what_is_held_back() -> None:
    of = exchange(ending=b"!")
    of.replay.head = Head(200, "text/plain")
    for piece in (b"a" * 60, b"b" * 60):
        of.replay.append(piece)
    assert await body_of(of) == b"a" * 60 + b"b" * 60 + b"!"
    result = filing.Body(of).result()
    assert result is not None
    assert (result.head, result.partial, result.usage) == (of.replay.head, False, Usage(output=2))
    of.replay.close()


@scene
async def test_an_answer_that_is_only_held_back_is_one() -> None:
    of = exchange(ending=b'{"a":1}', machine=SimpleNamespace(outcome=Outcome.FAILED))
    assert filing.Body(of).result() is None  # no head
    of.replay.head = Head(200, "application/json")
    assert await body_of(of) == b'{"a":1}'
    result = filing.Body(of).result()
    assert result is not None
    assert result.partial
    of.ending = b""
    assert filing.Body(of).result() is None


@scene
async def test_an_answer_whose_beginning_was_given_up_is_none() -> None:
    of = exchange()
    of.replay.head = Head(200, "text/plain")
    of.replay.append(b"x" * 300)
    assert filing.Body(of).result() is None
    assert await filing.Body(of).response(9.0) is None


@scene
async def test_what_makes_a_response_has_a_row_of_it() -> None:
    rig = Rig(Upstream(answers(b'{"id":"resp_1","output":[]}\n', b".\n")))
    call = msgspec.structs.replace(CALL, stream=False, body=b'{"model":"m","input":"Hi"}', state=Asked("resp_ours"))
    of = rig.make(call, FINISH)
    of.replay.readers.append(Reader(of.replay, lambda: None))
    rig.serve(of)
    await rig.until(1)
    row = await filing.Body(of).response(9.0)
    assert isinstance(row, ResponseRow)
    assert (row.id, row.expires, row.exchange) == ("resp_1", 9.0, of.id)
    assert filing.event_type(of, "completed") is None
    background = exchange(call=msgspec.structs.replace(call, state=Asked("resp_ours", background=True)))
    assert filing.event_type(background, "failed") == "response.failed"
    of.replay._forget()
    assert await filing.Body(of).response(9.0) is None


def test_an_end_and_all_that_comes_with_it() -> None:
    end = Settlement("ow_1", State.COMPLETED, 1.0, 2.0)
    event = EventRow("evt_1", "http://hook.test/", "response.completed", b"", 1.0, 1.0, 2.0)
    assert filing.with_all(end, None, None, (event,)) == msgspec.structs.replace(end, events=(event,))
    assert end.events == ()


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=20), st.integers(1, 60))
def test_a_reader_takes_about_so_much_at_a_time(pieces: list[bytes], limit: int) -> None:
    replay = Replay(Bounds())
    for piece in pieces:
        replay.append(piece)
    reader = Reader(replay, lambda: None)
    taken = []
    while data := filing.take(reader, limit):
        taken.append(data)
    assert b"".join(taken) == b"".join(pieces)
    assert all(limit <= len(data) < limit + 30 for data in taken[:-1])


def test_who_takes_what_is_gone_is_told() -> None:
    replay = Replay(Bounds(memory=1, cap=2))
    reader = Reader(replay, lambda: None)
    replay.append(b"xyz")
    replay.close()
    with pytest.raises(Gone):
        filing.take(reader, 10)
