"""Mishaps around a reply, in many wordings; and the same words where something else went wrong."""

from __future__ import annotations

import pytest

from outwait.diagnosis.read import Reading, read
from outwait.diagnosis.symptom import Symptom


def reading(text: str) -> Reading:
    return read(Symptom(text))


@pytest.mark.parametrize(
    "text",
    [
        'File "ask.py", line 31\n    return response.choices[0].message.content\nIndexError: list index out of range',
        'text = data["candidates"][0]["content"]["parts"][0]["text"]\nIndexError: list index out of range',
        "reply = r.output[0].content[0].text\nIndexError: list index out of range",
        "message = body['content'][0]['text'] IndexError: list index out of range",
        "IndexError: list index out of range\n    delta = event.choices[0].delta.content",
        "return content[0].text\nIndexError: list index out of range",
        "const text = reply.content[0].text;\nTypeError: Cannot read properties of undefined (reading 'text')",
        "in _create_chat_result: IndexError: list index out of range",
        "panic: runtime error: index out of range [0] with length 0\nmain.main() resp.Choices[0].Message.Content",
        "IndexOutOfBoundsException: Index 0 out of bounds for length 0\n\tat result.getChoices().get(0)",
        "NoSuchElementException: List is empty. at reply.choices.first()",
        "index out of bounds: the len is 0 but the index is 0: response.choices[0].message",
        "ArgumentOutOfRangeException: Index was out of range. at completion.Content[0].Text",
        "RangeError (index): Invalid value: Valid value range is empty: 0 at reply.choices[0]",
        "Undefined array key 0: $response->choices[0]->message",
        "const delta = chunk.choices[0].delta\nCannot read properties of undefined (reading 'delta')",
    ],
)
def test_the_first_of_nothing(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side, found.confidence) == ("empty_response", "upstream", "medium")


@pytest.mark.parametrize(
    "text",
    [
        "TypeError: Cannot read properties of undefined (reading '0')\n    at parse (src/llm.ts:12:40)",
        "TypeError: Cannot read property '0' of undefined at reply.choices[0]",
        "undefined method '[]' for nil:NilClass: response['choices'][0]['message']",
        'Undefined array key "choices" in ChatClient.php',
    ],
)
def test_a_reply_without_the_list(text: str) -> None:
    assert reading(text).best.cause == "bad_response"


