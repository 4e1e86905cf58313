"""What middleboxes do with a model that says nothing, against what `policy.limits` and docs/middleboxes say of them.

before   silent before the response head                 a page with a status, signed
after    silent in the middle of the answer              the answer is cut, never ended as if it were whole
beats    silent for longer than the limit, with beats    the whole answer; cut where the limit is one of the whole call
"""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.e2e.backstage import Provider
from tests.e2e.middleboxes import LIMIT, MIDDLEBOXES, start
from tests.e2e.stage import Stage

MODELS = {"before": "silent-7s", "after": "stall-7s-after-3", "beats": "pings-6s"}
SLACK = 1.6  # seconds after its limit at which a middlebox has acted
# A limit that is only looked at when there is something to write: the model's next word, 7 s after the last.
ASLEEP = frozenset({"caddy-total"})
LOOKS = {"lighttpd": 2.0}  # seconds that may pass before it looks at its clocks


@dataclass(frozen=True, slots=True)
class Seen:
    """What a client saw. `cut`: the body did not end as HTTP says it must; `seconds`: until the end."""

    status: int
    server: str
    body: str
    cut: bool
    seconds: float


# Before the head: status, `server` header, and words of the page.
SIGNED: Mapping[str, tuple[int, str, str]] = {
    "nginx": (504, "nginx", "<title>504 Gateway Time-out</title>"),
    "haproxy": (504, "", "The server didn't respond in time."),
    "apache": (502, "Apache", "Error reading from remote server"),
    "caddy": (504, "Caddy", ""),
    "envoy": (504, "envoy", "stream timeout"),
    "envoy-total": (504, "envoy", "upstream request timeout"),
    "varnish": (503, "Varnish", "Error 503 Backend fetch failed"),
    "lighttpd": (504, "lighttpd", "504 Gateway Timeout"),
    "caddy-total": (0, "", ""),  # the connection is closed without a word
}


def on_time(name: str, was: Seen, *, asleep: bool = True) -> bool:
    """Whether it acted at its limit, or, if it was `asleep` until the model spoke again, then."""
    limit = 7 if asleep and name in ASLEEP else LIMIT
    return limit - 0.5 <= was.seconds <= limit + SLACK + LOOKS.get(name, 0.0)


def ask(port: int, model: str) -> Seen:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    body = json.dumps({"model": model, "stream": True, "messages": [{"role": "user", "content": "hello"}]})
    start_at, status, server, got, cut = time.monotonic(), 0, "", b"", False
    try:
        connection.request("POST", "/v1/chat/completions", body, {"content-type": "application/json"})
        reply = connection.getresponse()
        status, server = reply.status, reply.getheader("server") or ""
        while piece := reply.read1(65536):
            got += piece
        cut = reply.chunked and reply.chunk_left is not None
    except (http.client.HTTPException, ConnectionError):
        cut = True
    finally:
        connection.close()
    return Seen(status, server, got.decode("utf-8", "replace"), cut, time.monotonic() - start_at)


@pytest.fixture(scope="module")
def seen(stage: Stage, provider: Provider) -> Callable[[str, str], Seen]:
    """`seen(name, case)`: what a client saw of that middlebox; all of them are asked at once."""
    skipped: dict[str, str] = {}
    asked: dict[tuple[str, str], Future[Seen]] = {}
    with ThreadPoolExecutor(3 * len(MIDDLEBOXES)) as pool:
        for name in MIDDLEBOXES:
            try:
                port = start(stage, name, provider.port)
            except pytest.skip.Exception as skip:
                skipped[name] = str(skip)
                continue
            asked |= {(name, case): pool.submit(ask, port, model) for case, model in MODELS.items()}

    def look(name: str, case: str) -> Seen:
        if name in skipped:
            pytest.skip(skipped[name])
        return asked[name, case].result()

    return look


@pytest.mark.parametrize("name", MIDDLEBOXES)
def test_silence_before_the_head_gets_a_signed_page(name: str, seen: Callable[[str, str], Seen]) -> None:
    was = seen(name, "before")
    status, server, words = SIGNED[name]
    assert (was.status, words in was.body) == (status, True), was
    assert was.server.lower().startswith(server.lower()), was
    assert on_time(name, was), was


@pytest.mark.parametrize("name", MIDDLEBOXES)
def test_silence_in_the_middle_is_a_cut(name: str, seen: Callable[[str, str], Seen]) -> None:
    was = seen(name, "after")
    assert (was.status, was.cut) == (200, name != "caddy"), was
    assert "[DONE]" not in was.body
    assert on_time(name, was), was


@pytest.mark.parametrize("name", MIDDLEBOXES)
def test_beats_hold_off_silence_and_no_total(name: str, seen: Callable[[str, str], Seen]) -> None:
    was = seen(name, "beats")
    if name.endswith("total"):
        assert (was.status, was.cut) == (200, True), was
        assert on_time(name, was, asleep=False), was
    else:
        assert (was.status, was.cut, "[DONE]" in was.body) == (200, False, True), was
