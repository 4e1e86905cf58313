from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net import request
from outwait.toolkit.net.findings import Answered, Reply
from outwait.toolkit.net.line import open_line
from outwait.toolkit.net.request import head, printable

PAGE = (
    b"HTTP/1.1 504 Gateway Time-out\r\nServer: nginx\r\nDate: Fri, 15 Jan 2027 08:00:00 GMT\r\nAge: 10\r\n\r\n"
    b"<center>nginx</center>"
)


async def asked(play: peers.Play, *, method: str = "GET", timeout: float = 2.0) -> Reply:
    async with peers.peer(play) as port:
        line, _ = await open_line(HOST, port, 2.0)
        assert line is not None
        try:
            question = request.Question(method, "/v1", f"{HOST}:{port}", time.time)
            return await request.ask(line, question, timeout)
        finally:
            line.close()


@looped
async def test_an_answer() -> None:
    found = await asked(peers.answers(PAGE))
    assert (found.answered, found.status, found.reason) == (Answered.ANSWER, 504, "Gateway Time-out")
    assert (found.server, found.signed) == ("nginx", "nginx")
    assert found.date == 1_800_000_010.0  # kept by a cache for ten seconds
    assert found.acknowledged is True
    assert 0 <= found.first_byte < 2


@looped
async def test_what_is_asked_holds_nothing_secret() -> None:
    seen: list[bytes] = []

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    await asked(play, method="HEAD")
    names = {line.partition(b":")[0].lower() for line in seen[0].splitlines()[1:] if line}
    assert seen[0].startswith(b"HEAD /v1 HTTP/1.1\r\n")
    assert names == {b"host", b"user-agent", b"accept", b"accept-encoding", b"connection"}


@looped
async def test_ends_without_an_answer() -> None:
    assert (await asked(peers.leaves)).answered is Answered.CLOSED
    assert (await asked(peers.resets)).answered is Answered.RESET
    silent = await asked(peers.silent, timeout=0.1)
    assert (silent.answered, silent.acknowledged) == (Answered.SILENT, True)
    assert silent.first_byte >= 0.09
    ssh = await asked(peers.answers(b"SSH-2.0-OpenSSH_9.2\r\n"))
    assert (ssh.answered, ssh.detail) == (Answered.GARBLED, "SSH-2.0-OpenSSH_9.2")
    alert = await asked(peers.answers(b"\x15\x03\x01\x00\x02\x02\x46"))
    assert (alert.answered, alert.wants_tls) == (Answered.GARBLED, True)


@looped
async def test_an_interim_answer_is_passed_over() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        await writer.drain()
        await asyncio.sleep(0)
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")

    assert (await asked(play)).status == 200


@looped
async def test_what_is_no_head_is_not_waited_for() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await reader.read()
        await reader.read()

    assert (await asked(play, timeout=5.0)).answered is Answered.GARBLED


def test_a_head_cannot_move_the_cursor() -> None:
    found = head(b"HTTP/1.1 200 \x1b[2J\r\nServer: a\x1b[31mb" + b"c" * 1000 + b"\r\n\r\n")
    assert found is not None
    assert found[1] == ".[2J"
    assert found[2]["server"].startswith("a.[31mbccc")
    assert len(found[2]["server"]) == 300


@looped
async def test_half_a_head_is_no_answer() -> None:
    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nServer: x")
        await writer.drain()
        await reader.read()

    assert (await asked(play, timeout=0.1)).answered is Answered.GARBLED


@looped
async def test_a_body_that_never_ends_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request, "_BODY_WAIT", 0.05)

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\ndata: ")
        await writer.drain()
        await reader.read()

    assert (await asked(play)).status == 200


def test_heads() -> None:
    assert head(b"HTTP/1.1 200 OK\r\nA: 1\r\na: 2\r\nbad\r\n\r\nbody") == (200, "OK", {"a": "1"})
    assert head(b"HTTP/1.0 204\r\n\r\n") == (204, "", {})
    assert head(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 404 No\r\n\r\n") == (404, "No", {})
    assert head(b"HTTP/1.1 101 Switching\r\n\r\n") == (101, "Switching", {})
    for raw in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 2000 OK\r\n\r\n", b"ICY 200 OK\r\n\r\n", b"HTTP/1.1\r\n\r\n"):
        assert head(raw) is None


@given(st.binary(max_size=200))
def test_any_bytes_are_a_head_or_none(raw: bytes) -> None:
    head(raw)
    head(b"HTTP/1.1 200 OK\r\n" + raw + b"\r\n\r\n")
    assert printable(raw).isprintable()
    assert len(printable(raw)) <= 60
