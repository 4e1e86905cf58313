"""How long HTTP libraries and SDKs wait by default: rows of `policy.limits`."""

from __future__ import annotations

from typing import Final

from outwait.policy.limit import Limit

_OPENAI_PY = "https://github.com/openai/openai-python#timeouts"
_ANTHROPIC_PY = "https://github.com/anthropics/anthropic-sdk-python#timeouts"
_LANGCHAIN = "https://reference.langchain.com/python/integrations/langchain_openai/ChatOpenAI/"
_BOTO = "https://botocore.amazonaws.com/v1/documentation/api/latest/reference/config.html"
_GENAI = "https://googleapis.github.io/python-genai/#http-options"
_HTTPX = "https://www.python-httpx.org/advanced/timeouts/"
_AIOHTTP = "https://docs.aiohttp.org/en/stable/client_quickstart.html#timeouts"
_REQUESTS = "https://requests.readthedocs.io/en/latest/user/advanced/#timeouts"
_UNDICI = "https://undici.nodejs.org/#/docs/api/Client?id=parameter-clientoptions"
_OKHTTP = "https://square.github.io/okhttp/5.x/okhttp/okhttp3/-ok-http-client/-builder/"
_RUBY = "https://docs.ruby-lang.org/en/master/Net/HTTP.html#class-Net::HTTP-label-Timeouts"
_DOTNET = "https://learn.microsoft.com/dotnet/api/system.net.http.httpclient.timeout"
_NSURL = "https://developer.apple.com/documentation/foundation/urlsessionconfiguration/"
_PHP = "https://www.php.net/manual/en/filesystem.configuration.php#ini.default-socket-timeout"
_NODE_FAILS = "TypeError: fetch failed, its cause HeadersTimeoutError (UND_ERR_HEADERS_TIMEOUT)"

