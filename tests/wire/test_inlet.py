from __future__ import annotations

import asyncio
import json
import resource
from typing import Any

import pytest

from outwait.wire.request import Request

GET = b"GET /a?b=c HTTP/1.1\r\nhost: a\r\n\r\n"
POST = b"POST /p HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
CHUNKED = (
    b"POST /c HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nt: u\r\n\r\n"
)


def head(*lines: bytes, method: bytes = b"POST", version: bytes = b"1.1") -> bytes:
    return b"\r\n".join((method + b" / HTTP/" + version, *lines, b"", b""))


# ------------------------------------------------------------------------------------------------------------- refused
REFUSED: dict[str, tuple[bytes, int, str]] = {
    "bare LF": (b"GET / HTTP/1.1\nhost: a\n\n", 400, "bad_request"),
    "bare LF in an unfinished head": (b"GET / HTTP/1.1\r\nhost: a\n", 400, "bad_request"),
    "bare CR": (head(b"host: a\rb: c"), 400, "bad_request"),
    "folded line": (head(b"host: a", b" b"), 400, "bad_request"),
    "NUL": (head(b"host: a", b"x: \0"), 400, "bad_request"),
    "control character": (head(b"host: a", b"x: \x1b"), 400, "bad_request"),
    "no Host": (head(), 400, "bad_request"),
    "two Hosts": (head(b"host: a", b"host: a"), 400, "bad_request"),
    "invalid Host": (head(b"host: a b"), 400, "bad_request"),
    "length, coding": (head(b"host: a", b"content-length: 3", b"transfer-encoding: chunked"), 400, "bad_request"),
    "two lengths": (head(b"host: a", b"content-length: 3", b"content-length: 3"), 400, "bad_request"),
    "a list of lengths": (head(b"host: a", b"content-length: 5, 5"), 400, "bad_request"),
    "a signed length": (head(b"host: a", b"content-length: +5"), 400, "bad_request"),
    "a hexadecimal length": (head(b"host: a", b"content-length: 0x5"), 400, "bad_request"),
    "another coding": (head(b"host: a", b"transfer-encoding: gzip, chunked"), 400, "bad_request"),
    "a coding in HTTP/1.0": (head(b"transfer-encoding: chunked", version=b"1.0"), 400, "bad_request"),
    "unknown expectation": (head(b"host: a", b"expect: magic"), 400, "bad_request"),
    "HTTP/2.0": (head(b"host: a", version=b"2.0"), 400, "bad_request"),
    "the HTTP/2 preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400, "bad_request"),
    "a TLS hello": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400, "bad_request"),
    "absolute form of no path": (b"GET http://a HTTP/1.1\r\nhost: a\r\n\r\n", 400, "bad_request"),
    "CONNECT": (b"CONNECT a:443 HTTP/1.1\r\nhost: a\r\n\r\n", 400, "bad_request"),
    "a bad method": (head(b"host: a", method=b"G{T"), 400, "bad_request"),
    "space before colon": (head(b"host : a"), 400, "bad_request"),
    "a long request line": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nhost: a\r\n\r\n", 414, "uri_too_long"),
    "a long unfinished line": (b"GET /" + b"a" * 8200, 414, "uri_too_long"),
    "many headers": (head(b"host: a", *[b"x: y"] * 128), 431, "headers_too_large"),
    "large headers": (head(b"host: a", *[b"x: " + b"y" * 4000] * 9), 431, "headers_too_large"),
    "a large unfinished header": (b"GET / HTTP/1.1\r\nx: " + b"y" * 40000, 431, "headers_too_large"),
    "a large body": (head(b"host: a", b"content-length: 1001"), 413, "request_too_large"),
    "a large body, expecting": (
        head(b"host: a", b"content-length: 1001", b"expect: 100-continue"), 413, "request_too_large",
    ),
    "a chunked body that grew": (
        head(b"host: a", b"transfer-encoding: chunked") + b"1f4\r\n" + b"a" * 500 + b"\r\n1f5\r\n",
        413, "request_too_large",
    ),
    "bad chunks": (head(b"host: a", b"transfer-encoding: chunked") + b"xyz\r\n", 400, "bad_request"),
}  # fmt: skip


@pytest.mark.parametrize("what", REFUSED)
def test_refused_told_why_and_closed(knock: Any, what: str) -> None:
    sent, status, code = REFUSED[what]

    async def story(door: Any) -> None:
        client, reply = await door.ask(sent + b"GET /smuggled HTTP/1.1\r\nhost: a\r\n\r\n")
        assert (reply.status, reply.code) == (status, code)
        assert reply.headers["connection"] == "close"
        assert "date" in reply.headers
        assert await client.closed() == b""
        assert door.seen == []

    knock(story, body_limit=1000)


def test_the_fault_of_a_body_knows_its_request(knock: Any) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(b"POST /where HTTP/1.1\r\nhost: a\r\ncontent-length: 2000\r\n\r\n")
        assert json.loads(reply.body)["error"]["path"] == "/where"
        client = await door.connect()
        await client.send(b"HEAD /where HTTP/1.1\r\nhost: a\r\ncontent-length: 2000\r\n\r\n")
        reply = await client.reply(head_only=True)
        assert reply.status == 413
        assert int(reply.headers["content-length"]) > 0
        assert await client.closed() == b""

    knock(story, body_limit=1000)


