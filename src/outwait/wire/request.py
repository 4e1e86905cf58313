"""One request as the handler gets it, and the reading of its head with llhttp, or from memory.

Promises: `read_head` takes exactly one whole head (up to and with its empty line) that nothing has checked yet, and
returns what it says or raises `Refusal`; `Heads` answers the same, from a bounded memory where it can. A parser lives
for one head only: the framing of bodies is ours (framing.py), so that the exact end of each message is known, and a
waiting connection holds no parser.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final, cast

import httptools
import msgspec

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

_LENGTH_LINE: Final = re.compile(rb"\r\n[Cc]ontent-[Ll]ength: ([0-9]{1,18})(?=\r\n)")
_DIGITS: Final = 18
# Heads of SDKs have 300-1500 bytes. With their keys and fields, so many of this size take a few MB.
_REMEMBERED: Final = 512
_REMEMBERED_BYTES: Final = 4096


class Head:
    """What one head says, shared by all requests that came with the same bytes: nobody may change it, but for `memo`.

    `path`: as sent, percent-encoding kept, without the query. `query`: after the `?`, or "". `version`: 0 or 1 for
    HTTP/1.x. `headers`: lower-case names, repeated ones joined by ", ", latin-1; content-length is not among them:
    it may differ between those who share. `memo`: what the layers above derived from this head alone; it goes when
    the head is forgotten. `length`: of the body, in bytes, or CHUNKED. `keep`: whether the client would use the
    connection again. `expects`: it waits for 100-continue. `start`, `rest`: its bytes around the digits of the length,
    if they are `cut` out.
    """

    __slots__ = (
        "__weakref__", "cut", "expects", "headers", "keep", "length", "memo", "method", "path", "query", "rest", "size",
        "start", "version",
    )  # fmt: skip

    def __init__(self, method: str, target: str, version: int, headers: dict[str, str]) -> None:
        self.method = method
        self.path, _, self.query = target.partition("?")
        self.version = version
        self.length = guard.body_length(headers, version)
        self.keep = guard.keeps_alive(headers, version)
        self.expects = guard.expects_continue(headers, version)
        headers.pop("content-length", None)
        self.headers: Mapping[str, str] = MappingProxyType(headers)
        self.memo: dict[str, Any] = {}
        self.cut = False
        self.start = self.rest = b""
        self.size = 0  # bytes of `start`; 0 if the head is not remembered

    def begins(self, data: bytes) -> tuple[int, int] | None:
        """Where this head ends in `data`, and the length of the body behind it; None if `data` does not begin with this
        head, whatever the digits of its length.
        """
        size = self.size
        if not size or not data.startswith(self.start):
            return None
        if not self.cut:
            return size, self.length
        end = data.find(b"\r", size, size + _DIGITS + 1)
        digits = data[size:end]
        if end < 0 or not digits.isdigit() or not data.startswith(self.rest, end):
            return None
        return end + len(self.rest), int(digits)

    def body_length(self, data: bytes, end: int) -> int:
        """The length of the body behind this head in `data`, where the head ends at `end`."""
        return int(data[self.size : end - len(self.rest)]) if self.cut else self.length


NEIGHBOUR: Final = "neighbour"
"""The peer of a request that came over the side door: another worker of this gateway passed it on."""


class Request(msgspec.Struct):
    """One request, whole: its body was read before the handler sees it.

    The first fields are its head's, see there. `peer`: the client's address, or NEIGHBOUR. `accepted`: the
    loop's clock in seconds when the head was complete. `outlet`: where the response goes.
    """

    method: str
    path: str
    query: str
    version: int
    headers: Mapping[str, str]
    memo: dict[str, Any]
    keep: bool
    peer: str
    accepted: float
    body: bytes = b""
    outlet: Outlet = msgspec.field(default=cast("Outlet", None))  # set before anybody sees the request

    @property
    def neighbour(self) -> bool:
        """Whether another worker passed it on: it is never passed on again, and may carry internal headers."""
        return self.peer == NEIGHBOUR


class Heads:
    """Reads the heads of one server, and remembers them: clients send the same one again and again, but for the length.

    The key is every byte of a head that passed all checks, save the digits of a Content-Length that stands alone on its
    line in its usual spelling; with it go credentials, so that what was found for one client is never another's. What
    stands around the digits decides nothing else about them: any other spelling, sign, list or second length makes
    another key, and is judged anew.
    """

    __slots__ = ("_known", "_largest", "_limits")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._known: dict[bytes | tuple[bytes, bytes], Head] = {}
        # With the longest digits in place a remembered head must still be within the limit.
        self._largest = min(_REMEMBERED_BYTES, limits.head_bytes - _DIGITS)

    def read(self, block: bytes) -> Head:
        """The head that `block` is; the length it names is told by `body_length`. Raises Refusal."""
        length = _LENGTH_LINE.search(block)
        # A pair and bytes are never equal: no head without digits can be taken for one whose digits were cut out.
        key = block if length is None else (block[: length.start(1)], block[length.end(1) :])
        head = self._known.get(key)
        if head is None:
            head = read_head(block, self._limits)
            if len(block) <= self._largest:
                self._remember(key, head)
        return head

    def _remember(self, key: bytes | tuple[bytes, bytes], head: Head) -> None:
        if len(self._known) >= _REMEMBERED:
            self._known.clear()
        self._known[key] = head
        if isinstance(key, bytes):
            head.start = key
        else:
            head.cut = True
            head.start, head.rest = key
        head.size = len(head.start)


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


def read_head(block: bytes, limits: Limits) -> Head:
    """The head that `block` is. Raises Refusal."""
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
    return Head(method, target, version, fields.headers)
