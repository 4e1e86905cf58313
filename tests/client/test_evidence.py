"""The exceptions are made by the real libraries, against servers and sockets that do what is said."""

from __future__ import annotations

import asyncio
import gc
import http.client
import socket
import threading
import urllib.error
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from typing import Any

import anthropic
import httpx2
import openai
import pytest
import requests
import urllib3

from outwait.client.evidence import evidence
from outwait.core.fault import RetryClass

# A library may leave the socket of a broken call to the collector.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
SAFE, AMBIGUOUS, FINAL = RetryClass.SAFE, RetryClass.AMBIGUOUS, RetryClass.FINAL
HEAD = b"HTTP/1.1 %d Told\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b\r\n%b"


def told(status: int, body: bytes = b"{}", headers: bytes = b"") -> bytes:
    return HEAD % (status, len(body), headers, body)


class Peer:
    """A server that reads a request and says `reply`: all of it, or so much of it before it closes."""

    def __init__(self) -> None:
        self.reply: bytes | None = b""
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Wake the thread, which closes what it holds."""
        self.server.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self.server.close()

    def _serve(self) -> None:
        with ExitStack() as held:
            while True:
                try:
                    client, _ = self.server.accept()
                except OSError:
                    return
                client.recv(65536)
                if self.reply is None:
                    held.enter_context(client)
                    continue
                client.sendall(self.reply)
                client.close()


@pytest.fixture(autouse=True, scope="module")
def _tidy() -> Iterator[None]:
    """What a library left behind is collected here, where that is expected."""
    yield
    with warnings.catch_warnings(action="ignore"):
        gc.collect()


@pytest.fixture(scope="module")
def peer() -> Iterator[Peer]:
    made = Peer()
    with closing(made):
        yield made


@pytest.fixture(scope="module")
def nobody() -> str:
    """A URL where nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        return f"http://127.0.0.1:{server.getsockname()[1]}"


def by_httpx(url: str) -> None:
    httpx2.post(url, json={}, timeout=0.2).raise_for_status()


def by_requests(url: str) -> None:
    requests.post(url, json={}, timeout=0.2).raise_for_status()


def by_urllib3(url: str) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, body=b"{}", timeout=0.2, retries=False)


def by_urllib3_with_retries(url: str) -> None:
    with urllib3.PoolManager() as pool:
        pool.request("POST", url, body=b"{}", timeout=0.2, retries=urllib3.Retry(0))


def by_urllib(url: str) -> None:
    with urllib.request.urlopen(url, data=b"{}", timeout=0.2) as reply:
        reply.read()


def by_openai(url: str) -> None:
    with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=0.2) as client:
        client.chat.completions.create(model="m", messages=[])


def by_anthropic(url: str) -> None:
    with anthropic.Anthropic(base_url=url, api_key="k", max_retries=0, timeout=0.2) as client:
        client.messages.create(model="m", max_tokens=3, messages=[])


def by_asyncio(url: str) -> None:
    async def ask() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        try:
            writer.write(b"POST / HTTP/1.1\r\n\r\n")
            await asyncio.wait_for(reader.readexactly(1 << 20), 0.2)
        finally:
            writer.close()

    asyncio.run(ask())


Ask = Callable[[str], None]
ALL: list[Ask] = [by_httpx, by_requests, by_urllib3, by_urllib3_with_retries, by_urllib, by_openai, by_anthropic]


def trouble(ask: Ask, url: str) -> BaseException:
    with pytest.raises(Exception) as caught:
        ask(url)
    return caught.value


def found(error: BaseException) -> tuple[str, RetryClass]:
    known = evidence(error)
    assert known is not None, repr(error)
    return known.fault.code, known.retry_class


@pytest.mark.parametrize("ask", [*ALL, by_asyncio])
def test_nobody_listens(ask: Ask, nobody: str) -> None:
    assert found(trouble(ask, nobody)) == ("upstream_connect", SAFE)


@pytest.mark.parametrize("ask", [*ALL, by_asyncio])
def test_no_answer_in_time(ask: Ask, peer: Peer) -> None:
    peer.reply = None
    code, retry_class = found(trouble(ask, peer.url))
    assert code in {"first_byte_timeout", "total_timeout"}
    assert retry_class is AMBIGUOUS


@pytest.mark.parametrize("ask", ALL)
def test_closed_before_an_answer(ask: Ask, peer: Peer) -> None:
    peer.reply = b""
    assert found(trouble(ask, peer.url)) == ("upstream_reset", AMBIGUOUS)


@pytest.mark.parametrize("ask", [each for each in ALL if each is not by_urllib3] + [by_asyncio])
def test_closed_within_an_answer(ask: Ask, peer: Peer) -> None:
    peer.reply = told(200, b"{}" * 50)[:-20]
    code, retry_class = found(trouble(ask, peer.url))
    assert code in {"upstream_truncated", "upstream_reset"}
    assert retry_class is AMBIGUOUS


@pytest.mark.parametrize("ask", [by_httpx, by_requests, by_urllib, by_openai, by_anthropic])
@pytest.mark.parametrize(
    "status, headers, retry_class, cause",
    [
        (429, b"retry-after: 7\r\n", SAFE, "rate_limited"),
        (503, b"retry-after: 7\r\n", SAFE, "overloaded"),
        (503, b"", AMBIGUOUS, "overloaded"),
        (500, b"", AMBIGUOUS, "upstream_error"),
        (504, b"x-should-retry: true\r\n", SAFE, "upstream_error"),
        (429, b"x-should-retry: false\r\n", FINAL, "rate_limited"),
        (400, b"", FINAL, "bad_request"),
        (401, b"", SAFE, "auth_failed"),
    ],
)
def test_statuses(ask: Ask, peer: Peer, status: int, headers: bytes, retry_class: RetryClass, cause: str) -> None:
    peer.reply = told(status, headers=headers)
    known = evidence(trouble(ask, peer.url))
    assert known is not None
    assert (known.retry_class, known.fault.cause, known.fault.status) == (retry_class, cause, status)
    assert known.retry_after == (7 if b"retry-after" in headers else None)
    assert known.ordered == (b"x-should-retry" in headers)
    assert known.permanent == (status == 401)


