"""A fault in the shape in which OpenAI tells errors, `{"error": {message, type, param, code}}`: as a whole body, or as
an event in an open stream with the stream's proper end.

What outwait knows beyond it stands in `error.outwait`, which SDKs ignore. An upstream's own error of this shape is
passed on as it came, unless it may speak of the channel's key or account.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault
from outwait.dialects import document, telling

DONE = b"data: [DONE]\n\n"


def error_body(fault: Fault, exchange_id: str) -> bytes:
    """The JSON body that tells `fault`."""
    own = own_body(fault)
    return document.dumps({"error": made(fault, exchange_id)}) if own is None else own


def stream_error(fault: Fault, exchange_id: str) -> bytes:
    """The events that tell `fault` inside an open stream and end it: the error, then `[DONE]`."""
    own = own_body(fault)
    # Encoded anew, since an event is one line and an upstream's body may have many.
    told = {"error": made(fault, exchange_id)} if own is None else document.loads(own)
    return b"data: " + document.dumps(told) + b"\n\n" + DONE


def error_object(fault: Fault, exchange_id: str) -> dict[str, Any]:
    """What stands under `error` in that body."""
    own = own_body(fault)
    return made(fault, exchange_id) if own is None else _error_in(own)


def own_body(fault: Fault) -> bytes | None:
    """The upstream's error body, if it has this shape and may be shown."""
    if fault.upstream is None or fault.code in telling.PRIVATE:
        return None
    body = fault.upstream.body
    return body if _error_in(body) else None


def made(fault: Fault, exchange_id: str) -> dict[str, Any]:
    """The error object in outwait's own words."""
    return {
        "message": telling.message(fault),
        "type": fault.type,
        "param": fault.param,
        "code": fault.code,
        "outwait": {
            "exchange": exchange_id,
            "cause": fault.cause,
            "side": fault.side.value,
            "clock": None if fault.clock is None else fault.clock.value,
            "seconds": fault.span,
            "reason": fault.reason,
        },
    }


def _error_in(body: bytes) -> dict[str, Any]:
    try:
        value = document.loads(body)
    except ValueError:
        return {}
    error = value.get("error") if isinstance(value, dict) else None
    return error if isinstance(error, dict) else {}
