"""Failures as OpenAI tells them on all its routes: the object, a body, an event of a stream."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import msgspec

from outwait.toolkit.simulate.answer import Answer

# Status -> type and code of an error, as OpenAI tells them.
_ERRORS: Final[Mapping[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    408: ("timeout", "request_timeout"),
    409: ("invalid_request_error", "conflict"),
    413: ("invalid_request_error", "request_too_large"),
    422: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", None),
    504: ("timeout", None),
    529: ("overloaded_error", "overloaded"),
}
# Codes that have a type of their own.
_TYPES: Final[Mapping[str, str]] = {
    "insufficient_quota": "insufficient_quota",
    "context_length_exceeded": "invalid_request_error",
    "content_filter": "invalid_request_error",
}


def told(status: int, code: str | None, message: str, param: str | None) -> dict[str, object]:
    """A failure as an object with `error`."""
    kind, usual = _ERRORS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    if code is not None:
        kind = _TYPES.get(code, kind)
    return {"error": {"message": message, "type": kind, "param": param, "code": code or usual}}


def error(status: int, code: str | None, message: str, param: str | None = None) -> bytes:
    """A failure as a body."""
    return msgspec.json.encode(told(status, code, message, param))


def error_event(status: int, code: str | None, message: str, _: Answer | None = None) -> bytes:
    """A failure inside a stream that has begun."""
    return b"data: " + msgspec.json.encode(told(status, code, message, None)) + b"\n\n"
