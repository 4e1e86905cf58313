from __future__ import annotations

import asyncio
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.testing.virtual import VirtualLoop, run
from outwait.wire.wheel import NEVER, STANDSTILL, Alarm, Wheel

TICK = 0.025


def wheel() -> Wheel:
    return Wheel(asyncio.get_running_loop(), tick=TICK)


def test_an_alarm_rings_once_and_within_a_tick() -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        turning.set(Alarm(rung.append), 1.01)
        await asyncio.sleep(100)
        return rung

    (at,) = run(story())
    assert 1.01 <= at <= 1.01 + TICK


def test_moved_later_it_rings_only_then() -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        alarm = Alarm(rung.append)
        for second in range(1, 50):
            turning.set(alarm, float(second))
        await asyncio.sleep(100)
        return rung

    assert run(story()) == pytest.approx([49.0], abs=TICK)


def test_moved_earlier_it_rings_then_and_not_again() -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        alarm = Alarm(rung.append)
        turning.set(alarm, 50.0)
        turning.set(alarm, 5.0)
        await asyncio.sleep(100)
        return rung

    assert run(story()) == pytest.approx([5.0], abs=TICK)


@pytest.mark.parametrize("silence", ["clear", "forget", "never"])
def test_a_cleared_alarm_is_silent_until_it_is_set_again(silence: str) -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        alarm = Alarm(rung.append)
        turning.set(alarm, 5.0)
        if silence == "never":
            turning.set(alarm, NEVER)
        else:
            getattr(turning, silence)(alarm)
        await asyncio.sleep(10)
        turning.set(alarm, 20.0)
        await asyncio.sleep(100)
        return rung

    assert run(story()) == ([] if silence == "forget" else pytest.approx([20.0], abs=TICK))


def test_a_due_in_the_past_rings_at_the_next_tick() -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        await asyncio.sleep(3600)
        turning.set(Alarm(rung.append), 1.0)
        await asyncio.sleep(1)
        return rung

    (at,) = run(story())
    assert at - 3600 <= 2 * TICK


def test_an_alarm_that_always_asks_for_now_cannot_hold_the_tick() -> None:
    async def story() -> int:
        turning, count = wheel(), 0

        def again(_: float) -> None:
            nonlocal count
            count += 1
            turning.set(alarm, 0.0)

        alarm = Alarm(again)
        turning.set(alarm, 0.0)
        await asyncio.sleep(1.0)
        turning.close()
        return count

    assert 38 <= run(story()) <= 41


def test_a_failing_alarm_is_logged_and_the_others_ring(caplog: pytest.LogCaptureFixture) -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()

        def fail(_: float) -> None:
            raise ValueError("broken bell")

        turning.set(Alarm(fail), 1.0)
        turning.set(Alarm(rung.append), 1.0)
        await asyncio.sleep(10)
        return rung

    with caplog.at_level(logging.ERROR, "outwait"):
        assert len(run(story())) == 1
    assert "broken bell" in caplog.text


def test_hours_are_crossed_in_few_steps() -> None:
    async def story() -> int:
        turning = wheel()
        loop = asyncio.get_running_loop()
        turns = 0
        call_at = loop.call_at

        def counted(*args: object, **options: object) -> asyncio.TimerHandle:
            nonlocal turns
            turns += 1
            return call_at(*args, **options)  # type: ignore[arg-type]

        loop.call_at = counted  # type: ignore[method-assign]
        for hour in range(1, 11):
            turning.set(Alarm(lambda _: None), hour * 3600.0)
        await asyncio.sleep(40_000)
        return turns

    assert run(story()) <= 25


def test_lateness_is_read_off_a_late_tick() -> None:
    class Loop(asyncio.SelectorEventLoop):
        skew = 0.0

        def time(self) -> float:
            return super().time() + self.skew

    async def story() -> None:
        loop = asyncio.get_running_loop()
        assert isinstance(loop, Loop)
        turning, rung = wheel(), asyncio.Event()
        turning.set(Alarm(lambda _: rung.set()), loop.time() + TICK)
        loop.skew = 2.0
        await rung.wait()
        assert 1.9 <= turning.lateness <= 2.1
        assert turning.worst == turning.lateness
        turning.close()

    with asyncio.Runner(loop_factory=Loop) as runner:
        runner.run(story())


def test_a_closed_wheel_is_silent() -> None:
    async def story() -> list[float]:
        turning, rung = wheel(), list[float]()
        turning.set(Alarm(rung.append), 1.0)
        turning.close()
        turning.set(Alarm(rung.append), 2.0)
        await asyncio.sleep(10)
        return rung

    assert run(story()) == []