def test_a_client_in_the_middle_of_sending_can_read_why(knock: Any) -> None:
    """Megabytes are on their way when the refusal is sent; a reset would destroy it."""

    async def story(door: Any) -> None:
        client = await door.connect()
        client.writer.write(b"POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 8000000\r\n\r\n")
        for _ in range(80):
            client.writer.write(b"a" * 100_000)
            await client.writer.drain()
        reply = await client.reply()
        assert reply.status == 413
        assert await client.closed() == b""

    knock(story, body_limit=1000)


# ------------------------------------------------------------------------------------------- one request after another
def test_keep_alive(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        for sent in (GET, POST, CHUNKED, b"\r\n\r\n" + GET):
            await client.send(sent)
            reply = await client.reply()
            assert reply.status == 200
            assert "connection" not in reply.headers
        assert [(r.path, r.query, r.body) for r in door.seen] == [
            ("/a", "b=c", b""), ("/p", "", b"hello"), ("/c", "", b"hello"), ("/a", "b=c", b""),
        ]  # fmt: skip
        assert {r.peer for r in door.seen} == {"127.0.0.1"}
        assert door.server.connections == 1

    knock(story)


@pytest.mark.parametrize(
    "version, connection, told",
    [
        ("1.1", "close", "close"),
        ("1.0", None, "close"),
        ("1.0", "keep-alive", "keep-alive"),
        ("1.1", "keep-alive", None),
    ],
)
def test_who_closes(knock: Any, version: str, connection: str | None, told: str | None) -> None:
    async def story(door: Any) -> None:
        lines = [b"host: a"] + ([b"connection: " + connection.encode()] if connection else [])
        client, reply = await door.ask(head(*lines, method=b"GET", version=version.encode()))
        assert reply.headers.get("connection") == told
        if told == "close":
            assert await client.closed() == b""
        else:
            await client.send(GET)
            assert (await client.reply()).status == 200

    knock(story)


def test_pipelined_requests_are_answered_one_by_one_in_order(knock: Any) -> None:
    running = most = 0

    async def slow(request: Request) -> None:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.002)
        running -= 1
        await knock.echo(request)

    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send((GET + POST + CHUNKED) * 5)
        for path in ["/a", "/p", "/c"] * 5:
            assert json.loads((await client.reply()).body)["path"] == path
        assert most == 1

    knock(story, slow)


def test_a_request_behind_a_closing_one_is_not_served(knock: Any) -> None:
    async def story(door: Any) -> None:
        client, _ = await door.ask(head(b"host: a", b"connection: close", method=b"GET") + GET)
        assert await client.closed() == b""
        assert len(door.seen) == 1

    knock(story)


