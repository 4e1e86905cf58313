"""What the calls of a program may spend on retries together, so that retries do not become the outage (FACTS 2.2).

Share one `Budget` among the calls to one server. Failures take from a bucket of tokens, successes give back; where it
is empty, nothing is retried. Retries that may be charged twice are a share of the calls of the last ten minutes.
"""

from __future__ import annotations

from copy import deepcopy
from threading import Lock
from typing import Any, Final

from outwait.core.fault import Fault, RetryClass
from outwait.policy.blame import Blame, blame
from outwait.policy.budget import THROTTLE_COST, TRANSPORT_COST, Paid, Tokens
from outwait.policy.retry import throttled

_CHARGED: Final = frozenset((Blame.FAILURE, Blame.THROTTLE))


class Budget:
    """For all threads and loops of a program. Times are seconds of one steady clock.

    A copy, such as the one that another process gets, spends on its own from then on.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._tokens = Tokens()
        self._paid = Paid()

    def __getstate__(self) -> dict[str, Any]:
        with self._lock:
            return deepcopy({name: value for name, value in vars(self).items() if name != "_lock"})

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._lock = Lock()
        vars(self).update(state)

    @property
    def tokens(self) -> int:
        """What is left in the bucket, of 500. A failure costs 14, one that says "too much" 5; a success gives 1."""
        return self._tokens.left

    def begin(self, now: float) -> None:
        """A call begins."""
        with self._lock:
            self._paid.admit(now)

    def succeeded(self) -> None:
        """A first attempt went well."""
        with self._lock:
            self._tokens.give()

    def failed(self, failed: Fault) -> None:
        """An attempt did not."""
        if blame(failed) in _CHARGED:
            with self._lock:
                self._tokens.take(_cost(failed))

    def room(self, failed: Fault) -> bool:
        """Whether a retry after `failed` can be paid with tokens."""
        return self._tokens.room(_cost(failed))

    def paid_room(self, share: float, now: float) -> bool:
        """Whether one more call may be risked to be charged twice; `share`: of the calls of ten minutes."""
        with self._lock:
            return self._paid.room(share, now)

    def charge(self, retry_class: RetryClass, now: float) -> None:
        """A retry follows."""
        if retry_class is RetryClass.AMBIGUOUS:
            with self._lock:
                self._paid.take(now)


def _cost(failed: Fault) -> int:
    return THROTTLE_COST if throttled(failed) else TRANSPORT_COST
