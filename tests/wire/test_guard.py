from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.wire import guard
from outwait.wire.guard import CHUNKED, Limits

LIMITS = Limits()


def code(caught: pytest.ExceptionInfo[Refusal]) -> str:
    return caught.value.fault.code


@pytest.mark.parametrize(
    "block",
    [
        b"GET / HTTP/1.1\nhost: a\n\n",
        b"GET / HTTP/1.1\r\nhost: a\nx: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\rx: b\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n folded\r\n\r\n",
        b"GET / HTTP/1.1\r\nhost: a\r\n\tfolded\r\n\r\n",
        b"GET / HTTP/1.1\r\n host: a\r\n\r\n",
        *(b"GET / HTTP/1.1\r\nhost: a\r\nx: %c\r\n\r\n" % bad for bad in [*range(9), 11, 12, *range(14, 32), 127]),
    ],
)
def test_bytes_no_head_may_hold(block: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        guard.check_raw(block)
    assert code(caught) == "bad_request"


def test_obs_text_and_tabs_are_taken() -> None:
    guard.check_raw(b"GET / HTTP/1.1\r\nhost: a\r\nx: \xe4\t\xff\r\n\r\n")


@given(st.text("aG /:\r\n\t\0\x7f\xe4", max_size=30), st.data())
def test_an_unfinished_head_is_refused_in_pieces_as_in_one(text: str, data: st.DataObject) -> None:
    """Looking at what is new finds what looking at everything finds, wherever the pieces end."""
    block = b"GET / HTTP/1.1\r\n" + text.encode("latin-1")
    cuts = sorted(data.draw(st.lists(st.integers(1, len(block)), max_size=6)))

    def refused(ends: list[int]) -> bool:
        seen = 0
        try:
            for end in ends:
                guard.check_partial(block[:end], seen, LIMITS)
                seen = end
        except Refusal:
            return True
        return False

    assert refused([*cuts, len(block)]) == refused([len(block)])


def test_the_request_line_is_bounded() -> None:
    line = b"GET /" + b"a" * (8192 - 14) + b" HTTP/1.1"
    assert len(line) == 8192
    for end in range(8180, 8193):
        guard.check_size(line[:end], LIMITS)
    guard.check_size(line + b"\r", LIMITS)
    guard.check_size(line + b"\r\n", LIMITS)
    for longer in (line + b"a\r\n", line + b"aa"):
        with pytest.raises(Refusal) as caught:
            guard.check_size(longer, LIMITS)
        assert code(caught) == "uri_too_long"


def test_the_number_of_headers_is_bounded() -> None:
    head = b"GET / HTTP/1.1\r\n" + b"a: b\r\n" * 128
    guard.check_size(head, LIMITS)
    guard.check_size(head + b"\r\n", LIMITS)
    for longer in (head + b"a: b\r\n", head + b"a: b\r\n\r\n"):
        with pytest.raises(Refusal) as caught:
            guard.check_size(longer, LIMITS)
        assert code(caught) == "headers_too_large"


def test_the_size_of_the_head_is_bounded() -> None:
    head = b"GET / HTTP/1.1\r\na: "
    head += b"b" * (32768 - len(head) - 4) + b"\r\n\r\n"
    guard.check_size(head, LIMITS)
    with pytest.raises(Refusal) as caught:
        guard.check_size(b"GET / HTTP/1.1\r\na: " + b"b" * 32768, LIMITS)
    assert code(caught) == "headers_too_large"


@pytest.mark.parametrize(
    "line, wanted",
    [
        (b"GET / HTTP/1.1", ("GET", "/", 1)),
        (b"POST /v1/x?a=b&c=%20 HTTP/1.0", ("POST", "/v1/x?a=b&c=%20", 0)),
        (b"OPTIONS * HTTP/1.1", ("OPTIONS", "*", 1)),
        (b"GET //double HTTP/1.1", ("GET", "//double", 1)),
        (b"POST http://api.example.com/v1/x?a=b HTTP/1.1", ("POST", "/v1/x?a=b", 1)),
        (b"GET HTTPS://[::1]:8787/ HTTP/1.0", ("GET", "/", 0)),
        (b"GET http://a:/b//c HTTP/1.1", ("GET", "/b//c", 1)),
    ],
)
def test_request_lines_taken(line: bytes, wanted: tuple[str, str, int]) -> None:
    assert guard.request_line(line + b"\r\n\r\n") == wanted


@pytest.mark.parametrize(
    "line",
    [
        b"GET http://a HTTP/1.1",
        b"GET http:///x HTTP/1.1",
        b"GET http://a b/ HTTP/1.1",
        b"GET http://me@a/ HTTP/1.1",
        b"GET ftp://a/ HTTP/1.1",
        b"OPTIONS http://a* HTTP/1.1",
        b"OPTIONS http://* HTTP/1.1",
        b"CONNECT http://a/ HTTP/1.1",
        b"CONNECT a:443 HTTP/1.1",
        b"CONNECT / HTTP/1.1",
        b"GET * HTTP/1.1",
        b"GET / HTTP/2.0",
        b"GET / HTTP/1.2",
        b"GET / HTTP/0.9",
        b"GET / http/1.1",
        b"GET /",
        b"GET  / HTTP/1.1",
        b"GET /  HTTP/1.1",
        b"GET / HTTP/1.1 ",
        b" GET / HTTP/1.1",
        b"GET\t/ HTTP/1.1",
        b"get / HTTP/1.1",
        b"G@T / HTTP/1.1",
        b"GET /a b HTTP/1.1",
        b"GET /a#b HTTP/1.1",
        b"GET /\xe4 HTTP/1.1",
        b"GET a HTTP/1.1",
        b"A" * 33 + b" / HTTP/1.1",
        b"",
    ],
)
def test_request_lines_refused(line: bytes) -> None:
    with pytest.raises(Refusal) as caught:
        guard.request_line(line + b"\r\n\r\n")
    assert code(caught) == "bad_request"


@pytest.mark.parametrize("host", ["a", "a:80", "a.b-c_d:8080", "127.0.0.1:1", "[::1]", "[::ffff:1.2.3.4]:80", "a:"])
def test_hosts_taken(host: str) -> None:
    guard.check_host({"host": host}, 1)


@pytest.mark.parametrize("host", ["", "a b", "a,b:x", "a:123456", "a/b", "a@b", "[::1", "[zz]", "a:80:80", "ä"])
def test_hosts_refused(host: str) -> None:
    with pytest.raises(Refusal):
        guard.check_host({"host": host}, 1)


def test_only_the_old_version_may_leave_the_host_out() -> None:
    guard.check_host({}, 0)
    with pytest.raises(Refusal):
        guard.check_host({}, 1)


@pytest.mark.parametrize("length, wanted", [("0", 0), ("5", 5), ("0005", 5), ("9" * 18, int("9" * 18))])
def test_lengths_taken(length: str, wanted: int) -> None:
    assert guard.body_length({"content-length": length}, 1) == wanted


@pytest.mark.parametrize("length", ["", "+5", "-5", "0x5", "5, 5", "5,6", "5 5", "5.0", "5_0", "\u0665", "9" * 19])
def test_lengths_refused(length: str) -> None:
    with pytest.raises(Refusal):
        guard.body_length({"content-length": length}, 1)


def test_chunked_is_the_only_coding() -> None:
    assert guard.body_length({}, 1) == 0
    assert guard.body_length({"transfer-encoding": "chunked"}, 1) == CHUNKED
    assert guard.body_length({"transfer-encoding": "Chunked"}, 1) == CHUNKED
    for coding in ("", "identity", "gzip", "gzip, chunked", "chunked, chunked", "chunked;q=1", "xchunked", '"chunked"'):
        with pytest.raises(Refusal):
            guard.body_length({"transfer-encoding": coding}, 1)
    with pytest.raises(Refusal):
        guard.body_length({"transfer-encoding": "chunked"}, 0)
    with pytest.raises(Refusal):
        guard.body_length({"transfer-encoding": "chunked", "content-length": "5"}, 1)


def test_the_one_known_expectation() -> None:
    assert not guard.expects_continue({}, 1)
    assert guard.expects_continue({"expect": "100-Continue"}, 1)
    assert not guard.expects_continue({"expect": "100-continue"}, 0)
    for other in ("", "200-ok", "100-continue, 100-continue"):
        with pytest.raises(Refusal):
            guard.expects_continue({"expect": other}, 1)


@pytest.mark.parametrize(
    "connection, version, wanted",
    [
        (None, 1, True),
        (None, 0, False),
        ("keep-alive", 1, True),
        ("keep-alive", 0, True),
        ("Keep-Alive", 0, True),
        ("close", 1, False),
        ("Close", 1, False),
        ("keep-alive, close", 1, False),
        ("keep-alive , CLOSE", 0, False),
        ("upgrade, HTTP2-Settings", 1, True),
        ("upgrade", 0, False),
        ("", 1, True),
    ],
)
def test_who_wants_the_connection_again(connection: str | None, version: int, wanted: bool) -> None:
    headers = {} if connection is None else {"connection": connection}
    assert guard.keeps_alive(headers, version) is wanted


@given(st.binary(max_size=200))
def test_no_bytes_do_worse_than_a_refusal(block: bytes) -> None:
    with contextlib.suppress(Refusal):
        guard.check_partial(block, len(block) // 2, LIMITS)
    with contextlib.suppress(Refusal):
        guard.check_raw(block)
        guard.request_line(block + b"\r\n")
