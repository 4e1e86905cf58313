"""Attempts that need more than a finished head: signed ones, enveloped ones, framed ones."""

from __future__ import annotations

import asyncio
import base64
import json
import struct
from typing import TYPE_CHECKING, Any
from zlib import crc32

import pytest

from outwait.core.fault import Stage as Phase
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.upstream import aws, gcp
from outwait.upstream.mint import Unobtainable

if TYPE_CHECKING:
    from .conftest import Peer, Play, Stage

BODY = b'{"model":"claude-x","stream":true,"max_tokens":5,"messages":[]}'
CALL = Call("anthropic", "messages", "claude-x", stream=True, body=BODY, headers={"anthropic-beta": "b1"})
CLAUDE = Candidate("c", "anthropic", "claude-x", endpoint="messages", provider="bedrock")
GEMINI = Candidate("c", "gemini", "gemini-x", endpoint="generate_content", provider="vertex")


def frame(event: dict[str, object]) -> bytes:
    headers = b"".join(
        bytes([len(name)]) + name + b"\x07" + struct.pack(">H", len(value)) + value
        for name, value in ((b":event-type", b"chunk"), (b":message-type", b"event"))
    )
    payload = json.dumps({"bytes": base64.b64encode(json.dumps(event).encode()).decode()}).encode()
    head = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    whole = head + struct.pack(">I", crc32(head)) + headers + payload
    return whole + struct.pack(">I", crc32(whole))


def reply(body: bytes) -> bytes:
    kind = b"Content-Type: application/vnd.amazon.eventstream"
    return b"HTTP/1.1 200 OK\r\n%s\r\nContent-Length: %d\r\n\r\n" % (kind, len(body)) + body


def test_bedrock_is_signed_enveloped_and_unframed(play: Play) -> None:
    async def answers(peer: Peer) -> None:
        for _ in range(2):
            await peer.answer(reply(frame({"type": "ping"}) + frame({"type": "message_stop"})))
        await peer.gone()

    async def scenario(stage: Stage) -> None:
        stage.candidate = CLAUDE
        for reused in (False, True):
            notes = await stage.call(BODY, call=CALL)
            assert notes.reused is reused
            assert notes.headers["content-type"] == "text/event-stream"
            assert (
                notes.data
                == b'event: ping\ndata: {"type": "ping"}\n\nevent: message_stop\ndata: {"type": "message_stop"}\n\n'
            )
            peer = stage.peers[0]
            assert peer.head.startswith(b"POST /model/claude-x/invoke-with-response-stream HTTP/1.1\r\n")
            assert b"Authorization: AWS4-HMAC-SHA256 Credential=AKID/" in peer.head
            assert json.loads(peer.body) == {
                "max_tokens": 5,
                "messages": [],
                "anthropic_version": "bedrock-2023-05-31",
                "anthropic_beta": ["b1"],
            }

    play(scenario, answers, dialect="bedrock", api_keys=("AKID:secret",), region="us-east-1")


def test_a_bedrock_key_needs_no_signature(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.candidate = CLAUDE
        notes = await stage.call(BODY)
        assert notes.data == b"hello"
        assert stage.peers[0].head.startswith(b"POST /model/claude-x/invoke HTTP/1.1\r\n")
        assert b"Authorization: Bearer api-key\r\n" in stage.peers[0].head

    play(scenario, play.answers, dialect="bedrock", api_keys=("api-key",), region="us-east-1")


def test_a_frame_that_is_none_breaks_the_attempt(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.candidate = CLAUDE
        notes = await stage.call(BODY, call=CALL)
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_bad_response", Phase.HEAD)
        assert stage.upstream.idle == 0

    play(scenario, lambda peer: play.once(peer, reply(b"x" * 20)), dialect="bedrock", api_keys=("k",), region="eu")


class Token:
    """A credential that is there once it was warmed, if it can be."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.warmed = 0
        self.gate = asyncio.Event()

    def ready(self, now: float) -> bool:
        return self.warmed > 0

    async def warm(self) -> None:
        await self.gate.wait()
        if self.failure is not None:
            raise self.failure
        self.warmed += 1

    def lines(self, method: str, url: str, body: bytes, now: float) -> bytes:
        return f"X-Signed: {method} {url.rpartition('/')[2]} {len(body)}\r\n".encode()


VERTEX: dict[str, Any] = {"dialect": "vertex", "project": "p"}


def test_a_token_is_fetched_before_the_connection_is_made(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    token = Token()
    monkeypatch.setattr(gcp, "credential", lambda _: token)

    async def scenario(stage: Stage) -> None:
        stage.candidate = GEMINI
        notes = stage.open()[1]
        await asyncio.sleep(0.01)
        assert notes.told == []
        token.gate.set()
        await notes.over.wait()
        assert notes.told == ["resolved", "connected", "sent", "head", "body", "end"]
        assert b"X-Signed: POST gemini-x:generateContent 2\r\n" in stage.peers[0].head
        small = stage.open()[1]
        assert small.told == ["connected", "sent"]
        await small.over.wait()
        assert token.warmed == 1

    play(scenario, play.answers, **VERTEX)


@pytest.mark.parametrize(
    "failure, code", [(Unobtainable("no such account"), "upstream_auth"), (ZeroDivisionError(), "internal_error")]
)
def test_a_token_that_cannot_be_had_fails_safely(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, failure: Exception, code: str
) -> None:
    token = Token(failure)
    token.gate.set()
    monkeypatch.setattr(gcp, "credential", lambda _: token)

    async def scenario(stage: Stage) -> None:
        stage.candidate = GEMINI
        notes = await stage.call()
        assert notes.told == ["failed"]
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == (code, Phase.CONNECTING)
        caplog.clear()

    play(scenario, **VERTEX)


def test_cancel_while_a_token_is_fetched(play: Play, monkeypatch: pytest.MonkeyPatch) -> None:
    token = Token()
    monkeypatch.setattr(gcp, "credential", lambda _: token)

    async def scenario(stage: Stage) -> None:
        stage.candidate = GEMINI
        attempt, notes = stage.open()
        await asyncio.sleep(0)
        attempt.cancel()
        token.gate.set()
        await asyncio.sleep(0.01)
        assert notes.told == []

    play(scenario, **VERTEX)


def test_the_real_credentials_are_of_that_kind() -> None:
    assert aws.credential("a:b", "eu").ready(0)
    assert not gcp.credential(None).ready(0)
