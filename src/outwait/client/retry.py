"""Retries of a caller's own, in the manner of stamina: which failures, how often, how soon, and with how much patience.

    @retrying("gpt-4o")
    def ask(question: str) -> str:
        return client.responses.create(model="gpt-4o", input=question, **this_attempt().kwargs).output_text

    for attempt in retrying("o3-pro"):
        with attempt:
            reply = client.responses.create(model="o3-pro", input=question, **attempt.kwargs)

Promises: what may have been charged is asked again only as often as the model's scenario allows (2 % of chats, never
for models that think, pictures or sound), unless the server takes an Idempotency-Key (`RetryRules.idempotent`, as
outwait does); nothing is asked again once `Attempt.commit` said that content was shown; a server's Retry-After is kept,
up to two minutes; no attempt begins behind the deadline. The last exception gets through, with a note that says why it
was the last.

Switch the SDK's own retries off (`max_retries=0`), or every attempt is three. The hooks of stamina, its `set_active`
and `set_testing` work; nothing is printed, and the logger "outwait.client" is told of each retry.
"""

from __future__ import annotations

import random
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from functools import wraps
from inspect import isasyncgenfunction, iscoroutinefunction, isgeneratorfunction
from types import TracebackType
from typing import Any, Final, ParamSpec, Self, TypeAlias, TypedDict, TypeVar, Unpack, cast
from uuid import uuid4

import anyio
import stamina

from outwait.client import numbers, switches
from outwait.client.budget import Budget
from outwait.client.evidence import Evidence, evidence
from outwait.client.timeouts import ClientTimeouts, optimal_timeout
from outwait.core.fault import RetryClass, fault
from outwait.core.plan import Retry
from outwait.policy import backoff, durations
from outwait.policy.retry import permitted
from outwait.policy.scenarios import SCENARIOS

P = ParamSpec("P")
T = TypeVar("T")
On: TypeAlias = type[Exception] | tuple[type[Exception], ...] | Callable[[Exception], RetryClass | None] | None

_NUMBERS: Final = Retry()
_STEEP: Final = 1e6
_THIS: ContextVar[Attempt] = ContextVar("outwait_attempt")


@dataclass(frozen=True, slots=True)
class RetryRules:
    """How often and how long.

    `attempts`: at most. `deadline`: seconds from the first attempt to the end of the last, None: the model's `total`.
    `growth`: attempt n gets its timeouts times 1 + growth * (n - 1), each at most `ceiling` seconds (None: the model's
    `total`). `paid`: share of calls that may be charged twice, None: the scenario's. `idempotent`: the server answers
    one Idempotency-Key once, so that no retry is charged twice. `base`: of the pause after a broken line, of one after
    "too much", in seconds, doubled each time up to `cap`, full jitter.
    """

    attempts: int = 3
    deadline: float | None = None
    growth: float = 1.0
    ceiling: float | None = None
    paid: float | None = None
    idempotent: bool = False
    base: tuple[float, float] = (_NUMBERS.base_transport, _NUMBERS.base_overload)
    cap: float = _NUMBERS.cap

    def __post_init__(self) -> None:
        numbers.whole("attempts", self.attempts, least=1)
        numbers.number("growth", self.growth, most=_STEEP)
        numbers.number("cap", self.cap)
        for name in ("deadline", "ceiling"):
            numbers.span(name, getattr(self, name))
        if self.paid is not None:
            numbers.number("paid", self.paid, most=1)
        base: object = self.base
        if not isinstance(base, tuple | list) or len(base) != 2:
            raise TypeError(f"base is two numbers of seconds, such as (0.05, 1); not {base!r}")
        for each in base:
            numbers.number("base", each)


class Changed(TypedDict, total=False):
    """The fields of RetryRules, as arguments of `retrying`."""

    attempts: int
    deadline: float | None
    growth: float
    ceiling: float | None
    paid: float | None
    idempotent: bool
    base: tuple[float, float]
    cap: float


def retrying(
    model: str = "",
    *,
    on: On = None,
    stream: bool = False,
    rules: RetryRules | None = None,
    budget: Budget | None = None,
    timeouts: ClientTimeouts | None = None,
    **changed: Unpack[Changed],
) -> Retrying:
    """Retries for calls of `model`: a decorator, and an iterator of attempts, both for threads and for asyncio.

    `on`: which exceptions, as a class or several (one that is not known counts as a call that may have been charged),
    or a function that gives the class of one, None for "not that"; by default those of the HTTP libraries and SDKs.
    `stream`: the replies are streamed. `budget`: shared with other calls. `timeouts`: instead of the model's own.
    What RetryRules takes may also be said here: `retrying("o3", attempts=5)`.
    """
    if not (on is None or isinstance(on, tuple) or callable(on)):
        raise TypeError("`on` is an exception's class, a tuple of them, or a function")
    if not isinstance(model, str):
        raise TypeError('retrying takes a model\'s name: write @retrying("gpt-4o") above a function, not @retrying')
    spans = optimal_timeout(model, stream=stream) if timeouts is None else timeouts
    return Retrying(spans, on, replace(rules or RetryRules(), **changed), budget or Budget())


