"""Canaries: whatever secret goes in, by configuration, by a client or by an upstream, comes out nowhere."""

from __future__ import annotations

import asyncio
import json

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Line, ask, chat, get, request
from tests.e2e.backstage import Backstage, Raw
from tests.e2e.stage import Gateway, until

CHANNEL_KEY = "canary-channel-7f3a9b2c"
HEADER_KEY = "canary-header-51de04aa"
CLIENT_KEY = "canary-client-c0ffee11"
WRONG_KEY = "canary-wrong-deadbeef00"
PROMPT = "canary-prompt-0a1b2c3d"
ANSWER = "canary-answer-99887766"
SECRETS = (CHANNEL_KEY, HEADER_KEY, CLIENT_KEY, WRONG_KEY, PROMPT, ANSWER)


async def talkative(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Says back, in an error of the asked-for kind, every secret it was sent."""
    while True:
        body = await raw.read(reader)
        head = raw.requests[-1][0].decode()
        said = head.replace("\r\n", " ").replace('"', "'")
        told = json.dumps({"error": {"message": f"Refused: {said} {ANSWER}", "type": "t", "code": f"c {CHANNEL_KEY}"}})
        status = next(each for each in (b"401", b"400", b"500", b"429") if each in body).decode()
        kind = "text/html" if b"html" in body else "application/json"
        writer.write(
            f"HTTP/1.1 {status} No\r\nContent-Type: {kind}\r\nServer: {CHANNEL_KEY}\r\n"
            f"x-request-id: {CHANNEL_KEY}\r\nSet-Cookie: {ANSWER}\r\nContent-Length: {len(told)}\r\n\r\n{told}".encode()
        )
        await writer.drain()


@pytest.fixture(scope="module")
def upstream(backstage: Backstage) -> Raw:
    return backstage.raw(talkative)


@pytest.fixture(scope="module")
def gateway(serve: Serve, upstream: Raw) -> Gateway:
    return serve(
        {
            "log": {"level": "debug"},
            "channels": [
                {
                    "name": "talkative",
                    "base_url": upstream.url,
                    "api_key": CHANNEL_KEY,
                    "headers": {"x-extra-token": HEADER_KEY},
                }
            ],
            "keys": [{"name": "dev", "key": CLIENT_KEY}],
            "retry": {"attempts": 1},
        },
        "secrets",
    )


MODELS = ("m-401", "m-400", "m-500", "m-429", "m-500-html", f"m-400-{CHANNEL_KEY}", f"m-400-{CLIENT_KEY}")


@pytest.fixture(scope="module")
def replies(gateway: Gateway, upstream: Raw) -> bytes:
    """All that clients were told by every kind of failure, headers included."""
    told = []
    for model in MODELS:
        for stream in (True, False):
            for headers in (
                {"Authorization": f"Bearer {CLIENT_KEY}"},
                {"x-api-key": CLIENT_KEY},
                {"Authorization": f"Bearer {WRONG_KEY}", "User-Agent": f"agent {CLIENT_KEY}"},
            ):
                heard = ask(gateway.port, chat(model, stream=stream, question=PROMPT), headers)
                told.append(f"{heard.status} {heard.headers}".encode() + heard.body)
    with Line(gateway.port) as line:
        line.send(request(b"{" + CLIENT_KEY.encode(), {"Authorization": f"Bearer {CLIENT_KEY}"}))
        told.append(line.hear().body)
    told.append(get(gateway.port, f"/{CLIENT_KEY}?key={CLIENT_KEY}").body)
    return b"\n".join(told)


def test_the_upstream_was_given_its_own_credentials_and_not_the_clients(replies: bytes, upstream: Raw) -> None:
    heads = b"".join(head for head, _ in upstream.requests)
    assert heads.count(f"Authorization: Bearer {CHANNEL_KEY}".encode()) == len(upstream.requests) > 0
    assert HEADER_KEY.encode() in heads
    assert CLIENT_KEY.encode() not in heads


def test_no_channel_secret_comes_back_to_the_client(replies: bytes) -> None:
    for secret in (CHANNEL_KEY, HEADER_KEY, WRONG_KEY):
        assert secret.encode() not in replies.replace(f"m-400-{CHANNEL_KEY}".encode(), b"")


def test_the_log_tells_no_secret(replies: bytes, gateway: Gateway) -> None:
    until(lambda: len(gateway.entries()) >= len(MODELS) * 6, "all log lines", timeout=5)
    text = gateway.text()
    assert [secret for secret in SECRETS if secret in text] == []


def test_the_metrics_tell_no_secret(replies: bytes, gateway: Gateway) -> None:
    page = get(gateway.port, "/metrics").body.decode()
    assert "outwait_requests_total" in page
    assert [secret for secret in SECRETS if secret in page] == []


def test_the_process_list_tells_no_secret(gateway: Gateway) -> None:
    """Command lines are everybody's to read."""
    from pathlib import Path

    seen = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                seen.append((folder / "cmdline").read_bytes())
            except OSError:
                continue
    assert not any(secret.encode() in line for line in seen for secret in SECRETS)
