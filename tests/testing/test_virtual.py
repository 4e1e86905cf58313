"""The jumping loop: exact times, a fixed order, and a clear word instead of a hang."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.testing.virtual import Deadlock, OutOfTime, Spinning, VirtualLoop, run


def _now() -> float:
    return asyncio.get_running_loop().time()


def test_hours_pass_in_no_time() -> None:
    async def main() -> float:
        for _ in range(600):
            await asyncio.sleep(60)
        return _now()

    assert run(main()) == 36_000


def test_time_stands_still_while_something_is_ready() -> None:
    async def main() -> float:
        asyncio.get_running_loop().call_later(0.001, lambda: None)
        for _ in range(1000):
            await asyncio.sleep(0)
        return _now()

    assert run(main()) == 0


@given(st.lists(st.floats(min_value=0, max_value=6e5), min_size=1, max_size=20))
def test_timers_fire_in_order_at_their_time(delays: list[float]) -> None:
    fired: list[tuple[float, float]] = []

    async def main() -> None:
        async def one(delay: float) -> None:
            await asyncio.sleep(delay)
            fired.append((delay, _now()))

        await asyncio.gather(*(one(delay) for delay in delays))

    run(main())
    assert [delay for delay, _ in fired] == pytest.approx(sorted(delays), abs=2e-9)
    assert all(at == pytest.approx(delay, abs=2e-9) for delay, at in fired)


def test_sums_of_floats_stay_tidy() -> None:
    async def main() -> float:
        await asyncio.sleep(0.1)
        await asyncio.sleep(0.2)
        return _now()

    assert run(main()) == 0.3


def test_two_runs_are_the_same() -> None:
    async def main() -> list[tuple[float, int]]:
        seen: list[tuple[float, int]] = []

        async def worker(number: int) -> None:
            for turn in range(5):
                await asyncio.sleep((number * 7 + turn * 3) % 5)
                seen.append((_now(), number))

        await asyncio.gather(*(worker(number) for number in range(8)))
        return seen

    assert run(main()) == run(main())


def test_asyncio_timeouts_use_virtual_time() -> None:
    async def main() -> float:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(900):
                await asyncio.get_running_loop().create_future()
        return _now()

    assert run(main()) == 900


def test_a_deadlock_names_who_waits() -> None:
    async def never() -> None:
        await asyncio.get_running_loop().create_future()

    with pytest.raises(Deadlock, match=r"(?s)deadlock at 0 s.*never.*test_virtual\.py"):
        run(never())


def test_clean_up_runs_after_a_deadlock() -> None:
    ended: list[str] = []

    async def main() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await asyncio.sleep(5)
            ended.append("tidy")

    with pytest.raises(Deadlock):
        run(main())
    assert ended == ["tidy"]


def test_the_allowance_ends_an_endless_ticker() -> None:
    async def ticks() -> None:
        while True:  # noqa: ASYNC110 - what a periodic task does
            await asyncio.sleep(15)

    with pytest.raises(OutOfTime, match="not done after 100 virtual seconds"):
        run(ticks(), timeout=100)


def test_a_busy_loop_is_told() -> None:
    async def spins() -> None:
        while True:  # noqa: ASYNC110 - the mistake this is about
            await asyncio.sleep(0)

    with pytest.raises(Spinning, match="without time passing"):
        run(spins())


def test_a_failing_callback_fails_the_run() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_later(1, lambda: 1 / 0)
        await asyncio.sleep(2)

    with pytest.raises(ExceptionGroup) as told:
        run(main())
    assert isinstance(told.value.exceptions[0], ZeroDivisionError)


def test_a_logged_message_without_exception_fails_the_run() -> None:
    async def main() -> None:
        asyncio.get_running_loop().call_exception_handler({"message": "a bad thing"})

    with pytest.raises(ExceptionGroup) as told:
        run(main())
    assert str(told.value.exceptions[0]) == "a bad thing"


def test_the_coroutines_own_error_comes_through() -> None:
    async def main() -> None:
        await asyncio.sleep(3)
        raise LookupError("mine")

    with pytest.raises(LookupError, match="mine"):
        run(main())


def test_sockets_are_refused() -> None:
    async def main() -> None:
        left, right = socket.socketpair()
        with left, right, pytest.raises(NotImplementedError, match="no network"):
            asyncio.get_running_loop().add_reader(left, lambda: None)

    run(main())


def test_executors_run_in_place() -> None:
    async def main() -> tuple[int, int]:
        return await asyncio.to_thread(threading.get_ident), threading.get_ident()

    there, here = run(main())
    assert there == here


def test_an_executors_error_reaches_the_awaiter() -> None:
    async def main() -> None:
        await asyncio.get_running_loop().run_in_executor(None, int, "x")

    with pytest.raises(ValueError, match="invalid literal"):
        run(main())


def test_thread_safe_calls_wake_the_loop() -> None:
    async def main() -> float:
        loop = asyncio.get_running_loop()
        called = asyncio.Event()
        thread = threading.Thread(target=loop.call_soon_threadsafe, args=(called.set,))
        thread.start()
        thread.join()
        await called.wait()
        await asyncio.sleep(1)
        return _now()

    assert run(main()) == 1


def test_a_loop_can_start_late_and_be_used_alone() -> None:
    loop = VirtualLoop(start=50)
    try:
        loop.run_until_complete(asyncio.sleep(10))
        assert loop.time() == 60
    finally:
        loop.close()
