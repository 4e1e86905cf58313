from __future__ import annotations

import json
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Fault, Side
from outwait.dialects import told as inside
from outwait.policy.blame import WORDED, Blame, blame
from outwait.upstream.faults import reply_fault, retry_after

NGINX = b"<html><head><title>%s</title></head><body><center>nginx/1.26.1</center></body></html>"
KEY = "sk-" + "proj-Ab12Cd34Ef56Gh78"


def told(
    status: int, body: object = b"", headers: Mapping[str, str] | None = None, secrets: tuple[str, ...] = ()
) -> Fault:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return reply_fault(status, headers or {"content-type": "application/json"}, data, now=0.0, secrets=secrets)


def error(message: str = "", **more: object) -> dict[str, object]:
    return {"error": {"message": message, **more}}


@pytest.mark.parametrize(
    "status, body, code, cause, seen",
    [
        # the channel's account and credentials
        (
            429,
            error("You exceeded your current quota", code="insufficient_quota"),
            "upstream_quota",
            "quota_exhausted",
            503,
        ),
        (402, error("Insufficient Balance"), "upstream_quota", "quota_exhausted", 503),
        (400, error("Your credit balance is too low to access the API."), "upstream_quota", "quota_exhausted", 503),
        (
            403,
            error("user quota is not enough", code="insufficient_user_quota"),
            "upstream_quota",
            "quota_exhausted",
            503,
        ),
        (401, b"", "upstream_auth", "auth_failed", 502),
        (400, error("API key not valid."), "upstream_auth", "auth_failed", 502),
        (403, error("no"), "upstream_auth", "permission_denied", 502),
        (403, error("x", code="unsupported_country_region_territory"), "upstream_auth", "permission_denied", 502),
        (400, error("User location is not supported for the API use."), "upstream_auth", "permission_denied", 502),
        (407, b"", "upstream_error", "proxy_misconfigured", 502),
        # the request
        (
            404,
            error("The model `x` does not exist or you do not have access to it."),
            "model_not_found",
            "model_not_found",
            404,
        ),
        (400, error("x", code="model_not_found"), "model_not_found", "model_not_found", 400),
        (404, {"detail": "Not Found"}, "upstream_error", "bad_request", 404),
        (400, error("This model's maximum context length is 16384 tokens."), "upstream_error", "context_too_long", 400),
        (400, error("x", code="context_length_exceeded"), "upstream_error", "context_too_long", 400),
        (400, error("Output blocked by content filtering policy"), "upstream_error", "content_filtered", 400),
        (400, error("triggering Azure OpenAI's content management policy"), "upstream_error", "content_filtered", 400),
        (400, error("temperature must be below 2", param="temperature"), "upstream_error", "bad_request", 400),
        (422, {"detail": [{"msg": "field required"}]}, "upstream_error", "bad_request", 422),
        (413, NGINX % b"413 Request Entity Too Large", "upstream_error", "bad_request", 413),
        # load
        (429, error("Rate limit reached", type="requests"), "upstream_error", "rate_limited", 429),
        (429, error("Request too large for gpt-4o on tokens per min (TPM)"), "upstream_error", "rate_limited", 429),
        (
            429,
            error("engine is currently overloaded", type="engine_overloaded_error"),
            "upstream_error",
            "overloaded",
            429,
        ),
        (503, b"", "upstream_error", "overloaded", 503),
        (529, error("Overloaded"), "upstream_error", "overloaded", 529),
        # time
        (504, NGINX % b"504 Gateway Time-out", "upstream_error", "gateway_timeout_upstream", 504),
        (504, b'{"message": "The upstream server is timing out"}', "upstream_error", "gateway_timeout_upstream", 504),
        (
            524,
            b"<title>x | 524: A timeout occurred</title>cloudflare",
            "upstream_error",
            "gateway_timeout_upstream",
            524,
        ),
        (408, error("The operation was timeout.", code="Timeout"), "upstream_error", "gateway_timeout_upstream", 408),
        (
            503,
            error("Deadline expired before operation could complete."),
            "upstream_error",
            "gateway_timeout_upstream",
            503,
        ),
        # the rest
        (500, error("Internal error"), "upstream_error", "upstream_error", 500),
        (502, NGINX % b"502 Bad Gateway", "upstream_error", "upstream_error", 502),
        (
            520,
            b"<title>x | 520: Web server is returning an unknown error</title>",
            "upstream_error",
            "upstream_error",
            520,
        ),
        (521, b"", "upstream_error", "connect_refused", 521),
        (418, b"", "upstream_error", "bad_request", 418),
        # an error inside a 200
        (200, error("slow down", code=429), "upstream_error", "rate_limited", 429),
        (200, error("something broke"), "upstream_error", "upstream_error", 502),
    ],
)
def test_what_a_reply_means(status: int, body: object, code: str, cause: str, seen: int) -> None:
    fault = told(status, body)
    assert (fault.code, fault.cause, fault.status) == (code, cause, seen)
    assert fault.message
    if fault.upstream is not None:
        assert fault.upstream.status == status


