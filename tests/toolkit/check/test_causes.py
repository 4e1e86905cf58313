from __future__ import annotations

import errno
import socket
import ssl
from dataclasses import replace

import httpx2
import pytest
from socksio.exceptions import ProtocolError

from outwait.core.fault import Clock, Side, Stage, fault
from outwait.toolkit.check.causes import Way, broken, seen_from_here, timed_out
from outwait.toolkit.net.environment import Proxy
from outwait.toolkit.net.rules_reach import RULES as REACH_RULES
from outwait.toolkit.net.rules_talk import RULES as TALK_RULES


def raised(error: Exception, *inner: BaseException) -> Exception:
    """`error` with the chain of causes that the library makes."""
    at: BaseException = error
    for each in inner:
        at.__cause__ = each
        at = each
    return error


HERE = Way("http://127.0.0.1:9/v1", seconds=0.5)
SAFE = Way("https://gw.test/v1", secure=True, reached=True)
OWN = Way("https://localhost:9/v1", secure=True, reached=True)
_SILENT_END = httpx2.RemoteProtocolError("Server disconnected without sending a response.")
PROXY = Proxy("HTTPS_PROXY", "http", "127.0.0.1", 3128)


def stranger(code: int, words: str = "certificate verify failed") -> ssl.SSLCertVerificationError:
    """What Python raises for a certificate that OpenSSL does not take, with OpenSSL's number."""
    error = ssl.SSLCertVerificationError(1, words)
    error.verify_code, error.verify_message = code, words
    return error


def refused(reason: str) -> ssl.SSLError:
    """A handshake that failed for OpenSSL's `reason`."""
    error = ssl.SSLError(1, reason)
    error.reason = reason
    return error


DIALS = [
    (ConnectionRefusedError(errno.ECONNREFUSED, "refused"), "connect_refused", Side.UPSTREAM),
    (socket.gaierror(socket.EAI_NONAME, "Name or service not known"), "dns_failure", Side.NETWORK),
    (OSError(errno.EHOSTUNREACH, "unreachable"), "network_unreachable", Side.NETWORK),
    (OSError(errno.ETIMEDOUT, "timed out"), "connect_timeout", Side.NETWORK),
    (OSError(errno.EMFILE, "too many"), "resource_exhausted_local", Side.CLIENT),
]


@pytest.mark.parametrize("inner, cause, side", DIALS)
def test_a_dial_that_failed(inner: OSError, cause: str, side: Side) -> None:
    error = raised(httpx2.ConnectError("All connection attempts failed"), httpx2.ConnectError("x"), inner)
    found = broken(error, Stage.CONNECTING, HERE)
    assert (found.cause, found.side) == (cause, side)


def test_a_way_that_is_missing_at_once_is_missing_here() -> None:
    error = raised(httpx2.ConnectError("x"), OSError(errno.ENETUNREACH, "unreachable"))
    assert broken(error, Stage.CONNECTING, replace(HERE, seconds=0.01)).side is Side.CLIENT


HANDSHAKES = [
    (stranger(10), SAFE, "tls_expired"),
    (stranger(9), SAFE, "tls_not_yet_valid"),
    (stranger(62), SAFE, "tls_wrong_host"),
    (stranger(64), SAFE, "tls_wrong_host"),
    (stranger(18), SAFE, "tls_self_signed"),
    (stranger(19), SAFE, "tls_unknown_ca"),
    (stranger(20), SAFE, "tls_unknown_ca"),
    (stranger(21), SAFE, "tls_incomplete"),
    (stranger(23), SAFE, "tls_untrusted"),
    (refused("WRONG_VERSION_NUMBER"), SAFE, "tls_not_spoken"),
    (refused("RECORD_LAYER_FAILURE"), SAFE, "tls_not_spoken"),
    (refused("SSLV3_ALERT_HANDSHAKE_FAILURE"), SAFE, "tls_declined"),
    (refused("TLSV13_ALERT_CERTIFICATE_REQUIRED"), SAFE, "tls_wants_certificate"),
    (refused("BAD_THING"), SAFE, "tls_failed"),
    (refused("UNEXPECTED_EOF_WHILE_READING"), SAFE, "tls_closed"),
    (refused("UNEXPECTED_EOF_WHILE_READING"), OWN, "tls_closed_here"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), SAFE, "tls_reset"),
    (ConnectionResetError(errno.ECONNRESET, "reset"), OWN, "tls_reset_here"),
    (stranger(10), replace(SAFE, proxy=PROXY), "tls_expired"),
]
NET = {rule.name: rule for rule in (*REACH_RULES, *TALK_RULES)}


@pytest.mark.parametrize("inner, way, rule", HANDSHAKES)
def test_a_handshake_that_failed_is_whose_net_says_it_is(inner: OSError, way: Way, rule: str) -> None:
    found = broken(raised(httpx2.ConnectError("x"), inner), Stage.CONNECTING, way)
    assert (found.code, found.hint) == ("upstream_tls", rule)
    assert (found.cause, found.side) == (NET[rule].cause, NET[rule].side)


