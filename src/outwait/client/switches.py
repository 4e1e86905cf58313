"""What stamina's switches and hooks mean for a retry, and what the log is told of it.

Promises: nothing is printed. stamina tells structlog of each retry where that is installed, as it is beside outwait,
and structlog prints unless somebody configured it; its hook is told only once somebody did. All other hooks are told
of each retry, nothing of stamina is changed, and the logger "outwait.client" is told too: what failed, never in the
words of the exception, which may hold secrets.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import Final

import stamina
import structlog
from stamina.instrumentation import RetryDetails, get_on_retry_hooks

from outwait.client.evidence import Evidence
from outwait.policy import durations

_LOG: Final = logging.getLogger("outwait.client")
_PRINTS: Final = "stamina.instrumentation._structlog"


def limit(attempts: int) -> int:
    """How many attempts there are, of `attempts`: one where retries are switched off, those of stamina's test mode."""
    if not stamina.is_active():
        return 1
    # Its number is told nobody in public.
    config = getattr(getattr(stamina, "_config", None), "CONFIG", None)
    testing = getattr(config, "testing", None)
    return attempts if testing is None else int(testing.get_attempts(attempts))


def pause(seconds: float) -> float:
    """Seconds to wait, where `seconds` were found right: none in stamina's test mode."""
    return 0.0 if stamina.is_testing() else seconds


@contextmanager
def told(error: Exception, number: int, seconds: float, waited: float) -> Iterator[None]:
    """Tell stamina's hooks that attempt `number` ended with `error`, and that the next one begins in `seconds`.

    `waited`: seconds before earlier attempts. What the hooks open is open inside.
    """
    details = RetryDetails(
        name="<context block>",
        args=(),
        kwargs={},
        retry_num=number,
        wait_for=seconds,
        waited_so_far=waited,
        caused_by=error,
    )
    with ExitStack() as opened:
        for hook in get_on_retry_hooks():
            if getattr(hook, "__module__", "") == _PRINTS and not structlog.is_configured():
                continue
            found = hook(details)
            if isinstance(found, AbstractContextManager):
                opened.enter_context(found)
        yield


def log(known: Evidence, error: Exception, number: int, seconds: float, reason: str) -> None:
    """Tell the log the same, and why."""
    kind = f"{type(error).__module__.partition('.')[0]}.{type(error).__name__}"
    status = "" if known.fault.upstream is None else f" {known.fault.upstream.status}"
    _LOG.info(
        "attempt %d failed: %s, %s%s; tried again in %s (%s)",
        number, kind, known.fault.cause or known.fault.code, status, durations.tell(seconds), reason,
    )  # fmt: skip
