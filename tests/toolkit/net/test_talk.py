from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from pathlib import Path

from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net.findings import Answered, Shook, Talk
from outwait.toolkit.net.handshake import Trust
from outwait.toolkit.net.line import Line, open_line
from outwait.toolkit.net.talk import Asking, talk
from outwait.toolkit.net.target import parse

OK = b"HTTP/1.1 200 OK\r\n\r\nhello"


def asking(url: str, ca_file: Path | None = None) -> Asking:
    target = parse(url)
    return Asking(target, Trust(target.host, ca_file), "GET", target.path, time.time, tls_span=2.0, reply_span=2.0)


async def talked(port: int, how: Asking, seconds: float = 5.0) -> tuple[Talk, list[Line]]:
    lines: list[Line] = []

    async def again() -> Line | None:
        line, _ = await open_line(HOST, port, 2.0)
        if line is not None:
            lines.append(line)
        return line

    first = await again()
    assert first is not None
    found = await talk(first, how, again, asyncio.get_running_loop().time() + seconds)
    return found, lines


@looped
async def test_plain_http() -> None:
    async with peers.peer(peers.answers(OK)) as port:
        found, lines = await talked(port, asking(f"http://{HOST}:{port}"))
    assert found.tls is None
    assert found.reply is not None
    assert found.reply.status == 200
    assert all(line.sock.fileno() == -1 for line in lines)  # every line is closed


@looped
async def test_https_with_a_certificate_of_its_own(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost")
    async with peers.peer(peers.answers(OK), served) as port:
        good, _ = await talked(port, asking(f"https://localhost:{port}", path))
        bad, lines = await talked(port, asking(f"https://localhost:{port}"))
    assert good.tls is not None
    assert bad.tls is not None
    assert good.reply is not None
    assert bad.reply is not None
    assert (good.tls.shook, good.tls.alpn, good.reply.status) == (Shook.OK, "h2", 200)
    assert (bad.tls.shook, bad.reply.status) == (Shook.UNTRUSTED, 200)  # asked all the same
    assert all(line.sock.fileno() == -1 for line in lines)


@looped
async def test_no_handshake_no_question() -> None:
    async with peers.peer(peers.leaves) as port:
        found, _ = await talked(port, asking(f"https://localhost:{port}"))
    assert found.tls is not None
    assert (found.tls.shook, found.reply) == (Shook.CLOSED, None)


@looped
async def test_plain_http_to_a_port_of_tls(tmp_path: Path) -> None:
    served, _ = peers.context(tmp_path, "localhost")
    async with peers.peer(peers.silent, served) as port:
        found, _ = await talked(port, asking(f"http://{HOST}:{port}"))
    assert found.reply is not None
    assert found.reply.answered is not Answered.ANSWER
    assert found.reply.wants_tls is True


@looped
async def test_no_time_is_left_to_ask() -> None:
    async with peers.peer(peers.answers(OK)) as port:
        found, _ = await talked(port, replace(asking(f"http://{HOST}:{port}")), seconds=-1.0)
    assert found.reply is None
