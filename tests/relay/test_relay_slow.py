"""Slow clients, and readers that come late: the upstream is held back, and nothing is lost or told twice."""

from __future__ import annotations

from outwait.core.plan import OnDisconnect
from outwait.exchange.replay import Bounds
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Line, Script, Upstream

LONG = {"first_byte": 500, "first_token": 500, "idle": 500, "total": 5000}


def floods(count: int, size: int = 1000) -> Upstream:
    def script(line: Line) -> Script:
        line.reach()
        line.head()
        for number in range(count):
            line.body(b"%04d" % number + b"x" * (size - 5) + b"\n")
            yield 0.1
        line.body(b".\n")
        line.end()

    return Upstream(script)


@scene
async def test_a_slow_client_holds_the_upstream_back() -> None:
    rig = Rig(floods(40), bounds=Bounds(memory=100_000, lag=4000))
    visit = rig.ask(plan_of("a"))
    visit.client.blocked = True
    await rig.until(20)
    line = rig.upstream.line
    assert [what for what, _ in line.holds] == ["pause"]
    assert visit.exchange.replay.size == 6000
    assert len(visit.client.pieces) == 1
    await rig.until(300)
    assert not visit.exchange.settled  # the idle clock stands still meanwhile
    visit.client.drain()
    assert [what for what, _ in line.holds] == ["pause", "resume"]
    await rig.until(301)
    assert (len(visit.client.text), visit.client.ending) == (40_002, "finished")
    assert [piece[1][:4] for piece in visit.client.pieces[:40]] == [b"%04d" % number for number in range(40)]
    assert rig.entries[0].silence < 1


@scene
async def test_a_client_that_reads_in_turns_gets_everything_in_order() -> None:
    rig = Rig(floods(60), bounds=Bounds(memory=3000, lag=2000))
    visit = rig.ask(plan_of("a", spans=LONG))
    while not visit.client.ending:
        visit.client.blocked = True
        await rig.until(rig.loop.time() + 0.7)
        visit.client.drain()
        await rig.until(rig.loop.time() + 0.05)
    assert len(visit.client.text) == 60_002
    assert len(rig.upstream.line.holds) >= 4


@scene
async def test_a_slow_client_that_leaves_lets_the_upstream_go_on() -> None:
    rig = Rig(floods(40), bounds=Bounds(memory=100_000, lag=4000))
    visit = rig.ask(plan_of("a", on_disconnect=OnDisconnect.FINISH))
    visit.client.blocked = True
    await rig.until(10)
    visit.client.go()
    assert [what for what, _ in rig.upstream.line.holds] == ["pause", "resume"]
    await rig.until(20)
    assert visit.exchange.settled
    assert visit.exchange.replay.size == 40_002


@scene
async def test_a_reader_that_comes_late_gets_everything_from_the_disk_too() -> None:
    rig = Rig(floods(40), bounds=Bounds(memory=3000, lag=2000))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    rig.ask(plan).client.go()
    await rig.until(20)
    late = rig.ask(plan, retry=1)
    assert (len(late.client.text), late.client.ending) == (40_002, "finished")


@scene
async def test_what_is_gone_from_the_buffer_breaks_the_reply_off() -> None:
    rig = Rig(floods(3))
    plan = plan_of("a", on_disconnect=OnDisconnect.FINISH)
    visit = rig.ask(plan)
    visit.client.blocked = True
    await rig.until(20)
    visit.exchange.replay.close()
    visit.client.drain()
    assert visit.client.ending == "aborted"
    assert not visit.relay.delivery.whole
