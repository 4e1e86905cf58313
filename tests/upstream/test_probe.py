from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvloop

from outwait.core.catalog import Catalog, Channel
from outwait.core.probed import Probe
from outwait.dialects.provider import Way
from outwait.toolkit.simulate.server import Simulator
from outwait.upstream.call import Upstream
from outwait.upstream.probe import Probes
from outwait.wire.wheel import Wheel

PEM = Path(__file__).parents[1] / "wire" / "localhost.pem"
SECRET = "sk-channel-secret-1"
LISTS = Way("openai", "/models", accept="application/json")


class Door:
    """A provider that says `answer` to each request, or nothing; what it was asked, and how many came."""

    def __init__(self, answer: bytes | None = None) -> None:
        self.answer = answer
        self.asked: list[bytes] = []
        self.came = 0
        self.port = 0
        self.once = False  # after its answer it reads one more request, and hangs up

    async def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.came += 1
        try:
            self.asked.append(await reader.readuntil(b"\r\n\r\n"))
            if self.answer is not None:
                writer.write(self.answer)
                await writer.drain()
            if self.once:
                length = int(self.asked[-1].lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                await reader.readuntil(b"\r\n\r\n")
                return
            await reader.read()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def probes(url: str, **channel: Any) -> AsyncIterator[Probes]:
    channel.setdefault("api_keys", (SECRET,))
    catalog = Catalog(channels=(Channel("c", channel.pop("dialect", "openai"), url, **channel),))
    wheel = Wheel(asyncio.get_running_loop(), tick=0.005)
    upstream = Upstream(wheel, catalog)
    try:
        async with asyncio.timeout(5):
            yield Probes(catalog, upstream.open, upstream.judge)
    finally:
        upstream.close()
        wheel.close()


def play(test: Callable[[Door], Awaitable[None]], answer: bytes | None = None, *, tls: bool = False) -> Door:
    door = Door(answer)

    async def run() -> None:
        context = None
        if tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(PEM)
        server = await asyncio.start_server(door.accept, "127.0.0.1", 0, ssl=context)
        door.port = server.sockets[0].getsockname()[1]
        try:
            await test(door)
        finally:
            server.close()
            await asyncio.sleep(0)

    uvloop.run(run())
    return door


def answer(status: int, body: bytes = b"{}") -> bytes:
    return b"HTTP/1.1 %d x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        status,
        len(body),
        body,
    )


# ------------------------------------------------------------------------------------------------------------- knocking
def test_a_knock_sends_nothing() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.connect("c")
        assert (found.ok, found.probe, found.status) == (True, Probe.CONNECT, 0)
        assert found.asked == f"connect to 127.0.0.1:{door.port}"
        assert 0 <= found.seconds < 5
        while not door.came:  # noqa: ASYNC110 - the server's side has no event for it
            await asyncio.sleep(0.002)

    assert play(test).asked == []


def test_a_knock_shakes_hands_as_calls_do() -> None:
    async def test(door: Door) -> None:
        url = f"https://localhost:{door.port}/v1"
        async with probes(url, ca_file=str(PEM)) as looks:
            found = await looks.connect("c")
            assert (found.ok, found.asked) == (True, f"connect to localhost:{door.port} with TLS"), found
        async with probes(url) as looks:
            strict = await looks.connect("c")
            assert strict.failed is not None
            assert strict.failed.code == "upstream_tls"
        async with probes(url, verify_tls=False) as looks:
            assert (await looks.connect("c")).ok

    play(test, tls=True)


def test_a_knock_that_is_not_answered_says_why() -> None:
    async def test(door: Door) -> None:
        async with probes("http://nowhere.invalid/v1") as looks:
            lost = await looks.connect("c")
            assert lost.failed is not None
            assert lost.failed.code == "upstream_dns"
        async with probes("http://127.0.0.1:9/v1") as looks:
            closed = await looks.connect("c")
            assert closed.failed is not None
            assert (closed.failed.code, closed.failed.cause) == ("upstream_connect", "connect_refused")
        async with probes(f"https://127.0.0.1:{door.port}/v1", verify_tls=False) as looks:
            silent = await looks.connect("c", 0.05)  # it takes the handshake for a request, and waits for its end
            assert silent.failed is not None
            assert (silent.failed.code, silent.failed.span) == ("connect_timeout", 0.05)

    play(test)


