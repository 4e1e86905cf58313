"""The words in which a fault is told to a client, in every dialect: what happened, whose side it was, what to do."""

from __future__ import annotations

from outwait.core.fault import Clock, Fault

# These may speak of the channel's own key or account, which is not the client's business.
PRIVATE = frozenset({"upstream_auth", "upstream_quota"})

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
