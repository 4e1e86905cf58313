"""The rig's client is as strict as an outlet, and its time is virtual."""

from __future__ import annotations

import time

import pytest

from outwait.testing.playbook import plan_of
from outwait.testing.rig import Client, Rig, scene
from outwait.testing.scripted import Upstream, answers
from outwait.testing.shelf import Shelf


@scene
async def test_an_hour_of_heartbeats_takes_no_time() -> None:
    began = time.monotonic()
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=3600)))
    visit = rig.ask(plan_of("a", spans={"first_byte": 4000, "total": 5000}))
    await rig.until(3601)
    assert visit.client.text == ": beat\n" * 240 + "hello\n.\n"
    assert time.monotonic() - began < 20


@scene
async def test_a_client_remembers_what_it_saw() -> None:
    rig = Rig(Upstream())
    client = Client(rig.wheel)
    client.open(200, b"a: 1\r\nb: x: y\r\n")
    client.write(b"one")
    client.write(b"")
    client.abort()
    client.finish()
    client.write(b"two")
    assert (client.status, client.headers, client.ending) == (200, {"a": "1", "b": "x: y"}, "aborted")
    assert (client.text, client.times(b"one"), len(client.pieces)) == ("one", [0.0], 1)


@scene
async def test_a_client_refuses_what_an_outlet_refuses() -> None:
    client = Client(Rig(Upstream()).wheel)
    with pytest.raises(RuntimeError, match="write before open"):
        client.write(b"x")
    with pytest.raises(RuntimeError, match="finish before open"):
        client.finish()
    client.send(204, b"", b"")
    with pytest.raises(RuntimeError, match="a second response"):
        client.open(200, b"")


@scene
async def test_who_left_hears_nothing() -> None:
    rig = Rig(Upstream())
    client, told = Client(rig.wheel), list[str]()
    client.on_gone = lambda: told.append("gone")
    client.on_drain = lambda: told.append("drain")
    client.alarm(5.0, lambda _: told.append("ring"))
    client.blocked = True
    client.drain()
    client.go()
    client.go()
    client.drain()
    client.alarm(6.0)
    await rig.until(10)
    assert told == ["drain", "gone"]
    assert not client.blocked


@scene
async def test_an_alarm_rings_until_the_end() -> None:
    rig = Rig(Upstream())
    client, told = Client(rig.wheel), list[float]()
    client.alarm(5.0, told.append)
    await rig.until(6)
    client.alarm(7.0)
    await rig.until(8)
    client.alarm(9.0)
    client.abort()
    await rig.until(10)
    assert told == pytest.approx([5, 7], abs=0.01)


@scene
async def test_a_rig_can_keep_what_its_clients_may_come_back_for() -> None:
    rig, shelf = Rig(Upstream(answers(b"hello\n", b".\n", after=30))), Shelf()
    keeper = rig.keep(shelf.store, "there")
    assert rig.registry.keeper is keeper
    visit = rig.ask(plan_of("a"))
    await rig.until(20)
    assert [(name, given[0].owner.boot) for name, given in shelf.given] == [("exchanges.remember", "there")]
    again = rig.join(visit.exchange)
    await rig.until(31)
    assert visit.client.text.endswith("hello\n.\n")
    assert again.client.text.endswith("hello\n.\n")
    assert rig.make(visit.exchange.call, plan_of("a")).id == "ow_2"
