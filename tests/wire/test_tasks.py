from __future__ import annotations

import asyncio
import gc
import logging

import pytest

from outwait.testing.virtual import run
from outwait.wire.tasks import spawn


def test_a_task_runs_and_gives_its_result() -> None:
    async def seven() -> int:
        return 7

    async def story() -> tuple[str, int]:
        task = spawn(seven(), "seven")
        return task.get_name(), await task

    assert run(story()) == ("seven", 7)


def test_a_failure_is_logged_with_the_tasks_name(caplog: pytest.LogCaptureFixture) -> None:
    async def fail() -> None:
        raise ValueError("spilled")

    async def story() -> None:
        spawn(fail(), "juggler")
        await asyncio.sleep(1)

    with caplog.at_level(logging.ERROR, "outwait"):
        run(story())
    assert "juggler" in caplog.text
    assert "spilled" in caplog.text


def test_a_cancelled_task_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> None:
        task = spawn(asyncio.sleep(100), "sleeper")
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.sleep(1)

    run(story())
    assert caplog.records == []


def test_a_task_nobody_holds_lives_on() -> None:
    async def story() -> list[int]:
        done = list[int]()

        async def wait() -> None:
            future = asyncio.get_running_loop().create_future()
            asyncio.get_running_loop().call_later(1, future.set_result, None)
            await future
            done.append(1)

        spawn(wait(), "orphan")
        await asyncio.sleep(0)
        gc.collect()
        await asyncio.sleep(10)
        return done

    assert run(story()) == [1]
