"""The one place where tasks are made: each is kept alive until it ends, and none fails unheard."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, Final, TypeVar

_log = logging.getLogger("outwait")
_T = TypeVar("_T")

# The event loop holds tasks only weakly (asyncio.create_task, "Important"): somebody has to hold them. This is not
# state anybody reads; a set in the room of each caller would be the same set several times.
_running: Final[set[asyncio.Task[Any]]] = set()


def spawn(coro: Coroutine[Any, Any, _T], name: str) -> asyncio.Task[_T]:
    """Run `coro` as a task named `name` on the running loop; an exception it ends with is logged."""
    task = asyncio.get_running_loop().create_task(coro, name=name)
    _running.add(task)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Task[Any]) -> None:
    _running.discard(task)
    if task.cancelled():
        return
    error = task.exception()
    if error is not None:
        _log.error("task %s failed", task.get_name(), exc_info=error)
