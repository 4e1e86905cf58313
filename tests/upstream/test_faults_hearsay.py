"""What somebody in between says of the upstream, once it may have the request: at once, or after a silence."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, RetryClass, Side
from outwait.policy.blame import Blame, blame
from outwait.policy.retry import QUICK, classify, should_retry
from outwait.upstream.faults import reply_fault

NGINX = b"<html><head><title>%s</title></head><body><center>nginx/1.26.1</center></body></html>"
VARNISH = b"""<!DOCTYPE html><html><head><title>503 Backend fetch failed</title></head><body>
<h1>Error 503 Backend fetch failed</h1><p>Backend fetch failed</p><h3>Guru Meditation:</h3><p>XID: 32770</p>
<hr><p>Varnish cache server</p></body></html>"""
APACHE = b"""<html><head><title>502 Proxy Error</title></head><body><h1>Proxy Error</h1>
<p>The proxy server received an invalid response from an upstream server.<br />
The proxy server could not handle the request<p>Reason: <strong>Error reading from remote server</strong></p></p>
<hr><address>Apache/2.4.62 (Debian) Server at localhost Port 80</address></body></html>"""
PAGE = b"<html><head><title>%d %s</title></head><body></body></html>"
AGAIN = {"content-type": "text/html", "retry-after": "5"}
FLARED = {"content-type": "text/html", "server": "cloudflare"}
TIMEOUT = "gateway_timeout_upstream"


def error(message: str) -> dict[str, object]:
    return {"error": {"message": message}}


def heard(status: int, body: object, waited: float | None, headers: Mapping[str, str] | None = None) -> Fault:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_fault(status, headers or {}, data, now=0.0, waited=waited)


Row = tuple[int, Any, dict[str, str], float | None, str, Side, int, RetryClass]
# Status, body, headers, seconds of silence; cause, side, status for the client, class.
ROWS: list[Row] = [
    # pages after a silence
    (503, VARNISH, AGAIN, 4.0, TIMEOUT, Side.MIDDLEBOX, 503, RetryClass.AMBIGUOUS),
    (404, PAGE % (404, b"Not Found"), {"server": "lighttpd"}, 4.0, TIMEOUT, Side.MIDDLEBOX, 504,
     RetryClass.AMBIGUOUS),
    (403, PAGE % (403, b"Forbidden"), {}, 4.0, TIMEOUT, Side.MIDDLEBOX, 504, RetryClass.AMBIGUOUS),
    (401, PAGE % (401, b"Unauthorized"), {}, 4.0, TIMEOUT, Side.MIDDLEBOX, 504, RetryClass.AMBIGUOUS),
    (522, PAGE % (522, b"Timeout"), {}, 4.0, TIMEOUT, Side.MIDDLEBOX, 522, RetryClass.AMBIGUOUS),
    (521, PAGE % (521, b"Down"), {}, 4.0, "upstream_error", Side.MIDDLEBOX, 521, RetryClass.AMBIGUOUS),
    (503, PAGE % (503, b"Unavailable"), AGAIN, 4.0, "overloaded", Side.MIDDLEBOX, 503, RetryClass.AMBIGUOUS),
    (429, PAGE % (429, b"Too Many"), {}, 4.0, "rate_limited", Side.UPSTREAM, 429, RetryClass.AMBIGUOUS),
    (502, APACHE, {}, 4.0, TIMEOUT, Side.MIDDLEBOX, 502, RetryClass.AMBIGUOUS),
    (502, APACHE, {}, None, TIMEOUT, Side.MIDDLEBOX, 502, RetryClass.AMBIGUOUS),
    # pages that came at once
    (502, APACHE, {}, 0.1, "upstream_error", Side.MIDDLEBOX, 502, RetryClass.AMBIGUOUS),
    (503, VARNISH, AGAIN, 0.1, "overloaded", Side.MIDDLEBOX, 503, RetryClass.AMBIGUOUS),
    (404, NGINX % b"404 Not Found", {}, 0.1, "bad_request", Side.GATEWAY, 404, RetryClass.SAFE),
    (403, PAGE % (403, b"Attention Required!"), FLARED, 0.1, "permission_denied", Side.MIDDLEBOX, 502,
     RetryClass.SAFE),
    (413, NGINX % b"413 Too Large", {}, 4.0, "bad_request", Side.MIDDLEBOX, 413, RetryClass.FINAL),
    # nothing, or a text without a name
    (503, b"", {"retry-after": "5"}, 0.1, "overloaded", Side.UPSTREAM, 503, RetryClass.SAFE),
    (503, b"", {"retry-after": "5"}, 4.0, "overloaded", Side.UPSTREAM, 503, RetryClass.AMBIGUOUS),
    (404, b"not here", {}, 4.0, "bad_request", Side.GATEWAY, 404, RetryClass.AMBIGUOUS),
    (403, b"denied", {}, 4.0, "permission_denied", Side.UPSTREAM, 502, RetryClass.AMBIGUOUS),
    (401, b"", {}, 4.0, "auth_failed", Side.UPSTREAM, 502, RetryClass.AMBIGUOUS),
    (302, b"", {"location": "/login"}, 4.0, "bad_response", Side.UPSTREAM, 502, RetryClass.AMBIGUOUS),
    (302, b"", {"location": "/login"}, 0.1, "bad_response", Side.UPSTREAM, 502, RetryClass.SAFE),
    # Cloudflare's own numbers
    (521, PAGE % (521, b"Web server is down"), FLARED, 4.0, "connect_refused", Side.UPSTREAM, 521, RetryClass.SAFE),
    (522, PAGE % (522, b"Timed out"), FLARED, 19.5, "connect_timeout", Side.UPSTREAM, 522, RetryClass.SAFE),
    (522, PAGE % (522, b"Timed out"), FLARED, 95.0, TIMEOUT, Side.MIDDLEBOX, 522, RetryClass.AMBIGUOUS),
    (522, b"error code: 522", {}, 19.5, "connect_timeout", Side.UPSTREAM, 522, RetryClass.SAFE),
    (523, b"", FLARED, 4.0, "network_unreachable", Side.UPSTREAM, 523, RetryClass.SAFE),
    # the provider's own word, whenever it comes
    (503, error("busy"), {"retry-after": "5"}, 60.0, "overloaded", Side.UPSTREAM, 503, RetryClass.SAFE),
    (429, error("slow down"), {"server": "cloudflare"}, 60.0, "rate_limited", Side.UPSTREAM, 429, RetryClass.SAFE),
    (404, {"detail": "Not Found"}, {}, 60.0, "bad_request", Side.GATEWAY, 404, RetryClass.SAFE),
    (529, error("Overloaded"), {}, 60.0, "overloaded", Side.UPSTREAM, 529, RetryClass.SAFE),
    # who had nobody to ask
    (503, b"no healthy upstream", {"retry-after": "5"}, 4.0, "overloaded", Side.UPSTREAM, 503, RetryClass.SAFE),
    # a proxy that wants to know who asks
    (407, b"<html><title>407</title></html>", {"server": "squid"}, 4.0, "proxy_misconfigured", Side.MIDDLEBOX, 502,
     RetryClass.SAFE),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS)
def test_what_a_reply_says_of_the_upstream(
    row: Row,
) -> None:
    status, body, headers, waited, cause, side, seen, again = row
    found = heard(status, body, waited, headers)
    assert (found.cause, found.side, found.status, classify(found)) == (cause, side, seen, again)
    if again is not RetryClass.SAFE:
        assert not should_retry(found, again)


BODIES = (
    st.sampled_from([VARNISH, APACHE, PAGE % (404, b"Not Found"), b"", b"denied", b"[]", b"error code: 503", b"<"])
    | st.binary(max_size=50)
)  # fmt: skip


@given(st.integers(300, 599), BODIES, st.floats(QUICK, 4000), st.sampled_from(["", "nginx", "Varnish", "envoy"]))
def test_after_a_silence_nobody_but_a_provider_makes_a_retry_safe(
    status: int, body: bytes, waited: float, server: str
) -> None:
    """A provider's own error object is JSON; 407 says by itself that nothing was passed on."""
    headers = {"retry-after": "5", "server": server, "content-type": "text/html" if body[:1] == b"<" else ""}
    found = heard(status, body, waited, headers)
    told_by_cloudflare = body == b"error code: 503" and status in {521, 522, 523, 525, 526, 530}
    own_words = body.strip()[:1] in {b"{", b"["} and body != b"[]"
    if status != 407 and not told_by_cloudflare and not own_words:
        assert classify(found) is not RetryClass.SAFE


def test_a_refusal_that_is_hearsay_puts_no_key_out() -> None:
    assert blame(heard(401, b"", 4.0)) is Blame.NOTHING
    assert blame(heard(401, b"", 0.1)) is Blame.KEY
    assert blame(heard(403, PAGE % (403, b"Forbidden"), 4.0)) is Blame.NOTHING


def test_a_proxys_page_says_that_the_upstream_may_be_at_work() -> None:
    assert heard(404, PAGE % (404, b"Not Found"), 4.0, {"server": "lighttpd"}).message == (
        "Lighttpd, in front of the upstream, answered 404: 404 Not Found (the upstream may be at work on the request)"
    )


def test_a_login_is_told_with_a_status_that_every_client_can_read() -> None:
    """Node's fetch throws at a 407, whatever else it says."""
    found = heard(407, b"<html><title>Cache Access Denied</title></html>", 0.1, {"server": "squid/5.7"})
    assert found.message == (
        "Squid, a proxy in front of the upstream wants a login (407), so nothing was passed on: Cache Access Denied"
    )
    assert found.upstream is not None
    assert found.upstream.status == 407
    assert heard(407, b"", 0.1).message.startswith("A proxy in front of the upstream wants a login (407)")
