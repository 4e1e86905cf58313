"""Which endpoint of a route gets a request, and which ones follow should it fail: one walk through the tiers.

Each endpoint is sorted once, by how it stands now:

  open      it may be asked                     resting   none of its keys may be used now
  full      it runs as many as it may           out       ejected or suspect, and nobody may try it now
  due       ejected or suspect, and one real request may try it

The first tier with an open or due endpoint has the request. A due one is tried first, then two open ones are weighed
(`policy.balance`), or the conversation's own is taken (`policy.stick`). Then the order goes on: the tier's other open
ones, those of the next tiers, and last the full ones, where there is a queue. Who is out for this choice is in it only
where nobody else stands behind a trial, and in two more cases:

  panic         more than half of the route is ejected or suspect: so many at once is rather our own network, or the few
                left would be overrun (FACTS 2.2, Envoy). The breaker is ignored in the tier that has the request. A
                healthy tier is none the worse for a broken one before it, so panic never goes back to that.
  last resort   nobody is open, due or full: whoever is out is asked rather than nobody.

If all keys rest, the order is by when they may be used again, and `wait` says when that is. If all are dead, nobody is
in the order; a request that has not failed before may still knock at one of those, once (`knock`).

A request that has failed already (`retry`) has risked enough. Those that are due come last for it, and are tried only
where nobody is open; and of the tier's open ones, those that have not answered since they had to wait come later.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import msgspec

from outwait.policy import balance, stick
from outwait.policy.standing import Standing
from outwait.policy.stick import StickRule

PROBE = "half-open probe"
SUSPECT = "a suspect's probe"
PANIC = "panic: most are out"
LAST_RESORT = "nothing else is left"
ONLY = "the only one"
ONE_LEFT = "the only one that is open"
PROVEN = "others have not answered since they had to wait"
ALL_FULL = "all are full"
ALL_REST = "all were told to wait"
NO_KEY = "no key works"
LAST_KEY = "last resort"
NOBODY = "no endpoint"


@dataclass(frozen=True, slots=True)
class ChoiceRule:
    """`panic`: the share of a route that may be out; above it the breaker is ignored."""

    panic: float = 0.5
    stick: StickRule = field(default_factory=StickRule)


DEFAULT = ChoiceRule()


class Choice(msgspec.Struct, frozen=True, gc=False):
    """What was chosen. `order`: places in the route, first choice first, each at most once. `reason`: for the first, in
    a few words. `forced`: panic or last resort, so what `Standing.admits` says does not matter. `wait`: seconds until
    the first may be asked at all.
    """

    order: tuple[int, ...]
    reason: str
    forced: bool = False
    wait: float = 0.0


class _Sorted:
    """The places of a route. `open`: of the first tier that has one, `later`: of the tiers after it. `above`: the first
    tier with one that is not open. `shut`: how many are ejected or suspect, whatever else keeps them from being asked.
    """

    __slots__ = ("above", "due", "full", "later", "open", "out", "resting", "shut", "tier")

    def __init__(self, route: Sequence[Standing], now: float) -> None:
        self.tier: float = math.inf
        self.above: float = math.inf
        self.open: list[int] = []
        self.later: list[int] = []
        self.full: list[int] = []
        self.due: list[int] = []
        self.out: list[int] = []
        self.resting: list[int] = []
        self.shut = 0
        for at, standing in enumerate(route):
            # Nothing is called for an endpoint that is well: this is the way of each request.
            keys = standing.keys
            unsure = standing.shut or now < keys.latest or keys.credentials.dead
            if (unsure or standing.outstanding >= standing.limit) and self._apart(at, standing, now):
                continue
            if standing.tier == self.tier:
                self.open.append(at)
            elif standing.tier > self.tier:
                self.later.append(at)
            else:
                self.later += self.open
                self.open, self.tier = [at], standing.tier

    def _apart(self, at: int, standing: Standing, now: float) -> bool:
        """Put it where it belongs, if it is not open after all."""
        if not standing.keys.ready(now):
            self.resting.append(at)
        elif standing.outstanding >= standing.limit:
            self.full.append(at)
        elif not standing.shut:
            return False
        elif standing.due(now):
            self.due.append(at)
        else:
            self.out.append(at)
        self.shut += standing.shut
        self.above = min(self.above, standing.tier)
        return True


def choose(
    route: Sequence[Standing],
    now: float,
    luck: float,
    *,
    key: int | None = None,
    retry: bool = False,
    rule: ChoiceRule = DEFAULT,
) -> Choice:
    """Who of `route` gets a request at `now`. `luck`: in [0, 1). `key`: its conversation's name (`stick.digest`).
    `retry`: it has failed already.

    Nothing is changed: `Standing.enter` begins the attempt.
    """
    places = _Sorted(route, now)
    spared: list[int] = []
    if retry and places.open:
        spared = sorted(places.due, key=lambda at: route[at].tier)
    elif places.due:
        tier = min(route[at].tier for at in places.due)
        if tier <= places.tier:
            return _trial(route, places, tier, now, luck)
    if places.out and (forced := _forced(route, places, now, luck, rule)) is not None:
        return Choice((*forced.order, *spared), forced.reason, forced=True)
    if not places.open:
        return _none_open(route, places, now)
    pool = places.open
    if len(pool) == 1:
        reason = ONLY if len(route) == 1 else ONE_LEFT
    elif key is None:
        pool, reason = balance.order(route, pool, now, luck)
    else:
        pool, reason = stick.order(route, pool, now, key, rule.stick)
    if retry:
        pool, reason = _proven(route, pool, reason)
    if places.later or places.full:
        pool = [*pool, *_following(route, places, now, luck)]
    if places.above < places.tier:
        reason = f"{reason}, priority {places.tier}"
    return Choice((*pool, *spared), reason)


def knock(route: Sequence[Standing], now: float) -> int | None:
    """Who of a `route` on which no key works is tried all the same (`policy.last_resort`); None: nobody now.

    Who has not refused since its key died comes first, then whose key was tried least, then who is not shut besides.
    """
    found = []
    for at, standing in enumerate(route):
        keys = standing.keys
        key = keys.spare(now) if standing.outstanding < standing.limit else None
        death = None if key is None else keys.credentials.death(key)
        if key is not None and death is not None:
            found.append((keys.refused(key), death.tries, standing.shut, standing.tier, at))
    return min(found)[-1] if found else None


def panics(shut: int, endpoints: int, rule: ChoiceRule = DEFAULT) -> bool:
    """Whether so many of a route's `endpoints` are `shut` (ejected or suspect) that the breaker is ignored."""
    return shut > rule.panic * endpoints


