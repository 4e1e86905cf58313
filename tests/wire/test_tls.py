from __future__ import annotations

import asyncio
import json
import socket
import ssl
from pathlib import Path
from typing import Any

import pytest

from outwait.wire import tls
from outwait.wire.request import Request

PEM = str(Path(__file__).with_name("localhost.pem"))  # for "localhost" and 127.0.0.1, valid to 2126
GET = b"GET /x HTTP/1.1\r\nhost: localhost\r\n\r\n"


@pytest.fixture
def both() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    return tls.server_context(PEM), tls.client_context(PEM)


def test_requests_over_tls(knock: Any, both: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        post = b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\n"
        for sent in ([GET], [post, b"hello"], [b"%c" % byte for byte in post + b"hello"]):
            await client.send(*sent)
            assert (await client.reply()).status == 200
        assert door.seen[2].body == b"hello"
        assert client.writer.get_extra_info("ssl_object").selected_alpn_protocol() == "http/1.1"
        assert client.writer.get_extra_info("ssl_object").version() in ("TLSv1.2", "TLSv1.3")

    knock(story, tls=both)


def test_a_refusal_over_tls_can_be_read(knock: Any, both: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3000000\r\n\r\n", *[b"a" * 100_000] * 30)
        reply = await client.reply()
        assert (reply.status, reply.headers["connection"]) == (413, "close")
        assert await client.closed() == b""

    knock(story, tls=both, body_limit=1000, linger_seconds=0.2)


@pytest.mark.parametrize("version, end", [(b"1.1", "cut"), (b"1.0", "reset")])
def test_an_abort_over_tls_is_never_a_clean_end(knock: Any, both: Any, version: bytes, end: str) -> None:
    async def handler(request: Request) -> None:
        request.outlet.open(200, b"")
        request.outlet.write(b"x" * 100_000)
        request.outlet.abort()

    async def story(door: Any) -> None:
        _, reply = await door.ask(b"GET / HTTP/" + version + b"\r\nhost: a\r\n\r\n")
        assert (reply.end, len(reply.body)) == (end, 100_000)

    knock(story, handler, tls=both)


def test_a_clean_close_over_tls(knock: Any, both: Any) -> None:
    async def handler(request: Request) -> None:
        request.outlet.open(200, b"")
        request.outlet.write(b"x" * 100_000)
        request.outlet.finish()

    async def story(door: Any) -> None:
        _, reply = await door.ask(b"GET / HTTP/1.0\r\n\r\n")
        assert (reply.end, len(reply.body)) == ("eof", 100_000)

    knock(story, handler, tls=both)


def test_a_client_that_leaves_over_tls(knock: Any, both: Any) -> None:
    async def handler(request: Request) -> None:
        left = asyncio.Event()
        request.outlet.on_gone = left.set
        request.outlet.open(200, b"")
        await left.wait()

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(GET)
        await knock.until(lambda: door.seen)
        client.close()
        await knock.until(lambda: door.server.connections == 0)

    knock(story, handler, tls=both)


def test_a_client_that_does_not_read_over_tls(knock: Any, both: Any) -> None:
    async def handler(request: Request) -> None:
        drained = asyncio.Event()
        request.outlet.on_drain = drained.set
        request.outlet.open(200, b"")
        for _ in range(300):
            request.outlet.write(b"x" * 32768)
            await asyncio.sleep(0)
            if request.outlet.blocked:
                drained.clear()
                await drained.wait()
        request.outlet.finish()

    async def story(door: Any) -> None:
        client = await door.connect(buffer=65536)
        client.writer.transport.pause_reading()
        await client.send(GET)
        await knock.until(lambda: door.seen and door.seen[0].outlet.blocked)
        client.writer.transport.resume_reading()
        assert len((await client.reply()).body) == 300 * 32768

    knock(story, handler, tls=both)


def test_a_handshake_that_never_comes_is_given_up(knock: Any, both: Any) -> None:
    async def story(door: Any) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", door.port)
        async with asyncio.timeout(5):
            assert await reader.read() == b""
        writer.close()
        assert door.server.connections == 0

    knock(story, tls=both, head_seconds=0.1)


def test_a_stranger_is_not_trusted(knock: Any, both: Any) -> None:
    async def story(door: Any) -> None:
        door.tls = tls.client_context()
        with pytest.raises(ssl.SSLCertVerificationError):
            await door.connect()
        door.tls = tls.client_context(verify=False)
        _, reply = await door.ask(GET)
        assert json.loads(reply.body)["path"] == "/x"

    knock(story, tls=both)


def test_the_floor_of_both_sides(both: Any) -> None:
    for context in both:
        assert context.minimum_version == ssl.TLSVersion.TLSv1_2
    assert both[1].verify_mode == ssl.CERT_REQUIRED
    assert both[1].check_hostname


def test_files_that_cannot_be_used(tmp_path: Path) -> None:
    empty = tmp_path / "empty.pem"
    empty.write_text("")
    for make in (tls.server_context, tls.client_context):
        with pytest.raises(OSError):
            make(str(empty))
        with pytest.raises(OSError):
            make(str(tmp_path / "missing.pem"))


def test_the_socket_below_tls_is_within_reach(knock: Any, both: Any) -> None:
    """The watch over bytes nobody takes, and the reset, work on it."""

    async def handler(request: Request) -> None:
        inlet = request.outlet._inlet
        assert (
            inlet.transport.get_extra_info("socket").getsockopt(socket.SOL_SOCKET, socket.SO_TYPE) == socket.SOCK_STREAM
        )
        request.outlet.send(204, b"", b"")

    async def story(door: Any) -> None:
        _, reply = await door.ask(GET)
        assert reply.status == 204

    knock(story, handler, tls=both)
