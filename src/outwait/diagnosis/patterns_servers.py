"""How servers say that who asked them has left: Java, .NET, Go, Node, Python, Ruby, PHP and others, on their own end.

The operating system says the same words on both ends of a broken connection: "Broken pipe", "Connection reset". Whose
end it was, a class or a frame of the server beside them says, so these rows weigh more than what the system said.
"""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import GAVE_UP
from outwait.diagnosis.pattern import Pattern, rows

_WRITE = "https://pubs.opengroup.org/onlinepubs/9799919799/functions/write.html"
_SERVLET = "https://docs.spring.io/spring-framework/reference/web/webmvc/mvc-ann-async.html#mvc-ann-async-disconnects"
_TOMCAT = "https://tomcat.apache.org/tomcat-10.1-doc/api/org/apache/catalina/connector/ClientAbortException.html"
_JETTY = "https://javadoc.jetty.org/jetty-12/org/eclipse/jetty/io/EofException.html"
_UNDERTOW = "https://undertow.io/undertow-docs/undertow-docs-2.1.0/index.html"
_NETTY = "https://projectreactor.io/docs/netty/release/reference/http-server.html"
_KESTREL = "https://learn.microsoft.com/en-us/dotnet/api/microsoft.aspnetcore.connections.connectionresetexception"
_ABORTED = "https://learn.microsoft.com/en-us/dotnet/api/microsoft.aspnetcore.http.httpcontext.requestaborted"
_IIS = "https://learn.microsoft.com/en-us/windows/win32/debug/system-error-codes--1000-1299-"
_GO = "https://pkg.go.dev/net/http#ErrAbortHandler"
_NODE = "https://nodejs.org/api/errors.html#err_stream_premature_close"
_FASTIFY = "https://fastify.dev/docs/latest/Guides/Detecting-When-Clients-Abort/"
_STARLETTE = "https://www.starlette.io/requests/"
_DJANGO = "https://docs.djangoproject.com/en/stable/ref/django-admin/#runserver"
_UWSGI = "https://uwsgi-docs.readthedocs.io/en/latest/Options.html#ignore-sigpipe"
_TORNADO = "https://www.tornadoweb.org/en/stable/iostream.html#tornado.iostream.StreamClosedError"
_RAILS = "https://api.rubyonrails.org/classes/ActionController/Live/ClientDisconnected.html"
_PUMA = "https://github.com/puma/puma"
_PHP = "https://www.php.net/manual/en/features.connection-handling.php"
_BANDIT = "https://hexdocs.pm/bandit/Bandit.html"
_HYPER = "https://docs.rs/hyper/latest/hyper/server/index.html"

# Pieces of rows: what `@name` in one of them stands for.
_PIECES: Final = (
    (
        "@gone",
        (
            r"(broken ?pipe|\bepipe\b|connection ?reset|econnreset|connection ?aborted|errno (32|104)\b"
            r"|reset by (the )?peer)"
        ),
    ),
    ("@answer", r"(response|reply|answer|(sse|stream) (event|chunk|frame)|event stream)s?( body| headers?| line)?\b"),
    ("@write", r"(writ(e|ing)|flush(ing)?|send(ing)?)"),
    ("@passed", r"(stream(ing)?|forward(ing)?|return(ing)?|copy(ing)?|relay(ing)?|proxy(ing)?)"),
    ("@pipe", r"(broken ?pipe|\bepipe\b|errno 32\b|os error 32\b)"),
)


def _rows(source: str, weight: int, cause: str, expressions: str, *, side: str | None = None) -> tuple[Pattern, ...]:
    for name, piece in _PIECES:
        expressions = expressions.replace(name, piece)
    return rows(source, weight, cause, expressions, side=side)


