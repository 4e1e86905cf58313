from __future__ import annotations

import pytest

from outwait.core.fault import FAULTS
from outwait.dialects import told


@pytest.mark.parametrize(
    "text, error, code, status, cause",
    [
        ("slow down", {"code": "rate_limit_exceeded"}, "upstream_error", 429, "rate_limited"),
        ("x", {"code": 429}, "upstream_error", 429, "rate_limited"),
        ("x", {"code": "429"}, "upstream_error", 429, "rate_limited"),
        ("x", {"status": "RESOURCE_EXHAUSTED", "code": 400}, "upstream_error", 429, "rate_limited"),
        ("Overloaded", {}, "upstream_error", 503, "overloaded"),
        ("x", {"status_code": 529}, "upstream_error", 503, "overloaded"),
        ("Insufficient Balance", {}, "upstream_quota", 503, "quota_exhausted"),
        ("bad", {"type": "authentication_error"}, "upstream_auth", 502, "auth_failed"),
        ("no", {"code": 401}, "upstream_auth", 502, "auth_failed"),
        ("prompt is too long: 9 tokens", {}, "upstream_error", 400, "context_too_long"),
        ("x", {"code": "content_filter"}, "upstream_error", 400, "content_filtered"),
        ("x", {"code": "model_not_found"}, "upstream_error", 404, "model_not_found"),
        ("x", {"code": 422}, "upstream_error", 422, "bad_request"),
        ("x", {"code": 500}, "upstream_error", 500, "upstream_error"),
        ("x", {"code": 200, "status": "4.5"}, "upstream_error", 502, "upstream_error"),
        ("", {}, "upstream_error", 502, "upstream_error"),
    ],
)
def test_words_and_numbers_become_a_fault(
    text: str, error: dict[str, object], code: str, status: int, cause: str
) -> None:
    fault = told.fault_of(text, error, b"raw")
    assert (fault.code, fault.status, fault.cause) == (code, status, cause)
    assert fault.upstream is not None
    assert (fault.upstream.status, fault.upstream.body) == (200, b"raw")


def test_the_http_status_wins_over_the_number_in_the_body() -> None:
    assert told.fault_of("m", {"code": 400}, b"", status=500).status == 500
    assert told.fault_of("m", {"param": "n"}, b"", status=422).param == "n"
    assert told.fault_of("m", {"param": 3}, b"", status=422).param is None


def test_words_win_over_the_number() -> None:
    row = told.class_of("maximum context length is 8192", 429)
    assert row is not None
    assert row.cause == "context_too_long"
    assert told.class_of("nothing known", None) is None


def test_what_clients_may_not_see_is_not_in_the_message() -> None:
    fault = told.fault_of("invalid_api_key abc", {}, b"{}")
    assert "abc" not in fault.message
    assert fault.detail is not None
    assert "abc" in fault.detail
    assert "boom" in told.fault_of("boom", {}, b"{}").message
    assert told.fault_of("", {}, b"{}").message == FAULTS["upstream_error"].message


def test_an_endless_error_is_cut() -> None:
    fault = told.fault_of("x" * 10**6, {}, b"y" * 10**6)
    assert fault.upstream is not None
    assert len(fault.upstream.body) == told.BODY_LIMIT
    assert len(fault.message) < 1000


def test_every_row_names_a_fault_of_the_table() -> None:
    assert {row.code for row in told.CLASSES} <= FAULTS.keys()
    assert all(word == word.lower() for row in told.CLASSES for word in row.words)


@pytest.mark.parametrize(
    "error, text",
    [
        ({"message": "a", "detail": "b"}, "a"),
        ({"message": "", "msg": "b"}, "b"),
        ({"detail": {"x": 1}, "status_msg": "c"}, "c"),
        ({"error_msg": "d"}, "d"),
        ({"reason": "e"}, ""),
    ],
)
def test_the_words_of_an_error(error: dict[str, object], text: str) -> None:
    assert told.text_of(error) == text


@pytest.mark.parametrize(
    "value, number",
    [(400, 400), ("503", 503), (True, None), (399, None), (600, None), ("52²", None), ("5003", None), (None, None)],
)
def test_a_number_that_is_an_error_status(value: object, number: int | None) -> None:
    assert told.number_of(value) == number