@pytest.mark.parametrize(
    "status, body, side",
    [
        (504, NGINX % b"504 Gateway Time-out", Side.MIDDLEBOX),
        (504, b"", Side.MIDDLEBOX),
        (524, b"", Side.MIDDLEBOX),
        (504, error("Deadline exceeded", status="DEADLINE_EXCEEDED"), Side.UPSTREAM),
        (413, NGINX % b"413 Request Entity Too Large", Side.MIDDLEBOX),
        (403, b"<html><title>Attention Required! | Cloudflare</title></html>", Side.MIDDLEBOX),
        (429, error("x"), Side.UPSTREAM),
        (400, error("x"), Side.CLIENT),
        (404, b"", Side.GATEWAY),
    ],
)
def test_whose_side_it_is(status: int, body: object, side: Side) -> None:
    assert told(status, body).side is side


def test_the_upstreams_words_and_reply_are_kept() -> None:
    body = json.dumps(error("temperature must be below 2", param="temperature")).encode()
    fault = told(400, body)
    assert (fault.message, fault.param, fault.type) == (
        "temperature must be below 2",
        "temperature",
        "invalid_request_error",
    )
    assert fault.upstream is not None
    assert (fault.upstream.body, fault.upstream.content_type) == (body, "application/json")


def test_a_proxys_page_is_told_by_name() -> None:
    assert told(504, NGINX % b"504 Gateway Time-out").message.startswith(
        "Nginx, in front of the upstream, answered 504"
    )


@pytest.mark.parametrize("status", [400, 401, 403, 429, 500])
def test_no_key_comes_out(status: int) -> None:
    secret = "a plain pass phrase"
    fault = told(status, error(f"Incorrect API key provided: {KEY}; {secret}; sk-proj-Ab****Gh78"), secrets=(secret,))
    shown = repr(fault)
    for fragment in (KEY, secret, "Gh78", "Ab12"):
        assert fragment not in shown


def test_refused_credentials_are_not_the_clients_affair() -> None:
    fault = told(401, error("Incorrect API key provided: of account 12345"))
    assert fault.upstream is None
    assert "12345" not in fault.message
    assert fault.detail is not None
    assert "12345" in fault.detail


@pytest.mark.parametrize(
    "body, hint",
    [
        (error("Unsupported value", param="stream"), "unstreamable"),
        (error("'stream' does not support true with this model."), "unstreamable"),
        (error("Your organization must be verified to stream this model."), "unstreamable"),
        (error("Streaming is not supported for this model"), "unstreamable"),
        (error("This model doesn't support streaming."), "unstreamable"),
        (error("temperature is not supported"), None),
        (error("stream_options is fine, but temperature is not", param="temperature"), None),
    ],
)
def test_a_refusal_to_stream_is_noticed(body: object, hint: str | None) -> None:
    assert told(400, body).hint == hint
    assert told(500, body).hint is None


def test_redirects_are_not_followed_and_say_where_they_lead() -> None:
    fault = told(307, b"", {"location": "https://elsewhere/v1"})
    assert fault.code == "upstream_bad_response"
    assert fault.detail == "307 to https://elsewhere/v1"
    assert fault.upstream is not None


