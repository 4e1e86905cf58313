"""One probe against servers that answer, cut and refuse in every way, on loopback."""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, ParamSpec

import pytest

from outwait.toolkit.path import line
from outwait.toolkit.path.forward import Forward
from outwait.toolkit.path.line import Way, ask, ask_bounds
from outwait.toolkit.path.question import Form, Part, Question, target
from outwait.toolkit.path.reading import End

P = ParamSpec("P")
Script = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
PEM = Path(__file__).parents[2] / "wire" / "localhost.pem"
QUESTION = Question(Form.STREAM, Part.FIRST_BYTE, 5.0)
HEAD = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"


def story(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        asyncio.run(asyncio.wait_for(test(*args, **kwargs), 20))

    return run


@asynccontextmanager
async def serving(script: Script, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    """A server that reads a head and plays `script`."""
    playing: set[asyncio.Task[Any] | None] = set()

    async def play(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        playing.add(asyncio.current_task())
        try:
            await script(reader, writer)
        except* (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()
            await gone(writer)

    server = await asyncio.start_server(play, "127.0.0.1", 0, ssl=tls)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        for each in playing:
            if each is not None:
                await asyncio.wait([each], timeout=2)


async def gone(writer: asyncio.StreamWriter) -> None:
    try:
        await writer.wait_closed()
    except OSError:
        pass


def way(port: int, **more: Any) -> Way:
    return Way(target(f"http://127.0.0.1:{port}"), "ow-key", **more)


def reset(writer: asyncio.StreamWriter) -> None:
    sock: socket.socket = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@story
async def test_a_whole_answer() -> None:
    heads: list[bytes] = []

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(HEAD + b"2\r\nhi\r\n0\r\n\r\n")

    async with serving(answer) as port:
        heard = await ask(way(port), QUESTION)
    assert (heard.end, heard.body) == (End.WHOLE, b"hi")
    assert heads[0].startswith(b"POST /v1/probe?form=stream&silence=5 HTTP/1.1\r\n")
    assert b"authorization: Bearer ow-key\r\n" in heads[0]


@pytest.mark.parametrize("first", [b"", HEAD + b"2\r\nhi\r\n"], ids=["nothing", "half"])
@pytest.mark.parametrize("how", [End.FIN, End.RESET])
def test_a_cut_is_told_as_what_it_was(first: bytes, how: End) -> None:
    @story
    async def told() -> None:
        async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(first)
            await asyncio.sleep(0.05)
            if how is End.RESET:
                reset(writer)

        async with serving(cut) as port:
            heard = await ask(way(port), QUESTION)
        assert (heard.end, heard.status, heard.body) == (how, 200 if first else 0, b"hi" if first else b"")
        assert 0.04 < heard.ended < 2
        assert (heard.why == "Connection reset by peer") is (how is End.RESET)

    told()


@story
async def test_words_before_a_reset_are_heard() -> None:
    """A proxy may tell 408 and reset at once, with input unread."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 408 Timeout\r\ncontent-length: 2\r\n\r\nno")
        await writer.drain()
        await asyncio.sleep(0.02)
        reset(writer)

    async with serving(refuse) as port:
        heard = await ask(way(port), QUESTION)
    assert (heard.end, heard.status, heard.body) == (End.WHOLE, 408, b"no")


@story
async def test_an_answer_that_never_comes() -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del writer
        await reader.read()

    async with serving(silent) as port:
        patched = Question(Form.STREAM, Part.FIRST_BYTE, 0.05 - line.GRACE)  # waits for 50 ms in all
        heard = await ask(way(port), patched)
    assert (heard.end, heard.status) == (End.SILENT, 0)
    assert heard.ended == pytest.approx(0.05, abs=0.5)


@story
async def test_nobody_listens() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
        heard = await ask_bounds(way(port))
    assert (heard.end, heard.why) == (End.UNREACHED, f"127.0.0.1:{port}: Connection refused")


@story
async def test_an_upload_stands_still_in_its_middle() -> None:
    seen: list[float] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"content-length: 101\r\n" in head
        await reader.readexactly(100)
        began = asyncio.get_running_loop().time()
        await reader.readexactly(1)
        seen.append(asyncio.get_running_loop().time() - began)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")

    async with serving(take) as port:
        heard = await ask(way(port), Question(Form.UPLOAD, Part.UPLOAD, 0.2, size=100))
    assert (heard.end, heard.body) == (End.WHOLE, b"ok")
    assert seen[0] == pytest.approx(0.2, abs=0.15)


@story
async def test_an_upload_that_is_cut_in_its_silence() -> None:
    async def cut(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(100)
        await asyncio.sleep(0.05)
        writer.write(b"HTTP/1.1 408 Timeout\r\ncontent-length: 0\r\n\r\n")

    async with serving(cut) as port:
        heard = await ask(way(port), Question(Form.UPLOAD, Part.UPLOAD, 5.0, size=100))
    assert (heard.end, heard.status) == (End.WHOLE, 408)
    assert heard.ended < 2


# ---------------------------------------------------------------------------------------------------- TLS and proxies
async def hello(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")
    await writer.drain()


def certified() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(PEM)
    return context


@story
async def test_a_certificate_is_checked_unless_it_is_not_to_be() -> None:
    async with serving(hello, certified()) as port:
        where = target(f"https://localhost:{port}")
        heard = await ask_bounds(Way(where))
        assert heard.end is End.UNREACHED
        assert heard.why.startswith(f"the certificate of localhost:{port} cannot be trusted: ")
        assert (await ask_bounds(Way(where, verify=False))).body == b"hi"


@story
async def test_tls_where_there_is_none() -> None:
    async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    async with serving(plain) as port:
        heard = await ask_bounds(Way(target(f"https://127.0.0.1:{port}")))
    assert heard.end is End.UNREACHED
    assert f"127.0.0.1:{port} does not speak TLS" in heard.why


@story
async def test_through_a_forward_proxy() -> None:
    heads: list[bytes] = []

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi")

    async with serving(proxy) as port:
        forward = Forward("127.0.0.1", port, "me:secret", "HTTP_PROXY")
        heard = await ask_bounds(Way(target("http://far.example.com/llm"), "ow-key", forward))
    assert heard.body == b"hi"
    assert heads[0].startswith(b"GET http://far.example.com/llm/v1/probe HTTP/1.1\r\nhost: far.example.com\r\n")
    assert heads[0].endswith(b"\r\nproxy-authorization: Basic bWU6c2VjcmV0\r\n\r\n")


@story
async def test_through_a_tunnel() -> None:
    asked: list[bytes] = []
    async with serving(hello, certified()) as port:

        async def tunnel(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            asked.append(await reader.readuntil(b"\r\n\r\n"))
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")

            async def copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
                try:
                    while data := await source.read(4096):
                        sink.write(data)
                finally:
                    sink.close()

            async with asyncio.TaskGroup() as group:
                group.create_task(copy(reader, far_writer))
                group.create_task(copy(far_reader, writer))

        async with serving(tunnel) as proxy_port:
            forward = Forward("127.0.0.1", proxy_port, "", "HTTPS_PROXY")
            heard = await ask_bounds(Way(target(f"https://localhost:{port}"), "", forward, verify=False))
    assert heard.body == b"hi", heard
    assert asked[0].startswith(f"CONNECT localhost:{port} HTTP/1.1\r\n".encode())


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(scheme: str) -> None:
    @story
    async def told() -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            forward = Forward("127.0.0.1", free.getsockname()[1], "", "HTTP_PROXY")
            heard = await ask_bounds(Way(target(f"{scheme}://far.example.com"), "", forward))
        assert (heard.end, heard.why) == (End.UNREACHED, f"the proxy {forward.shown}: Connection refused")

    told()


@story
async def test_a_proxy_that_opens_no_tunnel() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")

    async with serving(refuse) as port:
        forward = Forward("127.0.0.1", port, "", "HTTPS_PROXY")
        heard = await ask_bounds(Way(target("https://far.example.com"), "", forward))
    assert (heard.end, heard.why) == (
        End.UNREACHED,
        f"the proxy http://127.0.0.1:{port} opened no tunnel: HTTP/1.1 407 Proxy Authentication Required",
    )
