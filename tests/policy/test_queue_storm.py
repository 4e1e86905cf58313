"""All channels are rate limited: waiting in the line beats an immediate 429, within the deadline.

Two channels of a provider that allows 10 requests a second each and tells so in its headers; bursts of calls from three
keys, one of which sends most. Once the same arrivals are refused while both channels are closed, and the client's SDK
retries twice as SDKs do; once they wait in the line. Seeded, in virtual time.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from outwait.policy.limiter import Concurrency, Limiter, Signal
from outwait.policy.queueing import Line, Queueing, Wish
from outwait.policy.quota import Quota, Reserve
from outwait.policy.rate_headers import Told, Window

PER_SECOND = 10
DEADLINE = 60.0


@dataclass
class Channel:
    """A provider's window of one second, and what the gateway knows of it."""

    quota: Quota = field(default_factory=lambda: Quota(Reserve()))
    limiter: Limiter = field(default_factory=lambda: Limiter(Concurrency()))
    in_flight: int = 0
    window: int = -1
    used: int = 0

    def ask(self, now: float) -> tuple[bool, Told]:
        """The provider's answer to a request that arrives now, and its headers."""
        if int(now) != self.window:
            self.window, self.used = int(now), 0
        self.used += 1
        reset = int(now) + 1 - now
        told = Told((Window("requests", max(0, PER_SECOND - self.used), PER_SECOND, reset),))
        return self.used <= PER_SECOND, told


class Storm:
    """One run. `waits`: with the line; else a closed door is a 429 at once, and the client tries twice more."""

    def __init__(self, waits: bool, seed: int) -> None:
        self.waits = waits
        self.luck = random.Random(seed)
        self.channels = [Channel(), Channel()]
        self.line: Line[int] = Line(Queueing())
        self.events: list[tuple[float, int, Callable[[float], None]]] = []
        self.count = 0
        self.came: dict[int, tuple[str, float]] = {}
        self.served: dict[int, float] = {}
        self.given_up: dict[int, str] = {}
        self.refused_upstream = 0

    def at(self, moment: float, act: Callable[[float], None]) -> None:
        self.count += 1
        heapq.heappush(self.events, (moment, self.count, act))

    def run(self) -> None:
        for burst in range(30):  # 30 bursts of 60 calls, 4 s apart: 15 a second for an allowance of 20
            for _ in range(60):
                call = len(self.came)
                key = self.luck.choices(["heavy", "light", "rare"], [45, 12, 3])[0]
                self.came[call] = (key, burst * 4 + self.luck.random() * 0.5)
                self.at(self.came[call][1], lambda now, call=call: self.arrive(call, 0, now))  # type: ignore[misc]
        while self.events:
            now, _, act = heapq.heappop(self.events)
            act(now)

    def free(self, now: float) -> Channel | None:
        ready = (one for one in self.channels if one.quota.wait(now) <= 0 and one.limiter.room(one.in_flight))
        return min(ready, key=lambda one: one.in_flight, default=None)

    def arrive(self, call: int, tries: int, now: float) -> None:
        channel = self.free(now) if not self.line.length else None
        if channel is not None:
            self.send(call, tries, channel, now)
            return
        opens = min(one.quota.wait(now) for one in self.channels)
        key, came = self.came[call]
        slots = sum(one.limiter.limit for one in self.channels)
        remaining = came + DEADLINE - now
        if not self.waits or self.line.judge(Wish(key, slots, remaining, opens), now) is not None:
            self.refuse(call, tries, now)
            return
        self.line.enter(key, call, now)
        self.at(now + Queueing().longest_wait(remaining), lambda now: self.expire(call, tries, now))
        self.at(now + opens, self.move)

    def refuse(self, call: int, tries: int, now: float) -> None:
        if tries == 2:
            self.given_up[call] = self.came[call][0]
            return
        pause = 0.5 * 2**tries * (1 - 0.25 * self.luck.random())  # what the openai and anthropic SDKs do
        self.at(now + pause, lambda now: self.arrive(call, tries + 1, now))

    def expire(self, call: int, tries: int, now: float) -> None:
        if self.line.leave(self.came[call][0], call, now):
            self.refuse(call, tries, now)

    def send(self, call: int, tries: int, channel: Channel, now: float) -> None:
        channel.in_flight += 1
        channel.quota.sent(now)
        took, told = channel.ask(now)

        def answer(later: float) -> None:
            channel.quota.observe(told, later)
            # Its refusals say when they end.
            channel.limiter.note(Signal.SUCCESS if took else Signal.NEITHER, channel.in_flight, later)
            channel.in_flight -= 1
            if took:
                self.served[call] = later
            else:
                self.refused_upstream += 1
                self.refuse(call, tries, later)
            self.move(later)

        self.at(now + 0.05 + 0.1 * self.luck.random(), answer)

    def move(self, now: float) -> None:
        while self.line.length and (channel := self.free(now)) is not None:
            call = self.line.take(now)
            assert call is not None
            self.send(call, 0, channel, now)
        if self.line.length:
            opens = min(one.quota.wait(now) for one in self.channels)
            if opens > 0:
                self.at(now + opens, self.move)

    def lost(self, key: str) -> float:
        calls = sum(owner == key for owner, _ in self.came.values())
        return sum(owner == key for owner in self.given_up.values()) / calls


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_line_beats_429_within_the_deadline(seed: int) -> None:
    refusing, waiting = Storm(waits=False, seed=seed), Storm(waits=True, seed=seed)
    refusing.run()
    waiting.run()
    for storm in (refusing, waiting):
        assert len(storm.came) == 1800
        assert len(storm.served) + len(storm.given_up) == 1800
    assert len(refusing.given_up) > 300, "the storm is no storm"
    assert len(waiting.given_up) == 0
    assert waiting.refused_upstream < 0.1 * len(waiting.served)  # the headers keep most of it from being refused
    delays = [done - waiting.came[call][1] for call, done in waiting.served.items()]
    assert max(delays) <= 10.2  # the longest wait and one answer; the deadline is at 60


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_light_keys_wait_less_than_the_heavy_one(seed: int) -> None:
    storm = Storm(waits=True, seed=seed)
    storm.run()
    means = {}
    for key in ("heavy", "light", "rare"):
        delays = [done - storm.came[call][1] for call, done in storm.served.items() if storm.came[call][0] == key]
        means[key] = sum(delays) / len(delays)
    assert means["rare"] < 0.75 * means["heavy"]
    assert means["light"] < 0.85 * means["heavy"]
    assert storm.lost("rare") == storm.lost("light") == 0
