from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable

import pytest

from outwait.upstream import mint
from outwait.upstream.mint import Mint, Unobtainable, epoch


class Source:
    """Gives 1, 2, 3, ... each good until `end`; may be held, and may fail."""

    def __init__(self, *ends: float) -> None:
        self.ends = list(ends)
        self.count = 0
        self.open = threading.Event()
        self.open.set()
        self.threads: set[int] = set()

    def __call__(self) -> tuple[int, float]:
        self.threads.add(threading.get_ident())
        self.count += 1
        assert self.open.wait(5)
        if not self.ends:
            raise OSError("nobody there")
        return self.count, self.ends.pop(0)


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    async def limited() -> None:
        async with asyncio.timeout(5):
            await scenario()

    asyncio.run(limited())


async def settled(minted: Mint[int]) -> None:
    if minted._task is not None:
        await minted._task


def test_it_is_fetched_off_the_loop_and_once_for_all_who_wait() -> None:
    async def scenario() -> None:
        source = Source(1000)
        source.open.clear()
        minted = Mint("it", source)
        assert minted.value(0) is None
        waiting = [asyncio.ensure_future(minted.warm()) for _ in range(3)]
        await asyncio.sleep(0)
        waiting[0].cancel()
        source.open.set()
        await asyncio.gather(*waiting[1:])
        assert (minted.value(0), source.count) == (1, 1)
        assert threading.get_ident() not in source.threads

    run(scenario)


def test_near_its_end_the_next_is_fetched_while_the_old_is_shown() -> None:
    async def scenario() -> None:
        end = epoch() + 1000
        source = Source(end, end + 1000)
        minted = Mint("it", source)
        await minted.warm()
        minted._next = 0
        assert minted.value(end - 301) == 1
        assert minted._task is None
        assert minted.value(end - 299) == 1
        await settled(minted)
        assert minted.value(end + 1) == 2
        assert minted.value(end + 1001) is None

    run(scenario)


def test_a_failure_is_told_and_tried_again_after_a_pause(caplog: pytest.LogCaptureFixture) -> None:
    async def scenario() -> None:
        end = epoch() + 100
        source = Source(end)
        minted = Mint("it", source)
        await minted.warm()
        minted._next = 0
        assert minted.value(end - 50) == 1
        await settled(minted)
        assert source.count == 2
        assert minted.value(epoch()) == 1  # within the pause
        assert minted._task is None
        assert minted.value(epoch() + mint._PAUSE) == 1
        await settled(minted)
        with pytest.raises(Unobtainable, match="it: OSError: nobody there"):
            await minted.warm()

    run(scenario)
    assert "could not be fetched" in caplog.text
