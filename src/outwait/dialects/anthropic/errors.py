"""A fault told to a Messages client: as a whole body, or as the event that ends an open stream.

The shape is Anthropic's, `{"type": "error", "error": {type, message}, "request_id"}`; what outwait knows beyond it
stands in `error.outwait`, which SDKs ignore. An upstream's own error in this shape is passed on as it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from outwait.core.fault import Fault
from outwait.dialects import document, telling

# HTTP status -> error type, as Anthropic's API documents them; other 4xx are invalid requests, other 5xx API errors.
TYPES: Mapping[int, str] = MappingProxyType({
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    502: "api_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
})  # fmt: skip
# The way back; where two share a type, the one that says more.
STATUSES: Mapping[str, int] = MappingProxyType(
    {name: status for status, name in TYPES.items()} | {"api_error": 500, "timeout_error": 504, "overloaded_error": 529}
)


def error_body(fault: Fault, exchange_id: str) -> bytes:
    """The JSON body that tells `fault`."""
    return document.dumps(_told(fault, exchange_id)) if (own := _own(fault)) is None else own


def stream_error(fault: Fault, exchange_id: str) -> bytes:
    """The event that tells `fault` inside an open stream and ends it. SDKs look at its name only (FACTS 1.2)."""
    own = _own(fault)
    # Encoded anew, since an event's data is one line and an upstream's body may have many.
    told = _told(fault, exchange_id) if own is None else document.loads(own)
    return b"event: error\ndata: " + document.dumps(told) + b"\n\n"


def type_of(status: int) -> str:
    """The error type that belongs to an HTTP status."""
    return TYPES.get(status) or ("invalid_request_error" if status // 100 == 4 else "api_error")


def _own(fault: Fault) -> bytes | None:
    """The upstream's error body, if it is one of this dialect and may be shown."""
    if fault.upstream is None or fault.code in telling.PRIVATE:
        return None
    body = fault.upstream.body
    try:
        value = document.loads(body)
    except ValueError:
        return None
    if not isinstance(value, dict) or value.get("type") != "error":
        return None
    error = value.get("error")
    return body if isinstance(error, dict) and isinstance(error.get("type"), str) else None


def _told(fault: Fault, exchange_id: str) -> dict[str, object]:
    return {
        "type": "error",
        "error": {
            "type": type_of(fault.status),
            "message": telling.message(fault),
            "outwait": {
                "exchange": exchange_id,
                "code": fault.code,
                "param": fault.param,
                "cause": fault.cause,
                "side": fault.side.value,
                "clock": None if fault.clock is None else fault.clock.value,
                "seconds": fault.span,
                "reason": fault.reason,
            },
        },
        "request_id": exchange_id,
    }
