"""Why a probe failed: what the HTTP library raised, or the endpoint answered, as a fault with its cause and side.

The meaning of broken connections and of error replies is the gateway's own (`wire.breaks`, `upstream.faults`); here the
exceptions of httpx2 are taken apart, and the side is told as whoever runs the check sees it: there is no gateway, and
the key is theirs.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import httpx2

from outwait.core.fault import Clock, Fault, Side, Stage, fault
from outwait.wire.breaks import DialFailed, dial_fault, loss_fault

_OWN: Final = {
    "auth_failed": Side.CLIENT,
    "quota_exhausted": Side.CLIENT,
    "model_not_found": Side.CLIENT,
    "bad_request": Side.CLIENT,
    "context_too_long": Side.CLIENT,
    "resource_exhausted_local": Side.CLIENT,
    "total_timeout": Side.UPSTREAM,
}
"""Cause -> side, where the gateway would see another one."""

_PROXY: Final = {
    "403": ("permission_denied", Side.MIDDLEBOX),
    "500": ("upstream_error", Side.MIDDLEBOX),
    "502": ("upstream_error", Side.MIDDLEBOX),
    "503": ("upstream_error", Side.MIDDLEBOX),
    "504": ("gateway_timeout_upstream", Side.MIDDLEBOX),
}
"""Status with which a proxy refuses to connect -> cause and side; any other says that it is not used as it wants."""

_NO_REPLY: Final = "without sending a response"
_CUT_SHORT: Final = "complete message body"


def seen_from_here(failed: Fault) -> Fault:
    """The fault with its side as the caller sees it."""
    return failed if failed.side is Side.MIDDLEBOX else replace(failed, side=_OWN.get(failed.cause, failed.side))


def timed_out(clock: Clock, span: float) -> Fault:
    """The fault when `clock` ran out."""
    return seen_from_here(fault(f"{clock.value}_timeout", clock=clock, span=span, reason="span of the check"))


def broken(error: Exception, stage: Stage, *, secure: bool) -> Fault:
    """The fault that `error` means at `stage`. `secure`: the TCP connection stood, and TLS was being spoken."""
    roots = tuple(_roots(error))
    told = str(error) or type(error).__name__
    if isinstance(error, httpx2.ProxyError):
        cause, side = _PROXY.get(told[:3], ("proxy_misconfigured", Side.CLIENT))
        return fault(
            "upstream_connect", "The proxy made no connection.", cause=cause, side=side, detail=f"proxy: {told}"
        )
    if stage is Stage.CONNECTING:
        return seen_from_here(dial_fault(_dial(roots, told, secure=secure)))
    if isinstance(error, httpx2.RemoteProtocolError):
        if _NO_REPLY in told:
            return loss_fault(stage, None, stale=False, detail=told)
        if _CUT_SHORT in told or stage is Stage.CONTENT:
            return fault("upstream_truncated", stage=stage, detail=told)
        return fault("upstream_bad_response", "The reply is no HTTP/1.1.", stage=stage, detail=told)
    if isinstance(error, httpx2.DecodingError):
        return fault("upstream_bad_response", stage=stage, detail=told)
    root = roots[0] if roots else None
    head = Stage.HEAD if stage is Stage.CONTENT else stage
    return seen_from_here(loss_fault(head, root or ConnectionError(told), stale=False, detail=told))


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
