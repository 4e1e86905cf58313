"""The troubles that are replayed, as data. Every one begins with a time in which all is well: a gateway that has just
been started knows nothing yet, and that is not what is asked here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from bench.routing.figures import Mean
from bench.routing.upstream import Limited, Service, Trouble, dead_keys, failing, refusing, silent, slow

MINUTE = 60.0
CHAT = Service(median=0.8, sigma=0.5, words=4.0)
THINKING = Service(median=60.0, sigma=0.6, words=15.0)


@dataclass(frozen=True, slots=True)
class Promise:
    """What our own row of a scenario must show: `figure` of `Mean` (`worst`: of the worst run) is at most `most`."""

    figure: str
    most: float
    worst: bool = False

    def kept(self, found: Mean) -> bool:
        """Whether it does; what was never noticed is not noticed in time."""
        value = self.value(found)
        return not math.isnan(value) and value <= self.most

    def value(self, found: Mean) -> float:
        """The figure."""
        value: float = getattr(found.worst if self.worst else found, self.figure)
        return value


@dataclass(frozen=True, slots=True)
class Scenario:
    """`kind`: the product's scenario of the requests (`policy.scenarios`). `rate`: requests a second, one by one; every
    `every` seconds `burst` more come at once. `warm`: seconds before anything counts; `end`: when the last request
    comes. `deadline`: seconds for the whole of a request, None: what the kind says. `sdk`: how often its client tries
    again when it gets a 429, a 5xx or no answer, as SDKs do. `keys`: credentials of each channel. `weights`: of the
    channels, empty: all alike. `workers`: processes that know nothing of each other; each request meets one of them by
    chance. `joins`: before that moment, the last channel is not there.
    """

    name: str
    title: str
    troubles: tuple[Trouble, ...]
    kind: str = "chat"
    service: Service = CHAT
    rate: float = 1.0
    every: float = 0.0
    burst: int = 0
    warm: float = 10 * MINUTE
    end: float = 50 * MINUTE
    channels: int = 5
    keys: int = 1
    deadline: float | None = None
    sdk: int = 0
    weights: tuple[float, ...] = ()
    workers: int = 1
    joins: float = 0.0
    promises: tuple[Promise, ...] = field(default=())

    @property
    def names(self) -> tuple[str, ...]:
        """The channels: a, b, c ..."""
        return tuple("abcdefgh"[: self.channels])


_ALL = tuple("abcde")


def _trouble(*troubled: str, how: object, minutes: float = 40, flaps: float = 0.0, begin: float = 10) -> Trouble:
    return Trouble(troubled, how, begin * MINUTE, (begin + minutes) * MINUTE, flaps)  # type: ignore[arg-type]


SCENARIOS: tuple[Scenario, ...] = (
    Scenario(
        "fast-failing",
        "one of 5 channels refuses every connection for 40 min, 1 request/s",
        (_trouble("a", how=refusing),),
        promises=(Promise("hits", 60, worst=True), Promise("given_up", 0, worst=True)),
    ),
    Scenario(
        "failing-500",
        "one of 5 answers 500 at once for 40 min, and may charge for it, 1 request/s",
        (_trouble("a", how=failing(500)),),
        promises=(Promise("hits", 60, worst=True),),
    ),
    Scenario(
        "silent",
        "one of 5 takes every request and never answers for 30 min; 60 s median think time, 2 requests/s",
        (_trouble("a", how=silent, minutes=30, begin=30),),
        kind="reasoning",
        service=THINKING,
        rate=2.0,
        warm=30 * MINUTE,
        end=60 * MINUTE,
        promises=(Promise("noticed", 150), Promise("doubled", 0, worst=True)),
    ),
    Scenario(
        "calm",
        "nothing is wrong for 2 h; 60 s median think time, 2 requests/s: who is suspected all the same?",
        (),
        kind="reasoning",
        service=THINKING,
        rate=2.0,
        warm=30 * MINUTE,
        end=150 * MINUTE,
        promises=(Promise("false", 3), Promise("given_up", 0, worst=True)),
    ),
    Scenario(
        "slow",
        "one of 5 is 5 times as slow for 40 min, 4 requests/s",
        (_trouble("a", how=slow(5.0)),),
        rate=4.0,
        promises=(Promise("given_up", 0, worst=True),),
    ),
    Scenario(
        "flapping",
        "one of 5 refuses for 30 s and works for 30 s, in turns for 40 min, 2 requests/s",
        (_trouble("a", how=refusing, flaps=60.0),),
        rate=2.0,
        promises=(Promise("given_up", 0, worst=True),),
    ),
    Scenario(
        "rate-limited",
        "one of 5 takes 10 requests a minute, then 429 with Retry-After, 2 requests/s",
        (_trouble("a", how=Limited(10, 60.0)),),
        rate=2.0,
        promises=(Promise("given_up", 0, worst=True),),
    ),
    Scenario(
        "429-storm",
        "3 of 5 answer nothing but 429 with Retry-After up to 30 s, for 20 min, 4 requests/s",
        (_trouble("a", "b", "c", how=Limited(0, 30.0), minutes=20),),
        rate=4.0,
        end=30 * MINUTE,
        promises=(Promise("load", 0.05, worst=True),),
    ),
    Scenario(
        "dead-key",
        "one of 3 keys of one of 5 channels is revoked, 2 requests/s",
        (_trouble("a", how=dead_keys(1)),),
        rate=2.0,
        keys=3,
        promises=(Promise("given_up", 0, worst=True), Promise("load", 0.001, worst=True)),
    ),
    Scenario(
        "all-limited",
        "3 channels take 12 requests in each 6 s and tell so on each reply; 30 come at once every 6 s besides 0.4/s; "
        "deadline 60 s, clients try 3 times",
        (_trouble("a", "b", "c", how=Limited(12, 6.0, "all"), minutes=20, begin=0),),
        rate=0.4,
        every=6.0,
        burst=30,
        warm=2 * MINUTE,
        end=20 * MINUTE,
        channels=3,
        deadline=60.0,
        sdk=2,
        promises=(Promise("given_up", 0, worst=True),),
    ),
    Scenario(
        "all-limited-mute",
        "the same, but the providers tell nothing before the 429 itself, which has a Retry-After",
        (_trouble("a", "b", "c", how=Limited(12, 6.0), minutes=20, begin=0),),
        rate=0.4,
        every=6.0,
        burst=30,
        warm=2 * MINUTE,
        end=20 * MINUTE,
        channels=3,
        deadline=60.0,
        sdk=2,
    ),
    Scenario(
        "outage",
        "all 5 refuse every connection for 20 min, 2 requests/s: how much more than the requests themselves?",
        (_trouble(*_ALL, how=refusing, minutes=20),),
        rate=2.0,
        end=30 * MINUTE,
        promises=(Promise("load", 0.2, worst=True),),
    ),
    Scenario(
        "weights",
        "3 channels of weights 1:2:3, 4 workers, 10,000 requests at 20/s: who gets how many?",
        (),
        rate=20.0,
        warm=0.0,
        end=500.0,
        channels=3,
        weights=(1.0, 2.0, 3.0),
        workers=4,
        promises=(Promise("skew", 0.03, worst=True),),
    ),
    Scenario(
        "new-channel",
        "the same when the heaviest has just come: does it get all, or nothing?",
        (),
        rate=20.0,
        warm=2 * MINUTE,
        end=2 * MINUTE + 500.0,
        channels=3,
        weights=(1.0, 2.0, 3.0),
        workers=4,
        joins=2 * MINUTE,
        promises=(Promise("skew", 0.03, worst=True),),
    ),
)


def named(name: str) -> Scenario:
    """The scenario of that name. Raises KeyError, naming those there are."""
    for one in SCENARIOS:
        if one.name == name:
            return one
    raise KeyError(f"no scenario {name!r}; there are {', '.join(one.name for one in SCENARIOS)}")
