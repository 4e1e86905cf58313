"""The causes and sides that a diagnosis can name, and the side a cause is usually on."""

from __future__ import annotations

from typing import Final

CLIENT: Final = "client"
NETWORK: Final = "network"
MIDDLEBOX: Final = "middlebox"
GATEWAY: Final = "gateway"
UPSTREAM: Final = "upstream"
NOBODY: Final = "unknown"
"""The side of what says nothing."""

DNS: Final = "dns_failure"
REFUSED: Final = "connect_refused"
CONNECT: Final = "connect_timeout"
RESET: Final = "connect_reset"
UNREACHABLE: Final = "network_unreachable"
TLS: Final = "tls_failure"
PROXY: Final = "proxy_misconfigured"
WRITE: Final = "write_timeout"
FIRST_BYTE: Final = "first_byte_timeout"
IDLE: Final = "idle_timeout"
TOTAL: Final = "total_timeout"
GAVE_UP: Final = "client_gave_up"
CUT: Final = "middlebox_idle_cut"
GATEWAY_TIMEOUT: Final = "gateway_timeout_upstream"
TRUNCATED: Final = "stream_truncated"
EMPTY: Final = "empty_response"
BAD_RESPONSE: Final = "bad_response"
RATE: Final = "rate_limited"
OVERLOADED: Final = "overloaded"
QUOTA: Final = "quota_exhausted"
AUTH: Final = "auth_failed"
PERMISSION: Final = "permission_denied"
NO_MODEL: Final = "model_not_found"
BAD_REQUEST: Final = "bad_request"
CONTEXT: Final = "context_too_long"
FILTERED: Final = "content_filtered"
UPSTREAM_ERROR: Final = "upstream_error"
NO_CHANNEL: Final = "gateway_no_channel"
EXHAUSTED: Final = "resource_exhausted_local"
UNKNOWN: Final = "unknown"

USUAL: Final = {
    DNS: NETWORK,
    REFUSED: UPSTREAM,
    CONNECT: NETWORK,
    RESET: NETWORK,
    UNREACHABLE: CLIENT,
    TLS: CLIENT,
    PROXY: CLIENT,
    WRITE: CLIENT,
    FIRST_BYTE: CLIENT,
    IDLE: CLIENT,
    TOTAL: CLIENT,
    GAVE_UP: CLIENT,
    CUT: MIDDLEBOX,
    GATEWAY_TIMEOUT: MIDDLEBOX,
    TRUNCATED: UPSTREAM,
    EMPTY: UPSTREAM,
    BAD_RESPONSE: UPSTREAM,
    RATE: UPSTREAM,
    OVERLOADED: UPSTREAM,
    QUOTA: UPSTREAM,
    AUTH: CLIENT,
    PERMISSION: UPSTREAM,
    NO_MODEL: CLIENT,
    BAD_REQUEST: CLIENT,
    CONTEXT: UPSTREAM,
    FILTERED: UPSTREAM,
    UPSTREAM_ERROR: UPSTREAM,
    NO_CHANNEL: GATEWAY,
    EXHAUSTED: CLIENT,
    UNKNOWN: NOBODY,
}
"""Cause -> the side it is on when nothing says otherwise: where it is seen, for timeouts whose clock it was."""

CAUSES: Final = tuple(USUAL)
SIDES: Final = (CLIENT, NETWORK, MIDDLEBOX, GATEWAY, UPSTREAM)
