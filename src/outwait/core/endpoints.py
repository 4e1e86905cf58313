"""What an exchange asks of whoever knows the endpoints: a place for an attempt, and where the next one could go.

An endpoint is a channel and the name a model has there. A plan's candidates are endpoints in the order of the
configuration; which of them is asked first, with which of the channel's keys and under which clocks, is decided for
each attempt, right before it begins.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import msgspec

from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Plan


class Outlook(msgspec.Struct, frozen=True, gc=False):
    """Where attempts could go at this moment. `order`: places in the plan's candidates, first choice first; who is not
    in it shall not be asked. `note`: why somebody is not, in a few words.
    """

    order: tuple[int, ...]
    note: str = ""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """Somebody wants a place for an attempt. `key`: the client key's name. `deadline`: when its answer is of no use any
    more (loop seconds). `sticky`: what its conversation is known by, if it shall meet the same endpoint again.

    `places`: which of the plan's candidates will do, in any order; empty: all. `used`: (place, credential) of attempts
    that were made already; another credential is taken where there is one.
    """

    plan: Plan
    key: str
    deadline: float
    sticky: int | None = None
    places: tuple[int, ...] = ()
    used: tuple[tuple[int, int], ...] = ()


class Hold(Protocol):
    """One attempt's place at an endpoint, from before it is opened until it is over.

    `place`: of its candidate in the plan. `candidate`: with its credential, and the clocks that hold there. `reason`:
    why this one, in a few words.
    """

    place: int
    candidate: Candidate
    reason: str

    def headed(self, status: int, headers: Mapping[str, str]) -> None:
        """The response head came; names in lower case."""

    def content(self) -> None:
        """The first content came."""

    def leave(self, failed: Fault | None, gap: float = 0.0) -> None:
        """The attempt is over: answered, or `failed`; a client's leaving is a fault too. `gap`: its longest silence
        after the first content, in seconds. Whatever is said after that changes nothing.
        """


class Endpoints(Protocol):
    """Knows how the endpoints are."""

    def lone(self, plan: Plan) -> Hold | None:
        """A place at the only endpoint of `plan`, where that is well and has room: what nearly all calls want, without
        further questions. None: ask with a wish.
        """

    def acquire(self, wish: Wish, granted: Callable[[Hold], None]) -> Hold | Fault | None:
        """A place now; or None: one will be `granted` when it is free, unless `withdraw` comes before; or why there is
        none, and will be none in time.
        """

    def usual(self, plan: Plan, candidate: Candidate) -> float | None:
        """Seconds from an attempt's beginning within which 95 % of such answers have content; None: nobody knows."""

    def withdraw(self, wish: Wish, granted: Callable[[Hold], None]) -> None:
        """Wait no longer. Raises ValueError for who does not wait."""

    def outlook(self, wish: Wish) -> Outlook:
        """Where an attempt could go now; `wish.places` does not matter."""
