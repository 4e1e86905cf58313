"""What a flow asks for, one step after the other, and how threads and loops take it through them.

A `Send` is answered with the response, a `Read` with the next bytes or None at their end, a `Pause` and a `Drop` with
None; what goes wrong is thrown in. A `Pass` is for the reader.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeAlias, TypeVar

import anyio
import httpx2

# A line that was there and is no more; and, for another line, one that could not be had.
BROKEN: Final = (httpx2.ReadError, httpx2.ReadTimeout, httpx2.RemoteProtocolError, httpx2.WriteError, httpx2.CloseError)
REFUSED: Final = (
    *BROKEN, httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout, httpx2.ProxyError, httpx2.WriteTimeout
)  # fmt: skip
# What may come through an inner transport as it is, when TLS ends without a word.
RAW: Final = (OSError, anyio.EndOfStream, anyio.ClosedResourceError, anyio.BrokenResourceError)


class Send(NamedTuple):
    """Send this, and read the head of its response."""

    request: httpx2.Request


class Read(NamedTuple):
    """Read more of the body."""


class Drop(NamedTuple):
    """Close the response."""


class Pause(NamedTuple):
    """Wait."""

    seconds: float


class Pass(NamedTuple):
    """Give this to the reader."""

    data: bytes


Step: TypeAlias = Send | Read | Drop | Pause | Pass
T = TypeVar("T")
Steps: TypeAlias = Generator[Step, Any, T]


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """There are no more steps; `value` is what they were for."""

    value: T


def as_read_error(error: Exception) -> httpx2.ReadError:
    """One of `RAW` as the transports' own kind."""
    made = httpx2.ReadError(str(error) or type(error).__name__)
    made.__cause__ = error
    return made


def advance(steps: Steps[T], result: object = None, trouble: Exception | None = None) -> Step | Done[T]:
    """The next step, given the `result` of the last one, or the `trouble` it had."""
    try:
        return steps.send(result) if trouble is None else steps.throw(trouble)
    except StopIteration as done:
        return Done(done.value)
