"""A fault told to a chat client: as a whole body, or as an event in an open stream with the stream's proper end.

The shape is OpenAI's, `{"error": {message, type, param, code}}`; what outwait knows beyond it stands in
`error.outwait`, which SDKs ignore. An upstream's own error in this shape is passed on as it came.
"""

from __future__ import annotations

from outwait.core.fault import Clock, Fault
from outwait.dialects import document

DONE = b"data: [DONE]\n\n"

# These may speak of the channel's own key or account, which is not the client's business.
_PRIVATE = frozenset({"upstream_auth", "upstream_quota"})

_ADVICE: dict[Clock, str] = {
    Clock.QUEUE: "Try again later, or give the route more channels.",
    Clock.CONNECT: "Check the channel's base URL and the network between the gateway and the upstream.",
    Clock.WRITE: "The upstream or the network is stuck; a smaller request or another channel may pass.",
    Clock.FIRST_BYTE: "If this model may think longer, raise first_byte or ask for a stream.",
    Clock.FIRST_TOKEN: "If this model may think longer, raise first_token.",
    Clock.IDLE: "If this model pauses longer, raise idle; part of the answer may have been delivered.",
    Clock.TOTAL: "If the answer may take longer, raise total.",
}


def message(fault: Fault) -> str:
    """What a client reads: for a timeout also which clock, how long, which rule, whose side, and what to do next."""
    if fault.clock is None or fault.span is None:
        return fault.message
    header = f"x-outwait-timeout-{fault.clock.value.replace('_', '-')}"
    rule = f"set by {fault.reason}; " if fault.reason else ""
    return (
        f"{fault.message.rstrip('.')}: {fault.clock.value} ran out after {fault.span:g} s"
        f" ({rule}{fault.side.value} side). {_ADVICE[fault.clock]} One request can ask with {header}."
    )


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
    if fault.upstream is None or fault.code in _PRIVATE:
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
            "message": message(fault),
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