moves = st.lists(
    st.tuples(st.integers(0, 3), st.floats(0, 50), st.one_of(st.just(NEVER), st.floats(0, 100))),
    min_size=1,
    max_size=30,
)


@given(moves)
def test_whatever_is_set_the_last_word_counts(steps: list[tuple[int, float, float]]) -> None:
    """Each alarm rings exactly for those of its dues that were not replaced before they came."""

    async def story() -> tuple[list[list[float]], list[list[float]]]:
        turning = wheel()
        loop = asyncio.get_running_loop()
        rung: list[list[float]] = [[], [], [], []]
        alarms = [Alarm(bell.append) for bell in rung]
        expected: list[list[float]] = [[], [], [], []]
        pending = [NEVER] * 4
        for which, pause, due in steps:
            await asyncio.sleep(pause)
            now = loop.time()
            for n in range(4):
                # what is due in this very tick may ring before or after; leave it out of the question
                if pending[n] + 2 * TICK <= now or (pending[n] <= now and alarms[n].due == NEVER):
                    expected[n].append(pending[n])
                    pending[n] = NEVER
            turning.set(alarms[which], due)
            pending[which] = max(due, now) if due != NEVER else NEVER
        await asyncio.sleep(1000)
        for n in range(4):
            if pending[n] != NEVER:
                expected[n].append(pending[n])
        return rung, expected

    rung, expected = run(story())
    for heard, wanted in zip(rung, expected, strict=True):
        assert len(heard) == len(wanted)
        for at, due in zip(heard, wanted, strict=True):
            assert due <= at <= due + 2 * TICK


def test_forgotten_alarms_leave_nothing_behind() -> None:
    async def story() -> tuple[int, int]:
        turning = wheel()
        for number in range(10_000):
            alarm = Alarm(lambda _: None)
            turning.set(alarm, 600.0 + number * TICK)
            turning.set(alarm, 300.0 + number * TICK)
            turning.forget(alarm)
        return sum(map(len, turning._slots.values())), len(turning._slots)

    entries, slots = run(story())
    assert entries == 0
    assert slots <= 600  # a second each, however many alarms there were


@given(st.lists(st.tuples(st.floats(0, 2000), st.floats(0, 2000)), max_size=30))
def test_far_or_near_moved_or_not_each_rings_within_a_tick(moves: list[tuple[float, float]]) -> None:
    async def story() -> list[tuple[float, float]]:
        turning, rung = wheel(), list[tuple[float, float]]()
        for first, second in moves:
            alarm = Alarm(lambda now, due=second: rung.append((due, now)))  # type: ignore[misc]  # each its own due
            turning.set(alarm, first)
            turning.set(alarm, second)
        await asyncio.sleep(3000)
        return rung

    rung = run(story())
    assert len(rung) == len(moves)
    assert all(due <= now <= due + TICK + 1e-6 for due, now in rung)


class Standing(VirtualLoop):
    """A virtual loop whose clock can jump in the middle of a turn, as when the process stands still."""

    behind = 0.0

    def time(self) -> float:
        return super().time() + self.behind


@pytest.mark.parametrize("seconds", [STANDSTILL / 2, 30.0])
def test_after_a_standstill_the_loop_reads_before_alarms_ring(seconds: float) -> None:
    rung = list[str]()

    async def story(loop: Standing) -> None:
        turning = wheel()
        moved, due = Alarm(lambda _: rung.append("moved")), Alarm(lambda _: rung.append("due"))

        def read() -> None:  # called by a loop that found something in its sockets
            turning.set(moved, loop.time() + 60)
            rung.append("read")

        def stand() -> None:
            loop.behind += seconds
            loop.call_soon(loop.call_soon, read)

        turning.set(moved, 1.0)
        turning.set(due, 1.0)
        loop.call_at(1.0 - 1e-6, stand)
        await asyncio.sleep(20)

    with asyncio.Runner(loop_factory=Standing) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Standing)
        runner.run(story(loop))
    assert rung == (["read", "due"] if seconds > STANDSTILL else ["moved", "due", "read"])


def test_a_wheel_closed_after_a_standstill_does_not_ring() -> None:
    rung = list[float]()

    async def story(loop: Standing) -> None:
        turning = wheel()
        turning.set(Alarm(rung.append), 1.0)
        loop.call_at(1.0 - 1e-6, lambda: setattr(loop, "behind", 30.0))
        loop.call_at(1.0 - 1e-6, lambda: loop.call_soon(loop.call_soon, turning.close))
        await asyncio.sleep(20)

    with asyncio.Runner(loop_factory=Standing) as runner:
        loop = runner.get_loop()
        assert isinstance(loop, Standing)
        runner.run(story(loop))
    assert rung == []
