from __future__ import annotations

import asyncio
import ssl
import subprocess
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Stage as Phase

if TYPE_CHECKING:
    from .conftest import Peer, Play, Stage

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"
WHOLE = ["head", "body", "end"]
CHUNKED_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


# ------------------------------------------------------------------------------------------------- broken connections
async def resets_at_once(peer: Peer) -> None:
    peer.reset()


async def resets(peer: Peer) -> None:
    await peer.request()
    peer.reset()


async def closes(peer: Peer) -> None:
    await peer.request()


@pytest.mark.parametrize("script", [resets, closes, resets_at_once])
def test_an_end_before_the_head(play: Play, script: Callable[[Peer], Awaitable[None]]) -> None:
    async def scenario(stage: Stage) -> None:
        notes = await stage.call()
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.hint) == ("upstream_reset", None)
        if script is not resets_at_once:
            assert notes.fault.stage is Phase.SENT

    play(scenario, script)


@pytest.mark.parametrize("start", [OK[:-1], CHUNKED_HEAD + b"5\r\nhello\r\n"])
@pytest.mark.parametrize("how", ["close", "reset"])
def test_an_end_in_the_body(play: Play, start: bytes, how: str) -> None:
    async def breaks(peer: Peer) -> None:
        await peer.answer(start)
        if how == "reset":
            await stages[0].wait()
            peer.reset()

    stages: list[asyncio.Event] = []

    async def scenario(stage: Stage) -> None:
        stages.append(asyncio.Event())
        notes = stage.open()[1]
        await notes.until("body")
        stages[0].set()
        await notes.over.wait()
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_truncated", Phase.HEAD)
        assert notes.data in b"hello"

    play(scenario, breaks)


def test_nobody_there(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.upstream.use(Catalog(channels=(Channel("c", "openai", "http://127.0.0.1:1"),)))
        notes = await stage.call()
        assert notes.told == ["resolved", "failed"]
        assert notes.fault is not None
        assert (notes.fault.cause, notes.fault.stage) == ("connect_refused", Phase.CONNECTING)

    play(scenario)


def test_no_such_name(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.upstream.use(Catalog(channels=(Channel("c", "openai", "http://no-such-host.invalid"),)))
        notes = await stage.call()
        assert notes.told == ["failed"]
        assert notes.fault is not None
        assert notes.fault.code == "upstream_dns"

    play(scenario)


def test_a_channel_that_is_gone_fails_from_the_loop(play: Play) -> None:
    async def scenario(stage: Stage) -> None:
        stage.upstream.use(Catalog())
        attempt, notes = stage.open()
        assert notes.told == []
        await notes.over.wait()
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("no_healthy_channel", Phase.QUEUED)
        attempt, notes = stage.open()
        attempt.cancel()
        await asyncio.sleep(0)
        assert notes.told == []

    play(scenario)


def test_a_dial_that_fails_as_it_should_not_is_told_and_logged(
    play: Play, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def scenario(stage: Stage) -> None:
        monkeypatch.setattr("outwait.wire.dialing.refusal", lambda _: 1 / 0)
        notes = await stage.call()
        assert notes.fault is not None
        assert notes.fault.code == "internal_error"
        assert any("should not" in record.getMessage() for record in caplog.records)
        caplog.clear()

    play(scenario)


# ----------------------------------------------------------------------------------------------------------------- TLS
@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, str]:
    folder: Path = tmp_path_factory.mktemp("tls")
    cert, key = folder / "cert.pem", folder / "key.pem"
    make = ["openssl", "req", "-x509", "-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"]
    names = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*make, "-keyout", key, "-out", cert, *names], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    return context, str(cert)


def test_tls_carries_calls_large_bodies_and_reuse(play: Play, certificate: tuple[ssl.SSLContext, str]) -> None:
    body = bytes(3_000_000)

    async def scenario(stage: Stage) -> None:
        for reused in (False, True):
            notes = await stage.call(body)
            assert (notes.fault, notes.data, notes.reused) == (None, b"hello", reused)
            assert notes.told[-4:] == ["sent", *WHOLE]
            assert stage.peers[0].body == body
        small = stage.open()[1]
        assert small.told == ["connected", "sent"]
        await small.over.wait()

    play(scenario, play.answers, tls=certificate[0], ca_file=certificate[1])


def test_tls_pauses_and_breaks_like_plain_connections(play: Play, certificate: tuple[ssl.SSLContext, str]) -> None:
    go: list[asyncio.Event] = []

    async def drips(peer: Peer) -> None:
        await peer.answer(CHUNKED_HEAD + b"5\r\nhello\r\n")
        await go[0].wait()
        await peer.say(b"5\r\nworld\r\n")

    async def scenario(stage: Stage) -> None:
        go.append(asyncio.Event())
        attempt, notes = stage.open()
        await notes.until("body")
        attempt.pause()
        go[0].set()
        await asyncio.sleep(0.05)
        assert notes.data == b"hello"
        attempt.resume()
        await notes.over.wait()
        assert notes.data == b"helloworld"
        assert notes.fault is not None
        assert notes.fault.code == "upstream_truncated"

    play(scenario, drips, tls=certificate[0], ca_file=certificate[1])


def test_a_certificate_nobody_vouches_for_is_refused(play: Play, certificate: tuple[ssl.SSLContext, str]) -> None:
    async def scenario(stage: Stage) -> None:
        notes = await stage.call()
        assert notes.told == ["resolved", "failed"]
        assert notes.fault is not None
        assert (notes.fault.code, notes.fault.stage) == ("upstream_tls", Phase.CONNECTING)
        assert "self-signed" in notes.fault.message

    play(scenario, play.answers, tls=certificate[0])
