from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import google.auth
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from outwait.upstream import gcp
from outwait.upstream.mint import Unobtainable, epoch


class Tokens:
    """Google's token endpoint: what it was asked, and what it answers."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                outer.asked.append(self.rfile.read(int(self.headers["content-length"])))
                body = json.dumps({"access_token": f"token-{len(outer.asked)}", "expires_in": 3600}).encode()
                self.send_response(outer.status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/token"


@pytest.fixture
def tokens() -> Iterator[Tokens]:
    made = Tokens()
    made.thread.start()
    yield made
    made.server.shutdown()
    made.thread.join()
    made.server.server_close()


@pytest.fixture(scope="module")
def private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(*form).decode()


@pytest.fixture
def account(tmp_path: Path, tokens: Tokens, private_key: str) -> str:
    file = tmp_path / "account.json"
    fields = {"type": "service_account", "client_email": "a@p.iam.example", "token_uri": tokens.url, "project_id": "p"}
    file.write_text(json.dumps({**fields, "private_key": private_key}), "utf-8")
    return str(file)


def test_a_service_account_gets_a_token_and_keeps_it(account: str, tokens: Tokens) -> None:
    credential = gcp.credential(account)
    assert not credential.ready(epoch())
    asyncio.run(credential.warm())
    now = epoch()
    assert credential.ready(now + 3200)
    assert credential.lines("POST", "https://h/", b"", now) == b"Authorization: Bearer token-1\r\n"
    assert not credential.ready(now + 3700)
    assert len(tokens.asked) == 1
    assert b"assertion=" in tokens.asked[0]


def test_a_refusal_is_told(account: str, tokens: Tokens) -> None:
    tokens.status = 401
    with pytest.raises(Unobtainable, match="a token of Google Cloud"):
        asyncio.run(gcp.credential(account).warm())


def test_default_credentials_are_looked_up_off_the_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    class Found:
        token, expiry = "default-token", None
        threads: set[int] = set()  # noqa: RUF012 - one test, one instance

        def refresh(self, request: object) -> None:
            self.threads.add(threading.get_ident())

    found = Found()
    monkeypatch.setattr(google.auth, "default", lambda **_: (found, "p"))
    credential = gcp.credential(None)
    asyncio.run(credential.warm())
    assert credential.lines("POST", "", b"", epoch()) == b"Authorization: Bearer default-token\r\n"
    assert not credential.ready(epoch() + 301)
    assert threading.get_ident() not in found.threads
