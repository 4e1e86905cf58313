"""Each of the seven clocks runs out on a real socket; the error names the clock, its span, its rule and its side."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, chat, request
from tests.e2e.backstage import Backstage, Full, Provider, Raw
from tests.e2e.stage import Gateway

SHORT = 0.6  # seconds, the clock that shall run out
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
CHUNK = (
    b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"m",'
    b'"choices":[{"index":0,"delta":%b,"finish_reason":null}]}\n\n'
)


def piece(delta: bytes) -> bytes:
    event = CHUNK % delta
    return b"%x\r\n%b\r\n" % (len(event), event)


async def deaf(_: Raw, reader: asyncio.StreamReader, __: asyncio.StreamWriter) -> None:
    """Takes the connection and never reads."""
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(60)


async def mute(raw: Raw, reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
    """Reads the request and says nothing."""
    await raw.read(reader)
    await raw.until_lost(reader)


async def wordless(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A head, pings and a role, which are no content, for as long as anybody listens."""
    await raw.read(reader)
    writer.write(HEAD + piece(b'{"role":"assistant","content":""}'))
    for _ in range(20):
        writer.write(b"7\r\n: ping\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
    await raw.until_lost(reader)


async def stalling(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Some words, then only comments: they are no progress."""
    await raw.read(reader)
    writer.write(HEAD + piece(b'{"content":"One "}') + piece(b'{"content":"two"}'))
    for _ in range(20):
        writer.write(b"8\r\n: ping\n\n\r\n")
        await writer.drain()
        await asyncio.sleep(0.1)
    await raw.until_lost(reader)


async def endless(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A word every 100 ms, without end."""
    await raw.read(reader)
    writer.write(HEAD)
    while True:
        writer.write(piece(b'{"content":"on "}'))
        await writer.drain()
        await asyncio.sleep(0.1)


@dataclass(frozen=True, slots=True)
class Row:
    """`clock` runs out where the upstream is `script` (None: a full backlog). `flows`: words come before that."""

    clock: str
    script: Any
    status: int
    side: str
    flows: bool = False


ROWS = {
    row.clock: row
    for row in (
        Row("connect", None, 504, "network"),
        Row("write", deaf, 504, "network"),
        Row("first_byte", mute, 504, "upstream"),
        Row("first_token", wordless, 504, "upstream"),
        Row("idle", stalling, 504, "upstream", flows=True),
        Row("total", endless, 504, "gateway", flows=True),
    )
}


@pytest.fixture(scope="module")
def full() -> Iterator[Full]:
    made = Full()
    yield made
    made.close()


@pytest.fixture(scope="module")
def gateway(serve: Serve, backstage: Backstage, provider: Provider, full: Full) -> Gateway:
    channels: list[dict[str, Any]] = [
        {"name": "narrow", "base_url": provider.url, "models": ["silent-*"], "max_in_flight": 1},
    ]
    rules: list[dict[str, Any]] = []
    for clock, row in ROWS.items():
        url = full.url if row.script is None else backstage.raw(row.script, receive=4096).url
        channels.append({"name": clock, "base_url": url, "models": [f"{clock}-*"], "upstream_stream": "always"})
        rules.append({"name": f"short-{clock}", "match": {"model": f"{clock}-*"}, clock: SHORT})
    rules.append({"name": "short-queue", "match": {"model": "silent-*"}, "queue": SHORT})
    limits = {"json_body": 20 << 20}
    return serve(
        {"server": {"limits": limits}, "channels": channels, "timeouts": {"rules": rules}, "retry": {"attempts": 1}},
        "clocks",
    )


def check(error: dict[str, Any], clock: str, side: str, span: float = SHORT, reason: str = "") -> None:
    reason = reason or f"rule short-{clock}"
    assert error["code"] == f"{clock}_timeout"
    assert error["type"] == "timeout_error"
    assert f"{clock} ran out after {span:g} s (set by {reason}; {side} side)" in error["message"]
    assert f"x-outwait-timeout-{clock.replace('_', '-')}" in error["message"]
    told = error["outwait"]
    assert (told["clock"], told["seconds"], told["reason"], told["side"]) == (clock, span, reason, side)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("clock", ROWS)
def test_the_clock_runs_out_and_says_so(gateway: Gateway, clock: str, stream: bool) -> None:
    row = ROWS[clock]
    padding = "x" * (12 << 20 if clock == "write" else 10)
    heard = ask(gateway.port, chat(f"{clock}-model", stream=stream, question=padding))
    check(heard.error, clock, row.side)
    assert SHORT <= heard.seconds < SHORT + 1.5
    if row.flows and stream:
        assert (heard.status, heard.end) == (200, "whole")
        assert heard.text
        assert not heard.finished
        assert heard.body.endswith(b"data: [DONE]\n\n")
    else:
        assert (heard.status, heard.end) == (row.status, "whole")
        assert heard.headers["content-type"] == "application/json"
        # what may have been charged must not be asked for again by the SDK itself
        assert heard.headers["x-should-retry"] == ("true" if clock in ("connect", "write") else "false")
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert (entry["fault"]["clock"], entry["fault"]["span"]) == (clock, SHORT)


def test_the_queue_clock_runs_out_and_says_so(gateway: Gateway) -> None:
    with Line(gateway.port) as first:
        first.send(request(chat("silent-2s", stream=True)))
        first.hear(seconds=0.2)  # it has the only place now
        heard = ask(gateway.port, chat("silent-1s"))
        check(heard.error, "queue", "gateway")
        assert heard.status == 503
        assert int(heard.headers["retry-after"]) >= 1
        assert heard.headers["x-should-retry"] == "true"


def test_a_place_in_the_queue_is_given_on(gateway: Gateway) -> None:
    with Line(gateway.port) as first:
        first.send(request(chat("silent-700ms", stream=True)))
        first.hear(seconds=0.2)
        heard = ask(gateway.port, chat("silent-10ms"), {"x-outwait-timeout-queue": "3s"})
        assert heard.status == 200
        assert heard.text


def test_a_client_may_set_a_clock_of_its_own(gateway: Gateway) -> None:
    heard = ask(gateway.port, chat("first_byte-model"), {"x-outwait-timeout-first-byte": "300ms"})
    check(heard.error, "first_byte", "upstream", span=0.3, reason="header x-outwait-timeout-first-byte")


def test_a_clock_runs_out_behind_heartbeats(gateway: Gateway) -> None:
    """The status is out already: the stream tells it inside, and heartbeats stop."""
    heard = ask(gateway.port, chat("first_byte-model", stream=True), {"x-outwait-timeout-first-byte": "1500ms"})
    assert (heard.status, heard.end, len(heard.beats)) == (200, "whole", 1)
    check(heard.error, "first_byte", "upstream", span=1.5, reason="header x-outwait-timeout-first-byte")
    assert heard.body.endswith(b"data: [DONE]\n\n")


def test_a_json_reply_that_fails_behind_heartbeats_is_cut(gateway: Gateway) -> None:
    heard = ask(gateway.port, chat("first_byte-model"), {"x-outwait-timeout-first-byte": "1500ms"})
    assert (heard.status, heard.end, len(heard.beats)) == (200, "cut", 1)
    check(heard.error, "first_byte", "upstream", span=1.5, reason="header x-outwait-timeout-first-byte")
