"""What sentences say by their order, in wordings of many programs; and what the same words say in another order."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.symptom import Symptom


def reading(text: str, **known: object) -> Reading:
    return read(Symptom(text, **known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text",
    [
        "400: prompt length (9120) should be smaller than the max input length (8192)",
        "ValueError: Prompt exceeds n_ctx",
        "input_ids length 33000 > max_position_embeddings 32768",
        "Error 400: number of prompt tokens (5000) is greater than max_model_len (4096)",
        "n_ctx = 2048 but the prompt has 3011 tokens",
        "The prompt has 70123 tokens, but the model only has a context window of 65536",
        "BadRequest: total tokens *** must not exceed max_total_tokens ***",
        "sequence length (5000) cannot be larger than max_seq_length 4096",
        "input tokens: 12000 >= max input tokens: 8192",
        "400 input sequence length is already larger than max_seq_len",
        "400 Prompt does not fit into the context window",
        "Requested token count 140000 is over the model's context limit of 131072",
        "400 messages token length must be in (0, 32768], but got 50213",
        "prompt_tokens=9000 exceeds limit=8192",
        "prompt_len (9000) + max_new_tokens (100) <= max_seq_len (8192)",
        "400 Prompt length 9000 ≥ limit 8192",
        "position ids out of range for a model of max 4096",
        "400: at most 32768 tokens are taken, but 40000 came",
        "400 输入长度 40960 必须小于最大长度 32768",
        "{'code': 400, 'message': 'prompt 的 token 数量 9000 超过上限 8192'}",
    ],
)
def test_a_length_and_a_window(text: str) -> None:
    assert reading(text).best.cause == "context_too_long"


@pytest.mark.parametrize(
    "text, cause",
    [
        ("400 max_tokens must be less than or equal to 8192", "bad_request"),
        ("400 'user' length must be less than 64 characters", "bad_request"),
        ("429 input tokens per minute exceeded: limit 30000, requested 40000", "rate_limited"),
        ("400 invalid_request: input image is larger than the max input size of 20 MB", "bad_request"),
        ("429 total requests over the time window", "rate_limited"),
    ],
)
def test_other_lengths_are_no_windows(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "HTTP 401: the key for this model is invalid",
        "401 Wrong model provider key supplied",
        "Invalid model API key (status 401)",
        "status 401, key you sent is not valid",
        '{"code":"INVALID_USER_API_KEY","choices":[]}',
        '{"error":"ERROR_MISSING_ACCESS_TOKEN","data":{},"content":[]}',
        '{"error":{"code":"API_KEY_REVOKED"},"candidates":[]}',
        "Unauthorized: API key rejected",
        "500: malformed auth_key",
        '{"code":"USER_NOT_LOGGED_IN","choices":[]}',
        "The key has been revoked",
        "Your session has expired. Run `tool sso login` again.",
        "500 Reauthentication required. Run `az login` to continue",
        "credentials are old, please re-authenticate",
        "InternalServerError: please run: gh auth login",
    ],
)
def test_keys_in_any_order_of_words(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("auth_failed", "client")


def test_a_key_beside_a_model_is_not_always_the_matter() -> None:
    assert reading("unknown model for this api key").best.cause == "model_not_found"
    assert reading("Invalid model: x-9").best.cause == "model_not_found"
    assert reading("the session is over; log in again").confidence != "high"


@pytest.mark.parametrize(
    "text, cause",
    [
        ("failed to connect to upstream host: timed out", "connect_timeout"),
        ("could not connect to 192.0.2.4:443: timeout", "connect_timeout"),
        ("Error connecting to api.example.net (timeout)", "connect_timeout"),
        ("unable to establish connection with provider - operation timed out", "connect_timeout"),
        ("dial tcp to host: timeout", "connect_timeout"),
        ("failed to read response header: timeout", "first_byte_timeout"),
        ("failed to receive response from LLM server: timeout", "first_byte_timeout"),
        ("failed to send request to model server: timeout", "first_byte_timeout"),
        ("failed to read body: timeout", "idle_timeout"),
        ("error reading next chunk: timed out", "idle_timeout"),
        ("failed to write request body: timeout", "write_timeout"),
        ("read timeout: idle for 120s", "idle_timeout"),
        ("it did not finish within the allotted time", "total_timeout"),
        ("failed to resolve api.example.net: timeout", "dns_failure"),
        ("failed to read response from backend: closed", "connect_reset"),
        ("the server closed the connection before sending the first response byte", "connect_reset"),
    ],
)
def test_the_verb_before_a_timeout_names_its_phase(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text",
    [
        'File "aiohttp/connector.py", line 600, in _wait_for_available_connection\n  await fut\nTimeoutError',
        'File "aiohttp/connector.py", line 515, in connect\n    await fut\nasyncio.exceptions.CancelledError',
        'File "httpcore/_async/connection_pool.py", line 35, in wait_for_connection\n  ...\nCancelledError',
        'File "urllib3/connectionpool.py", line 271, in _get_conn\n  self.pool.get(block=self.block)\n_queue.Empty',
        "ConnectionPool::TimeoutError: Waited 5 sec, 0/5 available",
        "Acquire operation took longer than the configured maximum time",
        "The timeout period elapsed prior to obtaining a connection from the pool",
        "Timed out while waiting for a free connection from the pool",
        "could not acquire a connection from the pool within 5s",
    ],
)
def test_a_pool_without_a_free_connection(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("resource_exhausted_local", "client")


@pytest.mark.parametrize(
    "text",
    [
        "HTTP proxy replied 503 to CONNECT api.example.net:443",
        "http connect Proxy received status: HTTP/1.1 407",
        "Proxy CONNECT failed: 502 Bad Gateway",
        "Unexpected response code for CONNECT: 503",
        "error trying to connect: unsuccessful tunnel (503 Service Unavailable)",
        "Proxy connection ended before receiving CONNECT response",
        "Could not open CONNECT tunnel with proxy host:3128 [{'status': 503}]",
        "The proxy server is refusing connections",
    ],
)
def test_what_a_forward_proxy_answered(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("proxy_misconfigured", "client")


@pytest.mark.parametrize(
    "text, cause, side",
    [
        ("503 Proxy error: upstream worker vanished", "overloaded", "upstream"),
        ("[proxy error] model backend answered 500", "upstream_error", "upstream"),
        ("LLM proxy server returned 429 Too Many Requests", "rate_limited", "upstream"),
        ("proxy error: the job queue was closed", "upstream_error", "gateway"),
        ("503: all accounts are paused", "gateway_no_channel", "gateway"),
    ],
)
def test_a_relay_that_calls_itself_a_proxy(text: str, cause: str, side: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "text",
    [
        "403 Forbidden: this channel has been disabled",
        "503 Service Unavailable: channel affinity points to a channel that is disabled",
        "403 The channel (id: 12) is currently unavailable",
        "error 503: preferred channel from affinity cache is no longer available",
        "503: the request was routed to an inactive channel",
        '{"error":{"code":"channel_disabled"}}',
        "403 Channel disabled",
        "this provider has been disabled by the administrator (503)",
    ],
)
def test_a_channel_that_is_off_outweighs_the_status(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("gateway_no_channel", "gateway")


@pytest.mark.parametrize(
    "text, cause",
    [
        ('Channel "a" (#3) has been disabled, reason: status_code=429, insufficient_quota', "quota_exhausted"),
        ("the Slack channel is disabled for this workspace", "unknown"),
        ("The release channel is disabled in settings", "unknown"),
        ("403 your account has been disabled", "permission_denied"),
    ],
)
def test_other_channels_and_other_reasons(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text, is_dns",
    [
        ("Could not resolve: llm.example.net", True),
        ("ares: could not contact DNS servers, cannot connect", True),
        ("cannot connect: unable to resolve https://llm.example.net", True),
        ("failed to connect: timeout while contacting the name servers", True),
        ("DNS server did not respond; unable to reach host", True),
        ("Could not resolve the remote host", True),
        ("Could not resolve module.ts", False),
        ("Could not resolve com.example.http:client:4.9", False),
    ],
)
def test_names_that_no_server_knew(text: str, is_dns: bool) -> None:
    assert (reading(text).best.cause == "dns_failure") is is_dns


@pytest.mark.parametrize(
    "text",
    [
        "Remote server unixsocket:///tmp/w closed: 3 bytes read",
        "500 failed to load model: rpc error: code = Unknown desc = unexpected EOF",
        "The actor is dead because its worker process has died.",
        "InternalServerException: Worker died.",
        "inference process is no longer running",
        "backend process exited",
        "EngineCore_0 died unexpectedly",
        "the model backend is gone",
        "模型加载失败: 进程已退出",
        "grpc service not ready",
    ],
)
def test_a_server_that_lost_its_own_process(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("upstream_error", "upstream")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("validation failed: this organization has hit its spending cap and calls were suspended", "quota_exhausted"),
        ("412: acme was suspended because of unpaid invoices", "quota_exhausted"),
        ("Your workspace has exceeded its configured usage limit.", "quota_exhausted"),
        ("您的账户已达到自定义限额，推理服务已暂停", "quota_exhausted"),
        ("403 组织已达到消费上限，服务已停止", "quota_exhausted"),
        ("Your organization has reached its rate limit of 10 requests per minute", "rate_limited"),
        ("Your account has reached its concurrency limit", "rate_limited"),
    ],
)
def test_a_limit_that_an_account_reached(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text, elapsed, cause, side",
    [
        ("stream_idle_timeout: nothing arrived for 60000ms", 60, "idle_timeout", "client"),
        ("upstream stream stalled for 60000 ms without data (idle_timeout)", 60, "idle_timeout", "gateway"),
        ("code=chunk_timeout model stalled for 30000ms without data", 30, "idle_timeout", "client"),
        ('response_code_details: "stream_idle_timeout"', 300, "middlebox_idle_cut", "middlebox"),
    ],
)
def test_a_timer_that_is_named_is_the_tellers(text: str, elapsed: float, cause: str, side: str) -> None:
    found = reading(text, elapsed=elapsed)
    assert (found.best.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "text, cause, side",
    [
        ("Error: aborted at abortIncoming (node:_http_server:794:17) code: 'ECONNRESET'", "client_gave_up", "client"),
        ("BadRequestError: request aborted at IncomingMessage.onAborted (raw-body)", "client_gave_up", "client"),
        ("socketserver.py in write: self._sock.sendall(b) BrokenPipeError: [Errno 32]", "client_gave_up", "client"),
        ("Error: aborted at socketCloseListener (node:_http_client:460) ECONNRESET", "stream_truncated", "upstream"),
        ('Post "http://127.0.0.1:11434/api": read: connection reset by peer', "connect_reset", "upstream"),
        ("out of memory while loading model weights", "resource_exhausted_local", "client"),
        ("llm-server sent no first token within 90000ms", "first_byte_timeout", "client"),
        ("torch.OutOfMemoryError: CUDA out of memory", "resource_exhausted_local", "upstream"),
        ("java.lang.OutOfMemoryError: Java heap space", "resource_exhausted_local", "client"),
        ("litellm.BadRequestError: LLM Provider NOT provided.", "model_not_found", "client"),
        ('{"message": "litellm.BadRequestError: LLM Provider NOT provided."}', "model_not_found", "gateway"),
    ],
)
def test_frames_and_classes_say_whose_end_it_was(text: str, cause: str, side: str) -> None:
    found = reading(text, elapsed=60)
    assert (found.best.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "text, cause, side",
    [
        # a pool of accounts is a gateway's
        ("503 Service Unavailable: All pooled accounts are currently unavailable", "gateway_no_channel", "gateway"),
        ("all 4 claude accounts are disabled", "gateway_no_channel", "gateway"),
        # a TLS connection that ended without its goodbye
        ("599: hyper: peer closed connection without sending TLS close_notify", "connect_reset", "network"),
        ("rustls: see the manual #unexpected-eof", "connect_reset", "network"),
        ("error decoding response body: closed connection without close_notify", "stream_truncated", "upstream"),
        # Go's answer for a path that it does not serve
        ("机器人响应错误: 404 page not found", "model_not_found", "client"),
        # tokens were counted, and there is nothing to read
        ('{"usageMetadata":{"promptTokenCount":31,"totalTokenCount":31}}', "empty_response", "upstream"),
        ("the reply: text: None", "empty_response", "upstream"),
        ('{"choices":[{"message":{"role":"assistant","content":null}}]}', "empty_response", "upstream"),
        ('{"content":[],"stop_reason":"end_turn"}', "empty_response", "upstream"),
        ('{"blockReason":"OTHER","promptTokenCount":31,"totalTokenCount":31}', "content_filtered", "upstream"),
        # a server that stops its work had a client that went
        ("processing task; srv: cancel task, id_task = 5; stop processing, truncated = 0", "client_gave_up", "client"),
        ("processing task; CUDA out of memory; cancel task, id_task = 5", "resource_exhausted_local", "upstream"),
    ],
)
def test_what_servers_and_libraries_print(text: str, cause: str, side: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.side) == (cause, side)


@pytest.mark.parametrize(
    "text",
    [
        '{"candidates":[{"content":{"parts":[{"text":"a"}]}}],"promptTokenCount":31,"totalTokenCount":31}',
        '{"promptTokenCount":31,"candidatesTokenCount":2,"totalTokenCount":33}',
        '{"role":"assistant","content":null,"tool_calls":[{"id":"c"}]}',
        '{"usage":{"prompt_tokens":8,"total_tokens":8}}',  # of embeddings
        '{"content":[],"stop_reason":null}',  # the begin of a stream
    ],
)
def test_an_answer_with_something_in_it_is_not_empty(text: str) -> None:
    assert read(Symptom(text)).best.cause != "empty_response"


@pytest.mark.parametrize(
    "prose",
    [
        "The supervisor starts another worker when a worker process died, and the queue is closed at the end.",
        "Run `tool auth login` once before the first start; it stores a token.",
        "The length of a prompt and the window of a model are told on the next page.",
        "A proxy answers CONNECT with 200 and then only copies bytes.",
        "Accounts may set a limit; the page of the account tells how much of it is used.",
    ],
)
def test_prose_is_never_told_for_sure(prose: str) -> None:
    assert reading(prose).confidence != "high"
