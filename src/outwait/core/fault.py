"""One fault tree: every way a request can fail, made at the boundary, decided once, told once.

A `Fault` says what happened (`code`), what kind of thing that is (`cause`, the taxonomy shared with the
toolkit, the ledger and the metrics), whose side it was (`side`), and, for a timeout, which clock ran out,
after how many seconds, and which rule had set that number. The table `FAULTS` holds what is the same for
every fault of one code; `fault()` makes one.

    Fault
    |- refused before work     invalid_json, model_not_found, rate_limited, gateway_draining, ...
    |- ran out of time         queue_ connect_ write_ first_byte_ first_token_ idle_ total_timeout
    |- broke on the way        upstream_dns, upstream_connect, upstream_tls, upstream_reset, upstream_truncated
    |- answered with an error  upstream_error (carries the upstream's own status and body)
    `- ended by someone        client_gave_up, cancelled
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Side(StrEnum):
    """Whose side a fault is on."""

    CLIENT = "client"
    NETWORK = "network"
    MIDDLEBOX = "middlebox"
    GATEWAY = "gateway"
    UPSTREAM = "upstream"


class Clock(StrEnum):
    """The seven clocks; each runs from one event to another (see docs/architecture.md)."""

    QUEUE = "queue"
    CONNECT = "connect"
    WRITE = "write"
    FIRST_BYTE = "first_byte"
    FIRST_TOKEN = "first_token"
    IDLE = "idle"
    TOTAL = "total"


class Stage(StrEnum):
    """How far an attempt had come; the evidence for its retry class."""

    QUEUED = "queued"  # no connection asked for yet
    CONNECTING = "connecting"  # DNS, TCP, TLS
    SENDING = "sending"  # connected, request not fully flushed
    SENT = "sent"  # request flushed, no response head
    HEAD = "head"  # response head seen, no content
    CONTENT = "content"  # content has come


class RetryClass(StrEnum):
    """What a retry of a failed attempt would mean for the caller's money and words."""

    SAFE = "safe"  # the upstream surely did nothing
    AMBIGUOUS = "ambiguous"  # it may have run and may be charged
    COMMITTED = "committed"  # the client already has content
    FINAL = "final"  # the request itself is wrong


@dataclass(frozen=True, slots=True)
class UpstreamError:
    """An upstream's own error reply, kept so that it can be passed on unchanged.

    `status`: HTTP status as sent (200 for an error object inside a 200 reply). `body`: at most 64 KiB.
    """

    status: int
    content_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Kind:
    """What is the same for every fault of one code: a row of `FAULTS`."""

    status: int
    cause: str
    side: Side
    type: str
    message: str


@dataclass(frozen=True, slots=True)
class Fault:
    """One failure, with everything needed to tell it, class it and explain it.

    `status` is the HTTP status told while headers are not out. `span` (seconds) and `reason` (the rule that
    set the span) belong to `clock`. `retry_after` is seconds, as the upstream or a limiter asked.
    `stage` is where the attempt stood. `hint` is a machine-readable remark for the exchange, such as
    `unstreamable`. `detail` is for logs and timelines, never for clients.
    """

    code: str
    status: int
    cause: str
    side: Side
    type: str
    message: str
    param: str | None = None
    clock: Clock | None = None
    span: float | None = None
    reason: str | None = None
    retry_after: float | None = None
    stage: Stage | None = None
    upstream: UpstreamError | None = None
    hint: str | None = None
    detail: str | None = None


_REQUEST = "invalid_request_error"
_API = "api_error"
_TIMEOUT = "timeout_error"
_C, _N, _G, _U = Side.CLIENT, Side.NETWORK, Side.GATEWAY, Side.UPSTREAM

