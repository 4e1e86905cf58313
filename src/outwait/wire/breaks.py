"""What a broken connection means: exceptions of the dial and of a running connection, told as faults.

Tables, read top down; the stage is the evidence for the retry class (FACTS 2.1), the text is for people.
"""

from __future__ import annotations

import errno
import socket
import ssl

from outwait.core.fault import Fault, Side, Stage, fault

_LOCAL = {
    errno.EMFILE: "out of file descriptors (raise `ulimit -n`)",
    errno.ENFILE: "the system is out of file descriptors",
    errno.EADDRNOTAVAIL: "out of local ports towards this address",
    errno.ENOBUFS: "out of socket buffers",
    errno.ENOMEM: "out of memory for sockets",
}
_UNREACHABLE = frozenset((errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EHOSTDOWN, errno.EAFNOSUPPORT))
_DNS = {
    socket.EAI_NONAME: "the name does not exist",
    socket.EAI_AGAIN: "the name server did not answer",
    socket.EAI_FAIL: "the name server failed",
    getattr(socket, "EAI_NODATA", -5): "the name has no address",
}
# OpenSSL's X509_V_ERR_* numbers, x509_vfy.h
_VERIFY = {
    9: "its certificate is not valid yet",
    10: "its certificate has expired",
    18: "its certificate is self-signed",
    19: "its certificate chain ends in a self-signed certificate that is not trusted here",
    20: "its certificate's issuer is not trusted here",
    21: "its certificate chain is incomplete",
    23: "its certificate was revoked",
    62: "its certificate is for another host name",
    64: "its certificate is for another IP address",
}
_HANDSHAKE = {
    "WRONG_VERSION_NUMBER": "it does not speak TLS on this port",
    "RECORD_LAYER_FAILURE": "it does not speak TLS on this port",
    "HTTP_REQUEST": "it speaks plain HTTP on this port",
    "UNSUPPORTED_PROTOCOL": "it offers only TLS versions that are too old",
    "TLSV1_ALERT_PROTOCOL_VERSION": "it offers no TLS version this side accepts",
    "SSLV3_ALERT_HANDSHAKE_FAILURE": "it refused the handshake",
    "TLSV1_UNRECOGNIZED_NAME": "it does not know this host name",
    "TLSV13_ALERT_CERTIFICATE_REQUIRED": "it wants a client certificate",
}


class DialFailed(Exception):  # noqa: N818 - it says what happened
    """A connection could not be made. `phase`: resolve | judge | connect | tls. `causes`: one per address tried."""

    def __init__(self, phase: str, causes: tuple[tuple[str, Exception], ...] = (), why: str = "") -> None:
        super().__init__(phase, why)
        self.phase = phase
        self.causes = causes
        self.why = why


def dial_fault(failure: DialFailed) -> Fault:
    """The fault of an attempt that got no connection; always at stage `connecting`."""
    detail = "; ".join(f"{where}: {_words(error)}" for where, error in failure.causes) or failure.why
    first = failure.causes[0][1] if failure.causes else None
    stage = Stage.CONNECTING
    local = _LOCAL.get(getattr(first, "errno", None) or 0)
    if local is not None and failure.phase != "resolve":
        return fault("gateway_overloaded", cause="resource_exhausted_local", stage=stage, detail=f"{local}; {detail}")
    if failure.phase == "resolve":
        code = first.errno if isinstance(first, OSError) else None
        why = _DNS.get(code or 0, "")
        message = f"The upstream's name could not be resolved: {why}." if why else None
        return fault("upstream_dns", message, stage=stage, detail=detail)
    if failure.phase == "tls" and first is not None:
        return _tls_fault(first, stage, detail)
    if failure.phase == "judge":
        message = f"The upstream's address is refused: {failure.why}."
        side, cause = Side.GATEWAY, "permission_denied"
        return fault("upstream_connect", message, cause=cause, side=side, stage=stage, detail=detail)
    return _connect_fault(failure, detail)


def loss_fault(stage: Stage, error: Exception | None, *, stale: bool, detail: str) -> Fault:
    """The fault of a connection that ended at `stage` while its response was not whole; `error`: None for an EOF."""
    if error is not None:
        detail = f"{_words(error)}; {detail}"
    if stage is Stage.HEAD:
        return fault("upstream_truncated", stage=stage, detail=detail)
    if isinstance(error, ssl.SSLError):
        return _tls_fault(error, stage, detail)
    hint = "stale" if stale else None
    if isinstance(error, OSError) and (error.errno in _UNREACHABLE or error.errno == errno.ETIMEDOUT):
        # TCP keep-alive or the kernel's retransmissions gave up: the path, not the peer, broke it.
        return fault(
            "upstream_reset", cause="network_unreachable", side=Side.NETWORK, stage=stage, hint=hint, detail=detail
        )
    return fault("upstream_reset", stage=stage, hint=hint, detail=detail)


def _connect_fault(failure: DialFailed, detail: str) -> Fault:
    numbers = {getattr(error, "errno", None) for _, error in failure.causes}
    if errno.ECONNREFUSED in numbers:
        cause, message = "connect_refused", "The upstream refused the connection."
    elif numbers & _UNREACHABLE:
        cause, message = "network_unreachable", "There is no route to the upstream."
    elif errno.ETIMEDOUT in numbers:
        cause, message = "connect_timeout", "The upstream did not answer the connection request."
    else:
        cause, message = "connect_reset", "The upstream could not be reached."
    return fault("upstream_connect", message, cause=cause, stage=Stage.CONNECTING, detail=detail)


def _tls_fault(error: Exception, stage: Stage, detail: str) -> Fault:
    if isinstance(error, ssl.SSLCertVerificationError):
        why = _VERIFY.get(error.verify_code, error.verify_message or "its certificate was not accepted")
        if "mismatch" in str(error):
            why = _VERIFY[64 if "IP address" in str(error) else 62]
    elif isinstance(error, ssl.SSLError):
        reason = getattr(error, "reason", None) or ""  # OpenSSL sets it; an SSLError of Python's own has none
        why = _HANDSHAKE.get(reason) or reason.replace("_", " ").lower() or "the handshake failed"
    elif isinstance(error, (TimeoutError, ConnectionAbortedError)):
        why = "the handshake was not finished in time"
    else:
        why = "it closed the connection during the handshake"
    return fault("upstream_tls", f"The TLS handshake with the upstream failed: {why}.", stage=stage, detail=detail)


def _words(error: Exception) -> str:
    text = getattr(error, "strerror", None) or str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
