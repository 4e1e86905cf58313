"""The rule, by what it decides between. The texts are shortest forms; whole ones are in tests/corpus/errors."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.diagnosis.causes import CAUSES, NOBODY, SIDES
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.knowledge import PATTERNS
from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.symptom import Symptom

PIECES = st.sampled_from(
    [pattern.needle for pattern in PATTERNS]
    + ["504", "HTTP 429", "\n", "  ", '\\"', "localhost", "<html>", "after 60 s"]
)


def reading(text: str, **known: object) -> Reading:
    return read(Symptom(text, **known))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "text, cause",
    [
        # what is inside names it, what is wrapped around does not
        ("APIConnectionError: Connection error.\n caused by: getaddrinfo EAI_AGAIN host", "dns_failure"),
        (
            "Max retries exceeded (Caused by ProxyError('Cannot connect to proxy.', [Errno 111] Connection refused))",
            "proxy_misconfigured",
        ),
        ("502 Bad Gateway: dial tcp 192.0.2.1:80: connect: connection refused", "connect_refused"),
        ('500 {"error": "upstream said 429"}', "rate_limited"),
        ("dial tcp: lookup host: i/o timeout", "dns_failure"),
        ("dial tcp 192.0.2.1:443: i/o timeout", "connect_timeout"),
        ("context deadline exceeded (Client.Timeout exceeded while awaiting headers)", "total_timeout"),
        ("net/http: timeout awaiting response headers", "first_byte_timeout"),
        ("SocketTimeoutException: connect timed out", "connect_timeout"),
        ("SocketTimeoutException: Read timed out", "first_byte_timeout"),
        ("Operation timed out after 30001 milliseconds with 0 bytes received", "first_byte_timeout"),
        ("Operation timed out after 30001 milliseconds with 512 bytes received", "total_timeout"),
        ("relay error (channel #1): bad response status code 401", "auth_failed"),
        ("relay error (channel #1): bad response status code 502", "upstream_error"),
        ("429: failed to parse the reply", "rate_limited"),
        ("HTTP 504: 连接超时", "gateway_timeout_upstream"),  # who answers was reached
        # codes that only their provider's pages explain
        ('{"base_resp":{"status_code":1008,"status_msg":""}}', "quota_exhausted"),
        ('{"error":{"code":"1302","message":""}}', "rate_limited"),
        ('{"error_code":336103,"error_msg":""}', "context_too_long"),
        ('{"errorType":"InvalidAccessCode"}', "auth_failed"),
        # a local proxy's port, a database's driver
        ("connect ECONNREFUSED 127.0.0.1:7890", "proxy_misconfigured"),
        ("psycopg2.OperationalError: Connection refused", "connect_refused"),
        # programs that failed for reasons of their own
        ("ModuleNotFoundError: No module named 'openai'", "unknown"),
        ("TypeError: unsupported operand type(s) for +", "unknown"),
        ('INFO:httpx:HTTP Request: POST https://host/v1 "HTTP/1.1 200 OK"', "unknown"),
        ("error:1407609C:SSL routines:SSL23_GET_CLIENT_HELLO:http request", "tls_failure"),
        # as people write it
        ("aiohttp's default timeout is 300 s", "total_timeout"),
        ("aiohttp has a total timeout of 5 minutes by default", "total_timeout"),
        ("we hit aiohttp's 300 s default", "total_timeout"),
        ("The upload did not finish", "write_timeout"),
        ("Sending didn't complete", "write_timeout"),
        ("Time out uploading the file", "write_timeout"),
        # bytes had come, or none; how it ended; whose clock it was
        ("No stream activity for 90000ms after 4 chunks", "idle_timeout"),
        ("Timed out after 64 tokens: no further output", "idle_timeout"),
        ("connection dropped after 7 events", "stream_truncated"),
        ("Did not receive done or success in stream", "stream_truncated"),
        ('{"text": ""}', "empty_response"),
        ("Stream completed without valid content.", "empty_response"),
        ("Aborting request 7 because the client disconnected", "client_gave_up"),
        ("TaskCanceledException: IOException: Unable to read data from the transport connection", "total_timeout"),
        ("The connection took longer than 0:00:20. It was aborted.", "connect_timeout"),
        ("[receive timeout] took longer than 0:00:30 to receive data", "first_byte_timeout"),
        ("The model: `x-1` does not exist", "model_not_found"),
        ("Tokens per minute limit exceeded - too many tokens processed.", "rate_limited"),
        ('Mid-stream error: {"message": "internal", "code": 502}', "upstream_error"),
        ('{"message": "Provider returned error", "code": 400}', "bad_request"),
        ("El servidor: se agotó el tiempo de espera", "first_byte_timeout"),
        # hints do not
        ("openai.error.AuthenticationError: <empty message>", "auth_failed"),
        ("500: Either the server is overloaded or there is an error in the application.", "upstream_error"),
        ("Connection refused. Please check your API key and quota.", "connect_refused"),
        ("nothing that is known", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_innermost_cause_wins(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


def test_in_a_5xx_reply_words_for_time_and_aborts_are_those_of_who_answered() -> None:
    assert reading("request timed out", status=500).best.cause == "gateway_timeout_upstream"
    assert reading("request timed out").best.cause == "first_byte_timeout"
    assert reading("the operation was aborted", status=504).best.cause == "gateway_timeout_upstream"
    assert reading("the operation was aborted").best.cause == "client_gave_up"


def test_in_a_429_too_many_tokens_are_those_of_a_minute() -> None:
    assert reading("input tokens exceeded the limit", status=429).best.cause == "rate_limited"
    assert reading("input tokens exceeded the limit", status=400).best.cause == "context_too_long"


@pytest.mark.parametrize(
    "text, cause",
    [
        ('{"error": {"code": "rate_limit_exceeded"}, "choices": [], "usage": {}}', "rate_limited"),
        ('{"error": {"message": "No such tool"}, "choices": []}', "unknown"),
        ('{"error_msg": "context_length_exceeded", "candidates": []}', "context_too_long"),
        ('{"error": null, "choices": []}', "empty_response"),
        ('{"choices": []}', "empty_response"),
        ('{"moreChoices": [], "ok": false}', "unknown"),
    ],
)
def test_what_an_error_left_empty_is_no_empty_reply(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "beside, cause",
    [
        ('{"detail": "Unsupported parameter: colour"}', "bad_request"),
        ('{"error": {"type": "invalid_request_error", "message": "tool names collide"}}', "bad_request"),
        ('{"error": {"code": "insufficient_quota"}}', "quota_exhausted"),
        ('{"detail": "Arguments are required"}', "bad_request"),
    ],
)
def test_of_two_errors_the_one_that_names_a_reason_decides(beside: str, cause: str) -> None:
    placeholder = (
        '{"type": "response.failed", "error": {"code": "upstream_error", "message": "Upstream request failed"}}'
    )
    assert reading(f"{placeholder} {beside}").best.cause == cause
    assert reading(f"{beside}event: {placeholder}").best.cause == cause
    assert reading(placeholder).confidence is Confidence.LOW


def test_a_wrapper_inside_a_5xx_reply_is_the_gateways_own_failure() -> None:
    found = reading('502 Bad Gateway {"error": "error sending request for url (https://host/v1)"}')
    assert (found.best.cause, found.side, found.confidence) == ("unknown", "gateway", Confidence.LOW)


def test_time_knows_better_than_a_wrapper() -> None:
    assert reading("fetch failed").best.cause == "unknown"
    assert reading("fetch failed", elapsed=300).best.cause == "first_byte_timeout"
    assert reading("socket hang up", elapsed=60).best.cause == "middlebox_idle_cut"


@pytest.mark.parametrize(
    "text", ["everything works fine, thanks", "KeyError: foo", "TypeError: x is not a function", "The quick brown fox"]
)
@pytest.mark.parametrize("elapsed", [0, 0.5, 60, 100, 600])
def test_the_time_alone_names_no_cause(text: str, elapsed: float) -> None:
    found = reading(text, elapsed=elapsed)
    assert (found.best.cause, found.side, found.confidence) == ("unknown", NOBODY, Confidence.LOW)


@pytest.mark.parametrize("text", ["Error:", "出错了", "failed", "Something went wrong", ""])
def test_of_a_bare_failure_the_time_is_never_more_than_a_whisper(text: str) -> None:
    assert {reading(text, elapsed=each).best.cause for each in (0, 0.5, 5)} == {"unknown"}
    for elapsed, cause, side in ((60, "middlebox_idle_cut", "middlebox"), (600, "first_byte_timeout", "client")):
        found = reading(text, elapsed=elapsed)
        assert (found.best.cause, found.side, found.confidence) == (cause, side, Confidence.LOW)
    assert reading("Request timed out", elapsed=600).confidence is Confidence.MEDIUM


def test_who_writes_a_504_gave_up_on_its_own_call() -> None:
    for text in ("context canceled", '{"error": "context cancelled"}'):
        found = reading(text, status=504)
        assert (found.best.cause, found.side) == ("gateway_timeout_upstream", "middlebox")
        assert reading(text).best.cause == "client_gave_up"
        assert reading(text, status=502).best.cause == "client_gave_up"
    assert reading("client disconnected: context canceled", status=504).best.cause == "client_gave_up"
    assert reading("relay error (channel #1): context canceled", status=504).side == "gateway"


def test_a_504_cut_no_stream() -> None:
    assert reading("stream timeout", status=504).best.cause == "gateway_timeout_upstream"
    assert reading("stream timeout").best.cause == "middlebox_idle_cut"


def test_long_texts_in_which_nothing_fails_say_nothing() -> None:
    prose = "The policy for the login of members is told on the page about safety. " * 3
    assert reading(prose).best.cause == "unknown"
    assert reading(prose + "It failed.").best.cause != "unknown"
    assert reading("All is done after 12 minutes.").best.cause == "unknown"
    assert reading("All is lost after 12 minutes.").best.cause == "first_byte_timeout"


def test_how_sure_it_is() -> None:
    assert reading("code: 'UND_ERR_HEADERS_TIMEOUT'").confidence is Confidence.HIGH
    assert reading("status code 504").confidence is Confidence.MEDIUM
    assert reading("<h1>504 Gateway Time-out</h1> nginx").confidence is Confidence.HIGH  # signed
    assert reading("<h1>Error 503 Backend fetch failed</h1> Varnish").confidence is Confidence.MEDIUM  # for anything
    assert reading("request timed out").confidence is Confidence.LOW
    assert reading("read ECONNRESET").confidence is Confidence.MEDIUM  # who reset it, is not said
    both = reading("insufficient_quota ... context_length_exceeded ... CERTIFICATE_VERIFY_FAILED")
    assert both.confidence is Confidence.MEDIUM


def test_an_error_that_the_status_explains_better_is_what_the_status_says() -> None:
    assert reading('400 {"error": {"message": "Provider returned error"}}').best.cause == "bad_request"
    assert reading('500 {"error": {"message": "Provider returned error"}}').best.cause == "upstream_error"


def test_the_own_limit_of_the_client_that_speaks_makes_its_timeout_sure() -> None:
    late = "openai.APITimeoutError: Request timed out."
    assert reading(late).confidence is Confidence.LOW
    assert reading(late, elapsed=600).confidence is Confidence.HIGH
    assert reading(late, elapsed=300).confidence is Confidence.MEDIUM  # a limit of others
    assert reading("relay error: " + late, elapsed=600).confidence is not Confidence.HIGH


def test_an_elapsed_limit_makes_a_timeout_likelier() -> None:
    assert reading("request timed out", elapsed=600).confidence is Confidence.MEDIUM
    assert reading("request timed out", elapsed=423).confidence is Confidence.LOW


def test_other_causes_come_the_likeliest_first() -> None:
    found = reading("read ECONNRESET, status code 503")
    assert found.others[0] == "overloaded"
    assert "middlebox_idle_cut" not in found.others
    assert reading("request timed out").others == ("total_timeout", "idle_timeout", "connect_timeout")


def test_status_and_time_are_read_from_the_text() -> None:
    found = reading("failed with status code 502 after 12 s")
    assert (found.status, found.elapsed) == (502, 12)
    given_ = reading("failed with status code 502 after 12 s", status=504, elapsed=30)
    assert (given_.status, given_.elapsed) == (504, 30)


@given(
    st.lists(PIECES | st.text(max_size=12), max_size=8).map("".join),
    st.none() | st.floats(0, 4000),
    st.none() | st.integers(100, 599),
)
def test_any_text_has_a_valid_reading(text: str, elapsed: float | None, status: int | None) -> None:
    found = reading(text, elapsed=elapsed, status=status)
    assert found.best.cause in CAUSES
    assert found.side in (*SIDES, NOBODY)
    assert found.best.cause not in found.others
    assert (found.confidence is Confidence.HIGH) <= (found.best.cause != "unknown")


@pytest.mark.parametrize(
    "text",
    [
        "the model spent a while thinking with no output",
        "it ended without output",
        "in the end no content was returned",
    ],
)
def test_an_empty_answer_in_plain_words_is_never_sure(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.confidence) == ("empty_response", Confidence.MEDIUM)


@pytest.mark.parametrize(
    "text",
    [
        "Error: No content was returned by the model",
        '{"error": {"message": "No output was generated"}}',
        "AIMessage(content='', response_metadata={'finish_reason': 'STOP'}), so no content was returned",
    ],
)
def test_an_error_or_an_answer_that_is_there_is_sure(text: str) -> None:
    found = read(Symptom(text))
    assert (found.best.cause, found.confidence) == ("empty_response", Confidence.HIGH)
