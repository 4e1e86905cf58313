"""The phases of an exchange, the clock that runs in each, and the stage an attempt has reached there."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from enum import Enum
from operator import attrgetter
from typing import Any, Self

from outwait.core.fault import Clock, Stage
from outwait.core.plan import Timeouts
from outwait.exchange.effects import Effect


def _forever(_: Timeouts) -> float:
    return math.inf


class Phase(Enum):
    """Where an exchange stands.

    `clock`: the clock that runs there. `stage`: how far an attempt has come by then. `span(timeouts)`: seconds of that
    clock, infinite without one. `row`: the machine's transitions from here. Attributes, since each request passes six
    phases and hashing a member to look these up costs more than everything else.
    """

    clock: Clock | None
    stage: Stage | None
    row: Mapping[type, Callable[[Any, Any, float], tuple[Effect, ...]]]
    span: Callable[[Timeouts], float]

    def __new__(cls, label: str, clock: Clock | None, stage: Stage | None) -> Self:
        """A member named `label`."""
        member = object.__new__(cls)
        member._value_ = label
        member.clock = clock
        member.stage = stage
        member.row = {}
        member.span = _forever if clock is None else attrgetter(f"{clock.value}.seconds")
        return member

    NEW = ("new", None, None)
    QUEUED = ("queued", Clock.QUEUE, Stage.QUEUED)
    CONNECTING = ("connecting", Clock.CONNECT, Stage.CONNECTING)
    SENDING = ("sending", Clock.WRITE, Stage.SENDING)
    SENT = ("sent", Clock.FIRST_BYTE, Stage.SENT)
    HEAD = ("head", Clock.FIRST_TOKEN, Stage.HEAD)
    FLOWING = ("flowing", Clock.IDLE, Stage.CONTENT)
    BACKOFF = ("backoff", None, None)
    SETTLED = ("settled", None, None)


class Impossible(RuntimeError):  # noqa: N818 - it says what the input was
    """An input came that cannot happen in this phase: a bug in the driver."""
