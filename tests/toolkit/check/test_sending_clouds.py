"""Probes of cloud providers: Amazon's framing, credentials that are fetched first."""

from __future__ import annotations

import asyncio

import pytest
from tests.toolkit.check.playing import Script, read_head, scripted
from tests.upstream.test_call_special import frame

from outwait.core.catalog import Channel
from outwait.toolkit.check.target import Target, of_channel
from outwait.upstream import gcp
from outwait.upstream.mint import Unobtainable


def _bedrock(*events: dict[str, object]) -> Script:
    """A server that answers in Amazon's framing."""

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await read_head(reader)
        body = b"".join(map(frame, events))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n\r\n" + body)
        await writer.drain()

    return script


def cloud(port: int) -> Target:
    channel = Channel("aws", "bedrock", f"http://127.0.0.1:{port}", ("key-of-bedrock",), region="eu-west-1")
    return of_channel(channel, "claude-3-haiku")


SPOKEN: tuple[dict[str, object], ...] = (
    {"type": "message_start", "message": {"id": "m", "role": "assistant", "usage": {"input_tokens": 5}}},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "one"}},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 3}},
    {"type": "message_stop"},
)


def test_a_stream_in_amazons_framing() -> None:
    (probe,) = scripted(_bedrock(*SPOKEN), cloud)
    assert (probe.outcome, probe.tokens, probe.detail) == ("ok", 3, None)
    assert probe.ttft is not None
    (cut,) = scripted(_bedrock(*SPOKEN[:3]), cloud)
    assert cut.cause == "stream_truncated"


async def _unframed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await read_head(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/vnd.amazon.eventstream\r\n\r\n" + b"x" * 100)
    await writer.drain()


def test_bytes_that_are_no_frames() -> None:
    assert scripted(_unframed, cloud)[0].cause == "bad_response"


class Fetched:
    """A credential that is fetched first, if it can be."""

    def __init__(self, trouble: str = "") -> None:
        self.trouble, self.warmed = trouble, False

    def ready(self, _now: float) -> bool:
        return self.warmed

    async def warm(self) -> None:
        if self.trouble:
            raise Unobtainable(self.trouble)
        self.warmed = True

    def lines(self, method: str, url: str, _body: bytes, _now: float) -> bytes:
        return f"Authorization: Bearer for {method} {url.rpartition('/')[2]}\r\n".encode()


@pytest.mark.parametrize("trouble, cause", [("", "permission_denied"), ("no metadata server", "auth_failed")])
def test_a_credential_is_fetched_and_shown(trouble: str, cause: str, monkeypatch: pytest.MonkeyPatch) -> None:
    heads: list[bytes] = []

    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heads.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\n\r\n")
        await writer.drain()

    monkeypatch.setattr(gcp, "credential", lambda _: Fetched(trouble))

    def vertex(port: int) -> Target:
        channel = Channel("g", "vertex", f"http://127.0.0.1:{port}/v1", region="europe-west1", project="p")
        return of_channel(channel, "gemini-2.5-flash")

    (probe,) = scripted(script, vertex)
    assert (probe.cause, probe.outcome) == (cause, "error")
    shown = [b"Authorization: Bearer for POST gemini-2.5-flash:streamGenerateContent?alt=sse" in head for head in heads]
    assert shown == ([] if trouble else [True])
    assert trouble in (probe.detail or "")
