"""One HTTP/1.1 response read strictly: bytes in, head and body pieces out; no socket, no clock, no reports.

Promises: 1xx heads are skipped and 101 is refused; the head has at most `MAX_HEADERS` fields and `MAX_HEAD` bytes and
the body at most `max_body`; a message whose framing can be read two ways (RFC 9112 6.3: Content-Length beside
Transfer-Encoding, repeated lengths, unknown transfer codings) is refused. llhttp does most of that, but bounds nothing.
"""

from __future__ import annotations

import math
import sys

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

MAX_HEAD = 65_536
MAX_HEADERS = 256
MAX_BODY = 256 * 1024 * 1024
_BODYLESS = frozenset((204, 304))

# Names as providers and proxies spell them: looking them up is cheaper than decoding.
_SPELLINGS = (
    "Access-Control-Allow-Origin", "Access-Control-Expose-Headers", "Alt-Svc", "Anthropic-Organization-Id",
    "Anthropic-Ratelimit-Requests-Limit", "Anthropic-Ratelimit-Requests-Remaining",
    "Anthropic-Ratelimit-Requests-Reset", "Anthropic-Ratelimit-Tokens-Limit", "Anthropic-Ratelimit-Tokens-Remaining",
    "Anthropic-Ratelimit-Tokens-Reset", "CF-Cache-Status", "CF-Ray", "Cache-Control", "Connection", "Content-Encoding",
    "Content-Length", "Content-Type", "Date", "Keep-Alive", "OpenAI-Model", "OpenAI-Organization",
    "OpenAI-Processing-MS", "OpenAI-Project", "OpenAI-Version", "Pragma", "Request-Id", "Retry-After",
    "Retry-After-MS", "Server", "Server-Timing", "Set-Cookie", "Strict-Transport-Security", "Transfer-Encoding", "Vary",
    "Via", "X-Accel-Buffering", "X-Content-Type-Options", "X-Envoy-Upstream-Service-Time", "X-Frame-Options",
    "X-Powered-By", "X-RateLimit-Limit-Requests", "X-RateLimit-Limit-Tokens", "X-RateLimit-Remaining-Requests",
    "X-RateLimit-Remaining-Tokens", "X-RateLimit-Reset-Requests", "X-RateLimit-Reset-Tokens", "X-Request-Id",
    "X-Should-Retry", "X-XSS-Protection",
)  # fmt: skip
_NAMES = {key.encode(): sys.intern(name.lower()) for name in _SPELLINGS for key in (name, name.title(), name.lower())}


class BadResponse(Exception):  # noqa: N818 - it names what came
    """The bytes are not a response we accept; the text says why. `body`: what the read brought of the body before."""

    def __init__(self, why: str = "", body: bytes = b"") -> None:
        super().__init__(why)
        self.body = body


_NO_PARSER = HttpResponseParser(object())


