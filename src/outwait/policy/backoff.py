"""How long to wait before the next attempt.

Full jitter: `luck * min(cap, base * 2**n)` with `luck` uniform in [0, 1) (AWS Architecture Blog, "Exponential
Backoff And Jitter"; FACTS 2.2). An upstream's own Retry-After is honoured up to two minutes. No wait ever reaches
beyond the remaining deadline: an attempt that would start at its end helps nobody.
"""

from __future__ import annotations

import math

from outwait.core.fault import Fault
from outwait.core.plan import Retry
from outwait.policy.retry import throttled

MAX_RETRY_AFTER = 120.0  # seconds; openai SDKs refuse more too. Longer is a cool-down for the channel, not a wait.


def jittered(n: int, base: float, cap: float, luck: float) -> float:
    """Seconds before retry `n` (from 0); `luck` in [0, 1)."""
    return luck * min(cap, base * 2.0 ** min(n, 64))


def honoured(retry_after: float | None) -> float | None:
    """`retry_after` as a wait in seconds: 0 for none or nonsense (negative, NaN), None when it is too long to wait."""
    if retry_after is None or math.isnan(retry_after) or retry_after <= 0:
        return 0.0
    return retry_after if retry_after <= MAX_RETRY_AFTER else None


def wait(
    failed: Fault,
    retry: Retry,
    *,
    number: int,
    luck: float,
    retry_after: float | None,
    remaining: float,
) -> float | None:
    """Seconds to wait before the next attempt, or None: it would come too late, so do not make it there.

    `number`: attempts made so far; 0 where the next endpoint was not tried before: that one gets no pause.
    `retry_after`: seconds the next endpoint still wants to be left alone. `remaining`: seconds to the deadline.
    """
    asked = honoured(retry_after)
    if asked is None:
        return None
    pause = 0.0
    if number:
        base = retry.base_overload if throttled(failed) else retry.base_transport
        pause = jittered(number - 1, base, retry.cap, luck)
    # Jitter comes on top of Retry-After: everybody who was refused was told the same second.
    waiting = asked + pause
    return waiting if waiting < remaining else None
