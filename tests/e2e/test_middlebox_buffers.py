"""Whether a middlebox passes a heartbeat at once: with what outwait sends along, and without.

The same silence twice behind each of them, with a client that takes gzip: from a gateway, whose answers carry
`X-Accel-Buffering: no` and `Cache-Control: no-transform`, and from a provider that beats by itself without them.
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

import pytest
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.middleboxes import HOLDERS
from tests.e2e.stage import Stage

KEY = "key-of-the-buffers"
SILENCE = 5  # seconds; beats come each second
SOON = 3.0  # seconds within which a beat has come through

# What holds beats back although outwait asks it not to, and what does only without outwait's headers: (name, stream).
HOLDS = {("lighttpd", True), ("lighttpd", False)}
HOLDS_WITHOUT = HOLDS | {("nginx", True), ("nginx", False), ("nginx-gzip", True), ("nginx-gzip", False)}
SECOND_ONE_LATE = (
    "haproxy-gzip",
    False,
)  # it compresses line breaks until there are a few: the first passes, not the next

Look = Callable[[str, str, bool], list[float]]


def ask(port: int, model: str, *, stream: bool) -> list[float]:
    """When the pieces of the answer came, in seconds from the request on."""
    connection, start = http.client.HTTPConnection("127.0.0.1", port, timeout=30), time.monotonic()
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "hello"}]})
    headers = {"content-type": "application/json", "authorization": f"Bearer {KEY}", "accept-encoding": "gzip"}
    connection.request("POST", "/v1/chat/completions", body, headers)
    reply, came = connection.getresponse(), []
    assert reply.status == 200
    while reply.read1(65536):
        came.append(time.monotonic() - start)
    connection.close()
    return came


@pytest.fixture(scope="module")
def came(stage: Stage, provider: Provider, serve: Serve) -> Look:
    """`came(name, behind, stream)`: when its pieces came; `behind`: gateway or provider. All are asked at once."""
    channel = {"name": "a", "base_url": provider.url, "api_key": "any", "models": ["*"]}
    gateway = serve({"channels": [channel], "keys": [{"name": "k", "key": KEY}]}, "buffers")
    behind = {"gateway": (gateway.port, f"silent-{SILENCE}s"), "provider": (provider.port, f"pings-{SILENCE}s")}
    skipped: dict[str, str] = {}
    asked: dict[tuple[str, str, bool], Future[list[float]]] = {}
    with ThreadPoolExecutor(4 * len(HOLDERS)) as pool:
        for name, start in HOLDERS.items():
            for who, (target, model) in behind.items():
                try:
                    port = start(stage, target)
                except pytest.skip.Exception as skip:
                    skipped[name] = str(skip)
                    break
                for stream in (True, False):
                    asked[name, who, stream] = pool.submit(ask, port, model, stream=stream)

    def look(name: str, who: str, stream: bool) -> list[float]:
        if name in skipped:
            pytest.skip(skipped[name])
        return asked[name, who, stream].result()

    return look


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("name", HOLDERS)
def test_a_beat_of_outwait_passes_at_once(name: str, stream: bool, came: Look) -> None:
    pieces = came(name, "gateway", stream)
    assert (pieces[0] < SOON) == ((name, stream) not in HOLDS), pieces


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("name", HOLDERS)
def test_what_holds_a_beat_without_outwaits_headers(name: str, stream: bool, came: Look) -> None:
    pieces = came(name, "provider", stream)
    assert (pieces[0] < SOON) == ((name, stream) not in HOLDS_WITHOUT), pieces
    if (name, stream) == SECOND_ONE_LATE:
        assert pieces[1] - pieces[0] > 1.8, pieces
