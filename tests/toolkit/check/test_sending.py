"""One probe against real sockets on loopback: a simulated provider, and servers that know no manners."""

from __future__ import annotations

import asyncio
import socket
import struct

import pytest
from tests.toolkit.check.playing import PATIENT, PEM, QUICK, Script, probed, read_head, scripted, serving, simulated

from outwait.core.catalog import Channel
from outwait.core.fault import Clock
from outwait.toolkit.check.clocks import spans
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.sending import Place, client, send
from outwait.toolkit.check.target import Target, of_channel, of_url
from outwait.toolkit.check.wording import Asking, word
from outwait.toolkit.simulate.server import Simulator


def plain(port: int) -> Target:
    return of_url(f"http://127.0.0.1:{port}/health?token=canary-token")


@pytest.mark.parametrize("dialect", [None, "responses", "anthropic", "gemini"])
def test_a_streamed_answer_is_timed_phase_by_phase(dialect: str | None) -> None:
    (probe,) = simulated("silent-40ms+drip-5ms+long-30", dialect)
    assert (probe.outcome, probe.status, probe.detail) == ("ok", 200, None)
    assert probe.connect is not None
    assert probe.tls is None
    assert probe.first_byte is not None
    assert probe.first_byte >= 0.04
    assert probe.ttft is not None
    assert probe.first_token is not None
    assert probe.connect + probe.first_byte + probe.first_token <= probe.ttft < probe.total
    assert (probe.tokens, probe.counted) == (30, "usage")
    assert probe.rate is not None
    assert 0 < probe.rate < 250
    assert probe.silence is not None


@pytest.mark.parametrize("dialect", [None, "responses", "anthropic", "gemini"])
def test_an_answer_in_one_piece(dialect: str | None) -> None:
    (probe,) = simulated("silent-30ms", dialect, stream=False)
    assert (probe.outcome, probe.ttft, probe.first_token, probe.rate) == ("ok", None, None, None)
    assert (probe.tokens, probe.wait) == (40, probe.total)


def test_embeddings_are_an_answer_without_tokens() -> None:
    model = "text-embedding-3-small"
    (probe,) = simulated(model, options={"aliases": {model: "fast"}})
    assert (probe.outcome, probe.tokens, probe.ttft, probe.detail) == ("ok", None, None, None)
    (probe,) = simulated(model, options={"aliases": {model: "garbage"}})
    assert probe.cause == "bad_response"


def test_the_first_probe_is_as_quick_as_the_others() -> None:
    """What the library loads when it is first used must not count as the endpoint's."""
    first, *others = simulated("fast", probes=6)
    assert first.ttft is not None
    assert first.ttft < 0.5 + 10 * max(probe.ttft or 0.0 for probe in others)


def test_each_probe_makes_its_own_connection_unless_they_are_kept() -> None:
    assert [probe.reused for probe in simulated("fast", probes=3)] == [False] * 3
    kept = simulated("fast", probes=3, reuse=True)
    assert [probe.reused for probe in kept] == [False, True, True]
    assert [probe.connect is None for probe in kept] == [False, True, True]
    assert all(probe.ok for probe in kept)


def test_the_free_question_and_a_key_that_is_refused() -> None:
    (probe,) = simulated(None)
    assert (probe.outcome, probe.status, probe.tokens) == ("ok", 200, None)
    (refused,) = simulated(None, options={"key": "right"}, key="sk-canary-wrong")
    assert (refused.outcome, refused.status, refused.cause, refused.side) == ("error", 401, "auth_failed", "client")
    assert "canary" not in str(refused)


@pytest.mark.parametrize(
    "model, outcome, cause, clock, status",
    [
        ("hang", "timeout", "first_byte_timeout", "first_byte", None),
        ("head-then-silent-2s", "timeout", "first_byte_timeout", "first_token", 200),
        ("pings-2s", "timeout", "first_byte_timeout", "first_token", 200),
        ("stall-2s-after-3", "timeout", "idle_timeout", "idle", 200),
        ("error-429-retry-after-2", "error", "rate_limited", None, 429),
        ("error-500", "error", "upstream_error", None, 500),
        ("html-502", "error", "upstream_error", None, 502),
        ("reset-after-3", "error", "stream_truncated", None, 200),
        ("close-after-3", "error", "stream_truncated", None, 200),
        ("truncate", "error", "stream_truncated", None, 200),
        ("error-in-stream-after-3", "error", "overloaded", None, 200),
        ("empty", "error", "empty_response", None, 200),
        ("garbage", "error", "bad_response", None, 200),
        ("garbage-http", "error", "bad_response", None, None),
        ("no-such-model", "error", "model_not_found", None, 404),
    ],
)
def test_why_a_probe_failed(model: str, outcome: str, cause: str, clock: str | None, status: int | None) -> None:
    (probe,) = simulated(model, limits=QUICK if clock else PATIENT)
    assert (probe.outcome, probe.cause, probe.clock, probe.status) == (outcome, cause, clock, status)
    assert probe.detail
    assert probe.tokens is None
    assert probe.span == (0.15 if clock else None)


def test_a_pause_that_is_asked_for_is_noted() -> None:
    (probe,) = simulated("error-429-retry-after-2")
    assert probe.retry_after == 2.0


def test_a_total_that_runs_out_is_named() -> None:
    async def story() -> Probe:
        simulator = Simulator()
        url = await simulator.start()
        wording = word(of_url(url, model="drip-20ms"), Asking())
        limits = {**spans(PATIENT), Clock.TOTAL: 0.2}
        async with client(wording, reuse=False) as sender:
            probe = await send(sender, wording, limits, Place(1, 1, 0.0))
        await simulator.stop()
        return probe

    probe = asyncio.run(story())
    assert (probe.clock, probe.cause, probe.side) == ("total", "total_timeout", "upstream")
    assert probe.total >= 0.2


