"""What an upstream said, judged: whether words were said, what they cost, and which fault an error text means.

Providers that call themselves OpenAI-compatible tell errors in many shapes inside a 200 reply; all shapes seen are
understood here and become one `Fault` that carries the upstream's own bytes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from outwait.core.fault import Fault, UpstreamError, fault
from outwait.core.reply import Usage
from outwait.dialects import document

BODY_LIMIT = 64 * 1024
_TEXT_LIMIT = 500
_SAYS_DEPTH = 32
_ERROR_STATUS = range(400, 600)
_OK_STATUS = range(200, 300)

# A reply that ends for one of these reasons may have no words.
WORDLESS = frozenset({"content_filter", "length"})

# Data that some servers send to keep a line alive.
PINGS = frozenset({b"", b"{}", b"[]", b"null", b"ping", b"[ping]", b"keepalive", b"keep-alive", b"heartbeat"})
PING_EVENTS = frozenset({b"ping", b"keepalive", b"keep-alive", b"heartbeat"})


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
        ("insufficient_quota", "insufficient balance", "exceeded your current quota", "billing_hard_limit",
         "insufficient credits", "requires more credits", "payment required", "arrearage"),
        (402,),
    ),
    Class(
        "upstream_auth", 502, "auth_failed", "api_error",
        ("invalid_api_key", "incorrect api key", "authentication_error", "invalid authentication", "unauthorized"),
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


def says(value: object, depth: int = 0) -> bool:
    """Whether `value`, a delta or message or a part of one, holds any text; `role` alone says nothing."""
    if isinstance(value, str):
        return value != ""
    if depth > _SAYS_DEPTH:
        return True
    if isinstance(value, dict):
        return any(says(part, depth + 1) for key, part in value.items() if key != "role")
    if isinstance(value, list):
        return any(says(part, depth + 1) for part in value)
    return False


def usage_of(value: object) -> Usage | None:
    """The token counts in a `usage` object; what is missing or not a count is 0. None if it is no object."""
    if not isinstance(value, dict):
        return None
    prompt, completion = value.get("prompt_tokens_details"), value.get("completion_tokens_details")
    return Usage(
        input=_count(value, "prompt_tokens"),
        output=_count(value, "completion_tokens"),
        cached=_count(prompt, "cached_tokens") or _count(value, "prompt_cache_hit_tokens"),
        reasoning=_count(completion, "reasoning_tokens"),
    )


def _count(value: object, key: str) -> int:
    number = value.get(key) if isinstance(value, dict) else None
    return number if type(number) is int and 0 <= number < 1 << 53 else 0


def error_in(value: object, raw: bytes, *, named: bool = False) -> Fault | None:
    """The fault that a decoded JSON `value` tells, or None if it tells none.

    `raw` is its text. `named`: the upstream itself called it an error (`event: error`), whatever it looks like.
    """
    if not isinstance(value, dict):
        return fault_of(value if isinstance(value, str) else "", {}, raw) if named else None
    error = value.get("error")
    if error:
        if isinstance(error, dict):
            # Without the rest of a chunk, whose choices would tell a client of an end that never was.
            return fault_of(_text(error), error, raw if len(value) == 1 else document.dumps({"error": error}))
        return fault_of(error if isinstance(error, str) else _text(value), value, raw)
    base = value.get("base_resp")  # MiniMax
    if isinstance(base, dict) and base.get("status_code") not in (None, 0):
        return fault_of(_text(base), {"code": base.get("status_code")}, raw)
    if named or value.get("object") == "error" or value.get("type") == "error":
        return fault_of(_text(value), value, raw)
    if not value.get("choices") and "usage" not in value and (_text(value) or _number(value.get("code"))):
        return fault_of(_text(value), value, raw)
    return None


def fault_of(text: str, error: Mapping[str, object], raw: bytes, status: int = 200) -> Fault:
    """The fault for an upstream error that says `text`; `error` may have `code`, `type`, `status`, `param`."""
    number = _number(error.get("code")) or _number(error.get("status")) or _number(error.get("status_code"))
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


def _text(error: Mapping[str, object]) -> str:
    for key in ("message", "msg", "detail", "status_msg", "error_msg"):
        text = error.get(key)
        if isinstance(text, str) and text:
            return text
    return ""


def _number(value: object) -> int | None:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isdigit():
        value = int(value)
    return value if type(value) is int and value in _ERROR_STATUS else None
