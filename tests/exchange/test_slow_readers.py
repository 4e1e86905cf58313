"""Who reads slowly holds nobody else up, as long as the rest is kept for him."""

from __future__ import annotations

from outwait.core.plan import OnDisconnect, Retry
from outwait.exchange.replay import Bounds
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, Visit, scene
from outwait.testing.scripted import Upstream, answers

KB = 1 << 10
PIECES = [bytes([97 + number % 26]) * (KB - 1) + b"\n" for number in range(100)]
ANSWER = answers(*PIECES, b".\n", every=0.1)
TEXT = b"".join((*PIECES, b".\n")).decode()
FINISH = plan_of("a", on_disconnect=OnDisconnect.FINISH, retry=Retry(attempts=1))
BOUNDS = Bounds(memory=8 * KB, lag=8 * KB, cap=1000 * KB)


def stalled(bounds: Bounds) -> tuple[Rig, Visit]:
    """A client that takes nothing after its first words."""
    rig = Rig(Upstream(ANSWER), bounds=bounds)
    visit = rig.ask(FINISH)
    visit.client.blocked = True
    return rig, visit


def said(visit: Visit) -> str:
    """What its client got of the answer; whoever waits hears heartbeats too."""
    return visit.client.text.replace(": beat\n", "")


def held(rig: Rig) -> bool:
    """Whether the upstream is held back."""
    return rig.upstream.line.paused


@scene
async def test_a_stalled_reader_alone_holds_the_upstream_back() -> None:
    rig, slow = stalled(BOUNDS)
    await rig.until(60)
    assert (held(rig), slow.exchange.settled) == (True, False)
    assert slow.exchange.replay.size <= BOUNDS.lag + 2 * KB
    slow.client.drain()
    await rig.until(120)
    assert (slow.client.text, slow.client.ending) == (TEXT, "finished")


@scene
async def test_a_stalled_reader_does_not_hold_up_a_quick_one() -> None:
    rig, slow = stalled(BOUNDS)
    quick = rig.join(slow.exchange)
    replay, most = slow.exchange.replay, 0
    for tenth in range(130):
        await rig.until(tenth / 10)
        most = max(most, replay.memory)
    assert (quick.client.text, quick.client.ending, rig.upstream.line.holds) == (TEXT, "finished", [])
    assert (slow.client.text, slow.client.ending) == ("", "")
    assert most <= BOUNDS.memory
    assert (replay.whole, replay.size) == (True, len(TEXT))
    slow.client.drain()
    assert (slow.client.text, slow.client.ending) == (TEXT, "finished")
    assert len(rig.registry) == 0


@scene
async def test_a_quick_one_that_comes_lets_the_upstream_go_on() -> None:
    rig, slow = stalled(BOUNDS)
    await rig.until(30)
    assert held(rig)
    quick = rig.join(slow.exchange)
    assert not held(rig)
    await rig.until(60)
    assert (quick.client.text, quick.client.ending) == (TEXT, "finished")


@scene
async def test_once_the_quick_one_has_gone_the_stalled_one_counts_again() -> None:
    rig, slow = stalled(BOUNDS)
    quick = rig.join(slow.exchange)
    await rig.until(5)
    assert not held(rig)
    quick.client.go()
    await rig.until(30)
    size = slow.exchange.replay.size
    assert held(rig)
    slow.client.drain()
    await rig.until(60)
    assert size < len(TEXT)
    assert (slow.client.text, slow.client.ending) == (TEXT, "finished")


@scene
async def test_once_history_is_given_up_the_slowest_counts_and_nobody_is_robbed() -> None:
    bounds = Bounds(memory=8 * KB, lag=8 * KB, cap=20 * KB)
    rig, slow = stalled(bounds)
    quick = rig.join(slow.exchange)
    await rig.until(60)
    replay = slow.exchange.replay
    assert (replay.whole, held(rig)) == (False, True)
    assert replay.size <= bounds.cap + bounds.memory + 2 * KB  # it is looked at when memory is full
    assert said(quick) == TEXT[: replay.size]
    assert replay.memory <= bounds.memory + 2 * KB
    slow.client.drain()
    await rig.until(120)
    assert (said(slow), slow.client.ending) == (said(quick), quick.client.ending) == (TEXT, "finished")


@scene
async def test_where_history_is_given_up_the_slowest_that_goes_holds_nobody_up_any_more() -> None:
    rig, slow = stalled(Bounds(memory=8 * KB, lag=8 * KB, cap=20 * KB))
    quick = rig.join(slow.exchange)
    await rig.until(60)
    assert held(rig)
    slow.client.go()
    await rig.until(120)
    assert (said(quick), quick.client.ending) == (TEXT, "finished")