def test_a_certificate_that_is_asked_for_too_late_for_the_handshake() -> None:
    error = raised(httpx2.ReadError("x"), refused("TLSV13_ALERT_CERTIFICATE_REQUIRED"))
    assert broken(error, Stage.SENT, SAFE).hint == "tls_wants_certificate"


def test_of_a_name_that_only_the_library_takes_the_words_stay() -> None:
    way = replace(SAFE, url="https://-odd-.test/v1")
    assert broken(raised(httpx2.ConnectError("x"), stranger(10)), Stage.CONNECTING, way).cause == "tls_failure"


def test_several_addresses_that_failed_are_looked_through() -> None:
    group = ExceptionGroup("all", [ConnectionRefusedError(errno.ECONNREFUSED, "a"), OSError(errno.ENETUNREACH, "b")])
    error = raised(httpx2.ConnectError("x"), OSError("All connection attempts failed"), group)
    found = broken(error, Stage.CONNECTING, HERE)
    assert found.cause == "connect_refused"
    assert "a" in (found.detail or "")
    assert "b" in (found.detail or "")


def test_a_handshake_that_just_ended_is_a_failure_of_tls() -> None:
    assert broken(httpx2.ConnectError(""), Stage.CONNECTING, SAFE).cause == "tls_failure"


AT_PROXY = replace(HERE, url="https://gw.test/v1", proxy=PROXY, at_proxy=True, reached=True)


@pytest.mark.parametrize(
    "error, way, rule",
    [
        (httpx2.ProxyError("407 Proxy Authentication Required"), AT_PROXY, "proxy_wants_login"),
        (httpx2.ProxyError("403 Forbidden"), AT_PROXY, "proxy_forbids"),
        (httpx2.ProxyError("504 Gateway Timeout"), AT_PROXY, "proxy_timed_out"),
        (httpx2.ProxyError("502 Bad Gateway"), AT_PROXY, "proxy_failed"),
        (httpx2.ProxyError("Unknown SOCKS5 reply"), AT_PROXY, "proxy_failed"),
        (_SILENT_END, AT_PROXY, "proxy_broken"),
        (raised(httpx2.ConnectError("x"), refused("WRONG_VERSION_NUMBER")), AT_PROXY, "proxy_broken"),
        (ProtocolError("Malformed reply"), AT_PROXY, "proxy_broken"),
        (
            raised(httpx2.ConnectError("x"), ConnectionRefusedError(errno.ECONNREFUSED, "refused")),
            replace(AT_PROXY, reached=False),
            "proxy_unreached",
        ),
        (
            httpx2.RemoteProtocolError("illegal status line: bytearray(b'SSH-2.0')"),
            replace(HERE, proxy=PROXY, reached=True),
            "proxy_broken",
        ),
    ],
)
def test_a_proxy_that_makes_no_way(error: Exception, way: Way, rule: str) -> None:
    found = broken(error, Stage.CONNECTING if way.at_proxy else Stage.SENT, way)
    assert (found.hint, found.cause, found.side) == (rule, NET[rule].cause, NET[rule].side)
    assert "http://127.0.0.1:3128" in found.message


def test_a_machine_without_descriptors_is_not_the_proxys_fault() -> None:
    error = raised(httpx2.ConnectError("x"), OSError(errno.EMFILE, "too many"))
    found = broken(error, Stage.CONNECTING, replace(AT_PROXY, reached=False))
    assert (found.cause, found.side, found.hint) == ("resource_exhausted_local", Side.CLIENT, None)


@pytest.mark.parametrize("reached, rule", [(True, "proxy_silent"), (False, "proxy_unreached")])
def test_a_clock_that_runs_out_at_the_proxy_is_the_proxys(reached: bool, rule: str) -> None:
    found = timed_out(Clock.CONNECT, 3.0, replace(AT_PROXY, reached=reached))
    assert (found.clock, found.span, found.hint) == (Clock.CONNECT, 3.0, rule)
    assert (found.cause, found.side) == (NET[rule].cause, NET[rule].side)


_RESET = raised(httpx2.ReadError(""), ConnectionResetError(errno.ECONNRESET, "Connection reset by peer"))
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
    found = broken(error, stage, HERE)
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
    found = timed_out(clock, 3.0, HERE)
    assert (found.clock, found.span, found.cause, found.side) == (clock, 3.0, cause, side)


def test_a_handshake_that_is_not_answered_is_not_the_networks() -> None:
    found = timed_out(Clock.CONNECT, 3.0, SAFE)
    assert (found.clock, found.cause, found.side, found.hint) == (
        Clock.CONNECT,
        "connect_timeout",
        Side.UPSTREAM,
        "tls_silent",
    )


def test_the_key_is_of_whoever_checks_and_a_middlebox_stays_one() -> None:
    assert seen_from_here(fault("upstream_auth")).side is Side.CLIENT
    assert seen_from_here(fault("upstream_error", side=Side.MIDDLEBOX, cause="bad_request")).side is Side.MIDDLEBOX
    assert seen_from_here(fault("upstream_error")).side is Side.UPSTREAM
