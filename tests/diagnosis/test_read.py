"""The rule, by what it decides between. The texts are shortest forms; whole ones are in tests/corpus/errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.diagnosis.causes import CAUSES, NOBODY, SIDES
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.symptom import Symptom

PIECES = st.sampled_from(
    [pattern.needle for pattern in PATTERNS]
    + ["504", "HTTP 429", "\n", "  ", '\\"', "localhost", "<html>", "after 60 s"]
)


def reading(text: str, **known: object) -> Reading:
    return read(Symptom(text, **known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text, cause",
    [
        # what is inside names it, what is wrapped around does not
        ("APIConnectionError: Connection error.\n caused by: getaddrinfo EAI_AGAIN host", "dns_failure"),
        (
            "Max retries exceeded (Caused by ProxyError('Cannot connect to proxy.', [Errno 111] Connection refused))",
            "proxy_misconfigured",
        ),
        ("502 Bad Gateway: dial tcp 192.0.2.1:80: connect: connection refused", "connect_refused"),
        ('500 {"error": "upstream said 429"}', "rate_limited"),
        ("dial tcp: lookup host: i/o timeout", "dns_failure"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "connect_timeout"),
        ("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "total_timeout"),
        ("net/http: timeout awaiting response headers", "first_byte_timeout"),
        ("SocketTimeoutException: connect timed out", "connect_timeout"),
        ("SocketTimeoutException: Read timed out", "first_byte_timeout"),
        ("Operation timed out after 30001 milliseconds with 0 bytes received", "first_byte_timeout"),
        ("Operation timed out after 30001 milliseconds with 512 bytes received", "total_timeout"),
        ("relay error (channel #1): bad response status code 401", "auth_failed"),
        ("relay error (channel #1): bad response status code 502", "upstream_error"),
        ("429: failed to parse the reply", "rate_limited"),
        # hints do not
        ("Connection refused. Please check your API key and quota.", "connect_refused"),
        ("nothing that is known", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_innermost_cause_wins(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


def test_in_a_5xx_reply_words_for_time_and_aborts_are_those_of_who_answered() -> None:
    assert reading("request timed out", status=500).best.cause == "gateway_timeout_upstream"
    assert reading("request timed out").best.cause == "first_byte_timeout"
    assert reading("the operation was aborted", status=504).best.cause == "gateway_timeout_upstream"
    assert reading("the operation was aborted").best.cause == "client_gave_up"


def test_a_wrapper_inside_a_5xx_reply_is_the_gateways_own_failure() -> None:
    found = reading('502 Bad Gateway {"error": "error sending request for url (https://host/v1)"}')
    assert (found.best.cause, found.side, found.confidence) == ("unknown", "gateway", Confidence.LOW)


def test_time_knows_better_than_a_wrapper() -> None:
    assert reading("fetch failed").best.cause == "unknown"
    assert reading("fetch failed", elapsed=300).best.cause == "first_byte_timeout"
    assert reading("socket hang up", elapsed=60).best.cause == "middlebox_idle_cut"


def test_how_sure_it_is() -> None:
    assert reading("code: 'UND_ERR_HEADERS_TIMEOUT'").confidence is Confidence.HIGH
    assert reading("status code 504").confidence is Confidence.MEDIUM
    assert reading("<h1>504 Gateway Time-out</h1> nginx").confidence is Confidence.HIGH  # signed
    assert reading("request timed out").confidence is Confidence.LOW
    assert reading("read ECONNRESET").confidence is Confidence.MEDIUM  # who reset it, is not said
    both = reading("insufficient_quota ... context_length_exceeded ... CERTIFICATE_VERIFY_FAILED")
    assert both.confidence is Confidence.MEDIUM


def test_an_elapsed_limit_makes_a_timeout_likelier() -> None:
    assert reading("request timed out", elapsed=600).confidence is Confidence.MEDIUM
    assert reading("request timed out", elapsed=423).confidence is Confidence.LOW


def test_other_causes_come_the_likeliest_first() -> None:
    found = reading("read ECONNRESET, status code 503")
    assert found.others[0] == "overloaded"
    assert "middlebox_idle_cut" not in found.others
    assert reading("request timed out").others == ("total_timeout", "idle_timeout", "connect_timeout")


def test_status_and_time_are_read_from_the_text() -> None:
    found = reading("failed with status code 502 after 12 s")
    assert (found.status, found.elapsed) == (502, 12)
    given_ = reading("failed with status code 502 after 12 s", status=504, elapsed=30)
    assert (given_.status, given_.elapsed) == (504, 30)


@given(
    st.lists(PIECES | st.text(max_size=12), max_size=8).map("".join),
    st.none() | st.floats(0, 4000),
    st.none() | st.integers(100, 599),
)
def test_any_text_has_a_valid_reading(text: str, elapsed: float | None, status: int | None) -> None:
    found = reading(text, elapsed=elapsed, status=status)
    assert found.best.cause in CAUSES
    assert found.side in (*SIDES, NOBODY)
    assert found.best.cause not in found.others
    assert (found.confidence is Confidence.HIGH) <= (found.best.cause != "unknown")