@pytest.mark.parametrize(
    "server, status, retry_class",
    [("Varnish", 503, AMBIGUOUS), ("cloudflare", 503, AMBIGUOUS), ("cloudflare", 521, SAFE), ("lighttpd", 404, SAFE)],
)
def test_a_page_is_a_proxys_word(peer: Peer, server: str, status: int, retry_class: RetryClass) -> None:
    """Retry-After or not: behind the proxy the model may be at work."""
    headers = f"server: {server}\r\nretry-after: 5\r\n".encode()
    peer.reply = told(status, b"<html>no</html>", headers).replace(b"application/json", b"text/html")
    assert found(trouble(by_httpx, peer.url))[1] is retry_class


@pytest.mark.parametrize(
    "body, cause, permanent",
    [
        (b'{"error":{"code":"insufficient_quota","type":"insufficient_quota"}}', "quota_exhausted", True),
        (b'{"error":{"code":"rate_limit_exceeded","type":"requests"}}', "rate_limited", False),
        (b'{"error":{"type":"api_error","outwait":{"cause":"overloaded"}}}', "overloaded", False),
        (b'{"error":{"message":"?"}}', "rate_limited", False),
        (b"[]", "rate_limited", False),
    ],
)
@pytest.mark.parametrize("ask", [by_openai, by_anthropic])
def test_the_servers_words_say_more_than_its_status(
    ask: Ask, peer: Peer, body: bytes, cause: str, permanent: bool
) -> None:
    peer.reply = told(429, body)
    known = evidence(trouble(ask, peer.url))
    assert known is not None
    assert (known.fault.cause, known.permanent) == (cause, permanent)


def test_an_error_inside_a_stream(peer: Peer) -> None:
    def stream(url: str) -> None:
        with openai.OpenAI(base_url=f"{url}/v1", api_key="k", max_retries=0, timeout=0.2) as client:
            list(client.chat.completions.create(model="m", messages=[], stream=True))

    event = b'data: {"error":{"message":"no","code":"rate_limit_exceeded"}}\n\n'
    peer.reply = told(200, event).replace(b"application/json", b"text/event-stream")
    known = evidence(trouble(stream, peer.url))
    assert known is not None
    assert (known.fault.status, known.fault.cause, known.retry_class) == (200, "rate_limited", SAFE)


def test_names_that_do_not_resolve_and_certificates() -> None:
    def missing(_: str) -> None:
        raise urllib.error.URLError(socket.gaierror(-2, "Name or service not known"))

    assert found(trouble(missing, "")) == ("upstream_dns", SAFE)


class Aiohttp(type):
    """Makes exceptions as aiohttp has them, which is not installed here."""

    def __new__(cls, name: str, base: type[Exception] = Exception, **fields: Any) -> Any:
        return type(name, (base,), {"__module__": "aiohttp.client_exceptions", **fields})


def test_aiohttp() -> None:
    refused = ConnectionRefusedError(111, "refused")
    connector = Aiohttp("ClientConnectorError", OSError, os_error=refused)()
    assert found(connector) == ("upstream_connect", SAFE)
    assert found(Aiohttp("ServerDisconnectedError")()) == ("upstream_reset", AMBIGUOUS)
    assert found(Aiohttp("ClientPayloadError")()) == ("upstream_truncated", AMBIGUOUS)
    parent = Aiohttp("ServerTimeoutError", TimeoutError)
    assert found(Aiohttp("ConnectionTimeoutError", parent)()) == ("connect_timeout", SAFE)
    assert found(Aiohttp("SocketTimeoutError", parent)()) == ("first_byte_timeout", AMBIGUOUS)
    answered = Aiohttp("ClientResponseError", status=429, headers={"Retry-After": "3"})()
    known = evidence(answered)
    assert known is not None
    assert (known.retry_class, known.retry_after) == (SAFE, 3)


def test_google() -> None:
    from google.genai import errors

    error = errors.ClientError(429, {"error": {"code": 429, "message": "no", "status": "RESOURCE_EXHAUSTED"}})
    known = evidence(error)
    assert known is not None
    assert (known.fault.cause, known.retry_class) == ("rate_limited", SAFE)


@pytest.mark.parametrize(
    "error", [ValueError("x"), KeyError(500), OSError(2, "no file"), RuntimeError(), KeyboardInterrupt()]
)
def test_what_is_no_call_is_nothing(error: BaseException) -> None:
    assert evidence(error) is None


def test_a_wrapped_one_is_found() -> None:
    wrapped = RuntimeError("my own")
    wrapped.__cause__ = httpx2.ConnectError("refused")
    assert found(wrapped) == ("upstream_connect", SAFE)
    circle = RuntimeError()
    circle.__cause__ = circle
    assert evidence(circle) is None


def test_standard_library() -> None:
    assert found(http.client.RemoteDisconnected("")) == ("upstream_reset", AMBIGUOUS)
    assert found(http.client.IncompleteRead(b"")) == ("upstream_truncated", AMBIGUOUS)
    assert found(ConnectionResetError()) == ("upstream_reset", AMBIGUOUS)
    assert found(BrokenPipeError()) == ("upstream_reset", SAFE)
    assert found(TimeoutError()) == ("total_timeout", AMBIGUOUS)
