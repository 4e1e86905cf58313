"""The same endpoint for the same conversation, so that the provider's prompt cache is hit; but no endpoint too full.

Rendezvous hashing with weights (Thaler and Ravishankar 1998; Schindelhauer and Schomaker 2005): each endpoint has a
score for the key, the best one has it. When an endpoint goes, only its own keys move; when its weight grows, as in a
slow start, keys move only to it. Bounded loads (Mirrokni, Thorup, Zadimoghaddam 2018): who would have more than 1.25
times its share of what is running is passed over for the next in the key's own order, so that overflow sticks too.

Names and keys are hashed with BLAKE2, so they mean the same in each worker and on each host; the score of a pair is a
mix of the two.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from outwait.policy.standing import Standing

STICKY = "sticky"
OVERFLOW = "sticky, its first choice is too full"
_MASK = (1 << 64) - 1
_SCALE = 1.0 / (1 << 52)


@dataclass(frozen=True, slots=True)
class StickRule:
    """`bound`: the most an endpoint may have, as a multiple of its share of all. `spare`: it may always have this many:
    of two requests in flight the mean is one, and that is no reason to miss a cache.
    """

    bound: float = 1.25
    spare: int = 4


DEFAULT = StickRule()


def digest(text: str) -> int:
    """`text` as 64 bits: an endpoint's name for `Standing.seed`, or what its conversation is known by."""
    return int.from_bytes(blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest(), "big")


def mixed(key: int, seed: int) -> float:
    """A number in (0, 1) that is as good as chance, and always the same for `key` and `seed`."""
    # Both are digests already; multiply, shift, multiply (as SplitMix64 ends) makes their difference look like chance.
    bits = ((key ^ seed) * 0xBF58476D1CE4E5B9) & _MASK
    bits = ((bits ^ (bits >> 32)) * 0x94D049BB133111EB) & _MASK
    return ((bits >> 12) + 0.5) * _SCALE


def order(
    route: Sequence[Standing], pool: list[int], now: float, key: int, rule: StickRule = DEFAULT
) -> tuple[list[int], str]:
    """`pool` (places in `route`, one or more) in the order to ask for `key`, and the reason for the first: those with
    room in the order of their scores, then the others in the same order.
    """
    standings = [route[at] for at in pool]
    weights = [one.weight if now >= one.warm_at else one.eased(now) for one in standings]
    each = rule.bound * (1 + sum([one.outstanding for one in standings])) / sum(weights)
    scores: dict[int, float] = {}
    crowded: list[int] = []
    for at, one, weight in zip(pool, standings, weights, strict=True):
        scores[at] = math.log(mixed(key, one.seed)) / weight
        if one.outstanding >= rule.spare and one.outstanding >= math.ceil(each * weight):
            crowded.append(at)
    ranked = sorted(pool, key=scores.__getitem__, reverse=True)
    if not crowded:
        return ranked, STICKY
    found = [at for at in ranked if at not in crowded] + [at for at in ranked if at in crowded]
    return found, STICKY if found[0] == ranked[0] else OVERFLOW
