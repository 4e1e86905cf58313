from __future__ import annotations

import errno
import socket
import ssl

import pytest

from outwait.core.fault import Side, Stage
from outwait.wire.breaks import DialFailed, dial_fault, loss_fault


def failed(phase: str, *errors: Exception) -> DialFailed:
    return DialFailed(phase, tuple((f"10.0.0.{number}:443", error) for number, error in enumerate(errors, 1)))


@pytest.mark.parametrize(
    "failure, code, cause, words",
    [
        (failed("resolve", socket.gaierror(socket.EAI_NONAME, "no")), "upstream_dns", "dns_failure", "does not exist"),
        (failed("resolve", socket.gaierror(socket.EAI_AGAIN, "no")), "upstream_dns", "dns_failure", "did not answer"),
        (failed("resolve", UnicodeError("label too long")), "upstream_dns", "dns_failure", "could not be resolved"),
        (DialFailed("judge", (), "x is 169.254.1.1"), "upstream_connect", "permission_denied", "169.254.1.1"),
        (failed("connect", OSError(errno.ECONNREFUSED, "")), "upstream_connect", "connect_refused", "refused"),
        (failed("connect", OSError(errno.ENETUNREACH, "")), "upstream_connect", "network_unreachable", "route"),
        (failed("connect", OSError(errno.ETIMEDOUT, "")), "upstream_connect", "connect_timeout", "not answer"),
        (failed("connect", OSError(errno.EPIPE, "")), "upstream_connect", "connect_reset", "not be reached"),
        (failed("connect", OSError(errno.EMFILE, "")), "gateway_overloaded", "resource_exhausted_local", "overloaded"),
        (failed("tls", ConnectionResetError()), "upstream_tls", "tls_failure", "closed the connection"),
        (failed("tls", ConnectionAbortedError()), "upstream_tls", "tls_failure", "in time"),
        (failed("tls", ssl.SSLError(1, "[SSL: HTTP_REQUEST] x")), "upstream_tls", "tls_failure", "failed"),
    ],
)
def test_a_failed_dial(failure: DialFailed, code: str, cause: str, words: str) -> None:
    told = dial_fault(failure)
    assert (told.code, told.cause, told.stage) == (code, cause, Stage.CONNECTING)
    assert words in told.message
    assert told.detail


def test_the_most_telling_of_several_addresses_decides_and_all_are_noted() -> None:
    told = dial_fault(failed("connect", OSError(errno.ENETUNREACH, "no route"), OSError(errno.ECONNREFUSED, "refused")))
    assert told.cause == "connect_refused"
    assert told.detail is not None
    assert "10.0.0.1:443: OSError: no route; 10.0.0.2:443: ConnectionRefusedError: refused" in told.detail


@pytest.mark.parametrize("stage, code", [(Stage.SENDING, "upstream_reset"), (Stage.HEAD, "upstream_truncated")])
def test_a_lost_connection_by_stage(stage: Stage, code: str) -> None:
    told = loss_fault(stage, None, stale=False, detail="closed")
    assert (told.code, told.stage, told.hint, told.detail) == (code, stage, None, "closed")


def test_only_before_the_head_a_connection_can_have_been_stale() -> None:
    assert loss_fault(Stage.SENT, None, stale=True, detail="").hint == "stale"
    assert loss_fault(Stage.HEAD, None, stale=True, detail="").hint is None


def test_a_path_that_died_is_not_the_upstreams_fault() -> None:
    told = loss_fault(Stage.SENT, OSError(errno.ETIMEDOUT, "timed out"), stale=False, detail="")
    assert (told.code, told.cause, told.side) == ("upstream_reset", "network_unreachable", Side.NETWORK)


def test_a_tls_alert_after_the_handshake_is_a_tls_fault() -> None:
    error = ssl.SSLError(1, "[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] alert")
    assert loss_fault(Stage.SENT, error, stale=False, detail="").code == "upstream_tls"
    assert loss_fault(Stage.HEAD, error, stale=False, detail="").code == "upstream_truncated"
