"""What an upstream's error means: one table of words and numbers, for the errors that come inside a reply.

Providers tell errors in many shapes; whatever the shape, what is left is a text, a few names and a number, and those
become one `Fault` that carries the upstream's own bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from outwait.core.fault import Fault, UpstreamError, fault

BODY_LIMIT = 64 * 1024
_TEXT_LIMIT = 500
_ERROR_STATUS = range(400, 600)
_OK_STATUS = range(200, 300)


class Class(NamedTuple):
    """A row of `CLASSES`: the fault code, the status told and the cause for errors whose text has one of `words`, or
    whose number is in `numbers`. A status of 0 leaves the upstream's own."""

    code: str
    status: int
    cause: str
    type: str
    words: tuple[str, ...]
    numbers: tuple[int, ...] = ()


CLASSES: tuple[Class, ...] = (
    Class(
        "upstream_quota", 503, "quota_exhausted", "api_error",
        # Not "exceeded your current quota": Google says so of every rate limit, and OpenAI adds a code.
        ("insufficient_quota", "insufficient_user_quota", "exceeded_current_quota_error", "insufficient balance",
         "credit balance is too low", "billing_hard_limit", "insufficient credits", "requires more credits",
         "payment required", "arrearage"),
        (402,),
    ),
    Class(
        "upstream_auth", 502, "auth_failed", "api_error",
        ("invalid_api_key", "incorrect api key", "authentication_error", "invalid authentication", "unauthorized",
         "api key not valid", "api key expired"),
        (401, 403),
    ),
    Class(
        "upstream_error", 400, "context_too_long", "invalid_request_error",
        ("context_length_exceeded", "maximum context length", "context window", "prompt is too long"),
    ),
    Class(
        "upstream_error", 400, "content_filtered", "invalid_request_error",
        ("content_filter", "content_policy", "content management policy", "data_inspection_failed"),
    ),
    Class(
        "upstream_error", 404, "model_not_found", "invalid_request_error",
        ("model_not_found", "model not found", "no such model"),
    ),
    Class(
        "upstream_error", 429, "rate_limited", "rate_limit_error",
        ("rate_limit", "rate limit", "ratelimit", "too many requests", "too_many_requests", "throttl",
         "resource_exhausted"),
        (429,),
    ),
    Class(
        "upstream_error", 503, "overloaded", "overloaded_error",
        ("overloaded", "over capacity", "at capacity", "server is busy", "service unavailable", "service_unavailable",
         "temporarily unavailable", "engine_busy"),
        (503, 529),
    ),
)  # fmt: skip


def fault_of(text: str, error: Mapping[str, object], raw: bytes, status: int = 200) -> Fault:
    """The fault for an upstream error that says `text`; `error` may have `code`, `type`, `status`, `param`."""
    number = number_of(error.get("code")) or number_of(error.get("status")) or number_of(error.get("status_code"))
    if status not in _OK_STATUS:
        number = status
    names = [error.get("code"), error.get("type"), error.get("status")]
    told = " ".join([*(name for name in names if isinstance(name, str)), text[:_TEXT_LIMIT]]).lower()
    row = class_of(told, number)
    kept = UpstreamError(status, "application/json", raw[:BODY_LIMIT])
    detail = told[:_TEXT_LIMIT] or None
    if row is not None and row.code != "upstream_error":
        # The text may speak of the channel's own account or key: for logs, never for clients.
        return fault(row.code, status=row.status, cause=row.cause, upstream=kept, detail=detail)
    param = error.get("param")
    refused = number // 100 == 4 if number else False
    return fault(
        "upstream_error",
        f"The upstream answered with an error: {text[:_TEXT_LIMIT]}" if text else None,
        param=param if isinstance(param, str) else None,
        status=row.status if row else number or None,
        cause=row.cause if row else "bad_request" if refused else None,
        type=row.type if row else "invalid_request_error" if refused else None,
        upstream=kept,
        detail=detail,
    )


def class_of(told: str, number: int | None) -> Class | None:
    """The row of `CLASSES` for an error's lower-case text and its HTTP status; words win over the number."""
    for row in CLASSES:
        if any(word in told for word in row.words):
            return row
    for row in CLASSES:
        if number in row.numbers:
            return row
    return None


def text_of(error: Mapping[str, object]) -> str:
    """The words of an error object, whichever key they stand under."""
    for key in ("message", "msg", "detail", "status_msg", "error_msg"):
        text = error.get(key)
        if isinstance(text, str) and text:
            return text
    return ""


def number_of(value: object) -> int | None:
    """`value` as an HTTP error status, or None."""
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and value in _ERROR_STATUS else None
