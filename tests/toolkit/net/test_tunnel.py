from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped
from tests.toolkit.net.test_line import closed_port
from tests.toolkit.net.test_talk import OK, asking

from outwait.toolkit.net.environment import given
from outwait.toolkit.net.findings import Proxied, Shook, Tunnel
from outwait.toolkit.net.talk import Asking
from outwait.toolkit.net.tunnel import through


async def gone_through(proxy: str, how: Asking) -> Proxied:
    return await through(given(proxy, "HTTPS_PROXY"), how, 1.0, asyncio.get_running_loop().time() + 5.0)


def connects(port: int, seen: list[bytes]) -> peers.Play:
    """A proxy that leads everything to `port`."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while piece := await reader.read(65536):
                writer.write(piece)
        except OSError:
            pass
        finally:
            writer.close()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        there, on = await asyncio.open_connection(HOST, port)
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, on), pump(there, writer))

    return play


@looped
async def test_https_goes_through_connect(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "target.test")
    seen: list[bytes] = []
    async with peers.peer(peers.answers(OK), served) as port, peers.peer(connects(port, seen)) as proxy:
        found = await gone_through(f"http://me:p%40ss@{HOST}:{proxy}", asking(f"https://target.test:{port}", path))
        untrusted = await gone_through(f"{HOST}:{proxy}", asking(f"https://target.test:{port}"))
    assert (found.tunnel, found.status, found.variable) == (Tunnel.OPEN, 200, "HTTPS_PROXY")
    assert found.talk is not None
    assert found.talk.reply is not None
    assert found.talk.reply.status == 200
    assert seen[0].startswith(f"CONNECT target.test:{port} HTTP/1.1\r\n".encode())
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==\r\n" in seen[0]  # me:p@ss
    assert "ss" not in found.url
    assert untrusted.talk is not None
    assert untrusted.talk.tls is not None
    assert untrusted.talk.tls.shook is Shook.UNTRUSTED


@looped
async def test_http_is_asked_with_the_whole_url() -> None:
    seen: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(OK)

    async with peers.peer(play) as proxy:
        found = await gone_through(f"http://{HOST}:{proxy}", asking("http://target.test/v1"))
    assert found.tunnel is Tunnel.OPEN
    assert seen[0].startswith(b"GET http://target.test/v1 HTTP/1.1\r\n")


@looped
async def test_what_speaks_no_http_is_no_proxy() -> None:
    async with peers.peer(peers.answers(b"SSH-2.0-OpenSSH_9.2\r\n")) as proxy:
        found = await gone_through(f"http://{HOST}:{proxy}", asking("http://target.test/v1"))
    assert (found.tunnel, found.detail) == (Tunnel.BROKEN, "SSH-2.0-OpenSSH_9.2")


@looped
async def test_proxies_that_do_not_lead_on() -> None:
    login = b"HTTP/1.1 407 Who are you\r\n\r\n"
    for play, tunnel, status in (
        (peers.answers(login), Tunnel.REFUSED, 407), (peers.answers(b"220 mail\r\n"), Tunnel.BROKEN, 0),
        (peers.resets, Tunnel.BROKEN, 0), (peers.leaves, Tunnel.BROKEN, 0),
    ):  # fmt: skip
        async with peers.peer(play) as proxy:
            found = await gone_through(f"{HOST}:{proxy}", asking("https://[2001:db8::1]"))
            assert (found.tunnel, found.status, found.talk) == (tunnel, status, None)


@looped
async def test_one_that_says_nothing() -> None:
    how = asking("https://target.test")
    quick = replace(how, tls_span=0.05)
    async with peers.peer(peers.silent) as proxy:
        assert (await gone_through(f"{HOST}:{proxy}", quick)).tunnel is Tunnel.SILENT


@looped
async def test_one_that_is_not_there() -> None:
    gone = await gone_through(f"{HOST}:{closed_port()}", asking("https://target.test"))
    assert gone.tunnel is Tunnel.UNREACHED
    assert len(gone.attempts) == 1
    assert (await gone_through("http://", asking("https://target.test"))).tunnel is Tunnel.BAD_URL
    assert (await gone_through("socks5://x", asking("https://target.test"))).tunnel is Tunnel.NOT_SPOKEN


@looped
async def test_one_whose_name_is_not_known() -> None:
    found = await gone_through("proxy.invalid:3128", asking("https://target.test"))
    assert found.tunnel is Tunnel.UNREACHED
    assert found.detail
