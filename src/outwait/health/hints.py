"""What this worker found out and its neighbours should hear, and what becomes here of what they found out.

    found out here                     told                              done by who hears it
    an endpoint's state changed        ejected, suspect, healthy         `Standing.hear`: careful sooner, never opened
    its limit was cut                  cut, for ten seconds              its own is cut once, if it was not just now
    a reply told a key to wait         rest, with the seconds left       the key rests at least as long
    a key was refused, works again     dead, revived                     the same
    a free probe ended                 probe                             counted as its own
    how long answers took              waits, in batches                 counted as its own

What was heard is never told on: a word comes from who found it out, or not at all, so none goes in a circle. Rests are
read off the quotas, which know only what replies to this worker told; all else off the tracker's events, which are
passed over while a letter is being heard.

A word about an endpoint that nobody here asked yet is kept for a minute: a worker that has just begun hears of what
stands before its first call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from hashlib import blake2b
from typing import Final, NamedTuple, Protocol

import msgspec

from outwait.core.fault import FAULTS, fault
from outwait.core.probed import Probe, Probed
from outwait.health.channel import ChannelHealth
from outwait.health.endpoint import Change, Endpoint, News
from outwait.health.letter import LONGEST, Letter, What, Word
from outwait.health.tracker import HEARSAY, HealthTracker
from outwait.policy.limiter import Signal
from outwait.policy.standing import Hint

RECENT: Final = 10.0  # seconds a cut is news
LATER: Final = 60.0  # seconds a word is kept for an endpoint that is not there yet
KEPT: Final = 1024  # things that are remembered, each
SHORT: Final = 0.5  # rests that differ by less are the same, and shorter ones are over when they are heard of

Subject = tuple[str, str, int]  # kind, endpoint or channel, key: a newer word about it takes the older one's place

_STATES: Final = {Change.EJECTED: What.EJECTED, Change.SUSPECT: What.SUSPECT, Change.HEALTHY: What.HEALTHY}
_HINTS: Final = {What.EJECTED: Hint.EJECTED, What.SUSPECT: Hint.SUSPECT, What.HEALTHY: Hint.HEALTHY}
_KEYS: Final = {Change.KEY_DEAD: What.DEAD, Change.KEY_REVIVED: What.REVIVED}
# What a word about an endpoint is about.
_KINDS: Final[dict[str, str]] = {**dict.fromkeys(_HINTS, "state"), What.CUT: "limit", What.REST: "rest"}
_ENDED: Final = frozenset((What.HEALTHY, What.REVIVED))  # nobody who comes later need hear of it


class Said(NamedTuple):
    """A word and when it was found out, or was heard (loop seconds)."""

    subject: Subject
    word: Word
    at: float

    def now(self, now: float) -> Word | None:
        """It as it is to be told at `now`; None: it is no news any more."""
        passed = max(0.0, now - self.at)
        word = self.word
        if word.what == What.REST:
            left = word.seconds - passed
            return msgspec.structs.replace(word, seconds=left) if left > 0 else None
        if word.what == What.PROBE:
            return msgspec.structs.replace(word, age=word.age + passed)
        return None if word.what == What.CUT and passed >= RECENT else word


class Shares(Protocol):
    """What is learned of waits (`health.learning`)."""

    def drain(self) -> list[dict[str, object]]:
        """What was seen since the last time."""

    def absorb(self, plain: object, now: float) -> None:
        """Count what another worker saw; all of it, or nothing and ValueError."""


class Hints:
    """`woken` is called when there is something to tell. `took`: who is given the free probes of neighbours."""

    __slots__ = (
        "_fresh",
        "_hearing",
        "_later",
        "_learning",
        "_marks",
        "_rests",
        "_standing",
        "_tracker",
        "took",
        "woken",
    )

    def __init__(self, tracker: HealthTracker, learning: Shares) -> None:
        self._tracker = tracker
        self._learning = learning
        self._fresh: dict[Subject, Said] = {}
        self._standing: dict[Subject, Said] = {}  # what who comes later should hear too
        self._later: dict[Subject, Said] = {}
        self._rests: dict[Subject, float] = {}  # until when each was told to last (loop seconds)
        self._marks: dict[str, tuple[ChannelHealth, object, str]] = {}
        self._hearing = False
        self.woken: Callable[[], None] = _nobody
        self.took: Callable[[str, Probed], None] | None = None
        tracker.events.append(self.changed)

    # ------------------------------------------------------------------------------------------------ what is found out
    def changed(self, name: str, what: Change, detail: str) -> None:
        """An event of the tracker."""
        if self._hearing:
            return
        if what in _KEYS:
            place = detail.partition(",")[0]
            if place.isdecimal():
                self._say("key", name, Word(_KEYS[what], "", "", key=int(place), failed=self._why(name, int(place))))
        elif what in _STATES:
            self._say("state", name, Word(_STATES[what], "", ""))
        elif what is Change.LIMIT and _shrunk(detail):
            self._say("limit", name, Word(What.CUT, "", ""))

    def probed(self, channel: str, found: Probed) -> None:
        """A free probe of this worker has ended."""
        if found.probe is Probe.CONNECT and not self._hearing:
            failed = found.failed
            word = Word(
                What.PROBE,
                "",
                "",
                seconds=max(0.0, found.seconds),
                age=max(0.0, self._tracker.now() - found.at),
                failed=failed.code if failed else "",
                detail=(failed.detail or "")[:LONGEST] if failed else "",
                asked=found.asked[:LONGEST],
            )
            self._say("probe", channel, word)

    def look(self) -> None:
        """Find what nobody tells: keys that rest, and endpoints that are there now. To be called now and then."""
        now = self._tracker.now()
        self._rests = {subject: until for subject, until in self._rests.items() if until > now}
        for endpoint in self._tracker.endpoints.values():
            if endpoint.quotas and now < endpoint.standing.keys.latest:
                for key, quota in endpoint.quotas.items():
                    self._rest(endpoint, key, quota.wait(now), now)
        for said in list(self._later.values()):
            word = said.now(now) if now - said.at < LATER else None
            if word is None or word.endpoint in self._tracker.endpoints:
                del self._later[said.subject]
                self.hear(Letter(0, [word] if word else []))

    def news(self) -> list[Said]:
        """What was found out since the last time, oldest first."""
        fresh, self._fresh = self._fresh, {}
        return list(fresh.values())

    def waits(self) -> list[dict[str, object]]:
        """The waits that were seen since the last time."""
        return self._learning.drain()

    def standing(self) -> list[Said]:
        """What somebody should hear who was not there when it was told."""
        now = self._tracker.now()
        return [said for said in self._standing.values() if said.now(now) is not None]

    def _rest(self, endpoint: Endpoint, key: int, seconds: float, now: float) -> None:
        subject = ("rest", endpoint.name, key)
        if seconds > SHORT and now + seconds > self._rests.get(subject, 0.0) + SHORT:
            self._rests[subject] = now + seconds
            self._say("rest", endpoint.name, Word(What.REST, "", "", key=key, seconds=seconds))

    def _why(self, channel: str, key: int) -> str:
        """The code of what refused a dead key; "" where it is alive, or nobody knows."""
        known = self._tracker.channels.get(channel)
        death = None if known is None or key >= len(known.credentials) else known.credentials.death(key)
        return "" if death is None or death.why is None else death.why.code

    def _say(self, kind: str, name: str, word: Word) -> None:
        """`word` is to be told, about the endpoint or channel `name`."""
        endpoint = self._tracker.endpoints.get(name) if kind in ("state", "limit", "rest") else None
        channel = endpoint.channel if endpoint else self._tracker.channels.get(name)
        if channel is None or not channel.listed or len(name) > LONGEST:
            return
        whole = msgspec.structs.replace(
            word, channel=channel.name, mark=self._mark(channel), endpoint=name if endpoint else ""
        )
        said = Said((kind, name, word.key), whole, self._tracker.now())
        _keep(self._fresh, said)
        self._standing.pop(said.subject, None)
        if word.what not in _ENDED:
            _keep(self._standing, said)
        self.woken()

    # ---------------------------------------------------------------------------------------------------- what is heard
    def hear(self, letter: Letter) -> None:
        """Do as a neighbour's letter says. Raises ValueError, naming the field, where its waits are none; then nothing
        was done.
        """
        now = self._tracker.now()
        if letter.waits:
            self._learning.absorb(letter.waits, now)
        self._hearing = True
        try:
            for word in letter.words:
                self._hear(word, now)
        finally:
            self._hearing = False

    def _hear(self, word: Word, now: float) -> None:
        tracker = self._tracker
        channel = tracker.channels.get(word.channel)
        if channel is None or not channel.listed or word.mark != self._mark(channel):
            return
        if word.endpoint:
            endpoint = tracker.endpoints.get(word.endpoint)
            kind = _KINDS.get(word.what)
            if endpoint is None and kind is not None:
                _keep(self._later, Said((kind, word.endpoint, word.key), word, now))
            elif endpoint is not None and endpoint.channel is channel:
                self._hear_of(endpoint, word, now)
        elif word.what == What.PROBE and self.took is not None:
            found = _found(word, now)
            if found is not None:
                self.took(channel.name, found)
        elif word.what == What.DEAD:
            tracker.hear_dead(channel.name, word.key, word.failed)
        elif word.what == What.REVIVED:
            tracker.revive(channel.name, word.key)

    def _hear_of(self, endpoint: Endpoint, word: Word, now: float) -> None:
        standing, limiter = endpoint.standing, endpoint.limiter
        if word.what in _HINTS:
            self._tracker.hear(endpoint.name, _HINTS[What(word.what)])
        elif word.what == What.REST and word.key < len(standing.keys.credentials):
            standing.keys.rest(word.key, now, word.seconds)
        elif word.what == What.CUT:
            before = limiter.limit
            if limiter.note(Signal.OVERLOAD, standing.outstanding, now):
                endpoint.fit()
                news = News(endpoint.name, Change.LIMIT, f"{before} -> {limiter.limit}, {HEARSAY}")
                self._tracker.tell([news])

    def _mark(self, channel: ChannelHealth) -> str:
        known = self._marks.get(channel.name)
        if known is None or known[0] is not channel or known[1] is not channel.identity:
            digest = blake2b(repr(channel.identity).encode(), digest_size=8).hexdigest()
            known = self._marks[channel.name] = (channel, channel.identity, digest)
        return known[2]


class Box:
    """What is to be told to one neighbour: the latest word about each thing, in the order they were said."""

    __slots__ = ("_said",)

    def __init__(self) -> None:
        self._said: dict[Subject, Said] = {}

    def __bool__(self) -> bool:
        return bool(self._said)

    def put(self, said: Iterable[Said]) -> None:
        """Tell these too."""
        for one in said:
            _keep(self._said, one)

    def take(self) -> list[Said]:
        """All of it; the box is empty then."""
        said, self._said = self._said, {}
        return list(said.values())

    def back(self, taken: Iterable[Said]) -> None:
        """They could not be told: they come first the next time, but for what there is newer word of."""
        newer = self.take()
        self.put((*taken, *newer))


def _keep(said: dict[Subject, Said], one: Said) -> None:
    said.pop(one.subject, None)
    said[one.subject] = one
    if len(said) > KEPT:
        del said[next(iter(said))]


def _shrunk(detail: str) -> bool:
    before, _, after = detail.partition(" -> ")
    return before.isdigit() and after.isdigit() and int(after) < int(before)


def _found(word: Word, now: float) -> Probed | None:
    if word.failed and word.failed not in FAULTS:
        return None
    failed = fault(word.failed, detail=word.detail or None) if word.failed else None
    return Probed(Probe.CONNECT, failed, word.seconds, now - word.age, word.asked)


def _nobody() -> None:
    """Nobody listens."""
