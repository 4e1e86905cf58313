"""One request as the handler gets it, and the reading of its head with llhttp.

Promises: `read_head` takes exactly one whole head (up to and with its empty line) that nothing has checked yet, and
returns a request or raises `Refusal`. A parser lives for one head only: the framing of bodies is ours (framing.py), so
that the exact end of each message is known, and a waiting connection holds no parser.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

import httptools

from outwait.wire import guard
from outwait.wire.guard import Limits, refusal

if TYPE_CHECKING:
    from outwait.wire.outlet import Outlet

# Headers that mean something only once; a second one is refused instead of joined.
_SINGLE: Final = frozenset({"host", "content-length", "transfer-encoding", "expect"})

# Names as SDKs and proxies spell them: looking them up is cheaper than decoding, and all waiting requests share them.
_SPELLINGS: Final = (
    "Host", "Accept", "Accept-Encoding", "Accept-Language", "Authorization", "Cache-Control", "Connection",
    "Content-Length", "Content-Type", "Cookie", "Expect", "Forwarded", "Idempotency-Key", "OpenAI-Beta",
    "OpenAI-Organization", "OpenAI-Project", "Origin", "Pragma", "Traceparent", "Tracestate", "Transfer-Encoding",
    "User-Agent", "Via", "X-Api-Key", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto",
    "X-Goog-Api-Client", "X-Goog-Api-Key", "X-Real-IP", "X-Request-Id", "X-Server-Timeout", "X-Stainless-Arch",
    "X-Stainless-Async", "X-Stainless-Lang", "X-Stainless-OS", "X-Stainless-Package-Version",
    "X-Stainless-Read-Timeout", "X-Stainless-Retry-Count", "X-Stainless-Runtime", "X-Stainless-Runtime-Version",
    "X-Stainless-Timeout", "Anthropic-Beta", "Anthropic-Version",
)  # fmt: skip
_NAMES: Final = {key.encode(): sys.intern(name.lower()) for name in _SPELLINGS for key in (name, name.lower())}


class Request:
    """One request, whole: its body was read before the handler sees it.

    `path`: as sent, percent-encoding kept, without the query. `query`: after the `?`, or "". `version`: 0 or 1 for
    HTTP/1.x. `headers`: lower-case names, repeated ones joined by ", ", latin-1. `peer`: the client's address, "" on a
    Unix socket. `accepted`: the loop's clock in seconds when the head was complete. `outlet`: where the response goes.
    `length` (bytes or CHUNKED), `keep` and `expects` are the wire's: body framing, connection reuse, 100-continue.
    """

    __slots__ = (
        "accepted", "body", "expects", "headers", "keep", "length", "method", "outlet", "path", "peer", "query",
        "version",
    )  # fmt: skip

    outlet: Outlet

    def __init__(self, method: str, target: str, version: int, headers: dict[str, str]) -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.version = version
        self.headers = headers
        self.body = b""
        self.peer = ""
        self.accepted = 0.0
        self.length = guard.body_length(headers, version)
        self.keep = guard.keeps_alive(headers, version)
        self.expects = guard.expects_continue(headers, version)


class _Fields:
    """Collects what llhttp reports of one head."""

    __slots__ = ("complete", "headers", "repeated")

    def __init__(self) -> None:
        self.headers: dict[str, str] = {}
        self.repeated: str | None = None
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header field."""
        key = _NAMES.get(name) or name.decode("latin-1").lower()
        text = value.decode("latin-1").rstrip(" \t")
        headers = self.headers
        if key not in headers:
            headers[key] = text
            return
        if key in _SINGLE:
            self.repeated = key
        headers[key] = f"{headers[key]}, {text}"

    def on_headers_complete(self) -> None:
        """The empty line."""
        self.complete = True


def read_head(block: bytes, limits: Limits) -> Request:
    """The request whose head is `block`. Raises Refusal."""
    guard.check_raw(block[: limits.head_bytes])
    guard.check_size(block, limits)
    method, target, version = guard.request_line(block)
    fields = _Fields()
    try:
        httptools.HttpRequestParser(fields).feed_data(block)
    except httptools.HttpParserUpgrade:
        pass  # An offer to upgrade may be ignored (RFC 9110 section 7.8): Java's client and curl offer h2c.
    except httptools.HttpParserError as error:
        raise refusal("The request head is malformed.") from error
    if not fields.complete:
        raise refusal("The request head is malformed.")
    if fields.repeated is not None:
        raise refusal(f"The request has more than one {fields.repeated} header.")
    guard.check_host(fields.headers, version)
    return Request(method, target, version, fields.headers)
