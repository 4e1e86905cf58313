"""Bad input over bare sockets: the stated status, the error's JSON shape, the connection closed where it must be,
nothing forwarded, and the gateway as well as before."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import Heard, Line, ask, chat, get, request
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway

POST = b"POST /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
GOOD = chat("fast")
LENGTH = b"Content-Length: %d\r\n" % len(GOOD)
LIMITS = {"header_time": "1s", "body_time": "2s", "keepalive": "1s", "json_body": 100_000, "per_ip": 64}


@pytest.fixture(scope="module")
def untouched(backstage: Backstage) -> Provider:
    """An upstream that must never be called."""
    return backstage.simulate()


@pytest.fixture(scope="module")
def gateway(serve: Serve, untouched: Provider) -> Gateway:
    return serve(
        {"server": {"limits": LIMITS}, "channels": [{"name": "p", "base_url": untouched.url, "models": ["fast"]}]},
        "bad-input",
    )


@pytest.fixture(autouse=True)
def _unharmed(gateway: Gateway, untouched: Provider) -> object:
    yield
    assert untouched.calls() == []
    assert gateway.running
    assert get(gateway.port, "/healthz").status == 200


@dataclass(frozen=True, slots=True)
class Bad:
    """What is sent, and the status and code it is told; then the connection is `closed`, or can be used on."""

    sent: bytes
    status: int
    code: str
    closed: bool = True


FRAMING = {
    "length and coding": Bad(POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n" + GOOD, 400, "bad_request"),
    "coding and length": Bad(POST + b"Transfer-Encoding: chunked\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "two lengths": Bad(POST + LENGTH + LENGTH.replace(b": ", b": 1") + b"\r\n" + GOOD, 400, "bad_request"),
    "the same length twice": Bad(POST + LENGTH + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "a list of lengths": Bad(POST + b"Content-Length: 5, 5\r\n\r\nhello", 400, "bad_request"),
    "a signed length": Bad(POST + b"Content-Length: +5\r\n\r\nhello", 400, "bad_request"),
    "a negative length": Bad(POST + b"Content-Length: -1\r\n\r\n", 400, "bad_request"),
    "a hex length": Bad(POST + b"Content-Length: 0x5\r\n\r\nhello", 400, "bad_request"),
    "an unknown coding": Bad(POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"),
    "chunked in HTTP/1.0": Bad(
        POST.replace(b"1.1", b"1.0") + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "bad_request"
    ),
    "a bad chunk size": Bad(POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400, "bad_request"),
    "a bare line feed": Bad(POST.replace(b"\r\n", b"\n") + b"\n", 400, "bad_request"),
    "a folded line": Bad(POST + b"X-Long: a\r\n b\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "a blank before the colon": Bad(POST + b"X-Odd : a\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "a NUL in a header": Bad(POST + b"X-Odd: a\x00b\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "two hosts": Bad(POST + b"Host: elsewhere\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "no host": Bad(POST.replace(b"Host: localhost\r\n", b"") + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "a host that is none": Bad(POST.replace(b"localhost", b"a b") + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "an unknown expectation": Bad(POST + b"Expect: the-moon\r\n" + LENGTH + b"\r\n" + GOOD, 400, "bad_request"),
    "a target of no path": Bad(b"GET http://elsewhere HTTP/1.1\r\nHost: localhost\r\n\r\n", 400, "bad_request"),
    "CONNECT": Bad(b"CONNECT elsewhere:443 HTTP/1.1\r\nHost: elsewhere\r\n\r\n", 400, "bad_request"),
    "no HTTP": Bad(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", 400, "bad_request"),
    "a long request line": Bad(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", 414, "uri_too_long"),
    "many headers": Bad(
        POST + b"".join(b"X-%d: a\r\n" % number for number in range(130)) + LENGTH + b"\r\n" + GOOD,
        431,
        "headers_too_large",
    ),
    "large headers": Bad(POST + b"X-Large: " + b"a" * 33_000 + b"\r\n\r\n", 431, "headers_too_large"),
    "a large body": Bad(POST + b"Content-Length: 100001\r\n\r\n" + b" " * 100_001, 413, "request_too_large"),
    "a large chunked body": Bad(
        POST + b"Transfer-Encoding: chunked\r\n\r\n" + (b"2710\r\n" + b" " * 10_000 + b"\r\n") * 11,
        413,
        "request_too_large",
    ),
}


def post(body: bytes) -> bytes:
    return POST + b"Content-Length: %d\r\n\r\n" % len(body) + body


DEEP = b'{"model":"fast","messages":' + b"[" * 200 + b"]" * 200 + b"}"
BODIES = {
    "nothing": Bad(post(b""), 400, "invalid_json", closed=False),
    "no JSON": Bad(post(b"{'model': 1}"), 400, "invalid_json", closed=False),
    "half of it": Bad(post(GOOD[:-5]), 400, "invalid_json", closed=False),
    "two documents": Bad(post(GOOD + GOOD), 400, "invalid_json", closed=False),
    "a list": Bad(post(b"[]"), 400, "invalid_json", closed=False),
    "not UTF-8": Bad(post(GOOD.replace(b"How", b"\xff\xfe")), 400, "invalid_json", closed=False),
    "too deep": Bad(post(DEEP), 400, "invalid_json", closed=False),
    "two models": Bad(post(b'{"model":"fast","model":"other","messages":[]}'), 400, "duplicate_key", closed=False),
    "two streams": Bad(post(b'{"model":"fast","stream":false,"stream":true}'), 400, "duplicate_key", closed=False),
    "an escaped key": Bad(post(b'{"model":"fast","m\\u006fdel":"other"}'), 400, "invalid_value", closed=False),
    "no model": Bad(post(b'{"messages":[]}'), 400, "invalid_value", closed=False),
    "a model that is a number": Bad(post(b'{"model":4}'), 400, "invalid_value", closed=False),
    "a stream that is text": Bad(post(b'{"model":"fast","stream":"yes"}'), 400, "invalid_value", closed=False),
    "an unknown model": Bad(post(chat("no-such-model")), 404, "model_not_found", closed=False),
    "a form": Bad(
        post(b"model=fast").replace(b"json", b"x-www-form-urlencoded"), 415, "unsupported_media_type", closed=False
    ),
    "a compressed body": Bad(
        POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n\x1f\x8b\x08",
        415,
        "unsupported_media_type",
        closed=False,
    ),
    "a bad clock": Bad(request(GOOD, {"x-outwait-timeout-total": "soon"}), 400, "invalid_value", closed=False),
    "an unknown clock": Bad(request(GOOD, {"x-outwait-timeout-lunch": "1h"}), 400, "invalid_value", closed=False),
    "a bad heartbeat": Bad(request(GOOD, {"x-outwait-heartbeat": "often"}), 400, "invalid_value", closed=False),
    "a wrong method": Bad(
        POST.replace(b"POST", b"PUT") + b"Content-Length: 0\r\n\r\n", 405, "method_not_allowed", closed=False
    ),
    "a wrong path": Bad(post(b"{}").replace(b"/v1/chat", b"/v2/chat"), 404, "not_found", closed=False),
}


def check(heard: Heard, status: int, code: str) -> None:
    assert (heard.status, heard.end) == (status, "whole")
    assert heard.headers["content-type"] == "application/json"
    assert set(heard.error) >= {"message", "type", "param", "code"}
    assert heard.error["code"] == code
    assert heard.headers["x-should-retry"] in ("true", "false")


@pytest.mark.parametrize("what", [*FRAMING, *BODIES])
def test_bad_input_is_refused(gateway: Gateway, what: str) -> None:
    bad = {**FRAMING, **BODIES}[what]
    with Line(gateway.port) as line:
        line.send(bad.sent)
        check(line.hear(), bad.status, bad.code)
        if bad.closed:
            assert line.closed()
        else:
            line.send(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert line.hear().status == 200


def test_a_smuggled_second_request_is_never_answered(gateway: Gateway) -> None:
    inner = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with Line(gateway.port) as line:
        line.send(POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n" + inner)
        check(line.hear(), 400, "bad_request")
        assert line.closed()


def test_a_slow_head_is_cut_in_time(gateway: Gateway) -> None:
    start = time.monotonic()
    with Line(gateway.port) as line:
        line.send(POST[:40])
        heard = line.hear()
        assert 0.9 <= time.monotonic() - start < 2.5
        check(heard, 408, "request_timeout")
        assert line.closed()


def test_a_slow_body_is_cut_in_time(gateway: Gateway) -> None:
    start = time.monotonic()
    with Line(gateway.port) as line:
        line.send(POST + LENGTH + b"\r\n" + GOOD[:10])
        heard = line.hear()
        assert 1.9 <= time.monotonic() - start < 3.5
        check(heard, 408, "request_timeout")
        assert line.closed()


def test_an_idle_connection_is_closed_without_a_word(gateway: Gateway) -> None:
    start = time.monotonic()
    with Line(gateway.port) as line:
        assert line.closed(seconds=3)
    assert time.monotonic() - start >= 0.9


def test_a_client_that_leaves_in_the_middle_of_its_body_harms_nobody(gateway: Gateway) -> None:
    for cut in (1, len(POST), len(POST) + 20):
        with Line(gateway.port) as line:
            line.send((POST + LENGTH + b"\r\n" + GOOD)[:cut])


def test_a_hostile_body_does_not_hold_up_others(gateway: Gateway) -> None:
    body = b'{"model":"fast",' + b",".join(b'"k%d":{}' % number for number in range(9000)) + b"}"
    assert len(body) < 100_000
    with Line(gateway.port) as line:
        line.send(post(body[:-1] + b',"model":"x"}'))
        assert get(gateway.port, "/healthz").seconds < 1
        check(line.hear(), 400, "duplicate_key")


def test_a_good_body_in_pieces_reaches_nobody_before_it_is_whole(gateway: Gateway) -> None:
    """The last piece is what is missing: not one byte goes upstream."""
    with Line(gateway.port) as line:
        line.send(POST + LENGTH + b"\r\n" + GOOD[:-1])
        assert line.hear(seconds=0.3).status == 0


def test_no_key_and_a_wrong_one_are_refused(serve: Serve, untouched: Provider) -> None:
    keyed = serve(
        {"channels": [{"name": "p", "base_url": untouched.url}], "keys": [{"name": "dev", "key": "the-right-key"}]},
        "keyed",
    )
    for headers in ({}, {"Authorization": "Bearer the-wrong-key"}, {"Authorization": "Basic dGhlOmtleQ=="}):
        heard = ask(keyed.port, GOOD, headers)
        check(heard, 401, "invalid_api_key")
        assert "the-wrong-key" not in json.dumps(heard.error)