@pytest.mark.parametrize(
    "text, cause",
    [
        ("IndexError: list index out of range", "unknown"),
        ("name = sys.argv[1]\nIndexError: list index out of range", "unknown"),
        ("row.parts[0] IndexError: list index out of range", "unknown"),
        ("print(reply.choices[0].text)\nIndexError: list index out of range\n429 Too Many Requests", "rate_limited"),
    ],
)
def test_other_indexes(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text, side",
    [
        ('Please run /login · API Error: 403 {"error":{"message":"Insufficient account balance"}}', "gateway"),
        ('Please run /login · API Error: 403 {"error":{"message":"账户余额不足"}}', "gateway"),
        ('Please run /login · API Error: 401 {"message":"account in arrears"}', "gateway"),
        ("API Error: 403 Insufficient account balance · Please run /login", "gateway"),
        ('Please run /login · API Error: 403 {"error":"Quota exceeded for this key"}', "gateway"),
        ('Failed to authenticate. API Error: 403 {"message":"该令牌额度已用尽"}', "gateway"),
        ('403 {"error":{"message":"Insufficient account balance","type":"forbidden"}}', "upstream"),
        ("401 您的账户已欠费", "upstream"),
        ("403 餘額不足", "upstream"),
        ("403 账户余额为 0", "upstream"),
        ("403 额度不足", "gateway"),
        ("403 balance_insufficient", "upstream"),
        ("Insufficient user balance (403)", "upstream"),
        ("401 Unauthorized: no credits left", "upstream"),
        ("403 saldo insuficiente", "upstream"),
        ("403 残高不足", "upstream"),
    ],
)
def test_no_money_behind_the_status_of_a_login(text: str, side: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("quota_exhausted", side)


@pytest.mark.parametrize(
    "text, cause",
    [
        ('Please run /login · API Error: 403 {"error":{"message":"Invalid API key"}}', "auth_failed"),
        ("Please run /login · API Error: 401 token expired", "auth_failed"),
        ("401 Incorrect API key provided; insufficient balance?", "auth_failed"),
        ("403 load balancer: insufficient capacity", "overloaded"),
        ("403 this model is not for your group", "permission_denied"),
    ],
)
def test_other_refusals(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text",
    [
        "403 token has no channel",
        "503 no channel for group vip",
        "this key does not have any channel",
        "403 group 'default' has no available channels",
        "403 no channel bound to this token",
        "403 There is no channel under the current group",
        "503 no_channel_available",
    ],
)
def test_no_channel_for_a_key_or_a_group(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("gateway_no_channel", "gateway")


@pytest.mark.parametrize(
    "text", ["slack token has no channel access", "the bot token has no channel", "youtube account has no channel"]
)
def test_channels_of_others(text: str) -> None:
    assert reading(text).best.weight < 30


@pytest.mark.parametrize(
    "text",
    [
        "tokens used in one minute exceed the limit",
        "requests in a single minute are over the limit",
        "1分間のトークン数が上限を超えました",
        "분당 토큰 한도 초과",
    ],
)
def test_how_much_in_a_minute(text: str) -> None:
    assert reading(text).best.cause == "rate_limited"


@pytest.mark.parametrize(
    "text",
    [
        "timeouts after 301s",
        "the run fails with provider errors because of timeouts after 300 seconds",
        "provider timeouts at about 601 seconds",
        "request times out after ~301 s",
        "301s provider timeouts",
    ],
)
def test_a_clients_span_as_seen_from_outside(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side, found.confidence) == ("first_byte_timeout", "client", "medium")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("504 timeouts after 300s", "gateway_timeout_upstream"),
        ("gateway timeouts after 300s", "gateway_timeout_upstream"),
        ("upstream timeout after 60s", "gateway_timeout_upstream"),
    ],
)
def test_the_span_of_a_hop(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause


@pytest.mark.parametrize(
    "text, cause",
    [
        ("cannot decrypt peer's message", "tls_failure"),
        ("[SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC] decryption failed or bad record mac (_ssl.c:2580)", "tls_failure"),
        ("remote error: tls: bad record MAC", "tls_failure"),
        ("SSLError: [SSL: SSLV3_ALERT_BAD_RECORD_MAC] sslv3 alert bad record mac", "tls_failure"),
        ("stream.start_tls(**kwargs) [SSL: DECRYPTION_FAILED_OR_BAD_RECORD_MAC]", "tls_failure"),
        ("javax.crypto.AEADBadTagException: Tag mismatch", "tls_failure"),
        ("error reading a body from connection: cannot decrypt peer's message", "stream_truncated"),
        ("reading body: local error: tls: bad record MAC", "stream_truncated"),
        ("bad record mac after 12 chunks", "stream_truncated"),
        ("error decoding response body: unexpected eof while reading", "stream_truncated"),
        ("[SSL: UNEXPECTED_EOF_WHILE_READING] while reading the response body", "stream_truncated"),
    ],
)
def test_records_altered_on_the_way(text: str, cause: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == (cause, "network")


@pytest.mark.parametrize(
    "text", ["failed to decrypt the session cookie", "decryption failed: wrong passphrase", "failed to decrypt message"]
)
def test_other_secrets_that_do_not_open(text: str) -> None:
    assert reading(text).best.cause == "unknown"


@pytest.mark.parametrize(
    "text",
    [
        "context window is full",
        "context window overflow",
        "we ran out of context window",
        "that is larger than the context window",
        "context window: 8192, got 9000",
    ],
)
def test_a_window_that_is_too_small(text: str) -> None:
    assert reading(text).best.cause == "context_too_long"


@pytest.mark.parametrize("text", ["it came up inside the context window", "error in the context window"])
def test_a_window_that_is_only_named(text: str) -> None:
    assert reading(text).confidence == "low"


@pytest.mark.parametrize(
    "text",
    [
        "a tool that runs long (more than 60 seconds), and now and then we hit network idle timeouts",
        "idle connection dropped while the tool runs",
        "our connection is dropped as idle while a tool call is running",
        "idle TCP connections are reaped during long tool calls",
        "the network's idle timeout kills the stream",
        "VPN idle timeout",
        "inactivity timeout on the network",
        "ネットワークのアイドルタイムアウト",
        "네트워크 유휴 시간 초과",
    ],
)
def test_a_network_that_takes_silence_for_death(text: str) -> None:
    found = reading(text)
    assert (found.best.cause, found.side) == ("middlebox_idle_cut", "middlebox")


@pytest.mark.parametrize(
    "text, cause",
    [
        ("stream idle timeout: no chunks", "idle_timeout"),
        ("network idle timeout, page.goto in puppeteer", "idle_timeout"),
        ("waiting for network idle timeout", "idle_timeout"),
    ],
)
def test_other_idle_timers(text: str, cause: str) -> None:
    assert reading(text).best.cause == cause