def _proven(route: Sequence[Standing], pool: list[int], reason: str) -> tuple[list[int], str]:
    """Those of `pool` that have not answered since they had to wait come last; what is equal keeps its order."""
    ordered = sorted(pool, key=lambda at: route[at].unproven)
    return ordered, reason if ordered[0] == pool[0] else PROVEN


def _trial(route: Sequence[Standing], places: _Sorted, tier: int, now: float, luck: float) -> Choice:
    due = [at for at in places.due if route[at].tier == tier]
    tried = due[int(luck * len(due))]
    # Behind a lone trial stand even those that are out: should it fail, its request has nobody else.
    following = [*_ordered(route, places.open, now, luck), *_following(route, places, now, luck)]
    following = following or [at for at in (*places.due, *places.out) if at != tried]
    return Choice((tried, *following), PROBE if route[tried].breaker.open else SUSPECT)


def _forced(route: Sequence[Standing], places: _Sorted, now: float, luck: float, rule: ChoiceRule) -> Choice | None:
    """Some that are out stand beside the open ones of the tier, or instead of them; None: there is no need."""
    panic = panics(places.shut, len(route), rule)
    if not panic and (places.open or places.full):
        return None
    tier = places.tier if places.open else min(route[at].tier for at in places.out)
    out = [at for at in places.out if route[at].tier == tier]
    if not out:
        return None
    first, *rest = _ordered(route, [*places.open, *out], now, luck)
    # Should the first fail, those that are well come next.
    well = [at for at in rest if not route[at].shut]
    shut = [at for at in rest if route[at].shut]
    order = (first, *well, *_following(route, places, now, luck), *shut)
    return Choice(order, PANIC if panic else LAST_RESORT, forced=True)


def _none_open(route: Sequence[Standing], places: _Sorted, now: float) -> Choice:
    """Nobody may be asked now: a queue, a wait, or the end."""
    if places.full:
        return Choice(tuple(_emptiest(route, places.full)), ALL_FULL)
    waits = [(wait, at) for at in places.resting if (wait := route[at].keys.wait(now)) is not None]
    if not waits:
        return Choice((), NO_KEY if route else NOBODY)
    waits.sort()
    return Choice(tuple(at for _, at in waits), ALL_REST, wait=waits[0][0])


def _following(route: Sequence[Standing], places: _Sorted, now: float, luck: float) -> list[int]:
    """Those of the later tiers, tier by tier, and then the full ones."""
    found: list[int] = []
    for tier in sorted({route[at].tier for at in places.later}):
        found += _ordered(route, [at for at in places.later if route[at].tier == tier], now, luck)
    return found + _emptiest(route, places.full)


def _ordered(route: Sequence[Standing], pool: list[int], now: float, luck: float) -> list[int]:
    return balance.order(route, pool, now, luck)[0] if len(pool) > 1 else pool


def _emptiest(route: Sequence[Standing], pool: list[int]) -> list[int]:
    """The way to the shortest queue: lower tiers first, then fewer running for the weight."""
    return sorted(pool, key=lambda at: (route[at].tier, route[at].outstanding / route[at].weight))
