"""A timeout that classic httpx and httpx2 both take for their own, so that it fits whatever an SDK was built on.

openai below 3 and anthropic below 2 are built on httpx, newer ones on httpx2, and a program may have one of each. None
of them takes the timeout of the other library for one. A plain tuple would do for both libraries, but the SDKs tell a
server only what a `Timeout` says (`x-stainless-read-timeout`).
"""

from __future__ import annotations

import importlib
from functools import cache
from typing import Any

import httpx2

Four = tuple[float | None, float | None, float | None, float | None]


def either(connect: float | None, read: float | None, write: float | None, pool: float | None) -> httpx2.Timeout:
    """Seconds, None: without end. It equals any httpx2 timeout that says the same, and can be pickled."""
    return _kind()(connect=connect, read=read, write=write, pool=pool)


@cache
def _kind() -> type[httpx2.Timeout]:
    return kind_with(_classic())


def kind_with(classic: Any) -> type[httpx2.Timeout]:
    """A Timeout of httpx2 and of `classic`, another library's; None: there is no other."""
    return httpx2.Timeout if classic is None else type("Timeout", (_Either, classic), {"__module__": __name__})


def _classic() -> Any:
    """The Timeout of classic httpx, where it is installed: no SDK that needs it may have been imported yet."""
    try:
        return importlib.import_module("httpx").Timeout
    except ImportError:
        return None


class _Either(httpx2.Timeout):
    def __eq__(self, other: object) -> bool:
        if not isinstance(other, httpx2.Timeout):
            return NotImplemented
        return _four(self) == _four(other)

    __hash__ = None  # type: ignore[assignment]  # as those of both libraries: it can be changed

    def __reduce__(self) -> tuple[Any, Four]:
        return either, _four(self)


def _four(timeout: httpx2.Timeout) -> Four:
    return timeout.connect, timeout.read, timeout.write, timeout.pool
