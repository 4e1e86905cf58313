"""Whether a second attempt is made beside a slow first one, whichever answers first being taken. Off by default.

A hedge is a retry that may be charged twice, of something that has not failed. So it is made only where one more
answer costs little, when the first one is later than 19 of 20 are (p95 of the first token), once, at another endpoint,
before there is any content, and within the paid budget (FACTS 2.2; gRPC A6). Pure: `due` says when to ask at the
earliest, `judge` decides and says why.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from outwait.policy.retry import Verdict


@dataclass(frozen=True, slots=True)
class Hedging:
    """The numbers. `streams`: scenarios hedged where they stream; `replies`: those hedged without, since an
    embedding's first content is all of it. `limit`: hedges per exchange. `after`: times p95 of the first token.
    """

    enabled: bool = False
    streams: frozenset[str] = frozenset(("chat", "embedding"))
    replies: frozenset[str] = frozenset(("embedding",))
    limit: int = 1
    after: float = 1.0


@dataclass(frozen=True, slots=True)
class Race:
    """One exchange at this moment. `sent`: when the running attempt's request was flushed, infinite before.

    `p95`: seconds to the first token that 95 % of such calls stay below, infinite where too little is known. `hedges`:
    made so far. `spare`: another endpoint has room. `paid`: so has the budget for what may be charged twice.
    `deadline`: of the exchange, on the same clock as `sent`.
    """

    scenario: str
    streamed: bool
    content: bool
    sent: float
    p95: float
    deadline: float
    hedges: int = 0
    spare: bool = True
    paid: bool = True


def due(race: Race, rules: Hedging) -> float:
    """When a hedge may be made at the earliest; infinite where `race` can have none, whatever room there is."""
    return math.inf if _against(race, rules) else race.sent + rules.after * race.p95


def judge(race: Race, rules: Hedging, now: float) -> Verdict:
    """Whether to hedge at `now`, and why or why not."""
    against = _against(race, rules) or _not_now(race, rules, now)
    if against is not None:
        return Verdict(allowed=False, reason=against)
    return Verdict(allowed=True, reason=f"no content after {now - race.sent:.3g} s, later than 95 % of answers")


def _against(race: Race, rules: Hedging) -> str | None:
    """What speaks against any hedge of `race`, now and later."""
    if not rules.enabled:
        return "hedging is off"
    if race.scenario not in (rules.streams if race.streamed else rules.replies):
        shape = "a stream" if race.streamed else "a whole reply"
        return f"{race.scenario} is not hedged as {shape}"
    if race.content:
        return "there is content already"
    if race.hedges >= rules.limit:
        return "the hedge is made"
    if race.sent == math.inf:
        return "the request is not sent yet"
    return "it is not known how long such answers take" if race.p95 == math.inf else None


def _not_now(race: Race, rules: Hedging, now: float) -> str | None:
    """What speaks against a hedge at this moment."""
    if now < due(race, rules):
        return "the answer is not late yet"
    if now + race.p95 >= race.deadline:
        return "the deadline is too near for another"
    if not race.spare:
        return "no other endpoint has room"
    return None if race.paid else "it may be charged twice, and the paid retry budget has no room"