# A table: what is said in one place stands together, one row a line where that can be.
# fmt: off
SERVERS: Final[tuple[Pattern, ...]] = (
    # -------------------------------------------------------------------- any of them: its own write of an answer broke
    *_rows(_WRITE, 95, GAVE_UP, r"""
        (?<!upstream )\b(response|reply|answer|chunk|sse|event)[ _-](body )?(write|writer|writing|flush|send) ((has|was|
        is) )?(raised|raises|failed|fails|hit|got|threw|ended|error|aborted)\b.{0,40}@gone
        (?<!was )(?<!is )(?<!been )(?<!server )(?<!upstream )\b@write (up |out |back )?((a|an|the|our|my|
        successful|final|full|json|http|partial|streamed|200) ){0,3}@answer(?! to (the |a )?(log|disk|file|cache|
        database)|.{0,60}(\bread\b|upstream)).{0,60}@gone
        \b@passed (back )?((a|an|the|our) ){0,2}@answer.{0,60}@pipe
        @gone(error)?.{0,40}\b(while|when|during|on|in|as (i|we|it)) @write (up |out |back )?((a|an|the|our|my|
        successful|final|full|json|http|partial|streamed|200) ){0,3}@answer
        \b(send_response|end_headers|write_response|send_reply|response\.write|res\.write|start_response)\b(\([^)]{0,40}\))?.{0,24}(raised|raises|failed|threw|:|->|error).{0,24}@gone
        brokenpipeerror.{0,40}\b(in|at|from|by) (self\.)?(wfile|send_response|end_headers|response\.write)
    """),
    # ------------------------------------------------------------------------------------------------------------ Java
    *rows(_SERVLET, 97, GAVE_UP, r"""
        asyncrequestnotusableexception   servletoutputstream failed to (flush|write|close|send)
        disconnectedclienthelper
        servletoutputstream (is )?not usable   response not usable after (response|async)
    """),
    *rows(_TOMCAT, 97, GAVE_UP, r"""
        clientabortexception   coyoteoutputstream\.(flush|write|doflush)
        (broken pipe|reset by peer|aborted by the software).{0,2000}(catalina\.connector\.(outputbuffer|
        coyoteoutputstream)|
        coyote\.response\.dowrite|http11outputbuffer|outputbuffer\.(doflush|realwrite|flushbytebuffer))
    """),
    *rows(_JETTY, 96, GAVE_UP, r"""
        org\.eclipse\.jetty\.io\.(eof|quiet)exception
        (?<!java\.io\.)\beofexception: (closed|reset|cancel_stream_error)
    """),
    *rows(_UNDERTOW, 95, GAVE_UP, r"""
        (broken pipe|connection reset|closedchannelexception).{0,1200}(undertow\.servlet\.spec\.servletoutputstreamimpl|
        undertow\.server\.protocol\.http\.httpresponseconduit|undertow\.conduits)
    """),
    *rows(_NETTY, 95, GAVE_UP, r"""
        httpserveroperations(?!.{0,900}(http\.client|webclient)).{0,300}(abortedexception|been closed|reset by peer|
        broken pipe|closedchannelexception|cancell?ed)
        closedchannelexception.{0,200}httpserveroperations
        abortedexception(?!.{0,900}(http\.client|webclient)).{0,1200}(reactor\.netty\.http\.server|httptraffichandler)
        \bl:/[0-9a-f.:%]{3,48}:(80|443|3000|4000|5000|8000|8080|8443|9000) ?[-!] ?r:/.{0,400}(reset by peer|broken pipe|
        closedchannelexception|abortedexception)
    """),
    *rows(_NETTY, 70, GAVE_UP, r"\babortedexception: connection has been closed( before send operation)?"),
    # ------------------------------------------------------------------------------------------------------------ .NET
    *rows(_KESTREL, 97, GAVE_UP, r"""
        connectionresetexception: the client has disconnected   \bthe client has disconnected\b
        aspnetcore\.(server|connections|http)\b(?!.{0,1200}(system\.net\.http\b|httpclient)).{0,600}(forcibly closed by|
        connectionresetexception|client disconnected|aborted by the (client|software)|0x800704cd|0x800703e3)
        connectionresetexception.{0,1200}(server\.kestrel|iishttpcontext)
        (forcibly closed by the remote|aborted by the software).{0,1200}(http[12]outputproducer|httpresponsepipewriter|
        kestrel\.transport\.sockets\.internal\.socketconnection)
        connection id .{0,40}request id .{0,80}(the client (has )?(disconnect|reset|clos|abort)|reset by the client)
    """),
    *rows(_ABORTED, 93, GAVE_UP, r"""
        httpcontext\.requestaborted\b.{0,400}cancell?ed   request (was )?aborted by the client
        cancell?edexception(?!.{0,2000}system\.net\.http\b).{0,2000}(http[12]outputproducer|httpresponsepipewriter|
        iishttpcontext\.(write|flush))
    """),
    *rows(_IIS, 95, GAVE_UP, r"""
        remote host closed the connection\. the error code is 0x8007   operation was attempted on a nonexistent network
        0x800704cd
    """),
    # -------------------------------------------------------------------------------------------------------------- Go
    *rows(_GO, 77, GAVE_UP, r"http: abort ?handler   \berrabort ?handler"),  # an answer that broke has it, too
    *rows(_GO, 94, GAVE_UP, r"""
        (responsewriter|fmt\.fprintf\(w|c\.writer|gin\.context|flusher)\b.{0,160}(broken pipe|connection reset by peer|
        client disconnected|http2: stream closed)
        \[recovery\].{0,400}broken pipe
        (write|send)[a-z]{0,4} (response|reply|chunk|event|sse)[a-z]{0,3} to (the )?(client|caller|downstream|
        browser).{0,80}(broken pipe|reset|closed|eof|aborted)
    """),
    *rows(_GO, 80, GAVE_UP, r"""
        (error|fail(ed)?|unable|could not) (to )?(writ|send|flush|copy|
        forward)[a-z]{0,4}( [a-z]{1,12}){0,3} to (the )?(client|
        caller|browser)\b(?!.{0,60}(timed out|timeout))
    """),
    # ------------------------------------------------------------------------------------------------------------ Node
    *rows(_NODE, 94, GAVE_UP, r"""
        (premature close|err_stream_premature_close|err_stream_destroyed|write epipe|
        write econnreset)(?!.{0,600}(clientrequest|_http_client)).{0,600}(\bserverresponse\b|onserverresponseclose|
        abortincoming|http2serverresponse)
        (serverresponse\.|onserverresponseclose|http2serverresponse).{0,400}(premature close|write epipe|
        write econnreset)
        \b(express|koa|fastify|nest|hono)\b.{0,60}(request aborted|res(ponse)? closed before|client (closed|aborted))
        failed to pipe response.{0,600}(responseaborted|err_stream_premature_close|controller is already closed)
    """),
    *rows(_FASTIFY, 92, GAVE_UP, r"""
        (reqid|fastify).{0,300}\bstream closed prematurely   client connection prematurely closed
    """),
    # ---------------------------------------------------------------------------------------------------------- Python
    *rows(_STARLETTE, 94, GAVE_UP, r"""
        \bhttp\.disconnect\b   (client|peer) disconnected,? (cancell?ing|stopping|closing)
        runtimeerror: no response returned
    """),
    *rows(_DJANGO, 95, GAVE_UP, r"broken pipe from \('[0-9a-f.:]{3,45}', [0-9]{1,5}\)"),
    *rows(_UWSGI, 95, GAVE_UP, r"""
        sigpipe: writing to a closed pipe   uwsgi_response_[a-z_]{3,50}\(\): (broken pipe|connection reset)
        (oserror|ioerror): write error\b   ignoring (epipe|connection reset|client disconnect)
    """),
    *rows(_TORNADO, 92, GAVE_UP, r"""
        tornado[./](web|http1connection|httpserver)(?!.{0,800}httpclient).{0,800}streamclosederror
        websocketclosederror
    """),
    # ------------------------------------------------------------------------------------------ Ruby, PHP, Elixir, Rust
    *rows(_RAILS, 96, GAVE_UP, r"live::clientdisconnected"),
    *rows(_PUMA, 94, GAVE_UP, r"""
        puma::connectionerror   socket (timeout|error) writing data   unicorn::clientshutdown
        errno::epipe.{0,300}puma[/.][a-z/._-]{0,40}(client|server|request)\.rb
    """),
    *rows(_PHP, 94, GAVE_UP, r"""
        (?<![a-z_])connection_aborted(\(\)|\b.{0,12}(returned|true|user|client))
        connection_status(\(\))?\W{0,12}(1|aborted)\b
        ignore_user_abort.{0,80}(aborted|disconnect|closed)   \bphp\b.{0,40}(client|user) abort
    """),
    *rows(_BANDIT, 93, GAVE_UP, r"""
        bandit\.(transporterror|httperror).{0,80}(closed|reset|unrecoverable)
        plug\.conn\.(chunk|send_resp|send_chunked).{0,200}(:closed|:epipe|:enotconn)
    """),
    *rows(_HYPER, 92, GAVE_UP, r"""
        (error serving connection|serve_connection|failed to serve connection).{0,120}(incompletemessage|broken ?pipe|
        connection reset|connection closed before message completed)
    """),
)
# fmt: on