# fmt: off
CLIENTS: Final[tuple[Limit, ...]] = (
    # ------------------------------------------------------------------------------------------------- Python
    Limit("openai-python.timeout", "openai-python", "client", "idle", 600, "timeout=openai.Timeout(600, read=...)",
          "openai.APITimeoutError: Request timed out.", _OPENAI_PY),
    Limit("openai-python.connect", "openai-python", "client", "connect", 5, "timeout=openai.Timeout(600, connect=...)",
          "openai.APITimeoutError: Request timed out., its cause ConnectTimeout", _OPENAI_PY),
    Limit("anthropic-python.timeout", "anthropic-python", "client", "idle", 600,
          "timeout=anthropic.Timeout(600, read=...)",
          "anthropic.APITimeoutError: Request timed out or interrupted.", _ANTHROPIC_PY),
    Limit("anthropic-python.connect", "anthropic-python", "client", "connect", 5,
          "timeout=anthropic.Timeout(600, connect=...)",
          "anthropic.APITimeoutError, its cause ConnectTimeout", _ANTHROPIC_PY),
    Limit("google-genai.timeout", "google-genai", "client", "total", None, "HttpOptions(timeout=milliseconds)",
          "httpx.ReadTimeout (sync), TimeoutError after that span in all (async)", _GENAI),
    Limit("langchain-openai.timeout", "langchain-openai", "client", "idle", 600, "timeout=",
          "OpenAITimeoutError: Request timed out.", _LANGCHAIN),
    Limit("langchain-openai.stream_chunk_timeout", "langchain-openai", "client", "events", 120,
          "stream_chunk_timeout=, LANGCHAIN_OPENAI_STREAM_CHUNK_TIMEOUT_S",
          "StreamChunkTimeoutError: No streaming chunk received for 120.0s (async streams only)", _LANGCHAIN),
    Limit("litellm.request_timeout", "litellm", "client", "idle", 6000, "litellm.request_timeout, REQUEST_TIMEOUT",
          "litellm.Timeout: APITimeoutError - Request timed out.", "https://docs.litellm.ai/docs/proxy/timeout"),
    Limit("litellm.completion", "litellm", "client", "idle", 600, "timeout=",
          "litellm.Timeout: APITimeoutError - Request timed out.", "https://docs.litellm.ai/docs/completion/input"),
    Limit("boto3.read_timeout", "boto3", "client", "idle", 60, "Config(read_timeout=...)",
          "botocore.exceptions.ReadTimeoutError: Read timeout on endpoint URL", _BOTO),
    Limit("boto3.connect_timeout", "boto3", "client", "connect", 60, "Config(connect_timeout=...)",
          "botocore.exceptions.ConnectTimeoutError: Connect timeout on endpoint URL", _BOTO),
    Limit("httpx.read", "httpx", "client", "idle", 5, "timeout=httpx.Timeout(read=...)", "httpx.ReadTimeout", _HTTPX),
    Limit("httpx.connect", "httpx", "client", "connect", 5, "timeout=httpx.Timeout(connect=...)",
          "httpx.ConnectTimeout", _HTTPX),
    Limit("httpx.write", "httpx", "client", "write", 5, "timeout=httpx.Timeout(write=...)", "httpx.WriteTimeout",
          _HTTPX),
    Limit("requests.timeout", "requests", "client", "idle", None, "timeout=(connect, read)",
          "requests.exceptions.ReadTimeout: Read timed out.", _REQUESTS),
    Limit("urllib3.timeout", "urllib3", "client", "idle", None, "timeout=urllib3.Timeout(read=...)",
          "urllib3.exceptions.ReadTimeoutError: Read timed out.",
          "https://urllib3.readthedocs.io/en/stable/reference/urllib3.util.html#urllib3.util.Timeout"),
    Limit("aiohttp.total", "aiohttp", "client", "total", 300, "ClientTimeout(total=None, sock_read=...)",
          "TimeoutError, also in the middle of an answer", _AIOHTTP),
    Limit("aiohttp.sock_connect", "aiohttp", "client", "connect", 30, "ClientTimeout(sock_connect=...)",
          "aiohttp.ConnectionTimeoutError", _AIOHTTP),
    # ------------------------------------------------------------------------------------------------- Node
    Limit("openai-node.timeout", "openai-node", "client", "first_byte", 600, "timeout: milliseconds",
          "APIConnectionTimeoutError: Request timed out. (undici's 300 s come first)",
          "https://github.com/openai/openai-node#timeouts"),
    Limit("anthropic-node.timeout", "anthropic-node", "client", "first_byte", 600, "timeout: milliseconds",
          "APIConnectionTimeoutError: Request timed out. (undici's 300 s come first)",
          "https://github.com/anthropics/anthropic-sdk-typescript#timeouts"),
    Limit("undici.headersTimeout", "undici", "client", "first_byte", 300, "new Agent({ headersTimeout: ms })",
          _NODE_FAILS, _UNDICI),
    Limit("undici.bodyTimeout", "undici", "client", "idle", 300, "new Agent({ bodyTimeout: ms })",
          "TypeError: terminated, its cause BodyTimeoutError (UND_ERR_BODY_TIMEOUT)", _UNDICI),
    Limit("undici.connectTimeout", "undici", "client", "connect", 10, "new Agent({ connect: { timeout: ms } })",
          "TypeError: fetch failed, its cause ConnectTimeoutError (UND_ERR_CONNECT_TIMEOUT)", _UNDICI),
    Limit("node-fetch.headers", "node-fetch (global fetch)", "client", "first_byte", 300, "dispatcher: an undici Agent",
          _NODE_FAILS, "https://nodejs.org/api/globals.html#custom-dispatcher"),
    Limit("axios.timeout", "axios", "client", "first_byte", None, "timeout: milliseconds, in Node",
          "AxiosError ECONNABORTED: timeout of N ms exceeded", "https://axios-http.com/docs/req_config"),
    Limit("axios.fetch", "axios", "client", "total", None, "timeout: milliseconds, in browsers, or adapter: 'fetch'",
          "AxiosError ECONNABORTED: timeout of N ms exceeded", "https://axios-http.com/docs/req_config"),
    # ------------------------------------------------------------------------------------------------- JVM
    Limit("okhttp.readTimeout", "OkHttp", "client", "idle", 10, "readTimeout(...)",
          "java.net.SocketTimeoutException: timeout", _OKHTTP + "read-timeout.html"),
    Limit("okhttp.connectTimeout", "OkHttp", "client", "connect", 10, "connectTimeout(...)",
          "java.net.SocketTimeoutException: failed to connect", _OKHTTP + "connect-timeout.html"),
    Limit("okhttp.callTimeout", "OkHttp", "client", "total", None, "callTimeout(...)",
          "java.io.InterruptedIOException: timeout", _OKHTTP + "call-timeout.html"),
    Limit("openai-java.timeout", "openai-java", "client", "total", 600, "timeout(Duration)",
          "OpenAIIoException: Request failed", "https://github.com/openai/openai-java#timeouts"),
    Limit("java.http.timeout", "Java HttpClient", "client", "first_byte", None, "HttpRequest.Builder.timeout(...)",
          "java.net.http.HttpTimeoutException: request timed out",
          "https://docs.oracle.com/en/java/javase/21/docs/api/java.net.http/java/net/http/HttpRequest.Builder.html"),
    # ------------------------------------------------------------------------------------------------- others
    Limit("dotnet.httpclient.timeout", ".NET HttpClient", "client", "total", 100,
          "HttpClient.Timeout, with ResponseHeadersRead it ends with the headers",
          "TaskCanceledException: canceled due to the configured HttpClient.Timeout of 100 seconds elapsing", _DOTNET),
    Limit("openai-dotnet.network", "openai-dotnet", "client", "idle", 100, "OpenAIClientOptions.NetworkTimeout",
          "TaskCanceledException: the operation was cancelled because it exceeded the configured timeout",
          "https://learn.microsoft.com/dotnet/api/system.clientmodel.primitives.clientpipelineoptions.networktimeout"),
    Limit("go.client.timeout", "Go net/http", "client", "total", None, "http.Client{Timeout: ...}",
          "context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
          "https://pkg.go.dev/net/http#Client"),
    Limit("go.tls", "Go net/http", "client", "connect", 10, "Transport.TLSHandshakeTimeout",
          "net/http: TLS handshake timeout", "https://pkg.go.dev/net/http#DefaultTransport"),
    Limit("reqwest.timeout", "reqwest (Rust)", "client", "total", None, "ClientBuilder::timeout, read_timeout",
          "operation timed out", "https://docs.rs/reqwest/latest/reqwest/struct.ClientBuilder.html#method.timeout"),
    Limit("ruby.read_timeout", "Ruby Net::HTTP", "client", "idle", 60, "read_timeout=", "Net::ReadTimeout", _RUBY),
    Limit("ruby.open_timeout", "Ruby Net::HTTP", "client", "connect", 60, "open_timeout=", "Net::OpenTimeout", _RUBY),
    Limit("urlsession.request", "URLSession", "client", "idle", 60, "timeoutIntervalForRequest",
          "NSURLErrorDomain -1001: The request timed out.", _NSURL + "timeoutintervalforrequest"),
    Limit("urlsession.resource", "URLSession", "client", "total", 604800, "timeoutIntervalForResource",
          "NSURLErrorDomain -1001: The request timed out.", _NSURL + "timeoutintervalforresource"),
    Limit("php.default_socket_timeout", "PHP streams", "client", "idle", 60, "default_socket_timeout",
          "file_get_contents(): failed to open stream: HTTP request failed!", _PHP),
    Limit("guzzle.timeout", "Guzzle (PHP)", "client", "total", None, "'timeout' => seconds",
          "cURL error 28: Operation timed out", "https://docs.guzzlephp.org/en/stable/request-options.html#timeout"),
    Limit("wordpress.http", "WordPress HTTP API", "client", "total", 5, "'timeout' => seconds",
          "cURL error 28: Operation timed out after 5000 milliseconds with 0 bytes received",
          "https://developer.wordpress.org/reference/classes/WP_Http/request/"),
    Limit("curl.max-time", "curl", "client", "total", None, "--max-time, and --speed-time for silence alone",
          "curl: (28) Operation timed out after N milliseconds with 0 bytes received",
          "https://curl.se/docs/manpage.html#-m"),
    Limit("curl.connect-timeout", "curl", "client", "connect", 300, "--connect-timeout",
          "curl: (28) Connection timed out", "https://curl.se/libcurl/c/CURLOPT_CONNECTTIMEOUT.html"),
)