def test_nobody_listens() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        (probe,) = asyncio.run(probed(of_url(f"http://127.0.0.1:{taken.getsockname()[1]}/v1")))
    assert (probe.cause, probe.side, probe.connect) == ("connect_refused", "upstream", None)


def test_a_name_that_does_not_exist() -> None:
    (probe,) = asyncio.run(probed(of_url("http://nobody.invalid/v1")))
    assert probe.cause in ("dns_failure", "connect_timeout")  # the latter where no name server answers at all


async def _ok(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
    await writer.drain()


def test_a_handshake_is_timed_and_a_stranger_is_not_trusted() -> None:
    def trusted(port: int) -> Target:
        return of_url(f"https://127.0.0.1:{port}/health", ca_file=PEM)

    def strange(port: int) -> Target:
        return of_url(f"https://127.0.0.1:{port}/health")

    (probe,) = scripted(_ok, trusted, tls=True)
    assert probe.ok
    assert probe.tls is not None
    assert probe.tls > 0
    (probe,) = scripted(_ok, strange, tls=True)
    assert (probe.cause, probe.tls) == ("tls_failure", None)
    assert "certificate" in (probe.detail or "")


async def _silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


def test_a_handshake_that_is_never_answered_is_a_connect_that_ran_out() -> None:
    async def story() -> Probe:
        async with serving(_silent) as port:
            wording = word(of_url(f"https://127.0.0.1:{port}/"), Asking())
            async with client(wording, reuse=False) as sender:
                return await send(sender, wording, spans([*PATIENT, "connect=100ms"]), Place(1, 1, 0.0))

    probe = asyncio.run(story())
    assert (probe.outcome, probe.clock, probe.cause) == ("timeout", "connect", "connect_timeout")


async def _reset(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    sock = writer.get_extra_info("socket")
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def _gone(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await read_head(reader)


async def _moved(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 301 Moved\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n")
    await writer.drain()


async def _short(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 20\r\n\r\nok")
    await writer.drain()


async def _tells(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    told = b"no: " + head.split(b" ")[1]
    writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: %d\r\n\r\n%s" % (len(told), told))
    await writer.drain()


@pytest.mark.parametrize(
    "script, outcome, cause, status",
    [
        (_ok, "ok", None, 200),
        (_moved, "ok", None, 301),
        (_reset, "error", "connect_reset", None),
        (_gone, "error", "connect_reset", None),
        (_short, "error", "stream_truncated", 200),
        (_silent, "timeout", "first_byte_timeout", None),
    ],
)
def test_a_plain_url(script: Script, outcome: str, cause: str | None, status: int | None) -> None:
    (probe,) = scripted(script, plain, limits=QUICK if outcome == "timeout" else PATIENT)
    assert (probe.outcome, probe.cause, probe.status) == (outcome, cause, status)


@pytest.mark.slow  # a second of silence
@pytest.mark.parametrize("pause, cause", [(1.1, "gateway_timeout_upstream"), (0.0, "overloaded")])
def test_a_proxy_page_after_a_silence_is_the_proxys_timeout(pause: float, cause: str) -> None:
    async def varnish(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        await asyncio.sleep(pause)
        page = b"<html><title>503 Backend fetch failed</title><p>Varnish cache server"
        head = b"HTTP/1.1 503 Backend fetch failed\r\nserver: Varnish\r\ncontent-type: text/html\r\nretry-after: 5\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n" % len(page) + page)
        await writer.drain()

    (probe,) = scripted(varnish, plain)
    assert (probe.cause, probe.status) == (cause, 503)


def api(port: int) -> Target:
    return of_url(f"http://127.0.0.1:{port}/v1")


@pytest.mark.parametrize("script", [_ok, _moved])
def test_a_page_or_a_redirect_is_no_list_of_models(script: Script) -> None:
    (probe,) = scripted(script, api)
    assert (probe.cause, probe.side) == ("bad_response", "upstream")
    assert "is its base_url right?" in (probe.detail or "") or "is the base URL right?" in (probe.detail or "")


def test_a_secret_that_is_quoted_back_is_not_kept() -> None:
    (probe,) = scripted(_tells, plain)
    assert (probe.status, probe.cause) == (403, "permission_denied")
    assert "canary" not in str(probe)


async def _refuses(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = b'{"error": {"code": "invalid_api_key", "message": "Incorrect API key provided: canary-canary."}}'
    writer.write(b"HTTP/1.1 401 No\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()


def test_the_code_of_a_refusal_announces_no_key() -> None:
    (probe,) = scripted(_refuses, api)
    assert probe.detail == "HTTP 401, invalid_api_key: Incorrect API key provided: [masked]"


async def _paints(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    body = b'{"error": {"code": "c", "message": "bad \\u001b[31mred\\u202e x"}}'
    writer.write(b"HTTP/1.1 400 No\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body))
    await writer.drain()


def test_what_is_said_does_not_steer_a_terminal() -> None:
    (probe,) = scripted(_paints, api)
    assert probe.detail == "HTTP 400, c: bad ?[31mred? x"


def test_where_any_answer_will_do_only_a_servers_error_is_none() -> None:
    def kind(port: int) -> Target:
        return of_channel(Channel("q", "qwen", f"http://127.0.0.1:{port}/v1"), None)

    assert scripted(_tells, kind)[0].ok
