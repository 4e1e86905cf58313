"""Servers whose caller has left; and the same words of a server's own call, which is another failure."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import read
from outwait.diagnosis.symptom import Symptom

ABORTED = "An established connection was aborted by the software in your host machine"
FORCIBLY = "An existing connection was forcibly closed by the remote host"


@pytest.mark.parametrize(
    "text",
    [
        # Java
        f"AsyncRequestNotUsableException: ServletOutputStream failed to flush: java.io.IOException: {ABORTED}",
        "ServletOutputStream failed to write: java.io.IOException: Connection reset by peer",
        "AsyncRequestNotUsableException: Response not usable after response errors.",
        "ClientAbortException: java.io.IOException: Connection reset by peer",
        "ClientAbortException: java.io.IOException: 你的主机中的软件中止了一个已建立的连接。",
        "java.io.IOException: Broken pipe at org.apache.catalina.connector.OutputBuffer.realWriteBytes",
        "org.eclipse.jetty.io.EofException: Closed Caused by: java.io.IOException: Connection reset by peer",
        "IOException: Connection reset by peer at io.undertow.conduits.ChunkedStreamSinkConduit.write",
        "AbortedException: Connection has been closed BEFORE send operation",
        "reactor.netty.http.server.HttpServerOperations: Error finishing response. Connection reset by peer",
        "[id: 0x5, L:/10.0.0.1:8080 ! R:/10.0.0.2:51234] Connection reset by peer",
        "StacklessClosedChannelException at reactor.netty HttpServerOperations.then",
        # .NET
        f"ConnectionResetException: The client has disconnected ---> SocketException (10054): {FORCIBLY}.",
        f"Microsoft.AspNetCore.Server.Kestrel[18] Connection id 0HM1: {FORCIBLY}",
        "Kestrel.Core.BadHttpRequestException: Unexpected end of request content.",
        "HttpContext.RequestAborted was cancelled while the stream was written",
        "The remote host closed the connection. The error code is 0x800704CD.",
        # Go
        "http: panic serving 10.0.0.9:51234: net/http: abort Handler",
        "[Recovery] panic recovered: write tcp 10.0.0.3:3000->10.0.0.9:5123: write: broken pipe",
        "Failed to write SSE chunk to client: connection reset by peer",
        # Node
        "Error [ERR_STREAM_PREMATURE_CLOSE]: Premature close at ServerResponse.onclose",
        "Error: write EPIPE at afterWriteDispatched at ServerResponse._writeRaw",
        '{"level":30,"reqId":"req-7","msg":"stream closed prematurely"}',
        "Failed to send the answer to the client",
        # Python
        "starlette.requests.ClientDisconnect",
        "stream: got http.disconnect, generator cancelled",
        "RuntimeError: No response returned.",
        "- Broken pipe from ('10.0.0.2', 41532)",
        "SIGPIPE: writing to a closed pipe/socket/fd (probably the client disconnected)",
        "tornado/web.py in flush: tornado.iostream.StreamClosedError: Stream is closed",
        # any of them, of its own write
        "successful response write raised BrokenPipeError",
        "gateway: response write raised ConnectionResetError",
        "failed to write response body: write tcp 10.0.0.3:8080->10.0.0.9:51234: write: broken pipe",
        "error writing response: EPIPE",
        "could not send response: BrokenPipeError: [Errno 32] Broken pipe",
        "Error flushing response: connection reset by peer",
        "connection reset while writing response",
        "send_response raised BrokenPipeError",
        "BrokenPipeError in self.wfile.write(body)",
        "error while streaming the answer: os error 32",
        # Ruby, PHP, Elixir, Rust
        "ActionController::Live::ClientDisconnected",
        "#<Puma::ConnectionError: Socket timeout writing data>",
        "PHP: connection_aborted() = 1, the stream was stopped",
        "** (Bandit.TransportError) Unrecoverable error: closed",
        "error serving connection: hyper::Error(IncompleteMessage)",
    ],
)
def test_whoever_asked_has_left(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("client_gave_up", "client")


@pytest.mark.parametrize(
    "text, cause",
    [
        # the frames of a server stand below every call it makes itself
        ("SocketException: Connection reset at okhttp3 at org.apache.coyote.http11.Http11Processor", "connect_reset"),
        (
            "PrematureCloseException: Connection prematurely closed BEFORE response HttpServerOperations",
            "connect_reset",
        ),
        (
            f"Microsoft.AspNetCore.Server.Kestrel: unhandled. System.Net.Http.HttpRequestException: {FORCIBLY}",
            "connect_reset",
        ),
        (
            "TaskCanceledException: the configured HttpClient.Timeout of 100 seconds elapsing at Server.Kestrel",
            "total_timeout",
        ),
        (
            "ReverseProxy read error during body copy: unexpected EOF; panic: net/http: abort Handler",
            "stream_truncated",
        ),
        ("write tcp 10.0.0.3:50122->192.0.2.1:443: write: broken pipe", "connect_reset"),
        ("failed to read response: connection reset by peer", "connect_reset"),
        ("error writing response: read from upstream: connection reset by peer", "connect_reset"),
        ("Error streaming response from upstream: connection reset by peer", "connect_reset"),
        ("upstream was sending the response when connection reset", "connect_reset"),
        ("failed to write request body: write tcp 10.0.0.2:4444->1.2.3.4:443: write: broken pipe", "connect_reset"),
        ("Premature close at IncomingMessage.<anonymous> (node_modules/node-fetch)", "stream_truncated"),
        ("Error: write EPIPE at ClientRequest._writeRaw (node:_http_outgoing)", "connect_reset"),
        ("ERR_HTTP_HEADERS_SENT: Cannot set headers after they are sent at ServerResponse.setHeader", "unknown"),
        ("the upstream's stream closed prematurely", "stream_truncated"),
        ("net::ERR_CONNECTION_ABORTED 10.0.0.1", "connect_reset"),
        ("Errno::ECONNRESET: Connection reset by peer in net/http.rb, puma/thread_pool.rb", "connect_reset"),
    ],
)
def test_a_servers_own_call_is_another_failure(text: str, cause: str) -> None:
    assert read(Symptom(text)).best.cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "stream ID 1; PROTOCOL_ERROR; received from peer",
        "read failed: stream ID 13; INTERNAL_ERROR; received from peer",
        "stream ID 5; CANCEL; received from peer",
        "copy: stream ID 7; NO_ERROR; received from peer",
        "stream error: stream ID 1441; FLOW_CONTROL_ERROR; received from peer",
        "stream ID 3; FRAME_SIZE_ERROR",
        "Error [ERR_HTTP2_STREAM_ERROR]: Stream closed with error code NGHTTP2_INTERNAL_ERROR",
        'HTTP/2: "stream error" received - code 2',
        "curl: (92) HTTP/2 stream 1 was not closed cleanly: PROTOCOL_ERROR (err 1)",
        "RemoteProtocolError: <StreamReset stream_id:1, error_code:1, remote_reset:True>",
        "http2 error: stream error received: unexpected internal error encountered",
        "http2 error: stream error received: stream no longer needed",
        "hyper::Error(Body, Error { kind: Reset(StreamId(1), PROTOCOL_ERROR, Remote) })",
        "okhttp3.internal.http2.StreamResetException: stream was reset: PROTOCOL_ERROR",
    ],
)
def test_a_stream_that_its_peer_has_reset(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("stream_truncated", "upstream")


# How Go, Node, curl, Python (h2), Rust (h2), OkHttp and gRPC tell of a stream's code; {0}: its name.
RESETS = (
    "stream ID 3; {0}; received from peer",
    "stream error: stream ID 3; {0}; received from peer",
    "Error [ERR_HTTP2_STREAM_ERROR]: Stream closed with error code NGHTTP2_{0}",
    "curl: (92) HTTP/2 stream 1 was not closed cleanly: {0} (err 7)",
    "RemoteProtocolError: <StreamReset stream_id:1, error_code:<ErrorCodes.{0}: 7>, remote_reset:True>",
    "hyper::Error(Http2, Error {{ kind: Reset(StreamId(1), {0}, Remote) }})",
    "okhttp3.internal.http2.StreamResetException: stream was reset: {0}",
    "desc = stream terminated by RST_STREAM with error code: {0}",
)


@pytest.mark.parametrize(
    "text",
    [each.format("REFUSED_STREAM") for each in RESETS]
    + [
        "RemoteProtocolError: <StreamReset stream_id:1, error_code:7, remote_reset:True>",
        "http2 error: stream error received: refused stream before processing any application logic",
    ],
)
def test_a_stream_that_was_refused_was_not_begun(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("connect_reset", "upstream")


@pytest.mark.parametrize(
    "text",
    [each.format("ENHANCE_YOUR_CALM") for each in RESETS]
    + [
        "RemoteProtocolError: <StreamReset stream_id:1, error_code:11, remote_reset:True>",
        "RemoteProtocolError: <ConnectionTerminated error_code:11, last_stream_id:1, additional_data:None>",
        "http2 error: stream error received: detected excessive load generating behavior",
    ],
)
def test_a_peer_that_asks_for_calm_is_asked_too_often(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == ("rate_limited", "upstream")


@pytest.mark.parametrize(
    "text",
    [
        "ERROR async_llm_engine.py: Engine iteration timed out. This should never happen!",
        "Engine background task failed\nCancelledError\nDuring handling of the above exception\nTimeoutError",
        "AsyncEngineDeadError: Task finished unexpectedly. This should never happen!",
        "EngineDeadError: EngineCore encountered an issue. See stack trace (above) for the root cause.",
        "RuntimeError: Engine loop is not running. Inspect the stacktrace to find the original error: TimeoutError().",
        "TimeoutError: RPC call to execute_model timed out.",
        "[2026-03-02 11:20:01 TP0] Scheduler hit an exception: Traceback (most recent call last):",
        "[2026-03-02 11:20:01 TP0] Watchdog timeout (self.watchdog_timeout=300)",
        "sglang: watchdog timeout, killing the scheduler",
        "[Rank 0] Watchdog caught collective operation timeout: WorkNCCL(OpType=ALLREDUCE, Timeout(ms)=600000)",
        "ERROR text_generation_launcher: Shard process was signaled to shutdown with signal 9 rank=0",
        "text_generation_launcher: Shard 0 failed to start",
        '{"error":{"message":"llama runner process has terminated: exit status 2"}}',
        "[StatusCode.INTERNAL] Stub process 'llm_0' is not healthy.",
        "in ensemble 'llm', Failed to process the request(s) for model instance 'llm_0_0'",
    ],
)
def test_what_a_model_server_says_of_its_own_engine(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side, found.confidence) == ("upstream_error", "upstream", "high")


@pytest.mark.parametrize(
    "text, cause, side",
    [
        ("stream watchdog timeout: no data for 90s, aborting request", "idle_timeout", "client"),
        ("llama runner process has terminated: signal: killed", "resource_exhausted_local", "upstream"),
        ("Engine background task failed: torch.cuda.OutOfMemoryError", "resource_exhausted_local", "upstream"),
        ("EngineDeadError: prompt is longer than the maximum model length of 4096", "context_too_long", "upstream"),
        ("vllm: Aborted request cmpl-1", "client_gave_up", "client"),
    ],
)
def test_what_has_a_deeper_cause_or_is_of_a_caller(text: str, cause: str, side: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == (cause, side)
