"""What can happen to an exchange: the inputs of `machine.Machine.handle`.

Inputs that carry nothing are shared instances (`GRANTED`, `SENT`, ...), since the hot path makes six of them a request.
"""

from __future__ import annotations

from dataclasses import dataclass

from outwait.core.fault import Fault


@dataclass(frozen=True, slots=True)
class Odds:
    """What a failure may count on at this moment, asked from the budgets, and one throw of the dice.

    `active`: the retry budget has room. `paid`: the budget for retries that may be charged twice has room.
    `luck`: uniform in [0, 1), used for jitter.
    """

    active: bool = True
    paid: bool = False
    luck: float = 0.5


@dataclass(frozen=True, slots=True)
class Begin:
    """The request is admitted and planned."""


@dataclass(frozen=True, slots=True)
class Granted:
    """The channel has a free slot for the attempt that waits."""


@dataclass(frozen=True, slots=True)
class Connected:
    """The attempt has a connection; `reused`: from the pool."""

    reused: bool = False


@dataclass(frozen=True, slots=True)
class Wrote:
    """The upstream took more of the request; the write clock starts again."""


@dataclass(frozen=True, slots=True)
class Sent:
    """The request is flushed."""


@dataclass(frozen=True, slots=True)
class Headed:
    """The response head is here."""

    status: int = 200


@dataclass(frozen=True, slots=True)
class Content:
    """The first content was seen (not pings, not role-only chunks)."""


@dataclass(frozen=True, slots=True)
class Committed:
    """Content was handed to the replay buffer: from here on a retry would repeat words."""


@dataclass(frozen=True, slots=True)
class Paused:
    """The upstream is held back, because a reader is slow."""


@dataclass(frozen=True, slots=True)
class Resumed:
    """The upstream is read again."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The answer is whole."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The attempt broke."""

    fault: Fault
    odds: Odds


@dataclass(frozen=True, slots=True)
class Tick:
    """Time has passed; sent when `Machine.deadline()` is reached."""

    odds: Odds


@dataclass(frozen=True, slots=True)
class ReaderLeft:
    """The last reader went away."""


@dataclass(frozen=True, slots=True)
class ReaderCame:
    """A reader is there (again)."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """Somebody with the right to do so wants this exchange to end."""


Input = (
    Begin
    | Granted
    | Connected
    | Wrote
    | Sent
    | Headed
    | Content
    | Committed
    | Paused
    | Resumed
    | Ended
    | Failed
    | Tick
    | ReaderLeft
    | ReaderCame
    | Cancel
)

BEGIN = Begin()
GRANTED = Granted()
CONNECTED = Connected(reused=False)
REUSED = Connected(reused=True)
WROTE = Wrote()
SENT = Sent()
HEADED_OK = Headed(200)
CONTENT = Content()
COMMITTED = Committed()
PAUSED = Paused()
RESUMED = Resumed()
ENDED = Ended()
READER_LEFT = ReaderLeft()
READER_CAME = ReaderCame()
CANCEL = Cancel()
