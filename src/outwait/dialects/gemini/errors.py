"""A fault told to a Gemini client: as a whole body, as an event of a stream, or as the last element of an array.

The shape is Google's, `{"error": {code, message, status, details}}`; what outwait knows beyond it stands in an
ErrorInfo of its own. An upstream's own error in this shape is passed on as it came.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault
from outwait.dialects import document, telling

_DOMAIN = "outwait"
_INFO = "type.googleapis.com/google.rpc.ErrorInfo"
_RETRY = "type.googleapis.com/google.rpc.RetryInfo"
# HTTP status -> the name of Google's canonical code.
STATUSES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    405: "UNIMPLEMENTED",
    408: "DEADLINE_EXCEEDED",
    409: "FAILED_PRECONDITION",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    501: "UNIMPLEMENTED",
    502: "UNAVAILABLE",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
    529: "UNAVAILABLE",
}


def status_of(number: int) -> str:
    """The name of Google's canonical code for an HTTP status."""
    return STATUSES.get(number) or ("INVALID_ARGUMENT" if number < 500 else "INTERNAL")


def error_body(fault: Fault, exchange_id: str) -> bytes:
    """The JSON body that tells `fault`."""
    own = _own(fault)
    return document.dumps(_told(fault, exchange_id) if own is None else own)


def stream_error(fault: Fault, exchange_id: str) -> bytes:
    """The event that tells `fault` inside an open stream. Without an `event:` line, which no client of Google's reads;
    nothing follows it (FACTS 1.2)."""
    return b"data: " + error_body(fault, exchange_id) + b"\r\n\r\n"


def _own(fault: Fault) -> dict[str, Any] | None:
    """The upstream's error, if it is one of this dialect and may be shown; taken out of an array around it."""
    if fault.upstream is None or fault.code in telling.PRIVATE:
        return None
    try:
        value = document.loads(fault.upstream.body)
    except ValueError:
        return None
    if isinstance(value, list) and value:
        value = value[0]
    error = value.get("error") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(error, dict):
        return None
    return value if type(error.get("code")) is int and isinstance(error.get("status"), str) else None


def _told(fault: Fault, exchange_id: str) -> dict[str, Any]:
    told = {
        "exchange": exchange_id,
        "cause": fault.cause,
        "side": fault.side.value,
        "clock": None if fault.clock is None else fault.clock.value,
        "seconds": None if fault.span is None else f"{fault.span:g}",
        "reason": fault.reason,
        "field": fault.param,
    }
    metadata = {name: value for name, value in told.items() if value is not None}
    details: list[dict[str, Any]] = [
        {"@type": _INFO, "reason": fault.code.upper(), "domain": _DOMAIN, "metadata": metadata}
    ]
    if fault.retry_after is not None:
        details.append({"@type": _RETRY, "retryDelay": f"{fault.retry_after:g}s"})
    return {
        "error": {
            "code": fault.status,
            "message": telling.message(fault),
            "status": status_of(fault.status),
            "details": details,
        }
    }
