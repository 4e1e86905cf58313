"""A web page of another origin, in a real browser: what it may read of the gateway, with fetch and OpenAI's SDK."""

from __future__ import annotations

import json
import queue
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import ROOT, Gateway, Program, Stage, free_port

BROWSERS = ("chromium-headless-shell", "chromium", "google-chrome")
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run")
SDK = ROOT / ".tools" / "node" / "node_modules" / "openai"
PATIENCE = 30.0  # seconds a browser has to start and tell
KEY = "key-of-the-page"
PAGE = """<!doctype html><meta charset="utf-8">
<script type="module">
const gateway = '%(gateway)s', told = {};
const ask = (path, body, key = '%(key)s') => fetch(gateway + path, {method: 'POST', body: JSON.stringify(body),
  headers: {authorization: `Bearer ${key}`, 'content-type': 'application/json', 'x-of-the-page': '1'}});
const chat = (model, stream) => ({model, stream, messages: [{role: 'user', content: 'from a page'}]});
const read = async (asked) => {
  try {
    const reply = await asked();
    return {status: reply.status, names: [...reply.headers.keys()], body: await reply.text()};
  } catch (error) { return {failed: `${error}`}; }
};
told.whole = await read(() => ask('/v1/chat/completions', chat('echo', false)));
told.held = await read(() => ask('/v1/chat/completions', chat('silent-1500ms-then-echo', true)));
told.late = await read(() => ask('/v1/chat/completions', chat('silent-1500ms-then-error-400', true)));
told.stranger = await read(() => ask('/v1/chat/completions', chat('echo', false), 'wrong'));
told.astray = await read(() => ask('/chat/completions', chat('echo', false)));
told.removed = await read(() => fetch(gateway + '/v1/responses/resp_none', {method: 'DELETE',
  headers: {authorization: 'Bearer %(key)s'}}));
told.blind = await read(() => fetch('%(open)s/v1/chat/completions', {method: 'POST', mode: 'no-cors',
  body: JSON.stringify({model: 'echo', messages: [{role: 'user', content: 'blindly'}]})}));
told.figures = await read(() => fetch(gateway + '/metrics'));
told.alive = await read(() => fetch(gateway + '/healthz'));
try {
  const {default: OpenAI} = await import('/openai/index.mjs');
  const client = new OpenAI({apiKey: '%(key)s', baseURL: gateway + '/v1', dangerouslyAllowBrowser: true});
  const stream = await client.chat.completions.create(chat('echo', true));
  told.sdk = '';
  for await (const chunk of stream) told.sdk += chunk.choices[0]?.delta?.content ?? '';
} catch (error) { told.sdk = {failed: `${error}`}; }
await fetch('/told', {method: 'POST', body: JSON.stringify(told)});
</script>
"""


class Site:
    """A web server: a page, OpenAI's SDK for it, and what the page found out."""

    def __init__(self, gateway: Gateway, without_keys: Gateway) -> None:
        site = self
        self.told: queue.Queue[dict[str, Any]] = queue.Queue()
        first, second = (each.url.removesuffix("/v1") for each in (gateway, without_keys))
        self._page = (PAGE % {"gateway": first, "open": second, "key": KEY}).encode()

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self._answer(*site.file(self.path))

            def do_POST(self) -> None:
                site.told.put(json.loads(self.rfile.read(int(self.headers["content-length"]))))
                self._answer(204, "text/plain", b"")

            def _answer(self, status: int, kind: str, body: bytes) -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                """Nobody reads it."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()

    def file(self, path: str) -> tuple[int, str, bytes]:
        """Status, type and body of what is at `path`."""
        if path == "/":
            return 200, "text/html", self._page
        wanted = (SDK / path.removeprefix("/openai/")).resolve()
        if path.startswith("/openai/") and wanted.is_relative_to(SDK.resolve()) and wanted.is_file():
            return 200, "text/javascript", wanted.read_bytes()
        return 404, "text/plain", b""

    def stop(self) -> None:
        """End it."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def browser() -> str:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    if path is None:
        pytest.skip("no Chromium is installed (Debian: apt install chromium-headless-shell)")
    return path


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    return serve(
        {
            "server": {"cors": ["http://localhost:*"]},
            "channels": [{"name": "provider", "base_url": provider.url}],
            "keys": [{"name": "page", "key": KEY}],
            "retry": {"attempts": 1},
        },
        "browser",
    )


@pytest.fixture(scope="module")
def without_keys(serve: Serve, provider: Provider) -> Gateway:
    return serve({"channels": [{"name": "provider", "base_url": provider.url}]}, "without-keys")


@pytest.fixture
def site(gateway: Gateway, without_keys: Gateway) -> Iterator[Site]:
    made = Site(gateway, without_keys)
    yield made
    made.stop()


def visit(stage: Stage, site: Site, host: str) -> dict[str, Any]:
    """Open the page as one of `host`; returns what it found out."""
    port = free_port()  # without a debugger this browser would end once the page is loaded
    argv = [browser(), *FLAGS, f"--remote-debugging-port={port}", "--user-data-dir=profile"]
    program: Program = stage.start(f"browser-{host}", [*argv, f"http://{host}:{site.port}/"], port)
    try:
        return site.told.get(timeout=PATIENCE)
    finally:
        program.stop()
        stage.programs.remove(program)


def test_a_page_of_a_listed_origin_reads_all_that_is_said_to_it(stage: Stage, site: Site, provider: Provider) -> None:
    told = visit(stage, site, "localhost")
    whole = told["whole"]
    assert (whole["status"], "from a page" in whole["body"]) == (200, True), told
    assert {"x-outwait-exchange", "x-outwait-channel", "x-request-id", "request-id"} <= set(whole["names"])
    assert told["held"]["body"].startswith(":")
    assert told["held"]["body"].endswith("data: [DONE]\n\n")
    assert told["late"]["body"].startswith(":")
    assert '"error"' in told["late"]["body"]
    assert told["stranger"]["status"] == 401
    assert "x-should-retry" in told["stranger"]["names"]
    assert (told["astray"]["status"], "/v1" in told["astray"]["body"]) == (404, True)
    assert told["removed"]["status"] == 404
    assert told["figures"] == told["alive"] == {"failed": "TypeError: Failed to fetch"}
    assert told["blind"]["status"] == 0  # the browser sent it, and tells nothing
    assert provider.calls("blindly") == []
    assert provider.calls("from a page") != []
    if not SDK.is_dir():
        pytest.skip("OpenAI's SDK for Node is not installed (tools/test-needs fetches it)")
    assert told["sdk"] == "from a page"


def test_a_page_of_another_origin_reads_nothing(stage: Stage, site: Site, provider: Provider) -> None:
    before = len(provider.calls("from a page"))
    told = visit(stage, site, "127.0.0.1")
    nothing = {"failed": "TypeError: Failed to fetch"}
    assert {name for name, found in told.items() if found != nothing} == {"sdk", "blind"}
    assert "failed" in told["sdk"]
    assert provider.calls("blindly") == []
    assert len(provider.calls("from a page")) == before
