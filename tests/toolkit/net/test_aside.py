from __future__ import annotations

import asyncio
import threading

import pytest
from tests.toolkit.net.peers import looped

from outwait.toolkit.net.aside import aside


@looped
async def test_what_is_done_aside_comes_back() -> None:
    assert await aside(lambda: threading.current_thread().name, "there") == "there"


@looped
async def test_what_it_raises_comes_back_too() -> None:
    def fails() -> None:
        raise LookupError("no")

    with pytest.raises(LookupError):
        await aside(fails, "there")


def test_nobody_waits_for_a_thread_that_does_not_end() -> None:
    free, ended = threading.Event(), threading.Event()

    def stuck() -> None:
        free.wait(10)
        ended.set()

    async def impatient() -> None:
        async with asyncio.timeout(0.01):
            await aside(stuck, "stuck")

    with pytest.raises(TimeoutError):
        asyncio.run(impatient())
    assert not ended.is_set()  # the loop ended before it
    free.set()
    assert ended.wait(5)  # and it ends well without one


@looped
async def test_a_result_that_nobody_waits_for_is_dropped() -> None:
    free = threading.Event()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await aside(lambda: free.wait(5), "late")
    free.set()
    assert await aside(lambda: 7, "next") == 7
