"""Probes through proxies on loopback: that make a way, and that do not, when the endpoint heard nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest
from tests.toolkit.check.playing import PATIENT, PEM, Script, read_head, serving

from outwait.toolkit.check import proxies
from outwait.toolkit.check.clocks import spans
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.sending import Place, client, send
from outwait.toolkit.check.target import of_url
from outwait.toolkit.check.wording import Asking, word

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
OK = b'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n{"data": []}'


async def _endpoint(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await read_head(reader)
        writer.write(OK)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)


async def _join(one: Streams, port: int) -> None:
    other = await asyncio.open_connection("127.0.0.1", port)
    try:
        await asyncio.wait(
            [asyncio.ensure_future(_pump(one[0], other[1])), asyncio.ensure_future(_pump(other[0], one[1]))],
            return_when=asyncio.FIRST_COMPLETED,
        )
    finally:
        other[1].close()


async def _connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Grants CONNECT."""
    head = await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
    await _join((reader, writer), int(head.split(b" ")[1].rpartition(b":")[2]))


async def _socks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """SOCKS 5 (RFC 1928) without a login, to an IPv4 address."""
    assert await reader.readexactly(3) == b"\x05\x01\x00"
    writer.write(b"\x05\x00")
    asked = await reader.readexactly(10)
    writer.write(b"\x05\x00\x00\x01" + bytes(6))
    await _join((reader, writer), int.from_bytes(asked[8:], "big"))


def _answering(answer: bytes) -> Script:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(65536)
        writer.write(answer)
        await writer.drain()

    return script


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    while await reader.read(65536):
        pass


def through(
    script: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    scheme: str = "http",
    *,
    secure: bool = True,
    probes: int = 1,
    limits: tuple[str, ...] = PATIENT,
    reuse: bool = False,
) -> list[Probe]:
    """Probes of an endpoint through a proxy that plays `script`."""

    async def story() -> list[Probe]:
        async with serving(_endpoint, tls=secure) as port, serving(script) as hop:
            target = of_url(f"http{'s' if secure else ''}://127.0.0.1:{port}/v1", ca_file=PEM if secure else None)
            wording = word(target, Asking())
            environ = {"ALL_PROXY": f"{scheme}://127.0.0.1:{hop}"}
            wording = replace(wording, proxy=proxies.applying(wording.url, environ))
            began = asyncio.get_running_loop().time()
            async with client(wording, reuse=reuse) as sender:
                return [
                    await send(sender, wording, spans(limits), Place(1, number, began), reuse=reuse)
                    for number in range(1, probes + 1)
                ]

    return asyncio.run(story())


@pytest.mark.parametrize("scheme, script", [("http", _connect), ("socks5", _socks), ("socks5h", _socks)])
def test_a_probe_goes_through(scheme: str, script: Script) -> None:
    first, second = through(script, scheme, probes=2, reuse=True)
    assert (first.outcome, first.detail, first.reused) == ("ok", None, False)
    assert first.tls is not None
    assert (second.outcome, second.reused) == ("ok", True)


def test_plain_http_goes_through_socks_too() -> None:
    (probe,) = through(_socks, "socks5", secure=False)
    assert (probe.outcome, probe.tls) == ("ok", None)


REFUSED = b"HTTP/1.1 %s\r\ncontent-length: 0\r\n\r\n"


@pytest.mark.parametrize(
    "scheme, answer, rule, side",
    [
        ("http", REFUSED % b"407 Who", "proxy_wants_login", "client"),
        ("http", REFUSED % b"403 No", "proxy_forbids", "middlebox"),
        ("http", REFUSED % b"502 Bad Gateway", "proxy_failed", "middlebox"),
        ("http", REFUSED % b"504 Late", "proxy_timed_out", "middlebox"),
        ("http", b"", "proxy_broken", "client"),
        ("http", b"SSH-2.0-OpenSSH\r\n\r\n", "proxy_broken", "client"),
        ("https", b"HTTP/1.1 400 Bad Request\r\n\r\n", "proxy_broken", "client"),
        ("socks5", b"", "proxy_broken", "client"),
        ("socks5", b"HTTP/1.1 400 Bad Request\r\n\r\n", "proxy_broken", "client"),
        ("socks5", b"\x05\xff", "proxy_wants_login", "client"),
    ],
)
def test_a_proxy_that_makes_no_way_is_to_blame(scheme: str, answer: bytes, rule: str, side: str) -> None:
    (probe,) = through(_answering(answer), scheme)
    assert (probe.rule, probe.side, probe.outcome) == (rule, side, "error")
    assert probe.cause in ("proxy_misconfigured", "gateway_timeout_upstream")
    assert (probe.status, probe.write, probe.first_byte, probe.tls) == (None, None, None, None)


def test_a_login_that_a_proxy_wants_for_plain_http() -> None:
    (probe,) = through(_answering(REFUSED % b"407 Who"), secure=False)
    assert (probe.rule, probe.cause, probe.side) == ("proxy_wants_login", "proxy_misconfigured", "client")


@pytest.mark.parametrize("scheme", ["http", "socks5"])
def test_a_silent_proxy_runs_out_of_the_time_for_a_connection(scheme: str) -> None:
    (probe,) = through(_silent, scheme, limits=("connect=100ms",))
    assert (probe.rule, probe.clock, probe.outcome, probe.side) == ("proxy_silent", "connect", "timeout", "middlebox")
