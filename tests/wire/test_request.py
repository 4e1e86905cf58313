from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.wire.guard import CHUNKED, Limits
from outwait.wire.request import Request, read_head

LIMITS = Limits()


def read(*lines: bytes) -> Request:
    return read_head(b"\r\n".join((*lines, b"", b"")), LIMITS)


def test_what_a_handler_gets() -> None:
    request = read(
        b"POST /v1/chat/completions?a=1&b=%20? HTTP/1.1", b"Host: gateway:8787", b"User-Agent: OpenAI/Python 3.54.0 ",
        b"X-Own:   spaced \t", b"Content-Length: 12",
    )  # fmt: skip
    assert (request.method, request.path, request.query) == ("POST", "/v1/chat/completions", "a=1&b=%20?")
    assert request.headers == {
        "host": "gateway:8787", "user-agent": "OpenAI/Python 3.54.0", "x-own": "spaced", "content-length": "12",
    }  # fmt: skip
    assert (request.version, request.length, request.keep, request.expects, request.body) == (1, 12, True, False, b"")


def test_how_the_wire_is_to_go_on() -> None:
    request = read(
        b"POST / HTTP/1.1", b"host: a", b"transfer-encoding: chunked", b"expect: 100-continue", b"connection: close"
    )
    assert (request.length, request.keep, request.expects) == (CHUNKED, False, True)


def test_repeated_headers_are_joined() -> None:
    assert read(b"GET / HTTP/1.1", b"host: a", b"x: 1", b"X: 2", b"x:").headers["x"] == "1, 2, "


@pytest.mark.parametrize("spelled", [b"Authorization", b"authorization", b"AUTHORIZATION", b"aUtHoRiZaTiOn"])
def test_names_are_lower_case_however_spelled(spelled: bytes) -> None:
    assert read(b"GET / HTTP/1.1", b"host: a", spelled + b": Bearer x").headers["authorization"] == "Bearer x"


def test_values_are_latin_1() -> None:
    assert read(b"GET / HTTP/1.1", b"host: a", b"x: \xe4\xff").headers["x"] == "äÿ"


@pytest.mark.parametrize("upgrade", [b"h2c", b"websocket"])
def test_an_offer_to_upgrade_is_ignored(upgrade: bytes) -> None:
    """Java's HttpClient and `curl --http2` send such offers with ordinary requests."""
    lines = (b"host: a", b"connection: Upgrade, HTTP2-Settings", b"upgrade: " + upgrade, b"http2-settings: AAMAAABk")
    assert read(b"GET /x HTTP/1.1", *lines).path == "/x"
    assert read(b"POST /x HTTP/1.1", *lines, b"content-length: 3").length == 3


@pytest.mark.parametrize(
    "lines",
    [
        (b"host: a", b"host: a"),
        (b"host: a", b"Host: b"),
        (b"x: y",),
        (b"host: a b",),
        (b"host: a", b"content-length: 5", b"content-length: 5"),
        (b"host: a", b"content-length: 5", b"Content-Length: 6"),
        (b"host: a", b"content-length: 5, 5"),
        (b"host: a", b"content-length: +5"),
        (b"host: a", b"content-length:"),
        (b"host: a", b"content-length: 5", b"transfer-encoding: chunked"),
        (b"host: a", b"transfer-encoding: chunked", b"transfer-encoding: chunked"),
        (b"host: a", b"transfer-encoding: gzip, chunked"),
        (b"host: a", b"transfer-encoding: identity"),
        (b"host: a", b"expect: 200-ok"),
        (b"host: a", b"expect: 100-continue", b"expect: 100-continue"),
        (b"host: a", b"x : y"),
        (b"host: a", b"x y: z"),
        (b"host: a", b": y"),
        (b"host: a", b"no colon"),
        (b"host: a", b"x\xe4: y"),
        (b"host: a", b"x(y): z"),
    ],
)
@pytest.mark.parametrize("method", [b"POST", b"GET"])
def test_heads_refused(method: bytes, lines: tuple[bytes, ...]) -> None:
    with pytest.raises(Refusal) as caught:
        read(method + b" / HTTP/1.1", *lines)
    assert caught.value.fault.code == "bad_request"


def test_methods_llhttp_does_not_know_are_refused() -> None:
    with pytest.raises(Refusal):
        read(b"FROBNICATE / HTTP/1.1", b"host: a")


def test_one_head_exactly() -> None:
    with pytest.raises(Refusal):
        read_head(b"GET / HTTP/1.1\r\nhost: a\r\n", LIMITS)


token = st.text("!#$%&'*+-.^_`|~09azAZ", min_size=1, max_size=12)
value = st.text(st.characters(min_codepoint=0x20, max_codepoint=0xFF, exclude_characters="\x7f"), max_size=30).filter(
    lambda text: not any(0x7F <= ord(letter) < 0xA0 for letter in text)
)


@given(st.lists(st.tuples(token.map(lambda name: "x-" + name), value), max_size=10))
def test_any_good_header_arrives_as_sent(fields: list[tuple[str, str]]) -> None:
    request = read(b"GET / HTTP/1.1", b"host: a", *(f"{name}: {text}".encode("latin-1") for name, text in fields))
    wanted: dict[str, list[str]] = {}
    for name, text in fields:
        wanted.setdefault(name.lower(), []).append(text.strip(" \t"))
    assert request.headers == {"host": "a"} | {name: ", ".join(texts) for name, texts in wanted.items()}


@given(st.binary(max_size=120))
def test_any_bytes_give_a_request_or_a_refusal(data: bytes) -> None:
    with contextlib.suppress(Refusal):
        read_head(b"GET / HTTP/1.1\r\nhost: a\r\n" + data + b"\r\n\r\n", LIMITS)
