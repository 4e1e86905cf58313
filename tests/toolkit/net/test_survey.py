"""Whole networks are in tests/e2e/test_net.py; here the loopback is enough."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped
from tests.toolkit.net.test_line import closed_port
from tests.toolkit.net.test_talk import OK

from outwait.toolkit.net import lookup, mtr, trace
from outwait.toolkit.net.environment import given
from outwait.toolkit.net.findings import Asked, Attempt, Findings, Heard, Names, Reached, Trace, Tunnel
from outwait.toolkit.net.survey import STAGES, Survey, Wanted
from outwait.toolkit.net.target import parse


async def walked(url: str, **more: Any) -> tuple[Findings, list[str]]:
    done: list[str] = []
    wanted = Wanted(parse(url), timeout=4.0, count=1, **more)
    return await Survey(wanted, done.append).walk(), done


@looped
async def test_the_whole_way_to_this_machine() -> None:
    async with peers.peer(peers.answers(OK)) as port:
        found, done = await walked(f"http://{HOST}:{port}/v1")
    assert found.names is None
    assert found.attempts[0].reached is Reached.OPEN
    assert found.talk is not None
    assert found.talk.reply is not None
    assert found.talk.reply.status == 200
    assert found.loss is not None
    assert found.trace is None  # the target is this machine
    assert sorted(done) == sorted(set(STAGES) - {"proxy"})


@looped
async def test_nobody_listens() -> None:
    found, done = await walked(f"http://{HOST}:{closed_port()}")
    assert (found.attempts[0].reached, found.talk, found.loss) == (Reached.REFUSED, None, None)
    assert sorted(done) == sorted(set(STAGES) - {"proxy"})


@looped
async def test_a_name_of_the_hosts_file(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lookup, "_configured", lambda: ([], [], 1))
    async with peers.peer(peers.answers(OK)) as port:
        found, _ = await walked(f"http://localhost:{port}", family=4)
    assert found.names is not None
    assert HOST in found.names.hosts
    assert [each.address for each in found.attempts] == [HOST]


@looped
async def test_an_address_that_only_a_nameserver_knows(monkeypatch: pytest.MonkeyPatch) -> None:
    async def nothing(name: str, timeout: float) -> Names:
        return Names((), 0.01, "EAI_NONAME")

    async def something(*_: object) -> tuple[tuple[Asked, ...], tuple[str, ...]]:
        return (Asked("10.0.0.53", Heard.ANSWER, 0.01, (HOST,)),), ("a.test",)

    monkeypatch.setattr(lookup, "system", nothing)
    monkeypatch.setattr(lookup, "direct", something)
    async with peers.peer(peers.answers(OK)) as port:
        found, _ = await walked(f"http://a.test:{port}")
    assert found.spare is True
    assert found.names is not None
    assert found.names.asked[0].addresses == (HOST,)
    assert found.talk is not None


@looped
async def test_through_a_proxy_and_past_it() -> None:
    async with peers.peer(peers.answers(OK)) as port:
        proxy = given(f"{HOST}:{port}", "HTTP_PROXY")
        found, done = await walked(f"http://{HOST}:{closed_port()}", proxy=proxy)
        past, _ = await walked(f"http://{HOST}:{port}", proxy=replace(proxy, bypassed="*"))
    assert found.proxied is not None
    assert found.proxied.tunnel is Tunnel.OPEN
    assert found.attempts[0].reached is Reached.REFUSED  # the way without it is looked at too
    assert "proxy" in done
    assert (past.proxied, past.bypassed) == (None, f"http://{HOST}:{port} (*)")


@looped
async def test_who_looks_for_routers(monkeypatch: pytest.MonkeyPatch) -> None:
    far = Attempt("192.0.2.7", Reached.TIMEOUT, 1.0)
    own = Trace("192.0.2.7", (), reached=False)
    answers = [
        Trace("192.0.2.7", (), reached=True, by="mtr"),
        Trace("192.0.2.7", (), reached=False, by="mtr", error="no"),
    ]

    async def run(*_: object) -> Trace:
        return answers.pop(0)

    monkeypatch.setattr(mtr, "run", run)
    monkeypatch.setattr(trace, "trace", lambda *_: own)
    wanted = Wanted(parse("http://192.0.2.7"), mtr=True)
    walk = Survey(wanted, lambda _: None)
    walk._deadline = float("inf")
    assert (await walk._trace(far)) == Trace("192.0.2.7", (), reached=True, by="mtr")
    assert (await walk._trace(far)) == replace(own, instead="no")
    without = Survey(replace(wanted, trace=False), lambda _: None)
    without._deadline = float("inf")
    assert (await without._trace(far)) is None
    assert (await walk._trace(None)) is None
