from __future__ import annotations

import errno
import socket
import ssl

import httpx2
import pytest

from outwait.core.fault import Clock, Side, Stage, fault
from outwait.toolkit.check.causes import broken, seen_from_here, timed_out


def raised(error: Exception, *inner: BaseException) -> Exception:
    """`error` with the chain of causes that the library makes."""
    at: BaseException = error
    for each in inner:
        at.__cause__ = each
        at = each
    return error


DIALS = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), False, "connect_refused", Side.NETWORK),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), False, "dns_failure", Side.NETWORK),
    (OSError(errno.ENETUNREACH, "unreachable"), False, "network_unreachable", Side.NETWORK),
    (OSError(errno.ETIMEDOUT, "timed out"), False, "connect_timeout", Side.NETWORK),
    (OSError(errno.EMFILE, "too many"), False, "resource_exhausted_local", Side.CLIENT),
    (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), True, "tls_failure", Side.NETWORK),
    (ConnectionResetError(errno.ECONNRESET, "reset"), True, "tls_failure", Side.NETWORK),
]


@pytest.mark.parametrize("inner, secure, cause, side", DIALS)
def test_a_dial_that_failed(inner: OSError, secure: bool, cause: str, side: Side) -> None:
    error = raised(httpx2.ConnectError("All connection attempts failed"), httpx2.ConnectError("x"), inner)
    found = broken(error, Stage.CONNECTING, secure=secure)
    assert (found.cause, found.side) == (cause, side)


def test_several_addresses_that_failed_are_looked_through() -> None:
    group = ExceptionGroup("all", [ConnectionRefusedError(errno.ECONNREFUSED, "a"), OSError(errno.ENETUNREACH, "b")])
    error = raised(httpx2.ConnectError("x"), OSError("All connection attempts failed"), group)
    found = broken(error, Stage.CONNECTING, secure=False)
    assert found.cause == "connect_refused"
    assert "a" in (found.detail or "")
    assert "b" in (found.detail or "")


def test_a_handshake_that_just_ended_is_a_failure_of_tls() -> None:
    assert broken(httpx2.ConnectError(""), Stage.CONNECTING, secure=True).cause == "tls_failure"


@pytest.mark.parametrize(
    "told, cause, side",
    [
        ("407 Proxy Authentication Required", "proxy_misconfigured", Side.CLIENT),
        ("Unknown SOCKS5 reply", "proxy_misconfigured", Side.CLIENT),
        ("403 Forbidden", "permission_denied", Side.MIDDLEBOX),
        ("504 Gateway Timeout", "gateway_timeout_upstream", Side.MIDDLEBOX),
    ],
)
def test_a_proxy_that_makes_no_connection(told: str, cause: str, side: Side) -> None:
    found = broken(httpx2.ProxyError(told), Stage.CONNECTING, secure=False)
    assert (found.cause, found.side) == (cause, side)


_RESET = raised(httpx2.ReadError(""), ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
_SILENT_END = httpx2.RemoteProtocolError("Server disconnected without sending a response.")
_SHORT = httpx2.RemoteProtocolError("peer closed connection without sending complete message body (incomplete)")


@pytest.mark.parametrize(
    "error, stage, cause, side",
    [
        (_RESET, Stage.SENT, "connect_reset", Side.UPSTREAM),
        (_RESET, Stage.CONTENT, "stream_truncated", Side.UPSTREAM),
        (_SILENT_END, Stage.SENT, "connect_reset", Side.UPSTREAM),
        (_SHORT, Stage.HEAD, "stream_truncated", Side.UPSTREAM),
        (httpx2.RemoteProtocolError("illegal status line"), Stage.SENT, "bad_response", Side.UPSTREAM),
        (httpx2.DecodingError("bad gzip"), Stage.HEAD, "bad_response", Side.UPSTREAM),
        (httpx2.WriteError(""), Stage.SENDING, "connect_reset", Side.UPSTREAM),
        (
            raised(httpx2.ReadError(""), OSError(errno.EHOSTUNREACH, "x")),
            Stage.SENT,
            "network_unreachable",
            Side.NETWORK,
        ),
    ],
)
def test_a_connection_that_broke(error: Exception, stage: Stage, cause: str, side: Side) -> None:
    found = broken(error, stage, secure=False)
    assert (found.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "clock, cause, side",
    [
        (Clock.CONNECT, "connect_timeout", Side.NETWORK),
        (Clock.FIRST_BYTE, "first_byte_timeout", Side.UPSTREAM),
        (Clock.FIRST_TOKEN, "first_byte_timeout", Side.UPSTREAM),
        (Clock.IDLE, "idle_timeout", Side.UPSTREAM),
        (Clock.TOTAL, "total_timeout", Side.UPSTREAM),
    ],
)
def test_a_clock_that_ran_out_is_named(clock: Clock, cause: str, side: Side) -> None:
    found = timed_out(clock, 3.0)
    assert (found.clock, found.span, found.cause, found.side) == (clock, 3.0, cause, side)


def test_the_key_is_of_whoever_checks_and_a_middlebox_stays_one() -> None:
    assert seen_from_here(fault("upstream_auth")).side is Side.CLIENT
    assert seen_from_here(fault("upstream_error", side=Side.MIDDLEBOX, cause="bad_request")).side is Side.MIDDLEBOX
    assert seen_from_here(fault("upstream_error")).side is Side.UPSTREAM
