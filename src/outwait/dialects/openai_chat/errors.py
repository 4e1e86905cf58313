"""A fault told to a chat client: as a whole body, or as an event in an open stream with the stream's proper end.

The shape is OpenAI's, `{"error": {message, type, param, code}}`; what outwait knows beyond it stands in
`error.outwait`, which SDKs ignore. An upstream's own error in this shape is passed on as it came.
"""

from __future__ import annotations

from outwait.core.fault import Fault
from outwait.dialects import document, telling

DONE = b"data: [DONE]\n\n"


def error_body(fault: Fault, exchange_id: str) -> bytes:
    """The JSON body that tells `fault`."""
    return document.dumps(_told(fault, exchange_id)) if (own := _own(fault)) is None else own


def stream_error(fault: Fault, exchange_id: str) -> bytes:
    """The events that tell `fault` inside an open stream and end it: the error, then `[DONE]`."""
    own = _own(fault)
    # Encoded anew, since an event is one line and an upstream's body may have many.
    told = _told(fault, exchange_id) if own is None else document.loads(own)
    return b"data: " + document.dumps(told) + b"\n\n" + DONE


def _own(fault: Fault) -> bytes | None:
    """The upstream's error body, if it is one of this dialect and may be shown."""
    if fault.upstream is None or fault.code in telling.PRIVATE:
        return None
    body = fault.upstream.body
    try:
        value = document.loads(body)
    except ValueError:
        return None
    return body if isinstance(value, dict) and isinstance(value.get("error"), dict) else None


def _told(fault: Fault, exchange_id: str) -> dict[str, object]:
    return {
        "error": {
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
    }
