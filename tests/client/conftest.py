"""A clock that jumps, and clients of scripted servers."""

from __future__ import annotations

from collections.abc import Iterator

import httpx2
import pytest
from tests.client.plays import Make
from tests.client.scripted import Play, Server, Time

from outwait.client.course import Reattach
from outwait.client.transport import ReattachingTransport


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def make(time: Time) -> Iterator[Make]:
    """`make(*plays)`: a client whose server plays them."""
    made: list[httpx2.Client] = []

    def client(*plays: Play | Exception, reattach: Reattach | None = None) -> tuple[httpx2.Client, Server]:
        server = Server(time, *plays)
        rules = reattach or Reattach(gateway=True)
        transport = ReattachingTransport(server, rules, clock=time, sleep=time.sleep, luck=lambda: 0.5)
        made.append(httpx2.Client(transport=transport, timeout=httpx2.Timeout(100)))
        return made[-1], server

    yield client
    for each in made:
        each.close()
