"""Proxies between the gateway and the provider: what they say after a silence is no reason to pay a second time."""

from __future__ import annotations

import asyncio

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Backstage, Raw, Script
from tests.e2e.middleboxes import start
from tests.e2e.stage import Stage

SILENCE = 1.4  # seconds; longer than a proxy needs to refuse by its own rules
MODEL = "o3"  # it thinks, and has no budget for a second charge
STATUS = {"varnish": 503, "lighttpd": 504, "apache": 502}
TIMEOUT = "gateway_timeout_upstream"


def says(status: str, body: bytes, *, after: float, more: str = "Content-Type: text/html\r\n") -> Script:
    """Reads the whole request, is silent, and answers."""

    async def script(self: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await self.read(reader)
        await asyncio.sleep(after)
        head = f"HTTP/1.1 {status}\r\n{more}Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        writer.write(head.encode() + body)
        await writer.drain()

    return script


def two(backstage: Backstage, script: Script) -> tuple[list[Raw], list[dict[str, object]]]:
    """Two upstreams of the same kind, and their channels."""
    upstreams = [backstage.raw(script) for _ in range(2)]
    return upstreams, [{"name": f"c{place}", "base_url": each.url} for place, each in enumerate(upstreams)]


@pytest.mark.parametrize("name", ["varnish", "lighttpd", "apache"])
def test_the_page_of_a_real_proxy_is_its_own_timeout(
    name: str, serve: Serve, stage: Stage, backstage: Backstage
) -> None:
    slow, other = (backstage.simulate(aliases={MODEL: "silent-9s+long-5"}) for _ in range(2))
    way = f"http://127.0.0.1:{start(stage, name, slow.port)}/v1"
    channels = [
        {"name": "behind", "base_url": way, "models": [MODEL]},
        {"name": "other", "base_url": other.url, "models": [MODEL], "priority": 1},
    ]
    gateway = serve({"channels": channels, "heartbeat": "off"}, f"behind-{name}")
    heard = ask(gateway.port, chat(MODEL))
    told = heard.error["outwait"]
    assert (heard.status, told["cause"], told["side"]) == (STATUS[name], TIMEOUT, "middlebox"), heard.body
    assert (heard.headers["x-should-retry"], heard.headers["x-outwait-attempts"]) == ("false", "1")
    assert (len(slow.calls()), other.calls()) == (1, [])


@pytest.mark.parametrize(
    "status, more",
    [
        ("503 Backend fetch failed", "Retry-After: 5\r\n"),
        ("503 Service Unavailable", "Retry-After: 5\r\n"),
        ("522 Connection timed out", ""),
        ("403 Forbidden", ""),
        ("404 Not Found", ""),
        ("429 Too Many Requests", "Retry-After: 1\r\n"),
    ],
)
def test_a_page_after_a_silence_is_not_followed_by_a_second_charge(
    status: str, more: str, serve: Serve, backstage: Backstage
) -> None:
    page = f"<html><head><title>{status}</title></head><body>{status}</body></html>".encode()
    upstreams, channels = two(backstage, says(status, page, after=SILENCE, more=f"Content-Type: text/html\r\n{more}"))
    gateway = serve({"channels": channels, "heartbeat": "off"}, "pages")
    heard = ask(gateway.port, chat(MODEL))
    assert sum(len(each.requests) for each in upstreams) == 1
    assert (heard.headers["x-should-retry"], heard.headers["x-outwait-attempts"]) == ("false", "1")
    assert "may be at work" in heard.error["message"]
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert any("(ambiguous)" in mark for mark in entry["timeline"])


@pytest.mark.parametrize(
    "script",
    [
        says("503 Busy", b'{"error": {"message": "busy"}}', after=SILENCE, more="Retry-After: 1\r\n"),
        says("404 Not Found", b"<html><title>404 Not Found</title></html>", after=0.0),
        says("403 Forbidden", b"<html><title>Attention Required!</title></html>", after=0.0),
    ],
    ids=["its own JSON", "wrong path", "firewall"],
)
def test_what_surely_cost_nothing_goes_to_the_other_channel(script: Script, serve: Serve, backstage: Backstage) -> None:
    upstreams, channels = two(backstage, script)
    gateway = serve({"channels": channels, "heartbeat": "off"}, "sure")
    heard = ask(gateway.port, chat(MODEL))
    assert all(each.requests for each in upstreams), heard.body


@pytest.fixture
def guarded(backstage: Backstage) -> Raw:
    """A proxy that wants to know who asks."""
    page = b"<html><title>Cache Access Denied</title></html>"
    more = "Server: squid/5.7\r\nContent-Type: text/html\r\nProxy-Authenticate: Basic realm=x\r\n"
    return backstage.raw(says("407 Proxy Authentication Required", page, after=0.0, more=more))


def test_a_proxys_login_is_told_as_502(serve: Serve, guarded: Raw) -> None:
    gateway = serve({"channels": [{"name": "guarded", "base_url": guarded.url}]}, "guarded")
    heard = ask(gateway.port, chat(MODEL))
    told = heard.error["outwait"]
    assert (heard.status, told["cause"], told["side"]) == (502, "proxy_misconfigured", "middlebox")
    assert "wants a login (407)" in heard.error["message"]
    assert (len(guarded.requests), heard.headers["x-should-retry"]) == (1, "false")


def test_another_channel_may_have_no_such_proxy(serve: Serve, guarded: Raw, backstage: Backstage) -> None:
    free = backstage.simulate(aliases={MODEL: "long-5"})
    channels = [
        {"name": "guarded", "base_url": guarded.url, "models": [MODEL]},
        {"name": "free", "base_url": free.url, "models": [MODEL], "priority": 1},
    ]
    heard = ask(serve({"channels": channels}, "half guarded").port, chat(MODEL))
    assert (heard.status, heard.headers["x-outwait-channel"], len(guarded.requests)) == (200, "free", 1)
