from __future__ import annotations

import msgspec

from outwait.core.plan import Heartbeat, Retry
from outwait.exchange.live import oldest, running
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, hangs, refuses

PLAN = plan_of("a", heartbeat=Heartbeat(after=10, every=15), patience=600.0)


@scene
async def test_where_a_silent_one_stands() -> None:
    rig = Rig(Upstream(hangs))
    exchange = rig.ask(PLAN).exchange
    await rig.until(26)
    told = running(exchange, 26)
    assert (told.id, told.model, told.channel, told.upstream_model) == (
        exchange.id,
        exchange.call.model,
        "a",
        "model-a",
    )
    assert (told.phase, told.clock, told.span, told.left) == ("sent", "first_byte", 40, 14)
    assert told.reason == "rule of first_byte"
    assert (told.age, told.silence, told.total_left, told.attempt) == (26, 26, 574, 1)
    assert (told.heartbeats, told.readers, told.patience, told.bytes) == (2, 1, 600, 0)
    assert told.timeline == ()
    assert [mark.event for mark in running(exchange, 26, whole=True).timeline][:1] == ["accepted"]
    assert msgspec.json.encode(told)


@scene
async def test_the_silence_begins_anew_with_each_piece() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b"you\n", every=20)))
    exchange = rig.ask(PLAN).exchange
    await rig.until(25)
    told = running(exchange, 25)
    assert (told.phase, told.clock, told.silence, told.left, told.bytes) == ("flowing", "idle", 5, 25, 10)


@scene
async def test_a_backoff_says_when_the_next_attempt_begins() -> None:
    rig = Rig(Upstream(refuses("upstream_connect"), hangs))
    exchange = rig.ask(plan_of("a", retry=Retry(base_transport=10, cap=10))).exchange
    await rig.until(0.001)
    told = running(exchange, rig.loop.time())
    assert (told.phase, told.clock, told.reason, told.attempt) == ("backoff", None, None, 1)
    assert told.left is not None
    assert told.span is not None
    assert 0 <= told.left <= told.span <= 10


@scene
async def test_a_slow_reader_holds_the_clock() -> None:
    rig = Rig(Upstream(answers(*(b"x" * (1 << 20) + b"\n" for _ in range(4)), every=1)))
    visit = rig.ask(PLAN)
    visit.client.blocked = True
    await rig.until(3)
    told = running(visit.exchange, rig.loop.time())
    assert (told.phase, told.left, told.span) == ("flowing", None, 30)


@scene
async def test_the_oldest_come_first_and_the_ended_not_at_all() -> None:
    rig = Rig(Upstream(answers(b".\n"), hangs, hangs, hangs))
    rig.ask(PLAN)
    first = rig.ask(PLAN).exchange
    await rig.until(1)
    for _ in range(2):
        rig.ask(PLAN)
    count, rows = oldest(rig.registry, 1, 2)
    assert (count, len(rows), rows[0].id) == (3, 2, first.id)