# ------------------------------------------------------------------------------------------------------- free questions
def test_a_good_key_is_told_by_the_head() -> None:
    async def test(door: Door) -> None:
        url = f"http://127.0.0.1:{door.port}/v1"
        async with probes(url, api_keys=("sk-first", "sk-second"), headers={"x-team": "a"}) as looks:
            found = await looks.ask("c", 1)
        assert found is not None
        assert (found.ok, found.status, found.key, found.probe) == (True, 200, 1, Probe.KEY)
        assert found.asked == "GET /v1/models"

    # A list of models may be long: its end is not waited for.
    door = play(test, b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n{")
    (head,) = door.asked
    assert head.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"authorization: Bearer sk-second\r\n" in head
    assert b"x-team: a\r\n" in head
    assert b"content-length" not in head.lower()


def test_a_refused_key_is_told_with_the_fault_and_without_the_key() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.ask("c", 0)
        assert found is not None
        assert found.failed is not None
        assert (found.status, found.failed.code) == (401, "upstream_auth")
        assert SECRET not in repr(found)

    play(test, answer(401, b'{"error":{"message":"Incorrect API key provided: %s"}}' % SECRET.encode()))


def test_each_provider_is_asked_in_its_own_way() -> None:
    wanted = {
        "anthropic": (b"GET /v1/models?limit=1 ", b"x-api-key: k\r\n", b"anthropic-version: 2023-06-01\r\n"),
        "gemini": (b"GET /v1beta/models?pageSize=1 ", b"x-goog-api-key: k\r\n"),
        "openrouter": (b"GET /api/v1/key ", b"authorization: Bearer k\r\n"),
        "azure": (b"GET /openai/v1/models ", b"api-key: k\r\n"),
    }

    async def test(door: Door) -> None:
        for dialect, marks in wanted.items():
            async with probes(f"http://127.0.0.1:{door.port}", dialect=dialect, api_keys=("k",)) as looks:
                found = await looks.ask("c", 0)
                assert found is not None
                assert found.ok
            assert all(mark in door.asked[-1] for mark in marks), door.asked[-1]

    play(test, answer(200))


def test_an_azure_channel_of_a_dated_api_is_asked_there() -> None:
    async def test(door: Door) -> None:
        url = f"http://127.0.0.1:{door.port}"
        async with probes(url, dialect="azure", api_version="2024-10-21") as looks:
            assert await looks.ask("c", 0)

    assert play(test, answer(200)).asked[0].startswith(b"GET /openai/models?api-version=2024-10-21 ")


def test_a_provider_without_a_free_question_is_not_asked() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1", dialect="qwen") as looks:
            assert await looks.ask("c", 0) is None

    assert play(test).came == 0


def test_a_silent_provider_is_left_when_the_span_is_over() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.ask("c", 0, 0.05)
            assert found is not None
            assert found.failed is not None
            assert (found.failed.code, found.failed.clock, found.failed.span) == (
                "first_byte_timeout",
                "first_byte",
                0.05,
            )
        async with probes("http://127.0.0.1:9/v1") as looks:
            refused = await looks.ask("c", 0)
            assert refused is not None
            assert refused.failed is not None
            assert refused.failed.code == "upstream_connect"

    play(test)


# ------------------------------------------------------------------------------------------------------------- readings
def test_a_whole_answer_is_read() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1", api_keys=("sk-first", "sk-second")) as looks:
            assert await looks.read("c", LISTS, 1, 5.0, 1000) == (None, b'{"data":[]}')

    (head,) = play(test, answer(200, b'{"data":[]}')).asked
    assert head.startswith(b"GET /v1/models HTTP/1.1\r\n")
    assert b"authorization: Bearer sk-second\r\n" in head


def test_an_answer_that_is_too_long_is_not_read() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            failed, _ = await looks.read("c", LISTS, 0, 5.0, 1000)
            assert failed is not None
            assert failed.code == "upstream_bad_response"
            assert "1000" in (failed.detail or "")

    play(test, answer(200, b" " * 1001))
    play(test, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n%b\r\n0\r\n\r\n" % (b" " * 1001))


def test_an_answer_that_does_not_end_is_left_when_the_span_is_over() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            failed, _ = await looks.read("c", LISTS, 0, 0.1, 1000)
            assert failed is not None
            assert (failed.code, failed.span) == ("first_token_timeout", 0.1)

    play(test, b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{")


def test_an_error_instead_is_told_without_the_key() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            failed, _ = await looks.read("c", LISTS, 0, 5.0, 10)
            assert failed is not None
            assert failed.code == "upstream_auth"
            assert SECRET not in repr(failed)

    play(test, b"HTTP/1.1 401 x\r\nContent-Length: 8\r\n\r\n" + SECRET.encode()[:8])


def test_who_cannot_be_asked_is_not() -> None:
    async def test(door: Door) -> None:
        url = f"http://127.0.0.1:{door.port}"
        async with probes(url) as looks:
            failed, _ = await looks.read("gone", LISTS, 0, 5.0, 1000)
            assert failed is not None
            assert failed.code == "no_healthy_channel"
        async with probes(url, dialect="bedrock", region="us-east-1", api_keys=("AKIA0:secret0",)) as looks:
            failed, _ = await looks.read("c", LISTS, 0, 5.0, 1000)
            assert failed is not None
            assert failed.code == "not_supported"

    assert play(test).came == 0


# ----------------------------------------------------------------------------------------------------------- paid calls
def test_a_call_of_each_dialect_is_answered() -> None:
    async def run() -> None:
        model = Simulator()
        url = await model.start()
        host = url.removesuffix("/v1")
        try:
            for dialect, name in (("openai", "drip-1ms"), ("anthropic", "silent-5ms"), ("gemini", "drip-1ms")):
                async with probes(url if dialect == "openai" else host, dialect=dialect) as looks:
                    found = await looks.call("c", name)
                    assert (found.ok, found.status, found.model) == (True, 200, name), (dialect, found)
                    assert found.probe is Probe.CALL
        finally:
            await model.stop()

    uvloop.run(run())


def test_an_answer_without_words_is_fine() -> None:
    told = b'{"choices":[{"message":{"content":""},"finish_reason":"length"}]}'

    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            assert (await looks.call("c", "o3")).ok

    play(test, answer(200, told))


def test_a_call_that_fails_is_told_as_calls_are() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            busy = await looks.call("c", "gpt-4o")
            assert busy.failed is not None
            assert (busy.status, busy.failed.cause) == (429, "rate_limited")

    play(test, answer(429, b'{"error":{"message":"slow down","type":"rate_limit_error"}}'))


def test_an_error_inside_a_good_reply_is_one() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.call("c", "gpt-4o")
            assert found.failed is not None
            assert found.status == 200

    play(test, answer(200, b'{"error":{"message":"out of order","code":"server_error"}}'))


def test_a_streamed_answer_ends_where_it_says() -> None:
    told = b'data: {"choices":[{"index":0,"delta":{"content":"H"},"finish_reason":"length"}]}\n\ndata: [DONE]\n\n'
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: 100000\r\n\r\n"

    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1", upstream_stream="always") as looks:
            assert (await looks.call("c", "gpt-4o", span=2)).ok

    play(test, head + told)


def test_a_kept_connection_that_was_dead_is_no_verdict() -> None:
    async def test(door: Door) -> None:
        door.once = True
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            assert (await looks.call("c", "gpt-4o")).ok
            await asyncio.sleep(0)
            assert (await looks.call("c", "gpt-4o")).ok
        assert door.came == 2

    told = b'{"choices":[{"message":{"content":"H"},"finish_reason":"length"}]}'
    play(test, answer(200, told))


def test_an_error_that_ends_too_soon_is_told_as_far_as_it_came() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.ask("c", 0, 0.1)
            assert found is not None
            assert found.failed is not None
            assert (found.status, found.failed.code) == (403, "first_token_timeout")

    play(test, b"HTTP/1.1 403 x\r\nContent-Length: 100\r\n\r\n{")


def test_a_model_that_thinks_too_long_is_only_told_so() -> None:
    async def test(door: Door) -> None:
        async with probes(f"http://127.0.0.1:{door.port}/v1") as looks:
            found = await looks.call("c", "o3", span=0.05)
            assert found.failed is not None
            assert (found.failed.code, found.failed.reason) == ("first_byte_timeout", "span of the check")

    play(test)
