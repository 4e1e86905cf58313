"""Why a probe failed: what the HTTP library raised, or the endpoint answered, as a fault with its cause and side.

The meaning of broken connections and of error replies is the gateway's own (`wire.breaks`, `upstream.faults`); here the
exceptions of httpx2 are taken apart, and the side is told as whoever runs the check sees it: there is no gateway, and
the key is theirs. Whose a failed connection, handshake or proxy is, is judged by the rules of `outwait net`.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

import httpx2
from socksio.exceptions import SOCKSError

from outwait.core.fault import Clock, Fault, Side, Stage, fault
from outwait.toolkit.check import proxies
from outwait.toolkit.check.proxies import Refusal
from outwait.toolkit.net import certificate
from outwait.toolkit.net.environment import Proxy
from outwait.toolkit.net.findings import Attempt, Findings, Problem, Proxied, Reached, Shook, Talk, Tls, Tunnel
from outwait.toolkit.net.handshake import refusal
from outwait.toolkit.net.judge import judge
from outwait.toolkit.net.target import TargetError, parse
from outwait.wire.breaks import DialFailed, dial_fault, loss_fault

RAISED: Final = (
    httpx2.TransportError,
    httpx2.DecodingError,
    httpx2.InvalidURL,
    OSError,
    OverflowError,
    ValueError,
    SOCKSError,
    AssertionError,  # httpcore2, of an answer out of turn
)
"""What the library raises for a probe that failed."""

_OWN: Final = {
    "auth_failed": Side.CLIENT,
    "quota_exhausted": Side.CLIENT,
    "model_not_found": Side.CLIENT,
    "bad_request": Side.CLIENT,
    "context_too_long": Side.CLIENT,
    "resource_exhausted_local": Side.CLIENT,
    "total_timeout": Side.UPSTREAM,
    "connect_refused": Side.UPSTREAM,
}
"""Cause -> side, where the gateway would see another one."""

_NO_REPLY: Final = "without sending a response"
_CUT_SHORT: Final = "complete message body"
_GARBLED: Final = "illegal status line"
_AT_ONCE: Final = 0.1  # seconds: so soon, it is this machine that has no route
_ENDED: Final = ("UNEXPECTED_EOF_WHILE_READING", "")  # OpenSSL's reason for an end of the stream; Python's has none
_NOT_TLS: Final = "RECORD_LAYER_FAILURE"  # how newer versions of OpenSSL call WRONG_VERSION_NUMBER


@dataclass(frozen=True, slots=True)
class Way:
    """How far a probe of `url` had come. `secure`: TLS was being spoken with the endpoint. `at_proxy`: `proxy` had not
    yet made the way. `reached`: a TCP connection stood. `seconds`: since it began.
    """

    url: str
    secure: bool = False
    proxy: Proxy | None = None
    at_proxy: bool = False
    reached: bool = False
    seconds: float = 0.0


def seen_from_here(failed: Fault) -> Fault:
    """The fault with its side as the caller sees it."""
    return failed if failed.side is Side.MIDDLEBOX else replace(failed, side=_OWN.get(failed.cause, failed.side))


def timed_out(clock: Clock, span: float, way: Way) -> Fault:
    """The fault when `clock` ran out."""
    failed = fault(f"{clock.value}_timeout", clock=clock, span=span, reason="span of the check")
    if way.proxy is None or not way.at_proxy:
        if clock is Clock.CONNECT and way.secure:
            silent = "The upstream took the connection, and did not answer the TLS handshake."
            return _judged(replace(failed, message=silent), TimeoutError(), way)
        return seen_from_here(failed)
    how = Refusal(Tunnel.SILENT if way.reached else Tunnel.UNREACHED)
    return replace(proxies.failed(way.proxy, way.url, how), clock=clock, span=span, reason=failed.reason)


def broken(error: Exception, stage: Stage, way: Way) -> Fault:
    """The fault that `error` (of `RAISED`) means at `stage`."""
    roots = tuple(_roots(error))
    told = str(error) or type(error).__name__
    if way.proxy is not None and way.at_proxy:
        return _of_proxy(error, roots, told, way, way.proxy)
    if stage is Stage.CONNECTING:
        return _dialled(roots, told, way)
    if isinstance(error, httpx2.RemoteProtocolError):
        return _garbled(told, stage, way)
    if isinstance(error, httpx2.DecodingError):
        return fault("upstream_bad_response", stage=stage, detail=told)
    root = roots[0] if roots else None
    head = Stage.HEAD if stage is Stage.CONTENT else stage
    failed = loss_fault(head, root or ConnectionError(told), stale=False, detail=told)
    if failed.code == "upstream_tls":
        return _judged(failed, root, way)
    return seen_from_here(failed)


def _garbled(told: str, stage: Stage, way: Way) -> Fault:
    """The fault of what is no reply, or not a whole one."""
    if _NO_REPLY in told:
        return loss_fault(stage, None, stale=False, detail=told)
    if _CUT_SHORT in told or stage is Stage.CONTENT:
        return fault("upstream_truncated", stage=stage, detail=told)
    if way.proxy is not None and not way.secure and _GARBLED in told:  # plain HTTP: the proxy writes the reply
        return proxies.failed(way.proxy, way.url, Refusal(Tunnel.BROKEN, 0, told))
    return fault("upstream_bad_response", "The reply is no HTTP/1.1.", stage=stage, detail=told)


def _of_proxy(error: Exception, roots: tuple[Exception, ...], told: str, way: Way, proxy: Proxy) -> Fault:
    """The fault of a probe for which `proxy` made no way."""
    if isinstance(error, httpx2.ProxyError):
        return proxies.failed(proxy, way.url, proxies.refusal(told))
    if way.reached:
        return proxies.failed(proxy, way.url, Refusal(Tunnel.BROKEN, 0, told))
    dialled = dial_fault(_dial(roots, told, secure=False))
    if dialled.cause == "resource_exhausted_local":
        return seen_from_here(dialled)
    return proxies.failed(proxy, way.url, Refusal(Tunnel.UNREACHED, 0, (dialled.detail or told).lstrip(": ")))


def _dialled(roots: tuple[Exception, ...], told: str, way: Way) -> Fault:
    """The fault of a connection, or a handshake, that came to nothing."""
    dial = _dial(roots, told, secure=way.secure)
    failed = dial_fault(dial)
    if failed.code == "upstream_tls":
        return _judged(failed, dial.causes[0][1], way)
    if failed.cause == "network_unreachable" and way.seconds < _AT_ONCE:
        return replace(failed, side=Side.CLIENT)
    return seen_from_here(failed)


def _judged(failed: Fault, error: Exception | None, way: Way) -> Fault:
    """The failed handshake with cause and side as `outwait net` tells them, and its rule as the hint."""
    try:
        target = parse(way.url)
    except TargetError:  # a name that only this library takes
        return failed
    shook, problems = _shook(error, target.host)
    talk = Talk(target.host, Tls(shook, 0.0, problems=problems, detail=getattr(error, "reason", None) or ""), None)
    if way.proxy is not None:
        through = Proxied(way.proxy.variable, way.proxy.url, Tunnel.OPEN, 0.0, talk=talk)
        verdict = judge(Findings(target, 0.0, 0.0, proxied=through))
    else:
        own = target.host == "localhost" or (target.literal and _loops(target.host))
        attempts = (Attempt(target.host, Reached.OPEN, 0.0, own=own),)
        verdict = judge(Findings(target, 0.0, 0.0, attempts=attempts, talk=talk))
    return replace(failed, cause=verdict.cause, side=verdict.side or failed.side, hint=verdict.rule)


def _shook(error: Exception | None, host: str) -> tuple[Shook, tuple[Problem, ...]]:
    """How the handshake ended, and what is wrong with the certificate as far as OpenSSL says it."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return Shook.UNTRUSTED, certificate.problems((), host, 0.0, error.verify_code)
    if isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or ""
        if isinstance(error, ssl.SSLEOFError) or reason in _ENDED:
            return Shook.CLOSED, ()
        return Shook.NOT_TLS if reason == _NOT_TLS else refusal(reason, b""), ()
    if isinstance(error, TimeoutError) and error.errno is None:
        return Shook.SILENT, ()
    return Shook.RESET if getattr(error, "errno", None) is not None else Shook.CLOSED, ()


def _dial(roots: tuple[Exception, ...], told: str, *, secure: bool) -> DialFailed:
    if any(isinstance(root, socket.gaierror) for root in roots):
        phase = "resolve"
    else:
        phase = "tls" if secure else "connect"
    if phase == "tls" and not roots:  # anyio tells the end of a stream with an exception of its own
        roots = (ConnectionResetError(told),)
    return DialFailed(phase, tuple(("", root) for root in roots), told)


def _roots(error: BaseException) -> Iterator[Exception]:
    """The system's own exceptions behind the library's, first cause first."""
    if isinstance(error, BaseExceptionGroup):
        for each in error.exceptions:
            yield from _roots(each)
        return
    inner = error.__cause__ or error.__context__
    found = list(_roots(inner)) if inner is not None else []
    if found:
        yield from found
    elif isinstance(error, OSError) and (error.errno is not None or isinstance(error, ssl.SSLError)):
        yield error


def _loops(host: str) -> bool:
    address = ipaddress.ip_address(host.partition("%")[0])
    return address.is_loopback or address.is_unspecified
