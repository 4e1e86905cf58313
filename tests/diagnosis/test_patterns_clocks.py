"""Clocks that name themselves: what each waited for, and on whose side it was."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom


@pytest.mark.parametrize(
    "text, cause, side",
    [
        # platforms
        ("The worker did not send the first byte within 15s", "gateway_timeout_upstream", "middlebox"),
        ("Your container failed to return a response within 55 s", "gateway_timeout_upstream", "middlebox"),
        ("the ELB's idle timeout", "middlebox_idle_cut", "middlebox"),
        ("our proxy requests time out after 45 seconds", "gateway_timeout_upstream", "middlebox"),
        ("function chat exceeded the maximum duration", "total_timeout", "gateway"),
        ("On the hobby plan functions may run 10 s; past it: 504", "gateway_timeout_upstream", "middlebox"),
        ("Serverless functions have 25 seconds, then a 504 page", "gateway_timeout_upstream", "middlebox"),
        ("a 504 whenever the platform has given 30 seconds", "gateway_timeout_upstream", "middlebox"),
        ("the load balancer's 60 s idle timeout", "middlebox_idle_cut", "middlebox"),
        # servers that end their own work
        ("child 7, script execution timed out (31.5 sec), terminating", "total_timeout", "gateway"),
        ("Rack::Timeout::RequestTimeoutError", "total_timeout", "gateway"),
        ("TimeLimitExceeded(120)", "total_timeout", "client"),
        ("worker 2 HARAKIRI", "total_timeout", "gateway"),
        ("[Bun.serve]: request timed out after 20 seconds.", "middlebox_idle_cut", "gateway"),
        ("Pass `idleTimeout` to configure. The socket was closed mid-answer", "middlebox_idle_cut", "gateway"),
        # relays
        ("local_call_deadline hit", "total_timeout", "gateway"),
        ("watch: call exceeded watchdog timeout of 90000ms", "total_timeout", "client"),
        ("model call used up its budget of 90s", "total_timeout", "client"),
        ("Upstream timed out after 45000ms", "gateway_timeout_upstream", "gateway"),
        ("上游 40 秒内未返回首包", "first_byte_timeout", "gateway"),
        ("no chunk from upstream since 30 s", "idle_timeout", "gateway"),
        ("relay limit of 90 seconds", "total_timeout", "gateway"),
        ("stream data interval timeout (45s)", "idle_timeout", "gateway"),
        ("Hanging request detected", "first_byte_timeout", "gateway"),
        ("the websocket was closed with code 1006", "connect_reset", "network"),
        ("no ServerHello for 5 s", "tls_failure", "network"),
        ("http2: client connection lost", "connect_reset", "network"),
        ("keepalive ping failed within the timeout", "connect_reset", "network"),
        ("no events were received within that window", "idle_timeout", "client"),
        ("call stuck for >90s", "idle_timeout", "client"),
        ("turn timeout: 90000", "total_timeout", "client"),
        ("节点执行超时", "total_timeout", "client"),
        ("an idle-connection timeout", "middlebox_idle_cut", "middlebox"),
        ("The file could not be uploaded in 30 s", "write_timeout", "client"),
        ("Error raised by the embedding service: request timed out", "gateway_timeout_upstream", "upstream"),
        ("http client error: Failed to write connection", "write_timeout", "gateway"),
        # clients
        ("IOException: timeout; SocketException: Socket closed", "first_byte_timeout", "client"),
        (
            "InterruptedIOException: timeout at RealCall.timeoutExit Caused by: SocketException: Socket closed",
            "total_timeout",
            "client",
        ),
        ("the call timeout of 20000 ms exceeded", "total_timeout", "client"),
        ("SocketTimeoutException: timeout at okhttp3.internal.http2.Http2Stream", "first_byte_timeout", "client"),
        ("Socket timeout has expired [url=http://h]", "first_byte_timeout", "client"),
        ("Connect timeout has expired [url=http://h]", "connect_timeout", "network"),
        ("provider never sent its first SSE event", "first_byte_timeout", "client"),
        ("ReadTimeout: timed out while receiving the next chunk", "idle_timeout", "client"),
        ("%Mint.TransportError{reason: :closed}", "connect_reset", "network"),
        ("%Req.TransportError{reason: :timeout}", "first_byte_timeout", "client"),
        ("%HTTPoison.Error{id: nil, reason: :closed}", "connect_reset", "network"),
        ("{:error, :connect_timeout}", "connect_timeout", "network"),
        ("hackney: {:error, :checkout_timeout}", "resource_exhausted_local", "client"),
        ("{:error, :nxdomain}", "dns_failure", "network"),
        # a server whose client has left
        ("stopping wait for next result due to should_stop; --timeout", "client_gave_up", "client"),
        ("StreamResponse.write: Cannot write to closing transport", "client_gave_up", "client"),
        # an application that answers for a call of its own
        ("{'detail': 'call took longer than 45 seconds'}", "total_timeout", "gateway"),
    ],
)
def test_a_clock_and_its_owner(text: str, cause: str, side: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == (cause, side)
