"""The providers of the simulation: how one channel behaves, when, and what each of its answers is.

A trouble is a row of data: which channels have it, from when to when, and of what kind. Errors are read by the
gateway's own reader (`upstream.faults.reply_fault`), so that they mean here what they mean on the wire.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from random import Random

from outwait.core.fault import Fault, Stage, fault
from outwait.upstream.faults import reply_fault


@dataclass(frozen=True, slots=True)
class Service:
    """How long a healthy answer takes: seconds to the first content are log-normal (`median`, `sigma`), then as many
    `words` seconds on average until the last, exponential.
    """

    median: float
    sigma: float
    words: float

    def draw(self, luck: Random) -> tuple[float, float]:
        """Seconds to the first content, and from there to the last."""
        return self.median * math.exp(luck.gauss(0.0, self.sigma)), luck.expovariate(1.0 / self.words)


@dataclass(frozen=True, slots=True)
class Answer:
    """What becomes of one attempt. `first`: seconds to the first content, or to the failure; infinite: nothing ever
    comes. `rest`: seconds from there to the end. `status`, `headers`: of the response head, 0: there is none.
    `charged`: whether the provider may charge it. `bad`: it shows the trouble.
    """

    first: float
    rest: float = 0.0
    failed: Fault | None = None
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict)
    charged: bool = True
    bad: bool = True


class Upstream:
    """One channel. `troubles`: what is wrong with it, the first that holds at a moment decides."""

    __slots__ = ("_counts", "_luck", "_service", "name", "troubles")

    def __init__(self, name: str, service: Service, troubles: tuple[Trouble, ...], luck: Random) -> None:
        self.name = name
        self.troubles = troubles
        self._service = service
        self._luck = luck
        self._counts: dict[tuple[int, int], int] = {}

    def ask(self, key: int, now: float) -> Answer:
        """An attempt with the credential `key` arrives."""
        first, rest = self._service.draw(self._luck)  # always drawn: the same chance for each policy
        well = Answer(first, rest, status=200, bad=False)
        for trouble in self.troubles:
            if trouble.holds(now):
                return trouble.how(Attempt(self, key, now, well))
        return well

    def count(self, key: int, window: int) -> int:
        """Attempts with `key` in `window` so far, this one included."""
        at = self._counts[key, window] = self._counts.get((key, window), 0) + 1
        return at


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a trouble looks at: the attempt, and the `well` answer it would have had."""

    upstream: Upstream
    key: int
    now: float
    well: Answer


How = Callable[[Attempt], Answer]


@dataclass(frozen=True, slots=True)
class Trouble:
    """`channels` (names) behave like `how` from `begin` to `end` (seconds). `flaps`: only in the first half of each
    such span, 0: all the time.
    """

    channels: tuple[str, ...]
    how: How
    begin: float
    end: float
    flaps: float = 0.0

    def holds(self, now: float) -> bool:
        """Whether it is so at `now`."""
        if not self.begin <= now < self.end:
            return False
        return not self.flaps or (now - self.begin) % self.flaps < self.flaps / 2


def refusing(_: Attempt) -> Answer:
    """Nobody listens: refused within a few milliseconds, and surely nothing was charged."""
    return Answer(0.005, failed=fault("upstream_connect", stage=Stage.CONNECTING), charged=False)


def failing(status: int) -> How:
    """An error reply after 0.2 s; the provider may have charged it, as with every 5xx."""
    failed, headers = _reply(status, None, "the engine has failed")
    answer = Answer(0.2, failed=failed, status=status, headers=headers, charged=status >= 500)
    return lambda _: answer


def silent(_: Attempt) -> Answer:
    """Accepts, works or does not, and never says a word."""
    return Answer(math.inf)


def slow(factor: float) -> How:
    """Everything takes `factor` times as long."""
    return lambda attempt: Answer(attempt.well.first * factor, attempt.well.rest * factor, status=200)


@dataclass(frozen=True, slots=True)
class Limited:
    """`requests` per key in each window of `span` seconds, counted from 0; more are refused with 429.

    `tells`: what the provider says of it: `all` (rate headers on each reply), `refusal` (Retry-After with the 429), or
    `nothing`.
    """

    requests: int
    span: float
    tells: str = "refusal"

    def __call__(self, attempt: Attempt) -> Answer:
        """Count it."""
        window = int(attempt.now // self.span)
        count = attempt.upstream.count(attempt.key, window)
        reset = (window + 1) * self.span - attempt.now
        told = {}
        if self.tells == "all":
            told = {
                "x-ratelimit-limit-requests": str(self.requests),
                "x-ratelimit-remaining-requests": str(max(0, self.requests - count)),
                "x-ratelimit-reset-requests": f"{reset:.3f}s",
            }
        if count <= self.requests:
            return Answer(attempt.well.first, attempt.well.rest, status=200, headers=told, bad=False)
        failed, headers = _reply(429, None if self.tells == "nothing" else math.ceil(reset), "Rate limit reached")
        return Answer(0.05, failed=failed, status=429, headers={**told, **headers}, charged=False)


def dead_keys(*keys: int) -> How:
    """These credentials were revoked: 401. The others work."""
    failed, headers = _reply(401, None, "Incorrect API key provided")
    answer = Answer(0.1, failed=failed, status=401, headers=headers, charged=False)
    return lambda attempt: answer if attempt.key in keys else attempt.well


@cache
def _reply(status: int, retry_after: int | None, words: str) -> tuple[Fault, Mapping[str, str]]:
    headers = {"content-type": "application/json"}
    if retry_after is not None:
        headers["retry-after"] = str(retry_after)
    kind = {429: "rate_limit_error", 401: "invalid_request_error"}.get(status, "server_error")
    body = json.dumps({"error": {"message": words, "type": kind}}).encode()
    return reply_fault(status, headers, body, now=0.0), headers
