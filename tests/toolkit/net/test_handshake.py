from __future__ import annotations

import asyncio
import ssl
import time
from pathlib import Path

import pytest
from tests.toolkit.net import peers
from tests.toolkit.net.peers import HOST, looped

from outwait.toolkit.net.findings import Problem, Shook, Tls
from outwait.toolkit.net.handshake import Trust, preferred, refusal, shake, speaks
from outwait.toolkit.net.line import Line, open_line


async def shaken(port: int, trust: Trust, timeout: float = 2.0) -> tuple[bool, Tls]:
    """Whether one can go on, and what was found."""
    lines: list[Line] = []

    async def again() -> Line | None:
        line, _ = await open_line(HOST, port, 2.0)
        if line is not None:
            lines.append(line)
        return line

    first = await again()
    assert first is not None
    try:
        use, found = await shake(first, trust, again, timeout, time.time())
        return use is not None, found
    finally:
        for line in lines:
            line.close()


@looped
async def test_a_good_one(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost")
    async with peers.peer(peers.silent, served) as port:
        goes_on, found = await shaken(port, Trust("localhost", path))

        async def again() -> Line | None:
            return (await open_line(HOST, port, 2.0))[0]

        assert await preferred(again, "localhost", 2.0) == "h2"
        assert await speaks(again, "localhost", 2.0) is True
    assert (goes_on, found.shook, found.version, found.problems) == (True, Shook.OK, "TLSv1.3", ())
    assert found.chain[0].subject == "localhost"
    assert found.cipher


@looped
async def test_a_bad_certificate_is_shown_all_the_same(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost", (-60, -30))
    async with peers.peer(peers.silent, served) as port:
        goes_on, signed = await shaken(port, Trust("localhost"))
        _, trusted = await shaken(port, Trust("localhost", path))
        _, other = await shaken(port, Trust("other.example", path))
    assert (goes_on, signed.shook) == (True, Shook.UNTRUSTED)
    assert signed.problems == (Problem.EXPIRED, Problem.SELF_SIGNED)
    assert signed.chain[0].subject == "localhost"
    assert "self-signed" in signed.detail
    assert trusted.problems == (Problem.EXPIRED,)
    assert other.problems == (Problem.EXPIRED, Problem.WRONG_HOST)


@looped
async def test_a_common_name_is_a_name_where_there_is_no_other(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost", host="")
    async with peers.peer(peers.silent, served) as port:
        _, signed = await shaken(port, Trust("localhost"))
        _, trusted = await shaken(port, Trust("localhost", path))
        _, other = await shaken(port, Trust("other.example", path))
    assert signed.problems == (Problem.SELF_SIGNED,)
    assert (trusted.shook, trusted.problems) == (Shook.OK, ())
    assert other.problems == (Problem.WRONG_HOST,)


@looped
async def test_peers_that_speak_no_tls() -> None:
    async def page(reader: object, writer: object) -> None:
        await reader.read(10)  # type: ignore[attr-defined] # a StreamReader
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")  # type: ignore[attr-defined] # a StreamWriter
        await reader.read()  # type: ignore[attr-defined] # a StreamReader

    for play, shook in (
        (page, Shook.NOT_TLS), (peers.leaves, Shook.CLOSED), (peers.resets, Shook.RESET)
    ):  # fmt: skip
        async with peers.peer(play) as port:
            goes_on, found = await shaken(port, Trust("localhost"))
            assert (goes_on, found.shook) == (False, shook)
    async with peers.peer(peers.silent) as port:
        _, silent = await shaken(port, Trust("localhost"), timeout=0.1)
    assert (silent.shook, silent.acknowledged, silent.without_name) == (Shook.SILENT, True, False)


@looped
async def test_a_filter_that_looks_at_the_name(tmp_path: Path) -> None:
    served, _ = peers.context(tmp_path, "localhost")
    async with peers.peer(peers.silent, served) as behind:

        async def filters(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            hello = await reader.read(65536)
            if b"blocked.example" in hello:
                return
            there, on = await asyncio.open_connection(HOST, behind)
            on.write(hello)
            writer.write(await there.read(65536))
            await writer.drain()
            on.close()

        async with peers.peer(filters) as port:
            goes_on, found = await shaken(port, Trust("blocked.example"))
    assert (goes_on, found.shook, found.without_name) == (False, Shook.CLOSED, True)


@looped
async def test_a_server_that_fails_now_and_then_is_no_filter(tmp_path: Path) -> None:
    served, _ = peers.context(tmp_path, "localhost")
    calls = 0
    async with peers.peer(peers.silent, served) as behind:

        async def fails_once(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            nonlocal calls
            calls += 1
            hello = await reader.read(65536)
            if calls == 1:
                return
            there, on = await asyncio.open_connection(HOST, behind)
            on.write(hello)
            writer.write(await there.read(65536))
            await writer.drain()
            on.close()

        async with peers.peer(fails_once) as port:
            _, found = await shaken(port, Trust("localhost"))
    assert (found.shook, found.without_name) == (Shook.CLOSED, None)


@looped
async def test_a_version_that_is_refused(tmp_path: Path) -> None:
    served, path = peers.context(tmp_path, "localhost")
    served.maximum_version = ssl.TLSVersion.TLSv1_2
    served.set_ciphers("ECDHE-ECDSA-AES128-SHA256@SECLEVEL=0")
    async with peers.peer(peers.silent, served) as port:
        _, found = await shaken(port, Trust("localhost", path))
    assert found.shook in (Shook.OK, Shook.ALERT)  # what the machine's OpenSSL still takes is its own affair
    if found.shook is Shook.ALERT:
        assert "ALERT" in found.detail


@pytest.mark.parametrize(
    "reason, seen, shook",
    [
        ("WRONG_VERSION_NUMBER", b"HTTP/1.1", Shook.NOT_TLS), ("TLSV1_ALERT_INTERNAL_ERROR", b"\x15", Shook.ALERT),
        ("UNSUPPORTED_PROTOCOL", b"\x16\x03", Shook.ALERT), ("BAD_SIGNATURE", b"\x16\x03", Shook.FAILED),
        ("ANYTHING", b"220 mail", Shook.NOT_TLS), ("", b"", Shook.FAILED),
    ],
)  # fmt: skip
def test_what_openssl_means(reason: str, seen: bytes, shook: Shook) -> None:
    assert refusal(reason, seen) is shook


@looped
async def test_where_nobody_listens_any_more() -> None:
    async def nobody() -> Line | None:
        return None

    assert await preferred(nobody, "localhost", 1.0) == ""
    assert await speaks(nobody, "localhost", 1.0) is False
    async with peers.peer(peers.leaves) as port:

        async def again() -> Line | None:
            return (await open_line(HOST, port, 2.0))[0]

        assert await preferred(again, "localhost", 1.0) == ""
        assert await speaks(again, "localhost", 1.0) is False
