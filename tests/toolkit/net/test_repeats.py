from __future__ import annotations

import asyncio
import socket

import pytest
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped
from tests.toolkit.net.test_line import closed_port

from outwait.toolkit.net import repeats
from outwait.toolkit.net.line import open_line


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "PAUSE", 0.0)


def soon(seconds: float = 5.0) -> float:
    return asyncio.get_running_loop().time() + seconds


@looped
async def test_each_connect_is_timed() -> None:
    async with peers.peer(peers.silent) as port:
        found = await repeats.repeat(HOST, port, 4, 1.0, soon())
    assert (len(found.seconds), found.lost, found.retransmits) == (4, 0, 0)


@looped
async def test_what_is_not_answered_is_lost() -> None:
    with socket.socket() as full:
        full.bind((HOST, 0))
        full.listen(0)
        port = full.getsockname()[1]
        held = [await open_line(HOST, port, 0.2) for _ in range(3)]
        found = await repeats.repeat(HOST, port, 2, 0.05, soon())
        for line, _ in held:
            if line is not None:
                line.close()
    assert (found.seconds, found.lost) == ((), 2)


@looped
async def test_a_refusal_is_no_loss_and_time_ends_it() -> None:
    assert (await repeats.repeat(HOST, closed_port(), 2, 1.0, soon())).lost == 0
    async with peers.peer(peers.silent) as port:
        assert (await repeats.repeat(HOST, port, 5, 1.0, soon(-1.0))).seconds == ()