def this_attempt() -> Attempt:
    """The attempt that a decorated function is called for. Raises LookupError anywhere else."""
    try:
        return _THIS.get()
    except LookupError:
        raise LookupError("this_attempt() is for functions decorated with retrying(...)") from None


class Retrying:
    """See `retrying`. One object may be used for any number of calls, also at the same time; they share its budget.

    `clock`: seconds, steady; `luck`: in [0, 1). Both are for tests.
    """

    def __init__(self, timeouts: ClientTimeouts, on: On, rules: RetryRules, budget: Budget) -> None:
        self.timeouts = timeouts
        self.on = on
        self.rules = rules
        self.budget = budget
        self.clock: Callable[[], float] = time.monotonic
        self.luck: Callable[[], float] = random.random

    def __iter__(self) -> Iterator[Attempt]:
        """The attempts of one call; each is a context manager."""
        run = _Run(self)
        yield Attempt(1, run)
        while (pause := run.pause) is not None:
            with run.told():
                time.sleep(pause)
            yield Attempt(run.begin(), run)

    async def __aiter__(self) -> AsyncIterator[Attempt]:
        """The same, pausing on the loop."""
        run = _Run(self)
        yield Attempt(1, run)
        while (pause := run.pause) is not None:
            with run.told():
                await anyio.sleep(pause)
            yield Attempt(run.begin(), run)

    def __call__(self, function: Callable[P, T]) -> Callable[P, T]:
        """Decorate a function, or a coroutine function. Raises TypeError for a generator: a stream whose beginning was
        shown cannot begin anew; iterate over the attempts instead, and `commit` to the first content.
        """
        if isgeneratorfunction(function) or isasyncgenfunction(function):
            raise TypeError(
                "retrying does not decorate generators: iterate over retrying(...) and call attempt.commit()"
            )
        if iscoroutinefunction(function):
            return cast("Callable[P, T]", self._coroutine(function))

        @wraps(function)
        def inner(*args: P.args, **kwargs: P.kwargs) -> T:
            for attempt in self:
                with attempt as this:
                    token = _THIS.set(this)
                    try:
                        return function(*args, **kwargs)
                    finally:
                        _THIS.reset(token)
            raise AssertionError("the last attempt returns or raises")

        return inner

    def _coroutine(self, function: Callable[P, Any]) -> Callable[P, Any]:
        @wraps(function)
        async def inner(*args: P.args, **kwargs: P.kwargs) -> Any:
            async for attempt in self:
                with attempt as this:
                    token = _THIS.set(this)
                    try:
                        return await function(*args, **kwargs)
                    finally:
                        _THIS.reset(token)
            raise AssertionError("the last attempt returns or raises")

        return inner


class Attempt:
    """One attempt. `number`: from 1. `timeouts`: for this one."""

    __slots__ = ("_run", "number", "timeouts")

    def __init__(self, number: int, run: _Run) -> None:
        self._run = run
        self.number = number
        self.timeouts = run.timeouts(self.number)

    @property
    def name(self) -> str:
        """What all attempts of this call are named, for an Idempotency-Key."""
        return self._run.name

    @property
    def kwargs(self) -> dict[str, Any]:
        """For a call of the SDKs of OpenAI and Anthropic: the timeout, and the name as a header where the server takes
        names.
        """
        named = {"extra_headers": {"Idempotency-Key": self.name}} if self._run.rules.idempotent else {}
        return {**self.timeouts.kwargs("openai"), **named}

    def commit(self) -> None:
        """Content was shown: from now on a failure is final."""
        self._run.committed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool | None:
        """A failure that is followed by another attempt ends here."""
        if error is None and self.number == 1:
            self._run.budget.succeeded()
        return isinstance(error, Exception) and self._run.failed(error)

    def __repr__(self) -> str:
        return f"<Attempt {self.number}, read timeout {self.timeouts.read.seconds:g} s>"


