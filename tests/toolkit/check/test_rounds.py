from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from outwait.toolkit.check import rounds
from outwait.toolkit.check.clocks import SPANS
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.rounds import Pace, run
from outwait.toolkit.check.sending import Place
from outwait.toolkit.check.target import of_url
from outwait.toolkit.check.wording import Asking, Wording, word

TWO = [word(of_url(f"http://{name}.test/x"), Asking()) for name in ("a", "b")]


class Sent:
    """Stands for the network: counts what runs at a time, and waits for `gate` before it answers."""

    def __init__(self) -> None:
        self.running: Counter[str] = Counter()
        self.most: Counter[str] = Counter()
        self.gate = asyncio.Event()
        self.gate.set()

    async def send(self, _sender: object, wording: Wording, _spans: object, place: Place, *, reuse: bool) -> Probe:
        name = wording.about.name
        self.running[name] += 1
        self.most[name] = max(self.most[name], self.running[name])
        try:
            await asyncio.sleep(0)
            await self.gate.wait()
        finally:
            self.running[name] -= 1
        return Probe(endpoint=name, round=place.round, number=place.number, reused=reuse)


async def turns(true: Callable[[], bool]) -> None:
    """Let the others run until it is `true`."""
    for _ in range(10_000):
        if true():
            return
        await asyncio.sleep(0)
    pytest.fail("it never was")


Story = Callable[[Sent, list[Probe], asyncio.Event], Any]


def played(
    monkeypatch: pytest.MonkeyPatch, pace: Pace, during: Story | None = None
) -> tuple[list[Probe], list[int], Sent]:
    """What was heard, the rounds that ended, and what ran. `during`: runs beside the rounds."""

    async def story() -> tuple[list[Probe], list[int], Sent]:
        sent, heard, ended, stop = Sent(), list[Probe](), list[int](), asyncio.Event()
        monkeypatch.setattr(rounds, "send", sent.send)
        async with asyncio.timeout(10), asyncio.TaskGroup() as group:
            if during is not None:
                group.create_task(during(sent, heard, stop))
            assert await run(TWO, pace, heard.append, ended.append, stop) == (max(ended) if ended else 1)
        return heard, ended, sent

    return asyncio.run(story())


def test_each_endpoint_gets_its_probes_with_a_cap_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, ended, sent = played(monkeypatch, Pace(SPANS, stagger=0.0, probes=10, parallel=3))
    for name in ("a.test/x", "b.test/x"):
        assert sorted(probe.number for probe in heard if probe.endpoint == name) == list(range(1, 11))
        assert sent.most[name] == 3
    assert ended == [1]


def test_more_room_than_probes_is_no_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, _, sent = played(monkeypatch, Pace(SPANS, stagger=0.0, probes=2, parallel=50, reuse=True))
    assert len(heard) == 4
    assert max(sent.most.values()) == 2
    assert all(probe.reused for probe in heard)


def test_rounds_follow_one_another(monkeypatch: pytest.MonkeyPatch) -> None:
    heard, ended, _ = played(monkeypatch, Pace(SPANS, stagger=0.0, probes=2, every=0.001, rounds=3))
    assert ended == [1, 2, 3]
    assert Counter(probe.round for probe in heard) == {1: 4, 2: 4, 3: 4}


def test_who_is_stopped_keeps_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stops(sent: Sent, heard: list[Probe], stop: asyncio.Event) -> None:
        await turns(lambda: len(heard) >= 4)
        sent.gate.clear()
        await turns(lambda: sum(sent.running.values()) == 2)
        stop.set()

    heard, ended, sent = played(monkeypatch, Pace(SPANS, stagger=0.0, probes=100, parallel=1), stops)
    assert 4 <= len(heard) < 200
    assert ended == [1]
    assert sum(sent.running.values()) == 0


def test_lookups_that_hang_at_one_endpoint_do_not_hold_up_another(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lookup whose probe was given up still has its thread; with Python's own few threads, others would wait."""
    gate = threading.Event()

    class Hanging(Sent):
        async def send(self, sender: object, wording: Wording, spans: object, place: Place, *, reuse: bool) -> Probe:
            loop = asyncio.get_running_loop()
            if wording.about.name == "a.test/x":
                loop.run_in_executor(None, gate.wait, 10)
            else:
                await loop.run_in_executor(None, int)
            return await super().send(sender, wording, spans, place, reuse=reuse)

    monkeypatch.setattr(f"{__name__}.Sent", Hanging)
    monkeypatch.setattr(rounds, "_pause", lambda *_: asyncio.sleep(0))

    async def opens(_sent: Sent, heard: list[Probe], _stop: asyncio.Event) -> None:
        try:
            async with asyncio.timeout(5):
                while sum(probe.endpoint == "b.test/x" for probe in heard) < 10:  # noqa: ASYNC110 - a list has no event
                    await asyncio.sleep(0.001)
        finally:
            gate.set()

    heard, _, _ = played(monkeypatch, Pace(SPANS, probes=10, parallel=4, stagger=0.0), opens)
    assert len(heard) == 20


def test_a_stop_between_two_rounds_ends_the_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    async def stops(_sent: Sent, heard: list[Probe], stop: asyncio.Event) -> None:
        await turns(lambda: len(heard) == 2)
        stop.set()

    heard, ended, _ = played(monkeypatch, Pace(SPANS, stagger=0.0, probes=1, every=3600.0), stops)
    assert (len(heard), ended) == (2, [1])
