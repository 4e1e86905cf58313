from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.store.pieces import pieces, place, weight


@given(st.lists(st.binary(max_size=40), max_size=8), st.integers(1, 50))
def test_pieces_are_the_body_in_equal_parts(parts: list[bytes], size: int) -> None:
    async def told() -> tuple[list[bytes], list[bytes]]:
        async def flow() -> AsyncIterator[bytes]:
            for part in parts:
                yield part

        return [piece async for piece in pieces(flow())], [piece async for piece in pieces(b"".join(parts))]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("outwait.store.pieces.CHUNK", size)
        flowed, cut = asyncio.run(told())
    assert flowed == cut
    assert b"".join(cut) == b"".join(parts)
    assert all(len(piece) == size for piece in cut[:-1])
    assert all(cut)


def test_each_piece_has_a_place_of_its_own() -> None:
    places = {place(exchange, body, number) for exchange in ("ow_1", "ow_2") for body in "ab" for number in (0, 1)}
    assert len(places) == 8


def test_only_data_weighs() -> None:
    assert weight([{"body": "b", "number": 0, "exchange": "ow_1", "data": b"abc"}, {"data": b""}]) == 3
