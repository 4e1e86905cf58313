"""A virtual asyncio loop: hours of silence pass in milliseconds, the same way every time.

`VirtualLoop` is a plain asyncio loop with another clock. Its `time()` starts at 0 and stands still while anything is
ready to run; when nothing is, it jumps to the next scheduled call instead of sleeping. Timers therefore fire at
exactly the time they were set for, in the order asyncio gives them, whatever else the machine is doing.

    async def waits_an_hour() -> float:
        await asyncio.sleep(3600)
        return asyncio.get_running_loop().time()

    assert run(waits_an_hour()) == 3600

What would hang a real loop fails here with a sentence that names the waiting tasks: `Deadlock` when nothing is ready
and nothing is scheduled, `OutOfTime` when the virtual allowance is used up, `Spinning` when the loop turns without
time passing. An exception that a real loop would only log (a callback's, or a task's that nobody awaited) fails `run`.
There is no network: sockets and pipes are refused, and `run_in_executor` runs its function at once, in place.
"""

from __future__ import annotations

import asyncio
import selectors
from typing import TYPE_CHECKING, Any, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Executor

    from _typeshed import FileDescriptorLike

T = TypeVar("T")

WEEK = 7 * 86_400.0
MAX_TURNS = 200_000  # turns of the loop at one instant; more is a busy loop, not a test
_GRACE = 3600.0  # virtual seconds that cancelled tasks have for their clean-up


class Deadlock(RuntimeError):  # noqa: N818 - a state of the loop, told by its name
    """Nothing is ready and nothing is scheduled: the awaited things can never happen."""


class OutOfTime(RuntimeError):  # noqa: N818 - the same
    """The virtual allowance of `run` is used up."""


class Spinning(RuntimeError):  # noqa: N818 - the same
    """The loop turned very often without time passing."""


class _Clock(selectors.BaseSelector):
    """The selector of the loop, which is where a loop sleeps: here sleeping moves the clock.

    Only the loop's own wake-up pipe may be registered; it is real, so `call_soon_threadsafe` works.
    """

    def __init__(self, start: float) -> None:
        self.now = start
        self.limit = float("inf")
        self.sealed = False
        self._turns = 0
        self._pipe = selectors.DefaultSelector()

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return at once; if the loop had nothing ready, after moving the clock by `timeout` seconds."""
        if timeout is not None and timeout <= 0:
            self._turns += 1
            if self._turns > MAX_TURNS:
                self._turns = 0
                raise Spinning(f"the loop turned {MAX_TURNS} times at {self.now:g} s without time passing{_waiting()}")
            return []
        if events := self._pipe.select(0):
            return events
        if timeout is None:
            raise Deadlock(f"deadlock at {self.now:g} s: nothing is ready and nothing is scheduled{_waiting()}")
        then = self.now + timeout
        if then > self.limit:
            self.now = self.limit
            raise OutOfTime(f"not done after {self.limit:g} virtual seconds{_waiting()}")
        # Whole nanoseconds keep sums of floats tidy (0.1 + 0.2 is 0.3); asyncio's own tolerance is one nanosecond.
        tidy = round(then, 9)
        self.now = tidy if tidy > self.now else then
        self._turns = 0
        return []

    def register(self, fileobj: FileDescriptorLike, events: int, data: Any = None) -> selectors.SelectorKey:
        """Take the loop's own pipe; refuse everything else."""
        if self.sealed:
            raise NotImplementedError("a virtual loop has no network: use in-memory transports, or a real loop")
        return self._pipe.register(fileobj, events, data)

    def unregister(self, fileobj: FileDescriptorLike) -> selectors.SelectorKey:
        """Forget the loop's own pipe."""
        return self._pipe.unregister(fileobj)

    def get_map(self) -> Any:
        """What is registered."""
        return self._pipe.get_map()

    def close(self) -> None:
        """Close the real selector."""
        self._pipe.close()


class VirtualLoop(asyncio.SelectorEventLoop):
    """An asyncio loop whose `time()` jumps to the next scheduled call when nothing is ready.

    `start`: the first value of `time()` in seconds. Exact to a nanosecond for about ninety days.
    """

    def __init__(self, start: float = 0.0) -> None:
        self._jumping = _Clock(start)
        super().__init__(self._jumping)
        self._jumping.sealed = True
        self.logged: list[dict[str, Any]] = []
        self.set_exception_handler(lambda _loop, context: self.logged.append(context))

    def time(self) -> float:
        """Virtual seconds."""
        return self._jumping.now

    def allow(self, seconds: float) -> None:
        """Let `seconds` more of virtual time pass; going beyond raises `OutOfTime`."""
        self._jumping.limit = self._jumping.now + seconds

    def run_in_executor(self, executor: Executor | None, func: Callable[..., T], *args: object) -> asyncio.Future[T]:
        """Run `func` at once, in place: threads would make the order of events a matter of luck."""
        del executor
        future: asyncio.Future[T] = self.create_future()
        try:
            future.set_result(func(*args))
        except Exception as error:  # noqa: BLE001 - handed to whoever awaits, as an executor does
            future.set_exception(error)
        return future


def run(coro: Coroutine[Any, Any, T], *, timeout: float = WEEK) -> T:
    """Run `coro` to its end on a new virtual loop and return its result.

    `timeout`: virtual seconds the coroutine may take. Raises what the coroutine raises, `Deadlock`, `OutOfTime` and
    `Spinning`. Tasks that are still alive at the end are cancelled; failures nobody looked at are raised as an
    ExceptionGroup once the coroutine itself has succeeded.
    """
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        loop = cast("VirtualLoop", runner.get_loop())
        loop.allow(timeout)
        try:
            result = runner.run(coro)
        finally:
            loop.allow(_GRACE)
    unseen = [context.get("exception") or RuntimeError(context["message"]) for context in loop.logged]
    if unseen:
        raise ExceptionGroup("failures nobody awaited", unseen)
    return result


def _waiting() -> str:
    """Name the tasks of the current loop that are not done, and the line each one waits at."""
    lines = []
    for task in asyncio.all_tasks():
        stack = task.get_stack(limit=1)
        where = f"{stack[-1].f_code.co_filename}:{stack[-1].f_lineno}" if stack else "not started"
        coro = getattr(task.get_coro(), "__qualname__", "?")
        lines.append(f"\n  {task.get_name()} ({coro}) at {where}")
    return "; waiting:" + "".join(sorted(lines)) if lines else ""
