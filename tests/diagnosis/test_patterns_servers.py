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