@pytest.mark.parametrize(
    "headers, seconds",
    [
        ({"retry-after": "30"}, 30.0),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after-ms": "1500", "retry-after": "30"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "30"}, 30.0),
        ({"retry-after-ms": "Thu, 01 Jan 1970 00:02:00 GMT"}, None),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 GMT"}, 120.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:02:00 -0000"}, 120.0),
        ({"retry-after": "Thu, 01 Jan 1970 00:00:00 GMT"}, 0.0),
        ({"retry-after": "-5"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({}, None),
    ],
)
def test_retry_after(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after(headers, 0.0) == seconds
    assert told(429, b"", headers).retry_after == seconds


@given(st.text(max_size=40), st.floats(0, 4e9))
def test_any_retry_after_is_a_span_or_nothing(text: str, now: float) -> None:
    span = retry_after({"retry-after": text, "retry-after-ms": text}, now)
    assert span is None or (span >= 0 and math.isfinite(span))


@given(st.integers(100, 599), st.binary(max_size=200), st.sampled_from(["", "text/html", "application/json"]))
def test_every_reply_means_something(status: int, body: bytes, content_type: str) -> None:
    fault = told(status, body, {"content-type": content_type})
    assert 400 <= fault.status <= 599
    assert fault.message
    assert fault.detail


# Cause -> the status with which providers tell it.
TOLD_WITH = {
    "quota_exhausted": 429, "auth_failed": 401, "context_too_long": 400, "content_filtered": 400,
    "model_not_found": 404, "rate_limited": 429, "overloaded": 503,
}  # fmt: skip


@pytest.mark.parametrize("row", inside.CLASSES, ids=lambda row: row.cause)
def test_words_mean_the_same_as_inside_a_reply(row: inside.Class) -> None:
    for word in row.words:
        assert told(TOLD_WITH[row.cause], error(word)).cause == row.cause


@pytest.mark.parametrize("code, cause", [(None, "rate_limited"), ("insufficient_quota", "quota_exhausted")])
def test_a_quota_may_be_that_of_a_minute(code: str | None, cause: str) -> None:
    text, beside = "You exceeded your current quota", {"status": "RESOURCE_EXHAUSTED"} if code is None else {}
    assert told(429, error(text, code=code, **beside)).cause == cause
    assert inside.fault_of(text, {"code": code or 429, **beside}, b"").cause == cause


# -- what puts a credential out

INVALID = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}
QUOTED = "unknown field: 'invalid_api_key insufficient_quota, credit balance is too low, expired api key'"


@pytest.mark.parametrize(
    "status, body",
    [
        (401, b""),
        (401, error(QUOTED)),
        (402, error("Payment Required")),
        (403, error("user quota is not enough", code="insufficient_user_quota")),
        (403, error("Incorrect API key provided")),
        (429, error("You exceeded your current quota", code="insufficient_quota")),
        (429, error("your credit balance is too low")),
        (400, error("API key not valid.", status="INVALID_ARGUMENT", details=[INVALID])),
        (400, error("Access denied", code="Arrearage")),
        (400, error("no", type="exceeded_current_quota_error")),
        (200, error("no", code="invalid_api_key")),
        (200, error("no", code=401)),
        (500, error("no", code="insufficient_user_quota")),
    ],
)
def test_a_status_or_a_code_that_is_made_for_it_puts_a_key_out(status: int, body: object) -> None:
    found = told(status, body)
    assert (found.hint, blame(found)) == (None, Blame.KEY)


@pytest.mark.parametrize("status", [200, 400, 404, 405, 413, 422, 500, 503])
@pytest.mark.parametrize("more", [{}, {"type": "invalid_request_error"}, {"code": "invalid_value", "param": QUOTED}])
def test_words_that_a_client_may_have_written_put_no_key_out(status: int, more: dict[str, object]) -> None:
    assert blame(told(status, error(QUOTED, **more))) is not Blame.KEY
    assert blame(told(status, QUOTED.encode())) is not Blame.KEY


def test_what_a_moderation_quotes_puts_no_key_out() -> None:
    flagged = f'Your chosen model requires moderation and your input was flagged for "x". {QUOTED}'
    assert blame(told(403, error(flagged, code=403))) is not Blame.KEY
    assert blame(told(403, error(QUOTED, code=403))) is Blame.KEY


@pytest.mark.parametrize("status", [200, 400, 500])
def test_such_words_are_told_all_the_same(status: int) -> None:
    found = told(status, error("Your credit balance is too low."))
    assert (found.code, found.cause, found.hint) == ("upstream_quota", "quota_exhausted", WORDED)


@given(st.text(max_size=60), st.sampled_from([400, 404, 408, 409, 413, 422, 500, 502, 503]))
def test_no_text_of_a_client_puts_a_key_out(text: str, status: int) -> None:
    for said in (text, f"{QUOTED} {text}", f"{text} API key not valid"):
        assert blame(told(status, error(f"You said: {said}"))) is not Blame.KEY
