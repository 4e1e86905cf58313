"""One endpoint: a channel and the name a model has there, with all that is known of it in this worker.

It joins the rules (`policy.standing`, `limiter`, `quota`, `survival`), each of which knows one thing, and makes them
agree:

  - what a quota holds back rests in the keyring, the only place that is asked when an attempt looks for a key;
  - the limit of the standing is the limiter's, and no more than the channel has left;
  - `watch` only notices; the standing alone holds the suspicion, and clears the watch's when it is cleared.

Whatever changes by an attempt's end is returned as news, so that the log, the metrics and the neighbours may hear it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from outwait.core.fault import Fault
from outwait.policy import durations
from outwait.policy.blame import Blame
from outwait.policy.health_rules import HealthRules
from outwait.policy.keyring import Keyring
from outwait.policy.limiter import Limiter, Signal, signal_of
from outwait.policy.quota import Quota
from outwait.policy.rate_headers import Told
from outwait.policy.standing import Pass, Standing
from outwait.policy.stick import digest
from outwait.policy.survival import Watch

if TYPE_CHECKING:
    from outwait.health.channel import ChannelHealth
    from outwait.health.lines import Row


class Change(StrEnum):
    """What became of an endpoint (or of a channel's key, or of its limit)."""

    EJECTED = "ejected"
    SUSPECT = "suspect"
    HEALTHY = "healthy"
    KEY_DEAD = "key dead"
    KEY_REVIVED = "key revived"
    LIMIT = "limit changed"


class News(NamedTuple):
    """`name`: the endpoint's, or the channel's where it is about a key. `detail`: why, in words; a key's place."""

    name: str
    what: Change
    detail: str


class Endpoint:
    """`quotas`: by credential, those that were told of. `rows`: the lines it serves, whose turn it is first.

    `attempts`, `failures` (whoever is to blame) and `blamed` count since the start. `last_fault`: the last one that was
    not the client's. `succeeded`: when an attempt last ended well (loop seconds, None: never). `leaned`: with as many
    attempts running, successes may let the limit grow.
    """

    __slots__ = (
        "attempts",
        "blamed",
        "channel",
        "failures",
        "last_fault",
        "leaned",
        "limiter",
        "model",
        "name",
        "quotas",
        "rows",
        "rules",
        "single",
        "standing",
        "succeeded",
        "watch",
    )

    def __init__(self, channel: ChannelHealth, model: str, rules: HealthRules, now: float) -> None:
        self.name = f"{channel.name}/{model}"
        self.channel = channel
        self.model = model
        self.rules = rules
        self.single = len(channel.credentials) == 1
        keys = Keyring(channel.credentials, rules.keys)
        self.standing = Standing(keys, now, seed=digest(self.name), rule=rules.standing)
        # Nobody knows how long it is there already; what is new to this worker need not start slowly.
        self.standing.warm_at = now
        self.limiter = Limiter(rules.concurrency)
        self.watch = Watch(rules.suspecting)
        self.quotas: dict[int, Quota] = {}
        self.rows: dict[Row, None] = {}
        self.attempts = 0
        self.failures = 0
        self.blamed: dict[Blame, int] = dict.fromkeys(Blame, 0)
        self.last_fault: Fault | None = None
        self.succeeded: float | None = None
        self.leaned = 0.0
        self.fit()

    def fit(self) -> None:
        """Set the limit again: the limiter's, and no more than the channel has left beside what runs here."""
        limit = self.limiter.limit
        self.leaned = self.rules.concurrency.used * limit
        free = self.channel.free
        self.standing.limit = limit if free is None else min(limit, self.standing.outstanding + free)

    def renumber(self, rules: HealthRules, now: float) -> None:
        """Go by other rules from now on. What is out or rests stays so until the date it was given."""
        self.rules = rules
        self.standing.renumber(rules.standing, now)
        self.standing.keys.rule = rules.keys
        self.watch.suspecting = rules.suspecting
        for quota in self.quotas.values():
            quota.reserve = rules.reserve
        self.limiter.renumber(rules.concurrency)
        self.fit()

    def room(self, now: float) -> bool:
        """Whether an attempt could begin if nobody minded that it is shut."""
        return self.standing.outstanding < self.standing.limit and self.standing.keys.ready(now)

    def spare(self, now: float) -> bool:
        """Whether an attempt could begin with a dead key, as a last resort; `room` is to be asked first."""
        return self.standing.outstanding < self.standing.limit and self.standing.keys.spare(now) is not None

    def spend(self, key: int, now: float) -> None:
        """An attempt begins with `key`: one request less of what its quota allows."""
        quota = self.quotas.get(key)
        if quota is not None:
            quota.sent(now)
            self._rest(key, quota, now)

    def observe(self, key: int, told: Told, now: float) -> None:
        """A reply told of the rate limits of `key`."""
        quota = self._quota(key)
        quota.observe(told, now)
        self._rest(key, quota, now)

    def pick(self, avoid: tuple[int, ...], now: float, luck: float) -> int:
        """A credential, if it may be not one of `avoid`; a dead one if none is left. Ask `room` or `spare` first."""
        keys = self.standing.keys
        first = keys.pick(now, luck)
        if first is None:
            return keys.spare(now) or 0
        if first not in avoid:
            return first
        # Even steps of luck meet each usable key: they are as many as the keys, and the usable ones are no more.
        count = len(keys.credentials)
        for step in range(1, count):
            key = keys.pick(now, (luck + step / count) % 1.0)
            if key is not None and key not in avoid:
                return key
        return first

    def grow(self, now: float) -> list[News]:
        """An attempt succeeded while the limit was leaned on; it runs still."""
        before = self.limiter.limit
        if not self.limiter.note(Signal.SUCCESS, self.standing.outstanding, now):
            return []
        return [self._resized(before)]

    def settle(self, held: Pass, failed: Fault | None, now: float, luck: float) -> list[News]:
        """An attempt ended, in whichever way; returns what changed by it."""
        standing, credentials = self.standing, self.channel.credentials
        epoch, was_shut, dead = standing.breaker.epoch, standing.shut, credentials.dead
        running, limit = standing.outstanding, self.limiter.limit
        said = standing.leave(held, failed, now, luck)
        found: list[News] = []
        if failed is not None and said is not None:
            self._count(held.key, failed, said, now)
            if self.limiter.note(signal_of(failed), running, now):
                found.append(self._resized(limit))
            if credentials.dead > dead:
                found.append(News(self.channel.name, Change.KEY_DEAD, str(held.key)))
        if standing.breaker.epoch != epoch:
            found.append(News(self.name, Change.EJECTED, self._ejected(failed, now)))
        return found + self.cleared(was_shut)

    def content(self, held: Pass, now: float) -> list[News]:
        """The first content of an attempt came while the endpoint was shut."""
        was_shut = self.standing.shut
        self.standing.content(held, now)
        return self.cleared(was_shut)

    def cleared(self, was_shut: bool) -> list[News]:
        """What to tell after the standing may have become well, and the watch is told."""
        if not self.standing.suspicion.on:
            self.watch.suspect = None
        return [News(self.name, Change.HEALTHY, "")] if was_shut and not self.standing.shut else []

    def check(self, now: float) -> list[News]:
        """Whether it hangs; to be asked once a second."""
        watch = self.watch
        if watch.in_flight < self.rules.suspecting.in_flight or not watch.check(now) or watch.suspect is None:
            return []
        self.standing.suspect(now)
        return [News(self.name, Change.SUSPECT, watch.suspect.reason)]

    def state(self, now: float) -> str:
        """How it is, in a few words."""
        standing = self.standing
        if not standing.keys.ready(now):
            wait = standing.keys.wait(now)
            return "no key works" if wait is None else f"rests for {durations.tell(wait)}"
        if standing.shut:
            return Change.EJECTED.value if standing.breaker.open else Change.SUSPECT.value
        return "full" if standing.outstanding >= standing.limit else Change.HEALTHY.value

    def _count(self, key: int, failed: Fault, said: Blame, now: float) -> None:
        self.failures += 1
        self.blamed[said] += 1
        if said is Blame.NOTHING:
            return
        self.last_fault = failed
        asked = failed.retry_after
        if asked is not None and asked > 0 and said is not Blame.KEY:
            # As the standing does: a failing endpoint rests with all keys, a throttled key alone.
            for one in range(len(self.channel.credentials)) if said is Blame.FAILURE else (key,):
                self._quota(one).hold(asked, now, "the provider asked to be left alone")

    def _quota(self, key: int) -> Quota:
        quota = self.quotas.get(key)
        if quota is None:
            quota = self.quotas[key] = Quota(self.rules.reserve)
        return quota

    def _rest(self, key: int, quota: Quota, now: float) -> None:
        if wait := quota.wait(now):
            self.standing.keys.rest(key, now, wait)

    def _resized(self, before: int) -> News:
        self.fit()
        return News(self.name, Change.LIMIT, f"{before} -> {self.limiter.limit}")

    def _ejected(self, failed: Fault | None, now: float) -> str:
        span = durations.tell(max(0.0, self.standing.breaker.until - now))
        return f"{failed.code if failed else 'no fault'}, for {span}"