def test_reading_goes_on_when_the_backlog_is_served(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(*[GET * 50] * 10)
        for _ in range(500):
            assert (await client.reply()).status == 200
        client.close()
        await knock.until(lambda: door.server.connections == 0)  # it was still listening

    knock(story, backlog_bytes=100)


def test_a_flood_behind_a_waiting_request_stays_in_the_kernel(knock: Any) -> None:
    go = asyncio.Event()

    async def wait(request: Request) -> None:
        await go.wait()
        request.outlet.send(200, b"", b"")

    async def story(door: Any) -> None:
        client = await door.connect()
        flood = GET * 200_000
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client.writer.write(GET)
        client.writer.write(flood)  # the client holds it; the server must not
        await knock.until(lambda: door.seen)
        await asyncio.sleep(0.05)
        (inlet,) = door.server._inlets
        assert inlet._paused
        assert len(inlet._buffer) < 600_000
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 * 1024
        go.set()
        for _ in range(2000):
            assert (await client.reply()).status == 200
        client.writer.transport.abort()

    knock(story, wait)


# ------------------------------------------------------------------------------------------------------------ patience
def test_a_slow_head_is_refused(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(b"GET / HTTP/1.1\r\n")
        drip = asyncio.get_running_loop().create_task(drip_headers(client))
        reply = await client.reply()
        drip.cancel()
        assert (reply.status, reply.code) == (408, "request_timeout")
        assert door.seen == []

    async def drip_headers(client: Any) -> None:
        while True:
            await client.send(b"x: y\r\n")
            await asyncio.sleep(0.01)

    knock(story, head_seconds=0.1)


@pytest.mark.parametrize("limits", [{"body_grace": 0.05}, {"body_seconds": 0.05}])
@pytest.mark.parametrize("coding", [b"content-length: 500", b"transfer-encoding: chunked"])
def test_a_slow_body_is_refused(knock: Any, limits: dict[str, float], coding: bytes) -> None:
    async def story(door: Any) -> None:
        _, reply = await door.ask(head(b"host: a", coding) + b"6\r\nhello ")
        assert (reply.status, reply.code) == (408, "request_timeout")
        assert door.seen == []

    knock(story, **limits)


def test_a_body_that_keeps_its_pace_is_not_refused(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(head(b"host: a", b"content-length: 500"))
        for _ in range(50):
            await client.send(b"a" * 10)
            await asyncio.sleep(0.004)
        assert (await client.reply()).status == 200

    knock(story, body_grace=0.05, body_rate=500.0)


def test_a_handler_may_take_longer_than_any_deadline_of_the_wire(knock: Any) -> None:
    async def slow(request: Request) -> None:
        await asyncio.sleep(0.15)
        await knock.echo(request)

    async def story(door: Any) -> None:
        _, reply = await door.ask(POST[:-1], POST[-1:])
        assert reply.status == 200

    knock(story, slow, idle_seconds=0.03, head_seconds=0.03, body_seconds=0.03, body_grace=0.03, linger_seconds=0.03)


# -------------------------------------------------------------------------------------------------------- 100-continue
def test_the_body_is_asked_for_when_it_is_wanted(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(head(b"host: a", b"content-length: 5", b"expect: 100-continue"))
        assert await client.reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
        assert door.seen == []
        await client.send(b"hello")
        assert json.loads((await client.reply()).body)["body"] == "hello"

    knock(story)


@pytest.mark.parametrize("sent", [b"hello", b"h"])
def test_a_client_that_does_not_wait_is_not_asked(knock: Any, sent: bytes) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(head(b"host: a", b"content-length: 5", b"expect: 100-continue") + sent)
        await asyncio.sleep(0.01)
        await client.send(b"hello"[len(sent) :])
        assert (await client.reply()).status == 200

    knock(story)


# -------------------------------------------------------------------------------------------------------------- leaving
@pytest.mark.parametrize("sent", [b"", b"GET / HT", POST[:-1], CHUNKED[:-9]])
def test_a_client_that_leaves_before_its_request_is_whole(knock: Any, sent: bytes) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(sent)
        await knock.until(lambda: door.server.connections == 1)
        client.close()
        await knock.until(lambda: door.server.connections == 0)
        assert door.seen == []

    knock(story)


# ------------------------------------------------------------------------------------------------ the same head again
def test_heads_known_or_new_in_any_order(knock: Any) -> None:
    """With memory and without, in one piece and cut anywhere, the handler gets the same."""
    sent = [
        GET, POST, POST, CHUNKED, POST.replace(b"5", b"0")[:-5], POST, GET, GET,
        head(b"host: a", b"content-length: 3", b"expect: 100-continue") + b"abc", CHUNKED, POST,
    ]  # fmt: skip

    async def story(door: Any) -> None:
        for cut in (None, 1, 10, 45, -1):
            client = await door.connect()
            for request in sent:
                pieces = [request] if cut is None else [request[:cut], request[cut:]]
                await client.send(*pieces)
                assert (await client.reply()).status == 200
        seen = [(each.method, each.path, each.query, dict(each.headers), each.body) for each in door.seen]
        assert len(seen) == 5 * len(sent)
        for start in range(0, len(seen), len(sent)):
            assert seen[start : start + len(sent)] == seen[: len(sent)]
        assert [body for *_, body in seen[:6]] == [b"", b"hello", b"hello", b"hello", b"", b"hello"]

    knock(story)


@pytest.mark.parametrize(
    "tail", [b"content-length: 6\r\nhost: a\r\n\r\nhello", b"content-length: +5\r\nhost: a\r\n\r\nhello"]
)
def test_a_known_head_vouches_for_its_own_bytes_only(knock: Any, tail: bytes) -> None:
    async def story(door: Any) -> None:
        good = b"POST /p HTTP/1.1\r\ncontent-length: 5\r\nhost: a\r\n\r\nhello"
        client = await door.connect()
        for _ in range(2):
            await client.send(good)
            await client.reply()
        await client.send(b"POST /p HTTP/1.1\r\ncontent-length: 5\r\n" + tail)
        assert (await client.reply()).code == "bad_request"
        assert len(door.seen) == 2

    knock(story)


def test_a_known_head_does_not_lift_the_limit_of_the_body(knock: Any) -> None:
    async def story(door: Any) -> None:
        client = await door.connect()
        await client.send(POST)
        await client.reply()
        await client.send(POST.replace(b"length: 5", b"length: 1001"))
        reply = await client.reply()
        assert (reply.status, reply.code) == (413, "request_too_large")
        assert await client.closed() == b""
        assert len(door.seen) == 1

    knock(story, body_limit=1000)


def test_a_large_head_behind_a_waiting_request_is_read_to_its_end(knock: Any) -> None:
    go = asyncio.Event()

    async def wait(request: Request) -> None:
        await go.wait()
        await knock.echo(request)

    async def story(door: Any) -> None:
        client = await door.connect()
        large = head(b"host: a", *[b"x: " + b"y" * 1000] * 20, method=b"GET")
        await client.send(GET, large[:-100])
        await knock.until(lambda: door.seen)
        await asyncio.sleep(0.01)
        (inlet,) = door.server._inlets
        assert inlet._paused
        go.set()
        assert (await client.reply()).status == 200
        await client.send(large[-100:])
        assert (await client.reply()).status == 200

    knock(story, wait)
