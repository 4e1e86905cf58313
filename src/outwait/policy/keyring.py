"""The keys of a channel: which of them may be used now.

Two things put a key out, for two reasons (FACTS 2.2):

  dead      its credential was refused or its account is empty, for every model: out until an admin or a free probe says
            otherwise. `Credentials` counts, one for each channel; probes come after 1 h, 2 h, 4 h ... 24 h.
  resting   it was told to wait (Retry-After) at one endpoint, since providers limit each model by itself: out for that
            long, at most 24 h. `Keyring` counts, one for each endpoint, over the channel's `Credentials`.

Where nobody else is left a dead key is tried all the same (`policy.last_resort`): `spare` says which. If it is answered
at one endpoint, another that had refused it did so for a reason of its own, and is not believed for a while.

A channel without a key has one place for the key it does not need. Keys are named by their place in the configuration.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from outwait.core.fault import Fault
from outwait.policy.last_resort import Death


@dataclass(frozen=True, slots=True)
class KeyRule:
    """`probe`: seconds from death to the first free probe, doubled after each in vain up to `probe_longest`. `rest`:
    the longest rest in seconds.
    """

    probe: float = 3600.0
    probe_longest: float = 86400.0
    rest: float = 86400.0


DEFAULT = KeyRule()


class Credentials:
    """Which keys of a channel are dead. `dead`: how many. `lives`: by key, how often it was revived. `rule` may be
    set.
    """

    __slots__ = ("_deaths", "_probe_at", "_wait", "dead", "lives", "rule")

    def __init__(self, count: int, rule: KeyRule = DEFAULT) -> None:
        self.rule = rule
        self._wait = [0.0] * max(1, count)  # seconds from probe to probe; 0: alive
        self._probe_at = [math.inf] * max(1, count)
        self._deaths: list[Death | None] = [None] * max(1, count)
        self.lives = [0] * max(1, count)
        self.dead = 0

    def __len__(self) -> int:
        return len(self._wait)

    def alive(self, key: int) -> bool:
        """Whether `key` is not known to be dead."""
        return not self._wait[key]

    def death(self, key: int) -> Death | None:
        """What is known of the death of `key`; None: it is alive."""
        return self._deaths[key]

    def kill(self, key: int, now: float, why: Fault | None = None) -> Death:
        """`key` was refused, by `why`. What is dead already keeps its date: late answers prove nothing new."""
        death = self._deaths[key]
        if death is None:
            death = self._deaths[key] = Death(now, why)
            self.dead += 1
            self._wait[key] = self.rule.probe
            self._probe_at[key] = now + self.rule.probe
        return death

    def still_dead(self, key: int, now: float) -> None:
        """A probe of the dead `key` was in vain; the next one comes after twice the time."""
        wait = self._wait[key] = min(self.rule.probe_longest, 2.0 * self._wait[key])
        self._probe_at[key] = now + wait

    def revive(self, key: int) -> None:
        """An admin or a probe says that `key` works."""
        if not self.alive(key):
            self.dead -= 1
            self.lives[key] += 1
            self._deaths[key] = None
            self._wait[key] = 0.0
            self._probe_at[key] = math.inf

    def next_probe(self, key: int) -> float | None:
        """When the next free probe of `key` is due; None: it is not dead."""
        return None if self.alive(key) else self._probe_at[key]

    def due(self, now: float) -> tuple[int, ...]:
        """The dead keys whose free probe is due."""
        return tuple(key for key, at in enumerate(self._probe_at) if now >= at)


class Keyring:
    """The channel's keys as one endpoint sees them. `latest`: when the last of those that rest may be used again.
    `rule` may be set, for rests to come.
    """

    __slots__ = ("_doubts", "_refused", "_until", "credentials", "latest", "rule")

    def __init__(self, credentials: Credentials, rule: KeyRule = DEFAULT) -> None:
        self.credentials = credentials
        self.rule = rule
        self._until = [-math.inf] * len(credentials)
        self._refused: dict[int, Death] = {}  # the deaths in which the key was refused here
        self._doubts: dict[int, float] = {}  # until when a refusal here says nothing about the key
        self.latest = -math.inf

    def rest(self, key: int, now: float, seconds: float | None) -> bool:
        """Leave `key` alone for `seconds`; False: there is nothing to wait for (None, not above 0, NaN)."""
        if seconds is None or not seconds > 0:
            return False
        until = now + min(seconds, self.rule.rest)
        self._until[key] = max(self._until[key], until)
        self.latest = max(self.latest, until)
        return True

    def rest_all(self, now: float, seconds: float | None) -> bool:
        """Leave the endpoint alone for `seconds`, whichever the key."""
        rests = False
        for key in range(len(self._until)):
            rests = self.rest(key, now, seconds)
        return rests

    def ready(self, now: float) -> bool:
        """Whether any key may be used."""
        if now >= self.latest and not self.credentials.dead:
            return True
        return any(now >= until and self.credentials.alive(key) for key, until in enumerate(self._until))

    def pick(self, now: float, luck: float) -> int | None:
        """One of the keys that may be used, each as likely as the others; None: there is none.

        The same `luck` picks the same key as long as the same keys may be used.
        """
        usable = [key for key, until in enumerate(self._until) if now >= until and self.credentials.alive(key)]
        return usable[int(luck * len(usable))] if usable else None

    def wait(self, now: float) -> float | None:
        """Seconds until a key may be used, 0 for now; None: all are dead."""
        living = [until for key, until in enumerate(self._until) if self.credentials.alive(key)]
        return max(0.0, min(living) - now) if living else None

    def refuse(self, key: int, now: float, why: Fault | None = None) -> bool:
        """`key` was refused here, by `why`: it is dead. False: that is not believed (see `doubt`)."""
        if now < self._doubts.get(key, -math.inf):
            return False
        self._refused[key] = self.credentials.kill(key, now, why)
        return True

    def refused(self, key: int) -> bool:
        """Whether the dead `key` was refused here since it died."""
        death = self.credentials.death(key)
        return death is not None and self._refused.get(key) is death

    def doubt(self, key: int, now: float) -> None:
        """The dead `key` has been answered elsewhere: if it was refused here, that was about something else."""
        death = self.credentials.death(key)
        if death is not None and self.refused(key):
            self._doubts[key] = now + death.rule.doubt

    def spare(self, now: float) -> int | None:
        """The dead key that may be tried as a last resort; None: there is none now.

        One that was not refused here since it died comes first, then the one that was tried least.
        """
        found = [
            (self.refused(key), death.tries, key)
            for key, until in enumerate(self._until)
            if now >= until
            and (death := self.credentials.death(key)) is not None
            and death.allows(now, refused=self.refused(key))
        ]
        return min(found)[2] if found else None
