"""What a browser keeps from a page, and what it only hides: an answer that failed names no origin."""

from __future__ import annotations

import pytest

from outwait.core.tongue import Tongue
from outwait.diagnosis.diagnose import diagnose
from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom

BLOCKED = (
    "Access to fetch at 'https://llm.example.org' from origin 'http://localhost:80' has been blocked by CORS policy"
)
FIREFOX = "Cross-Origin Request Blocked: The Same Origin Policy disallows reading https://llm.example.org/v1."
MISSING = f"{BLOCKED}: No 'Access-Control-Allow-Origin' header is present on the requested resource."


@pytest.mark.parametrize(
    "text",
    [
        MISSING,
        f"{BLOCKED}: Response to preflight request doesn't pass access control check: It does not have HTTP ok status.",
        "Request header field x-api-key is not allowed by Access-Control-Allow-Headers in preflight response.",
        "Origin https://page.example.org is not allowed by Access-Control-Allow-Origin. Status code: 200",
        "Fetch API cannot load https://llm.example.org/v1/models due to access control checks.",
        f"{FIREFOX} (Reason: CORS header 'Access-Control-Allow-Origin' missing). Status code: 403.",
        "Disallowed CORS origin",
        "网页调用接口时跨域失败",
    ],
)
def test_an_origin_that_is_not_allowed(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("bad_request", "client")


@pytest.mark.parametrize(
    "text, status, cause",
    [
        (
            f"{MISSING} POST https://llm.example.org/v1/x net::ERR_FAILED 504 (Gateway Timeout)",
            None,
            "gateway_timeout_upstream",
        ),
        (MISSING, 502, "upstream_error"),
        (MISSING, 429, "rate_limited"),
        (MISSING, 401, "bad_request"),  # a preflight carries no key, so this one is about the origin
        (f"{FIREFOX} (Reason: CORS header missing). Status code: 502.", None, "upstream_error"),
        ("(Reason: CORS request did not succeed). Status code: (null).", None, "connect_refused"),
    ],
)
def test_an_answer_that_failed_is_not_about_the_origin(text: str, status: int | None, cause: str) -> None:
    assert read(Symptom(text, status=status)).best.cause == cause


def test_a_page_that_may_not_call_anybody() -> None:
    text = "Refused to connect: it violates the following Content Security Policy directive: connect-src 'self'"
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("bad_request", "client")
    assert "connect-src" in diagnose(Symptom(text)).change[0]


def test_the_advice_is_about_the_origin() -> None:
    told = diagnose(Symptom(MISSING))
    assert "server.cors" in told.change[0]
    assert "browser" in told.now
    assert not any("send less" in said for said in told.change)
    assert "server.cors" in diagnose(Symptom(MISSING), Tongue.ZH).change[0]
    assert any("send less" in said for said in diagnose(Symptom("413 Payload Too Large")).change)
