"""The header blocks of replies: what every answer carries, and what keeps middleboxes from holding it back."""

from __future__ import annotations

import re

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.exchange.driver import Exchange
from outwait.policy import retry
from outwait.wire import framing

# nginx buffers a proxied reply unless told otherwise, and haproxy, lighttpd and browsers may compress, which batches
# heartbeats (FACTS 1.1.9).
_UNBUFFERED = "cache-control: no-cache, no-transform\r\nx-accel-buffering: no\r\n"
_NAME_MAX, _DROPPED_MAX = 80, 2000  # characters
_UNPRINTABLE = re.compile(r"[^ -~]")
REPLAYED = b"idempotent-replayed: true\r\n"  # on an answer that was there before it was asked for
_UNAUTHORIZED = 401
RETRY_AFTER_MAX = 120.0  # seconds; SDKs ignore a longer one (FACTS part 3)


def answer(exchange: Exchange, head: Head) -> bytes:
    """The header block of an exchange's answer."""
    block = f"content-type: {head.content_type}\r\n{_UNBUFFERED}{_names(exchange)}".encode("latin-1")
    return block + framing.render(head.headers) if head.headers else block


def lasting(content_type: str, ident: str) -> bytes:
    """The header block of an answer without an exchange that is told as one would be, whatever passes it on."""
    names = f"x-outwait-exchange: {ident}\r\nx-request-id: {ident}\r\nrequest-id: {ident}\r\n"
    return f"content-type: {content_type}\r\n{_UNBUFFERED}{names}".encode("latin-1")


def identity(exchange: Exchange) -> bytes:
    """Who answers: the exchange's id under the names clients look for, and the channel once there is one."""
    return _names(exchange).encode("latin-1")


def _names(exchange: Exchange) -> str:
    candidate = exchange.candidate
    named = _named(exchange, candidate)
    if candidate is not None and candidate.model != exchange.call.model:  # a map, or a fallback
        named = f"{named}x-outwait-model: {_UNPRINTABLE.sub('?', candidate.model[:_NAME_MAX])}\r\n"
    return f"{named}x-outwait-dropped: {_listed(exchange.dropped)}\r\n" if exchange.dropped else named


def _listed(dropped: tuple[str, ...]) -> str:
    """The names of fields that were left out; a client's own names may be anything, a header's value may not."""
    listed = ", ".join(name[:_NAME_MAX] for name in dropped)[:_DROPPED_MAX]
    return _UNPRINTABLE.sub("?", listed)


def _named(exchange: Exchange, candidate: Candidate | None) -> str:
    name = exchange.id
    if candidate is None:
        return f"x-outwait-exchange: {name}\r\nx-request-id: {name}\r\nrequest-id: {name}\r\n"
    return (
        f"x-outwait-exchange: {name}\r\nx-outwait-channel: {candidate.channel}\r\n"
        f"x-outwait-attempts: {exchange.machine.number}\r\nx-request-id: {name}\r\nrequest-id: {name}\r\n"
    )


def failure(failed: Fault, *, told: bool, committed: bool = False) -> bytes:
    """The header block of an error reply. `told`: this failure was told before, so a further retry cannot help."""
    retry_class = retry.classify(failed, committed=committed)
    again = not told and retry.should_retry(failed, retry_class)
    pairs = [("content-type", "application/json"), ("x-should-retry", "true" if again else "false")]
    if failed.status == _UNAUTHORIZED:  # RFC 9110 section 15.5.2 asks for it, and Java's client throws without it
        pairs.append(("www-authenticate", "Bearer"))
    wait = retry_after(failed)
    if wait is not None:
        pairs.append(("retry-after", str(wait)))
    return framing.render(pairs)


def retry_after(failed: Fault) -> int | None:
    """Whole seconds for Retry-After, 1-120: what was asked for, and for every 429 and 503 something."""
    if failed.retry_after is not None:
        return max(1, min(int(RETRY_AFTER_MAX), int(-(-failed.retry_after // 1))))
    return 1 if failed.status in (429, 503) else None
