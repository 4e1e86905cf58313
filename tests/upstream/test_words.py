from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.policy.retry import Teller
from outwait.upstream.words import ErrorWords, read_words

OPENAI = b'{"error": {"message": "no", "type": "t", "param": "p", "code": "c"}}'


@pytest.mark.parametrize(
    "body, message, code",
    [
        (OPENAI, "no", "c"),
        (b'{"error": {"message": "slow down", "code": 429}}', "slow down", "429"),
        (b'{"error": "model not loaded"}', "model not loaded", ""),
        (b'{"object": "error", "message": "too long", "code": 400}', "too long", "400"),
        (b'{"detail": "Not Found"}', "Not Found", ""),
        (b'{"detail": [{"loc": ["body"], "msg": "field required"}]}', "field required", ""),
        (b'{"errors": [{"message": "bad", "code": 7003}]}', "bad", "7003"),
        (b'[{"error": {"message": "quota", "status": "RESOURCE_EXHAUSTED"}}]', "quota", ""),
        (b'{"base_resp": {"status_code": 1004, "status_msg": "login fail"}}', "login fail", "1004"),
        (b'{"error_msg": "limit", "error_code": 18}', "limit", "18"),
        (b"  plain   text\n", "plain text", ""),
        (b'{"cut": "off', '{"cut": "off', ""),
        (b"[]", "[]", ""),
        (b"[5]", "[5]", ""),
        (b"<title></title><h1>Bad Gateway</h1>", "Bad Gateway", ""),
        (b"", "", ""),
    ],
)
def test_shapes_of_errors(body: bytes, message: str, code: str) -> None:
    words = read_words({}, body)
    assert (words.message, words.code) == (message, code)
    assert words.proxy == ("a proxy" if body.startswith(b"<") else None)


def test_an_openai_error_is_read_whole() -> None:
    assert read_words({}, OPENAI) == ErrorWords("no", "c", "t", "p", None, spoken=True)


@pytest.mark.parametrize(
    "headers, body, proxy, message",
    [
        (
            {},
            b"<html><head><title>504 Gateway Time-out</title></head><center>nginx/1.26</center>",
            "nginx",
            "504 Gateway Time-out",
        ),
        (
            {"server": "cloudflare"},
            b"<!DOCTYPE html><title>a | 524: A timeout&#39;s</title>",
            "Cloudflare",
            "a | 524: A timeout's",
        ),
        (
            {},
            b"<html><body><h1>504 Gateway <b>Time-out</b></h1>The server didn't respond in time.</body>",
            "HAProxy",
            "504 Gateway Time-out",
        ),
        ({"content-type": "text/html"}, b"Bad Gateway", "a proxy", ""),
        (
            {"server": "Apache/2.4.62 (Debian)"},
            b"<title>502 Proxy Error</title><p>Reason: <strong>Error reading from remote server</strong></p>",
            "Apache",
            "502 Proxy Error: Error reading from remote server",
        ),
        ({"server": "lighttpd/1.4.69"}, b"<html><title>404 Not Found</title></html>", "lighttpd", "404 Not Found"),
        ({"server": "cloudflare"}, b"error code: 522", "Cloudflare", "error code: 522"),
        ({"server": "envoy"}, b"upstream request timeout", "Envoy", "upstream request timeout"),
        ({}, b'{"message": "The upstream server is timing out"}', "Kong", "The upstream server is timing out"),
    ],
)
def test_proxies_are_known_by_their_pages(headers: dict[str, str], body: bytes, proxy: str, message: str) -> None:
    words = read_words(headers, body)
    assert (words.proxy, words.message) == (proxy, message)


def test_an_api_behind_cloudflare_speaks_for_itself() -> None:
    assert read_words({"server": "cloudflare"}, OPENAI).proxy is None


@pytest.mark.parametrize(
    "headers, body, teller",
    [
        ({"server": "cloudflare"}, OPENAI, Teller.API),
        ({}, b'{"detail": "Not Found"}', Teller.API),
        ({}, b'{"message": "The upstream server is timing out"}', Teller.PROXY),
        ({}, b"[]", Teller.UNKNOWN),
        ({}, b"", Teller.UNKNOWN),
        ({"server": "nginx"}, b"", Teller.UNKNOWN),  # an API behind nginx may have nothing to say
        ({}, b"Service Unavailable", Teller.UNKNOWN),
        ({}, b'{"error": {"mess', Teller.UNKNOWN),
        ({}, b"<h1>503 Service Unavailable</h1>", Teller.PROXY),
        ({}, b"<h1>503</h1>\nNo server is available to handle this request.\n</body>", Teller.UNREACHED),
        ({}, b"no healthy upstream", Teller.UNREACHED),
        ({"server": "cloudflare"}, b"<title>a | 522: Connection timed out</title>", Teller.CLOUDFLARE),
    ],
)
def test_who_wrote_it(headers: dict[str, str], body: bytes, teller: Teller) -> None:
    assert read_words(headers, body).teller is teller


def test_long_words_are_cut() -> None:
    assert len(read_words({}, b'{"error": {"message": "' + b"a b" * 9000 + b'"}}').message) == 1000


@given(st.binary(max_size=300), st.sampled_from([b"", b"{", b"[", b"<title>", b'{"error":']))
def test_no_body_breaks_the_reader(body: bytes, start: bytes) -> None:
    assert isinstance(read_words({"content-type": "application/json"}, start + body).all, str)


def test_deep_nesting_is_only_text() -> None:
    assert read_words({}, b"[" * 60_000).code == ""


@pytest.mark.parametrize(
    "body, headers, words",
    [
        (
            b'[{"error": {"message": "m", "details": [{"reason": "R"}, {"retryDelay": "1.5s"}]}}]',
            {},
            ErrorWords("m", spoken=True, reason="R", retry=1.5),
        ),
        (b'{"error": {"message": "m", "details": [{"reason": 5}]}}', {}, ErrorWords("m", spoken=True)),
        (b'{"error": {"message": "m", "innererror": {"code": "I"}}}', {}, ErrorWords("m", spoken=True, reason="I")),
        (
            b'{"message": "m"}',
            {"x-amzn-errortype": "ns#Throttling:http://x"},
            ErrorWords("m", "Throttling", spoken=True),
        ),
    ],
)
def test_finer_words(body: bytes, headers: dict[str, str], words: ErrorWords) -> None:
    assert read_words(headers, body) == words


def test_codes_are_what_no_client_can_write() -> None:
    words = ErrorWords("Insufficient_Quota", "A", "B", reason="C")
    assert words.codes == "a\nc\nb"
    assert words.all == "a\nc\nb\ninsufficient_quota"
