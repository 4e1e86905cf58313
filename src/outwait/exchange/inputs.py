"""What can happen to an exchange: the inputs of `machine.Machine.handle`.

Inputs that carry nothing are shared instances (`GRANTED`, `SENT`, ...), since the hot path makes six of them a request.
"""

from __future__ import annotations

import msgspec

from outwait.core.fault import Fault
from outwait.core.plan import Candidate


class Odds(msgspec.Struct, frozen=True, gc=False):
    """What a failure may count on at this moment, asked from the budgets, and one throw of the dice.

    `active`: the retry budget has room. `paid`: the budget for retries that may be charged twice has room.
    `luck`: uniform in [0, 1), used for jitter. `order`: the candidates that could be asked now, first choice first;
    None: all, as planned. `note`: why somebody is not in it.
    """

    active: bool = True
    paid: bool = False
    luck: float = 0.5
    order: tuple[int, ...] | None = None
    note: str = ""


class Granted(msgspec.Struct, frozen=True, gc=False):
    """There is a place for the attempt: at `candidate`, which is the plan's at `place` with a credential and its
    clocks; None: the one that was asked for. `reason`: why there, if that needs words.
    """

    place: int = 0
    candidate: Candidate | None = None
    reason: str = ""


class Begin(msgspec.Struct, frozen=True, gc=False):
    """The request is admitted and planned; `granted`: the place of its first attempt, if there is one already."""

    granted: Granted | None = None


class Refused(msgspec.Struct, frozen=True, gc=False):
    """There is no place, and will be none in time."""

    fault: Fault


class Hedged(msgspec.Struct, frozen=True, gc=False):
    """A second attempt begins beside the running one, which is late: at `candidate`, the plan's at `place`. `reason`:
    why now.
    """

    place: int
    candidate: Candidate
    reason: str = ""


class Overtaken(msgspec.Struct, frozen=True, gc=False):
    """The attempt beside has content first."""


class Fell(msgspec.Struct, frozen=True, gc=False):
    """The attempt beside broke."""

    fault: Fault


class Connected(msgspec.Struct, frozen=True, gc=False):
    """The attempt has a connection; `reused`: from the pool."""

    reused: bool = False


class Wrote(msgspec.Struct, frozen=True, gc=False):
    """The upstream took more of the request; the write clock starts again."""


class Sent(msgspec.Struct, frozen=True, gc=False):
    """The request is flushed."""


class Dispatched(msgspec.Struct, frozen=True, gc=False):
    """`Connected(reused=True)` and `Sent` in one: a pooled connection took the whole request at once."""


class Replied(msgspec.Struct, frozen=True, gc=False):
    """`Headed` and `Ended` in one: the whole answer came in one piece. `content`: there are words in it."""

    status: int = 200
    content: bool = True


class Headed(msgspec.Struct, frozen=True, gc=False):
    """The response head is here."""

    status: int = 200


class Content(msgspec.Struct, frozen=True, gc=False):
    """The first content was seen (not pings, not role-only chunks)."""


class Committed(msgspec.Struct, frozen=True, gc=False):
    """Content was handed to the replay buffer: from here on a retry would repeat words."""


class Paused(msgspec.Struct, frozen=True, gc=False):
    """The upstream is held back, because a reader is slow."""


class Resumed(msgspec.Struct, frozen=True, gc=False):
    """The upstream is read again."""


class Ended(msgspec.Struct, frozen=True, gc=False):
    """The answer is whole."""


class Failed(msgspec.Struct, frozen=True, gc=False):
    """The attempt broke."""

    fault: Fault
    odds: Odds


class Tick(msgspec.Struct, frozen=True, gc=False):
    """Time has passed; sent when `Machine.deadline()` is reached."""

    odds: Odds


class ReaderLeft(msgspec.Struct, frozen=True, gc=False):
    """The last reader went away."""


class ReaderCame(msgspec.Struct, frozen=True, gc=False):
    """A reader is there (again)."""


class Cancel(msgspec.Struct, frozen=True, gc=False):
    """Somebody with the right to do so wants this exchange to end; `why`: what its clients are told."""

    why: Fault | None = None


Input = (
    Begin
    | Granted
    | Refused
    | Hedged
    | Overtaken
    | Fell
    | Connected
    | Wrote
    | Sent
    | Dispatched
    | Headed
    | Replied
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
BEGIN_GRANTED = Begin(GRANTED)
OVERTAKEN = Overtaken()
CONNECTED = Connected(reused=False)
REUSED = Connected(reused=True)
WROTE = Wrote()
SENT = Sent()
DISPATCHED = Dispatched()
HEADED_OK = Headed(200)
REPLIED_OK = Replied(200)
CONTENT = Content()
COMMITTED = Committed()
PAUSED = Paused()
RESUMED = Resumed()
ENDED = Ended()
READER_LEFT = ReaderLeft()
READER_CAME = ReaderCame()
CANCEL = Cancel()
