"""How an exchange stands, for those who only want to know."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from outwait.edge.standing import body_of, nobody, unstored, when
from outwait.exchange.replay import Bounds, Replay
from outwait.store.errors import StorageFull, StoreError


def exchange(*pieces: bytes, settled: bool = True) -> Any:
    replay = Replay(Bounds(memory=10, cap=20))
    for piece in pieces:
        replay.append(piece)
    if settled:
        replay.finish(None)
    return SimpleNamespace(replay=replay, settled=settled)


def test_the_answer_of_what_is_over() -> None:
    assert body_of(exchange(b"one ", b"two")) == b"one two"
    assert body_of(exchange(b"one", settled=False)) == b""


def test_what_was_too_long_or_is_given_up_is_no_answer() -> None:
    assert body_of(exchange(*[b"x" * 8] * 4)) == b""
    closed = exchange(b"one")
    closed.replay.close()
    closed.replay.whole = True
    assert body_of(closed) == b""


def test_a_condition_is_waited_for_and_told_once() -> None:
    told: list[int] = []
    on = exchange(settled=False)
    state: list[int] = []
    when(on, lambda: bool(state), lambda: told.append(1))
    on.replay.append(b"x")
    assert told == []
    state.append(1)
    on.replay.append(b"x")
    on.replay.append(b"x")
    assert (told, on.replay.readers) == ([1], [])
    when(on, lambda: True, lambda: told.append(2))
    assert told == [1, 2]
    nobody()


@pytest.mark.parametrize(
    "error, code", [(StorageFull("the disk"), "storage_full"), (StoreError("secret"), "owner_unreachable")]
)
def test_what_fails_in_the_store_is_told_without_its_words(error: StoreError, code: str) -> None:
    complaints: list[StoreError] = []
    keeper: Any = SimpleNamespace(complain=complaints.append)
    failed = unstored(keeper, error)
    assert (failed.code, complaints) == (code, [error])
    assert str(error) not in failed.message
