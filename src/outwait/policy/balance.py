"""Weighted power of two choices: draw two endpoints by weight, and let the less loaded one have the request.

The usual rule (two drawn alike, lower `(outstanding + 1) / weight` wins) keeps the weights only under a heavy load.
Idle endpoints of weights 1, 2 and 3 have the loads 1, 1/2 and 1/3, so the heavier of each pair always wins: the
lightest gets nothing, and with two requests in flight still 43 % of its share. An endpoint that starts slowly, with a
tenth of its weight, would have the load 10 and starve. So here:

  draw     the first with a chance of its share of the weights, the second likewise among the others. (Were the same
           one drawn twice, a bad endpoint of two would keep a quarter of all requests.)
  compare  outstanding / weight + penalty. A request weighs the same wherever it goes, so it does not count itself, and
           idle endpoints are even.
  decide   the second takes it with a chance of `a * d`. `d` is how many requests, counted in those of the lighter of
           the two, the first has more than the second; for equal weights that is plain: one more is enough. `a` makes
           up for the second draw, which finds a heavy endpoint's partner more easily than a light one's: with it each
           pair exchanges as much in both directions when their loads are even, so that the weights are also the
           shares of a steady state. A penalty counts in full: it is no matter of shares.

Idle endpoints are even, so the first drawn has it: exact shares. Measured with 0 to 100 requests in flight, shares of
1:2:3 and 1:9 stay within 3 % of the weights, but for the noise of chance itself. All chance comes from one number,
which is used up digit by digit. Draws must be independent: an evenly spread sequence (golden ratio) seldom draws again
who is busy from the last draw, and gives the lightest 12 % too much.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from itertools import accumulate

from outwait.policy.standing import Standing

LEAST_LOADED = "least loaded of two"
BY_WEIGHT = "by weight"
_NEARLY_ONE = 1.0 - 2.0**-53


def order(route: Sequence[Standing], pool: list[int], now: float, luck: float) -> tuple[list[int], str]:
    """`pool` (two or more places in `route`) in the order to ask: the chosen of two, the other of the two, then the
    rest from the least loaded to the most; and the reason for the first.
    """
    weights: list[float] = []
    loads: list[float] = []
    penalized = False
    for at in pool:
        standing = route[at]
        weight = standing.weight if now >= standing.warm_at else standing.eased(now)
        weights.append(weight)
        loads.append(standing.outstanding / weight)
        if standing.penalty.level:
            penalized = True
    first, second, chance, luck = _two(weights, loads, luck)
    if penalized:
        penalties = [route[at].penalty.of(now) for at in pool]
        chance += penalties[first] - penalties[second]
        loads = [load + penalty for load, penalty in zip(loads, penalties, strict=True)]
    if luck < chance:
        first, second = second, first
    reason = LEAST_LOADED if loads[first] < loads[second] else BY_WEIGHT
    if len(pool) == 2:
        return [pool[first], pool[second]], reason
    places = [*range(first + 1, len(pool)), *range(first)]
    places.remove(second)
    # Sorting keeps the order of equals, which begins after the first: chance decides here too.
    places.sort(key=loads.__getitem__)
    return [pool[first], pool[second], *[pool[place] for place in places]], reason


def _two(weights: list[float], loads: list[float], luck: float) -> tuple[int, int, float, float]:
    """The places of the two drawn, the chance that the second takes it, and the luck that is left to decide that."""
    # The weights laid end to end make a line; luck is a point on it. Bounds keep rounding from leading off its ends.
    ends = list(accumulate(weights))
    last = len(ends) - 1
    total = ends[last]
    point = luck * total
    first = bisect_right(ends, point, 0, last)
    one = weights[first]
    # Where in its weight the point fell is chance too: now it is a point on the line without that weight.
    point = (point - ends[first] + one) / one * (total - one)
    if first == last or (first and point < ends[first - 1]):
        second = bisect_right(ends, point, 0, first - 1)
    else:
        point += one
        second = bisect_right(ends, point, first + 1, last)
    two = weights[second]
    luck = min(_NEARLY_ONE, (point - ends[second] + two) / two)  # rounded to 1, a sure thing would not be one
    surplus = (loads[first] - loads[second]) * min(one, two)
    evened = 1.0 if one <= two else (total - one) / (total - two)
    return first, second, surplus * evened, luck
