"""The phases of an exchange, the clock that runs in each, and the stage an attempt has reached there."""

from __future__ import annotations

from enum import Enum

from outwait.core.fault import Clock, Stage


class Phase(Enum):
    """Where an exchange stands."""

    NEW = "new"
    QUEUED = "queued"
    CONNECTING = "connecting"
    SENDING = "sending"
    SENT = "sent"
    HEAD = "head"
    FLOWING = "flowing"
    BACKOFF = "backoff"
    SETTLED = "settled"


CLOCKS = {
    Phase.QUEUED: Clock.QUEUE,
    Phase.CONNECTING: Clock.CONNECT,
    Phase.SENDING: Clock.WRITE,
    Phase.SENT: Clock.FIRST_BYTE,
    Phase.HEAD: Clock.FIRST_TOKEN,
    Phase.FLOWING: Clock.IDLE,
}
STAGES = {
    Phase.QUEUED: Stage.QUEUED,
    Phase.CONNECTING: Stage.CONNECTING,
    Phase.SENDING: Stage.SENDING,
    Phase.SENT: Stage.SENT,
    Phase.HEAD: Stage.HEAD,
    Phase.FLOWING: Stage.CONTENT,
}