class ResponseReader:
    """Reads the responses of one connection, one after another: `expect` one, `feed` it until `complete`.

    `status`: 0 until the final head is read. `headers`: lower-case names, repeated fields joined. `reusable`: the
    connection may carry another request. `close_delimited`: the body ends where the connection ends. `silent`: nothing
    at all has come yet.
    """

    __slots__ = (
        "_complaint",
        "_head",
        "_more",
        "_parser",
        "_pieces",
        "_taken",
        "close_delimited",
        "complete",
        "headers",
        "max_body",
        "on_body",
        "reusable",
        "silent",
        "status",
    )

    def __init__(self, max_body: int = MAX_BODY) -> None:
        self.max_body = max_body
        self._pieces: list[bytes] = []  # of the body, from the read that is under way
        self.on_body = self._pieces.append  # llhttp calls it; a method of ours would cost 0.15 us a piece
        self.expect()
        self._parser = HttpResponseParser(self)

    def expect(self) -> None:
        """Make ready for the response to the next request."""
        self.status = 0
        self.headers: dict[str, str] = {}
        self.complete = False
        self.reusable = False
        self.close_delimited = False
        self.silent = True
        self._complaint = ""
        self._more = 0  # fields that are not among `headers`: repeated ones, those of 1xx heads, then trailers
        self._head = 0
        self._taken = 0

    def close(self) -> None:
        """Drop the parser: it and this object hold each other."""
        self._parser = _NO_PARSER

    def feed(self, data: bytes) -> bytes:
        """Read `data`; returns what it brought of the body, transfer coding removed. Raises BadResponse."""
        if not self.status:
            self.silent = False
            self._head += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                raise BadResponse(self._complaint or str(error), self._take()) from None
            self.reusable = False  # bytes behind a whole message belong to nobody
        if not self.status and self._head > MAX_HEAD:
            raise BadResponse(f"the response head is larger than {MAX_HEAD} bytes")
        pieces = self._pieces
        if not pieces:
            return b""
        body = pieces.pop() if len(pieces) == 1 else self._take()
        self._taken += len(body)
        if self._taken > self.max_body:
            self.complete = False
            raise BadResponse(f"the body is larger than {self.max_body} bytes", body[: self.max_body - self._taken])
        return body

    def _take(self) -> bytes:
        body = b"".join(self._pieces)
        self._pieces.clear()
        return body

    # Called by llhttp. An exception here ends the parse as a callback error; `_complaint` keeps its reason.

    def on_message_begin(self) -> None:
        """A message starts; after a whole one it is one we did not ask for."""
        if self.complete:
            raise BadResponse

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header field, or a trailer field, which is counted and dropped (RFC 9110 6.5.1)."""
        if self.status:
            self._trailer(len(name) + len(value))
            return
        key = _NAMES.get(name) or name.decode("latin-1").lower()
        headers = self.headers
        if key in headers:
            self._repeat(key, value)
        else:
            headers[key] = value.decode("latin-1")
            if len(headers) + self._more > MAX_HEADERS:
                self._refuse(f"more than {MAX_HEADERS} header fields")

    def on_headers_complete(self) -> None:
        """A head is whole: decide how its body ends."""
        status = self._parser.get_status_code()
        if status < 200:
            self._skip_interim(status)
            return
        if status > 599:
            self._refuse(f"status {status}")
        version = self._parser.get_http_version()
        if version not in ("1.1", "1.0"):
            self._refuse(f"HTTP version {version}")
        headers = self.headers
        coding = headers.get("transfer-encoding")
        if coding is not None:
            if coding.strip().lower() != "chunked":
                self._refuse(f"transfer coding {coding[:40]!r}")
        elif "content-length" not in headers and status not in _BODYLESS:
            self.close_delimited = True
        length = headers.get("content-length")
        if length is not None and int(length) > self.max_body:
            self._refuse(f"a body of {length} bytes is announced, more than {self.max_body}")
        self.reusable = not self.close_delimited and self._parser.should_keep_alive()
        self._more = 0
        self.status = status

    def on_message_complete(self) -> None:
        """The message is whole; for an interim one that means nothing."""
        if self.status:
            self.complete = True

    def _trailer(self, size: int) -> None:
        self._more += 1
        if self._more > MAX_HEADERS:
            self._refuse(f"more than {MAX_HEADERS} trailer fields")
        self._taken += size
        if self._taken > self.max_body:
            self._refuse("endless trailers")

    def _repeat(self, key: str, value: bytes) -> None:
        self._more += 1
        if len(self.headers) + self._more > MAX_HEADERS:
            self._refuse(f"more than {MAX_HEADERS} header fields")
        self.headers[key] = f"{self.headers[key]}, {value.decode('latin-1')}"

    def _skip_interim(self, status: int) -> None:
        if status == 101 or status < 100:
            self._refuse(f"status {status}")
        self._more += len(self.headers)
        self.headers = {}  # 1xx, RFC 9110 15.2; their number is bounded by MAX_HEAD

    def _refuse(self, why: str) -> None:
        self._complaint = why
        raise BadResponse(why)


def keep_alive_span(headers: dict[str, str]) -> float:
    """Seconds the server says it keeps an idle connection (`Keep-Alive: timeout=N`); infinite if it does not say."""
    text = headers.get("keep-alive")
    if text is None:
        return math.inf
    for part in text.split(","):
        name, _, value = part.partition("=")
        digits = value.strip().strip('"')
        if name.strip().lower() == "timeout" and digits.isascii() and digits.isdigit():
            return float(digits[:9])
    return math.inf