class _Run:
    """One call over its attempts. `pause`: seconds to the next attempt; None: there is none."""

    def __init__(self, retrying: Retrying) -> None:
        self.rules = retrying.rules
        self.budget = retrying.budget
        self.name = f"outwait-{uuid4().hex}"
        self.committed = False
        self.pause: float | None = None
        self._error = Exception()
        self._waited = 0.0
        self._retrying = retrying
        self._began = retrying.clock()
        self._failures = 0
        self.budget.begin(self._began)

    def begin(self) -> int:
        """The next attempt begins; its number."""
        self._waited += self.pause or 0.0
        self.pause = None
        return self._failures + 1

    @property
    def _left(self) -> float:
        spans = self._retrying.timeouts
        whole = spans.total.seconds if self.rules.deadline is None else self.rules.deadline
        return self._began + whole - self._retrying.clock()

    def timeouts(self, number: int) -> ClientTimeouts:
        """For attempt `number`: longer than for the last one, and within the deadline."""
        spans = self._retrying.timeouts.grown(number, self.rules.growth, self.rules.ceiling)
        return spans.within(max(round(self._left, 3), 0.001))

    def failed(self, error: Exception) -> bool:
        """An attempt failed; whether there is another one."""
        self._failures += 1
        limit = switches.limit(self.rules.attempts)
        known = _evidence(error, self._retrying.on)
        if known is None or not stamina.is_active():
            return False
        self.budget.failed(known.fault)
        pause, reason = self._judge(known, limit)
        if pause is None:
            error.add_note(f"outwait: not tried again after attempt {self._failures}: {reason}")
            return False
        self.pause, self._error = switches.pause(pause), error
        switches.log(known, error, self._failures, self.pause, reason)
        return True

    def told(self) -> AbstractContextManager[None]:
        """The hooks of stamina are told that there is another attempt; what they open is open inside."""
        return switches.told(self._error, self._failures, self.pause or 0.0, self._waited)

    def _judge(self, known: Evidence, limit: int) -> tuple[float | None, str]:
        """Seconds to wait, or why there is no further attempt; there are at most `limit`."""
        now = self._retrying.clock()
        retry_class = RetryClass.COMMITTED if self.committed else known.retry_class
        share = SCENARIOS[self._retrying.timeouts.scenario].paid if self.rules.paid is None else self.rules.paid
        verdict = permitted(
            retry_class,
            attempts=self._failures,
            limit=limit,
            active=self.budget.room(known.fault),
            paid=self.rules.idempotent or self.budget.paid_room(share, now),
        )
        if not verdict.allowed:
            return None, self._final(known) if retry_class is RetryClass.FINAL else verdict.reason
        if known.permanent:
            return None, "it would end the same way"
        base_transport, base_overload = self.rules.base
        pauses = Retry(base_transport=base_transport, base_overload=base_overload, cap=self.rules.cap)
        left = self._left
        pause = backoff.wait(
            known.fault,
            pauses,
            number=self._failures,
            luck=self._retrying.luck(),
            retry_after=known.retry_after,
            remaining=left,
        )
        if pause is None:
            return None, _late(known.retry_after, left)
        if not self.rules.idempotent:
            self.budget.charge(retry_class, now)
        return pause, verdict.reason

    def _final(self, known: Evidence) -> str:
        """Whose word it is that a failure is final."""
        if known.ordered:
            return "the server said so (x-should-retry: false)"
        if self._retrying.on is not None and not isinstance(self._retrying.on, type | tuple):
            return "`on` said so"
        return (
            "the request itself was refused"
            if known.fault.upstream is not None
            else "the request cannot be sent as it is"
        )


def _late(asked: float | None, left: float) -> str:
    """Why there is no pause: a server asks for too long a one, or the deadline is near."""
    told = "" if asked is None else f"the server asks for {durations.tell(asked)}"
    if backoff.honoured(asked) is None:
        return f"{told}, and more than {durations.tell(backoff.MAX_RETRY_AFTER)} are not waited"
    rest = durations.tell(float(round(left)) if left >= 1 else max(left, 0.0))
    return f"it would come too late ({rest} left{told and ', '}{told})"


def _evidence(error: Exception, on: On) -> Evidence | None:
    """What is known of a failure that is to be retried; None: it is not."""
    if on is None:
        return evidence(error)
    if isinstance(on, type | tuple):
        if not isinstance(error, on):
            return None
        return evidence(error) or Evidence(fault("upstream_error"), RetryClass.AMBIGUOUS)
    found = on(error)
    if found is None:
        return None
    known = evidence(error)
    return Evidence(known.fault if known else fault("upstream_error"), found, known.retry_after if known else None)