FAULTS: dict[str, Kind] = {
    # refused at the door
    "bad_request": Kind(400, "bad_request", _C, _REQUEST, "The request is malformed."),
    "invalid_json": Kind(400, "bad_request", _C, _REQUEST, "The request body is not valid JSON."),
    "duplicate_key": Kind(400, "bad_request", _C, _REQUEST, "The request body names a control key twice."),
    "invalid_value": Kind(400, "bad_request", _C, _REQUEST, "A field of the request has a value it cannot have."),
    "invalid_api_key": Kind(401, "auth_failed", _C, "authentication_error", "No valid outwait key was sent."),
    "permission_denied": Kind(403, "permission_denied", _C, "permission_error", "This key may not do that."),
    "not_found": Kind(404, "bad_request", _C, _REQUEST, "There is nothing at this path."),
    "model_not_found": Kind(404, "model_not_found", _C, _REQUEST, "No channel serves this model."),
    "method_not_allowed": Kind(405, "bad_request", _C, _REQUEST, "This path does not take this method."),
    "request_timeout": Kind(408, "client_gave_up", _C, _TIMEOUT, "The request did not arrive in time."),
    "conflict": Kind(409, "bad_request", _C, _REQUEST, "The exchange is not in a state that allows this."),
    "length_required": Kind(411, "bad_request", _C, _REQUEST, "The request needs a Content-Length."),
    "request_too_large": Kind(413, "bad_request", _C, _REQUEST, "The request body is too large."),
    "uri_too_long": Kind(414, "bad_request", _C, _REQUEST, "The request line is too long."),
    "unsupported_media_type": Kind(415, "bad_request", _C, _REQUEST, "The body must be application/json."),
    "idempotency_mismatch": Kind(422, "bad_request", _C, _REQUEST, "This name was used for another request."),
    "headers_too_large": Kind(431, "bad_request", _C, _REQUEST, "The request headers are too large or too many."),
    "not_expressible": Kind(400, "bad_request", _C, _REQUEST, "No channel's protocol can express this request."),
    "not_supported": Kind(501, "bad_request", _C, _REQUEST, "outwait does not offer this yet."),
    "insufficient_quota": Kind(429, "quota_exhausted", _C, "insufficient_quota", "The quota of this key is used up."),
    "rate_limited": Kind(429, "rate_limited", _C, "rate_limit_error", "Too many requests for this key."),
    # the gateway cannot take it now
    "no_healthy_channel": Kind(503, "gateway_no_channel", _G, _API, "No channel can serve this model right now."),
    "gateway_overloaded": Kind(503, "overloaded", _G, "overloaded_error", "The gateway is overloaded; try again soon."),
    "gateway_draining": Kind(503, "overloaded", _G, "overloaded_error", "The gateway is shutting down; try again."),
    "owner_unreachable": Kind(503, "overloaded", _G, _API, "The worker that holds this exchange cannot be reached."),
    "exchange_lost": Kind(502, "unknown", _G, _API, "The process of this exchange ended before its answer was whole."),
    "storage_full": Kind(507, "resource_exhausted_local", _G, _API, "The gateway has no space left to keep this."),
    "internal_error": Kind(500, "unknown", _G, _API, "outwait failed to handle this request; that is a bug."),
    # the seven clocks
    "queue_timeout": Kind(503, "total_timeout", _G, _TIMEOUT, "No channel slot became free in time."),
    "connect_timeout": Kind(504, "connect_timeout", _N, _TIMEOUT, "The upstream did not accept a connection in time."),
    "write_timeout": Kind(504, "write_timeout", _N, _TIMEOUT, "The upstream stopped taking the request."),
    "first_byte_timeout": Kind(504, "first_byte_timeout", _U, _TIMEOUT, "The upstream sent no response head in time."),
    "first_token_timeout": Kind(504, "first_byte_timeout", _U, _TIMEOUT, "The upstream answered but sent no content."),
    "idle_timeout": Kind(504, "idle_timeout", _U, _TIMEOUT, "The upstream fell silent in the middle of its answer."),
    "total_timeout": Kind(504, "total_timeout", _G, _TIMEOUT, "The request took longer than its total allowance."),
    # broke on the way to or from the upstream
    "upstream_dns": Kind(502, "dns_failure", _N, _API, "The upstream's name could not be resolved."),
    "upstream_connect": Kind(502, "connect_refused", _N, _API, "The upstream could not be reached."),
    "upstream_tls": Kind(502, "tls_failure", _N, _API, "The TLS handshake with the upstream failed."),
    "upstream_reset": Kind(502, "connect_reset", _U, _API, "The upstream broke the connection."),
    "upstream_bad_response": Kind(502, "bad_response", _U, _API, "The upstream's reply is not what it should be."),
    "upstream_truncated": Kind(502, "stream_truncated", _U, _API, "The upstream's answer ended before it was whole."),
    "upstream_empty": Kind(502, "empty_response", _U, _API, "The upstream answered without any content."),
    "upstream_error": Kind(502, "upstream_error", _U, _API, "The upstream answered with an error."),
    "upstream_auth": Kind(502, "auth_failed", _U, _API, "The upstream refused the channel's credentials."),
    "upstream_quota": Kind(503, "quota_exhausted", _U, _API, "The channel's account at the upstream is out of credit."),
    # ended by someone
    "client_gave_up": Kind(499, "client_gave_up", _C, _API, "The client left before the answer was whole."),
    "cancelled": Kind(499, "client_gave_up", _C, _API, "The exchange was cancelled."),
}


def fault(
    code: str,
    message: str | None = None,
    *,
    param: str | None = None,
    clock: Clock | None = None,
    span: float | None = None,
    reason: str | None = None,
    retry_after: float | None = None,
    stage: Stage | None = None,
    upstream: UpstreamError | None = None,
    status: int | None = None,
    cause: str | None = None,
    side: Side | None = None,
    type: str | None = None,  # noqa: A002 - the field's name on the wire
    hint: str | None = None,
    detail: str | None = None,
) -> Fault:
    """Make a fault of `code` (a key of `FAULTS`); what is not given comes from the table.

    Raises KeyError for a code that is not in the table: an unknown code is a bug, never a message.
    """
    kind = FAULTS[code]
    return Fault(
        code=code,
        status=kind.status if status is None else status,
        cause=cause or kind.cause,
        side=side or kind.side,
        type=type or kind.type,
        message=message or kind.message,
        param=param,
        clock=clock,
        span=span,
        reason=reason,
        retry_after=retry_after,
        stage=stage,
        upstream=upstream,
        hint=hint,
        detail=detail,
    )


class Refusal(Exception):  # noqa: N818 - it carries a fault, it is not one
    """Raised where a request is refused before an exchange exists; the door tells `fault` to the client."""

    def __init__(self, refused: Fault) -> None:
        super().__init__(refused.message)
        self.fault = refused
