"""Tables: what the exceptions of HTTP libraries and SDKs mean, by the name of their class.

The key is the top of the module and the class: `httpx2.ReadError`. Found along the class's own ancestors, so that a
subclass means what its parent means unless it has a row. Names are those of httpx 0.28, httpx2 2.16, requests 2.34,
urllib3 2.8, aiohttp 3.13, openai 1-3, anthropic 0.50-2.12 and Python 3.11-3.13.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from outwait.core.fault import RetryClass, Stage


class Trouble(NamedTuple):
    """What an exception means: a fault, and where the call stood. `retry_class`: where these do not tell it."""

    code: str
    stage: Stage | None = None
    retry_class: RetryClass | None = None


_CONNECT = Trouble("upstream_connect", Stage.CONNECTING)
_CONNECT_TIMEOUT = Trouble("connect_timeout", Stage.CONNECTING)
_DNS = Trouble("upstream_dns", Stage.CONNECTING)
_TLS = Trouble("upstream_tls", Stage.CONNECTING)
_LINE = Trouble("queue_timeout", Stage.QUEUED)  # no free connection
_WRITE = Trouble("upstream_reset", Stage.SENDING)
_WRITE_TIMEOUT = Trouble("write_timeout", Stage.SENDING)
_SENT = Trouble("upstream_reset", Stage.SENT)
_READ_TIMEOUT = Trouble("first_byte_timeout", Stage.SENT)
_TOTAL = Trouble("total_timeout", Stage.SENT)
_BODY = Trouble("upstream_truncated", Stage.HEAD)
_OURS = Trouble("bad_request", None, RetryClass.FINAL)

_HTTPX: Final = {
    "ConnectError": _CONNECT,
    "ConnectTimeout": _CONNECT_TIMEOUT,
    "PoolTimeout": _LINE,
    "ProxyError": _CONNECT,
    "WriteError": _WRITE,
    "WriteTimeout": _WRITE_TIMEOUT,
    "ReadError": _SENT,
    "CloseError": _SENT,
    "ReadTimeout": _READ_TIMEOUT,
    "RemoteProtocolError": _SENT,
    "LocalProtocolError": _OURS,
    "UnsupportedProtocol": _OURS,
    "TooManyRedirects": _OURS,
    "DecodingError": _BODY,
    "TransportError": _SENT,
    "InvalidURL": _OURS,
}

TROUBLES: Final[dict[str, Trouble]] = {
    **{
        f"{package}.{name}": row
        for package in ("httpx", "httpx2", "httpcore", "httpcore2")
        for name, row in _HTTPX.items()
    },
    "urllib3.NewConnectionError": _CONNECT,
    "urllib3.NameResolutionError": _DNS,
    "urllib3.ConnectTimeoutError": _CONNECT_TIMEOUT,
    "urllib3.ProxyError": _CONNECT,
    "urllib3.ReadTimeoutError": _READ_TIMEOUT,
    "urllib3.ProtocolError": _SENT,
    "urllib3.IncompleteRead": _BODY,
    "urllib3.EmptyPoolError": _LINE,
    "urllib3.LocationParseError": _OURS,
    "requests.ConnectTimeout": _CONNECT_TIMEOUT,
    "requests.ProxyError": _CONNECT,
    "requests.ReadTimeout": _READ_TIMEOUT,
    "requests.ConnectionError": _SENT,
    "requests.ChunkedEncodingError": _BODY,
    "requests.ContentDecodingError": _BODY,
    "requests.InvalidURL": _OURS,
    "requests.InvalidSchema": _OURS,
    "requests.MissingSchema": _OURS,
    "aiohttp.ClientConnectorDNSError": _DNS,
    "aiohttp.ClientConnectorSSLError": _TLS,
    "aiohttp.ClientConnectorCertificateError": _TLS,
    "aiohttp.ClientProxyConnectionError": _CONNECT,
    "aiohttp.ClientConnectorError": _CONNECT,
    "aiohttp.ConnectionTimeoutError": _CONNECT_TIMEOUT,
    "aiohttp.ServerDisconnectedError": _SENT,
    "aiohttp.SocketTimeoutError": _READ_TIMEOUT,
    "aiohttp.ServerTimeoutError": _READ_TIMEOUT,
    "aiohttp.ClientPayloadError": _BODY,
    "aiohttp.ClientOSError": _SENT,
    "aiohttp.InvalidURL": _OURS,
    "http.RemoteDisconnected": _SENT,
    "http.IncompleteRead": _BODY,
    "http.BadStatusLine": _SENT,
    "socket.gaierror": _DNS,
    "ssl.SSLCertVerificationError": _TLS,
    "builtins.ConnectionRefusedError": _CONNECT,
    "outwait.IdleTimeout": Trouble("idle_timeout", Stage.CONTENT),
}

# What is told only by who has nothing better: an SDK around an unknown library, the system.
ROUGH: Final[dict[str, Trouble]] = {
    "openai.APITimeoutError": _READ_TIMEOUT,
    "openai.APIConnectionError": _SENT,
    "anthropic.APITimeoutError": _READ_TIMEOUT,
    "anthropic.APIConnectionError": _SENT,
    "requests.Timeout": _READ_TIMEOUT,
    "requests.SSLError": _SENT,  # the handshake, or any time later
    "urllib3.SSLError": _SENT,
    "ssl.SSLError": _SENT,
    "builtins.TimeoutError": _TOTAL,
    "builtins.BrokenPipeError": _WRITE,
    "builtins.ConnectionError": _SENT,
    "asyncio.IncompleteReadError": _BODY,
}

# Errors that came inside an answer, so that they have no status of their own.
ANSWERED: Final = frozenset(("openai.APIError", "openai.APIResponseValidationError", "anthropic.APIError"))

# What servers call their errors -> cause (FACTS part 4).
WORDS: Final[dict[str, str]] = {
    word: cause
    for cause, row in (
        ("quota_exhausted", "insufficient_quota billing_hard_limit_reached billing_not_active billing_error"),
        ("quota_exhausted", "quota_exhausted credit_balance_too_low"),
        ("rate_limited", "rate_limit_exceeded rate_limit_error rate_limited resource_exhausted throttlingexception"),
        ("rate_limited", "too_many_requests tokens requests"),
        ("overloaded", "overloaded_error overloaded unavailable server_overloaded engine_overloaded"),
        ("context_too_long", "context_length_exceeded string_above_max_length context_too_long"),
        (
            "content_filtered",
            "content_filter content_policy_violation content_filtered responsible_ai_policy_violation",
        ),
        ("model_not_found", "model_not_found deployment_not_found not_found_error not_found"),
        ("auth_failed", "invalid_api_key authentication_error auth_failed unauthenticated"),
        ("permission_denied", "permission_error permission_denied unsupported_country_region_territory"),
        ("bad_request", "invalid_request_error invalid_argument bad_request failed_precondition"),
    )
    for word in row.split()
}

# What a status means where the server has no word for it.
CAUSES: Final[dict[int, str]] = {
    400: "bad_request",
    401: "auth_failed",
    402: "quota_exhausted",
    403: "permission_denied",
    404: "model_not_found",
    413: "bad_request",
    422: "bad_request",
    429: "rate_limited",
    503: "overloaded",
    529: "overloaded",
}
