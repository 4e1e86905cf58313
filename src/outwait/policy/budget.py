"""What all exchanges of a worker may spend on retries together, so that retries never become the outage.

Three budgets, each with its own question (FACTS 2.2):

  active   are too many running exchanges of this route already retrying?     <= max(3, 20 % of active), Envoy
  tokens   does this channel fail more than it succeeds?                      bucket of 500, botocore 2.1
  paid     how often in the last ten minutes was a call risked twice?         a share of the requests per scenario

The first two guard a channel from being asked again and again. Each failure takes from the bucket of its channel, and
no retry goes where the bucket is empty: where all fail, even one attempt at each of them would multiply the load. A
failover, the first attempt at another channel, needs no room in `active`, or one dead channel would be everybody's.

Every operation is O(1) and takes `now` in seconds of any steady clock. One exchange holds one `Ticket`.
"""

from __future__ import annotations

from outwait.core.fault import Fault, RetryClass
from outwait.policy.blame import Blame, blame
from outwait.policy.retry import throttled

ACTIVE_SHARE = 0.2
ACTIVE_FLOOR = 3
TOKENS = 500
TRANSPORT_COST = 14
THROTTLE_COST = 5
WINDOW = 600.0  # seconds
_BUCKETS = 10
_CHARGED = frozenset((Blame.FAILURE, Blame.THROTTLE))
PAID_FLOOR = 3  # paid retries per window that any share above 0 allows: 2 % of nothing would be nothing


class Active:
    """Exchanges of one route: how many run, and how many of them are in a retry."""

    __slots__ = ("retrying", "running")

    def __init__(self) -> None:
        self.running = 0
        self.retrying = 0

    def room(self) -> bool:
        """Whether one more may retry."""
        return self.retrying < max(ACTIVE_FLOOR, ACTIVE_SHARE * self.running)


class Tokens:
    """The token bucket of one channel: failures take, successes give back."""

    __slots__ = ("left",)

    def __init__(self) -> None:
        self.left = TOKENS

    def room(self, cost: int) -> bool:
        """Whether a retry of `cost` can be paid."""
        return self.left >= cost

    def take(self, cost: int) -> None:
        """Pay for a retry."""
        self.left = max(0, self.left - cost)

    def give(self) -> None:
        """A first try succeeded."""
        self.left = min(TOKENS, self.left + 1)


class Paid:
    """Requests and paid retries of one scenario in a window of ten minutes that slides minute by minute."""

    __slots__ = ("_minute", "_requests", "_retries", "requests", "retries")

    def __init__(self) -> None:
        self.requests = 0
        self.retries = 0
        self._requests = [0] * _BUCKETS
        self._retries = [0] * _BUCKETS
        self._minute = 0

    def admit(self, now: float) -> None:
        """A request came."""
        at = self._slide(now)
        self._requests[at] += 1
        self.requests += 1

    def room(self, share: float, now: float) -> bool:
        """Whether one more paid retry stays within `share` of the window's requests; a share of 0 means never."""
        if share <= 0:
            return False
        self._slide(now)
        return self.retries < max(PAID_FLOOR, share * self.requests)

    def take(self, now: float) -> None:
        """A retry that may be charged twice is made."""
        at = self._slide(now)
        self._retries[at] += 1
        self.retries += 1

    def _slide(self, now: float) -> int:
        minute = int(now / (WINDOW / _BUCKETS))
        passed = minute - self._minute
        if passed > 0:
            for step in range(1, min(passed, _BUCKETS) + 1):
                at = (self._minute + step) % _BUCKETS
                self.requests -= self._requests[at]
                self.retries -= self._retries[at]
                self._requests[at] = self._retries[at] = 0
            self._minute = minute
        return self._minute % _BUCKETS


class Budgets:
    """All budgets of one worker. `route` is what the client asked for (its model name); idle routes are forgotten."""

    __slots__ = ("_channels", "_routes", "_scenarios")

    def __init__(self) -> None:
        self._routes: dict[str, Active] = {}
        self._channels: dict[str, Tokens] = {}
        self._scenarios: dict[str, Paid] = {}

    def enter(self, route: str, scenario: str, now: float) -> Ticket:
        """An exchange begins; call `Ticket.leave` exactly when it ends."""
        active = self._routes.get(route)
        if active is None:
            active = self._routes[route] = Active()
        active.running += 1
        paid = self._scenarios.get(scenario)
        if paid is None:
            paid = self._scenarios[scenario] = Paid()
        paid.admit(now)
        return Ticket(self, route, active, paid)

    def tokens(self, channel: str) -> Tokens:
        """The bucket of `channel`."""
        bucket = self._channels.get(channel)
        if bucket is None:
            bucket = self._channels[channel] = Tokens()
        return bucket

    def keep_channels(self, names: frozenset[str]) -> None:
        """Forget the buckets of channels that the catalog no longer has."""
        self._channels = {name: bucket for name, bucket in self._channels.items() if name in names}

    def forget_route(self, route: str) -> None:
        """Drop `route` if nothing of it runs."""
        active = self._routes.get(route)
        if active is not None and active.running == 0:
            del self._routes[route]

    @property
    def routes(self) -> int:
        """How many routes have running exchanges."""
        return len(self._routes)


class Ticket:
    """One exchange's hold on the budgets."""

    __slots__ = ("_active", "_budgets", "_left", "_paid", "_retrying", "_route")

    def __init__(self, budgets: Budgets, route: str, active: Active, paid: Paid) -> None:
        self._budgets = budgets
        self._route = route
        self._active = active
        self._paid = paid
        self._retrying = False
        self._left = False

    def active(self, channel: str, failed: Fault) -> bool:
        """Whether a retry after `failed` on `channel` fits the route's and the channel's retry budget."""
        return (self._retrying or self._active.room()) and self._budgets.tokens(channel).room(_cost(failed))

    def room(self, channel: str) -> bool:
        """Whether a retry may go to `channel`, where it is the first attempt or not."""
        return self._budgets.tokens(channel).room(TRANSPORT_COST)

    def failed(self, channel: str, failed: Fault) -> None:
        """An attempt on `channel` ended with `failed`."""
        if blame(failed) in _CHARGED:
            self._budgets.tokens(channel).take(_cost(failed))

    def paid(self, share: float, now: float) -> bool:
        """Whether a retry that may be charged twice fits; `share`: of the scenario's requests (`Retry.paid`)."""
        return self._paid.room(share, now)

    def charge(self, retry_class: RetryClass, now: float, *, failover: bool = False) -> None:
        """A retry follows; `failover`: at a channel that was not asked yet."""
        if not (self._retrying or failover):
            self._retrying = True
            self._active.retrying += 1
        if retry_class is RetryClass.AMBIGUOUS:
            self._paid.take(now)

    def leave(self, first_try: str | None = None) -> None:
        """The exchange ended; `first_try`: the channel whose very first attempt succeeded. Idempotent."""
        if self._left:
            return
        self._left = True
        self._active.running -= 1
        if self._retrying:
            self._active.retrying -= 1
        if first_try is not None:
            self._budgets.tokens(first_try).give()
        self._budgets.forget_route(self._route)


def _cost(failed: Fault) -> int:
    return THROTTLE_COST if throttled(failed) else TRANSPORT_COST
