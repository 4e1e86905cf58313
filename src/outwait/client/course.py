"""How often and how long a broken line is replaced, and what the answer to another one means (pure).

A line that brings a byte, be it a heartbeat, has proved that the exchange is alive: the count of attempts and the
clock begin anew. Both end a wait in which nothing comes at all.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Final

from outwait.client import numbers
from outwait.policy.backoff import honoured, jittered

PATIENCE: Final = 600.0  # seconds, for a call without a read timeout of its own


@dataclass(frozen=True, slots=True)
class Reattach:
    """How a broken connection is replaced.

    `attempts`: connections in a row that bring not a byte. `within`: seconds from the last byte to giving up; None: the
    call's own read timeout, or ten minutes. `silence`: seconds after which a line from a gateway counts as dead, since
    its heartbeats would have come (every 15 to 20 s by default); None: the call's own read timeout. `named`: a call
    gets an Idempotency-Key, so that it is found again when its line breaks before the response head; without, such a
    call fails. `gateway`: whether outwait answers; None: each server is asked, before the first call. With any other
    server True may cost a second charge. `base`, `cap`: of the pauses, in seconds; full jitter.
    """

    attempts: int = 20
    within: float | None = None
    silence: float | None = 60.0
    named: bool = True
    gateway: bool | None = None
    base: float = 0.1
    cap: float = 5.0

    def __post_init__(self) -> None:
        numbers.whole("attempts", self.attempts)
        for name in ("base", "cap"):
            numbers.number(name, getattr(self, name))
        for name in ("within", "silence"):
            numbers.span(name, getattr(self, name))


class Course:
    """The reattaching of one call. `read`: its read timeout; `now`: seconds of any steady clock."""

    __slots__ = ("_alive", "_failed", "_rules", "_within")

    def __init__(self, rules: Reattach, read: float | None, now: float) -> None:
        self._rules = rules
        self._within = rules.within if rules.within is not None else (read or PATIENCE)
        self._alive = now
        self._failed = 0

    def alive(self, now: float) -> None:
        """A byte came."""
        self._alive = now
        self._failed = 0

    def broke(self, now: float, luck: float, retry_after: float | None = None) -> float | None:
        """A line broke or brought nothing: seconds to wait before the next one; None: give up. `luck`: in [0, 1)."""
        if self._failed >= self._rules.attempts:
            return None
        asked = honoured(retry_after)
        if asked is None:
            return None
        pause = asked + jittered(self._failed, self._rules.base, self._rules.cap, luck)
        self._failed += 1
        return pause if now + pause - self._alive < self._within else None


class Found(Enum):
    """What is at the other end of a new line."""

    ANSWER = "answer"  # the rest of the answer
    ERROR = "error"  # the exchange failed, and this is how
    BUSY = "busy"  # somebody else answered; ask again
    NOTHING = "nothing"  # it cannot be had any more


# Statuses with which somebody on the way, or a gateway that starts or ends, says: not now.
PASSING: Final = frozenset((408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529, 530))
# What a middlebox tells in place of an answer that it gave up waiting for.
PAGES: Final = frozenset((408, 502, 503, 504, 520, 522, 524))


def found(status: int, named: str | None, ident: str) -> Found:
    """What a reply to the request for exchange `ident` is; `named`: the exchange that the reply names itself."""
    if named == ident:
        return Found.ANSWER if 200 <= status < 300 else Found.ERROR
    return Found.BUSY if status in PASSING else Found.NOTHING
