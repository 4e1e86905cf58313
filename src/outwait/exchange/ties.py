"""What the keeping of exchanges needs from other rooms, joined by the app."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum

from outwait.store.manifest import Left
from outwait.store.rows import EventRow, ExchangeRow


class Kept(StrEnum):
    """What is counted."""

    ANSWER = "answer"  # an answer is in the store
    REFUSED = "refused"  # an answer that should be there is not, for want of room or of an answer from the store
    ERROR = "error"  # the store failed
    LOST_PROCESS = "lost_process"  # exchanges whose process died
    LOST_DRAIN = "lost_drain"  # and those that a drain had no time for


async def _nothing() -> Sequence[Left]:
    return ()


@dataclass(frozen=True, slots=True)
class Ties:
    """`keeps(key)`: whether anything of this client key may be kept. `events`: what is to be told about a response
    (client key, type of event, its id, now); `woken`: such events were put. `count`: one more of these. `wall`:
    seconds since 1970. `dead(boots)`: those of these process lives that are over. `resume(row)`: go on with an exchange
    of a dead process, which is this one's now. `left()`: the manifests of dead processes, which are this one's to see
    to now.
    """

    keeps: Callable[[str], bool]
    events: Callable[[str, str, str, float], tuple[EventRow, ...]]
    woken: Callable[[], None]
    count: Callable[[Kept], None]
    wall: Callable[[], float]
    dead: Callable[[Collection[str]], Awaitable[frozenset[str]]]
    resume: Callable[[ExchangeRow], Awaitable[None]]
    left: Callable[[], Awaitable[Sequence[Left]]] = _nothing
