"""Whether an attempt is worth it with so many seconds left: the chance that it is answered in time, against its price.

The chance is read from the waits at the endpoint itself, or from those of its scenario at all endpoints while it has
too few of its own. It is the chance of a first content, so it says at most too much about a whole answer: what is
refused here would not have come. A cheap attempt needs a small chance. One that is paid whether or not somebody waits
for its end (reasoning, images) needs a real one. Where nothing is known, nothing is refused.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from outwait.policy import durations
from outwait.policy.retry import Verdict
from outwait.policy.waits import Curve


class Cost(StrEnum):
    """What an attempt in vain costs."""

    CHEAP = "cheap"  # chat, embeddings: a share may be risked twice
    DEAR = "dear"  # reasoning, deep, images, audio: never risked twice

    @classmethod
    def of(cls, paid: float) -> Cost:
        """The class of a scenario; `paid`: share of its requests that may be paid twice (`Retry.paid`)."""
        return cls.CHEAP if paid > 0 else cls.DEAR


@dataclass(frozen=True, slots=True)
class Worthwhile:
    """What an attempt needs. `cheap`, `dear`: at least this chance to be answered in time; `samples`: waits without
    which a distribution says nothing (as many as the survival detector asks for).
    """

    cheap: float = 0.01
    dear: float = 0.1
    samples: int = 50

    def least(self, cost: Cost) -> float:
        """The chance that an attempt of `cost` needs."""
        return self.cheap if cost is Cost.CHEAP else self.dear


DEFAULTS = Worthwhile()


def chance(own: Curve, shared: Curve, left: float, samples: int = DEFAULTS.samples) -> float | None:
    """The chance of a first content within `left` seconds; None where too little is known. O(1).

    `own`: the waits at the endpoint; `shared`: those of its scenario at all endpoints.
    """
    curve = own if own.samples >= samples else shared
    return -math.expm1(-curve.hazard(left)) if curve.samples >= samples else None


def worth(own: Curve, shared: Curve, left: float, cost: Cost, rules: Worthwhile = DEFAULTS) -> Verdict:
    """Whether an attempt is worth its `cost`, with the reason for the timeline; `left`: seconds, finite."""
    if left <= 0:
        return Verdict(allowed=False, reason="no time is left")
    likely = chance(own, shared, left, rules.samples)
    told = f"{durations.tell(left)} left"
    if likely is None:
        return Verdict(allowed=True, reason=f"{told}; too few waits were seen to tell the chance of an answer")
    where, curve = ("endpoint", own) if own.samples >= rules.samples else ("scenario", shared)
    least = rules.least(cost)
    return Verdict(
        allowed=likely >= least,
        reason=f"{told}: the chance of an answer in time is {100 * likely:.3g} % ({curve.samples:,} waits of this "
        f"{where}); a {cost.value} attempt needs {100 * least:.3g} %",
    )
