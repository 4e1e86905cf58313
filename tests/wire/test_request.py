from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Refusal
from outwait.wire.guard import CHUNKED, Limits
from outwait.wire.request import Head, Heads, read_head

LIMITS = Limits()


def read(*lines: bytes) -> Head:
    return read_head(b"\r\n".join((*lines, b"", b"")), LIMITS)


def test_what_a_head_says() -> None:
    head = read(
        b"POST /v1/chat/completions?a=1&b=%20? HTTP/1.1", b"Host: gateway:8787", b"User-Agent: OpenAI/Python 3.54.0 ",
        b"X-Own:   spaced \t", b"Content-Length: 12",
    )  # fmt: skip
    assert (head.method, head.path, head.query) == ("POST", "/v1/chat/completions", "a=1&b=%20?")
    assert head.headers == {"host": "gateway:8787", "user-agent": "OpenAI/Python 3.54.0", "x-own": "spaced"}
    assert (head.version, head.length, head.keep, head.expects) == (1, 12, True, False)


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


# ------------------------------------------------------------------------------------------------------- heads again
def post(length: bytes, *more: bytes) -> bytes:
    return b"\r\n".join((b"POST /p HTTP/1.1", b"Host: a", b"Content-Length: " + length, *more, b"", b""))


def test_the_same_head_is_read_once_whatever_its_length() -> None:
    heads = Heads(LIMITS)
    first, again = heads.read(post(b"5")), heads.read(post(b"1234"))
    assert first is again
    assert [first.body_length(block, len(block)) for block in (post(b"5"), post(b"1234"), post(b"0"))] == [5, 1234, 0]
    first.memo["who"] = "dev"
    assert heads.read(post(b"77")).memo == {"who": "dev"}


@pytest.mark.parametrize(
    "other",
    [
        post(b"5", b"Authorization: Bearer x"),
        post(b"5").replace(b"Content-Length", b"content-length"),
        post(b"5").replace(b"Host: a", b"Host: b"),
        post(b"5").replace(b" /p ", b" /q "),
    ],
)
def test_any_other_byte_makes_another_head(other: bytes) -> None:
    heads = Heads(LIMITS)
    known = heads.read(post(b"5"))
    known.memo["who"] = "dev"
    assert heads.read(other) is not known
    assert heads.read(other).memo == {}
    assert known.begins(other) is None


@pytest.mark.parametrize(
    "length", [b"", b" 5", b"5 ", b"+5", b"-5", b"5,5", b"5\r\nContent-Length: 5", b"0x5", b"1" * 19, b"\xb2", b"\0"]
)
def test_what_is_not_digits_is_judged_as_if_nothing_were_known(length: bytes) -> None:
    heads = Heads(LIMITS)
    known = heads.read(post(b"5"))
    block = post(length)
    assert known.begins(block) is None
    assert told(heads.read, block) == told(lambda bytes_: read_head(bytes_, LIMITS), block)


@pytest.mark.parametrize("line", [b"Transfer-Encoding: chunked", b"Content-Length: 5", b"CONTENT-LENGTH: 5"])
def test_a_second_framing_is_refused_though_the_first_is_known(line: bytes) -> None:
    heads = Heads(LIMITS)
    heads.read(post(b"5"))
    for _ in range(2):
        with pytest.raises(Refusal):
            heads.read(post(b"5", line))


def test_the_fields_of_a_head_cannot_be_changed() -> None:
    with pytest.raises(TypeError):
        read(b"GET / HTTP/1.1", b"host: a").headers["x"] = "y"  # type: ignore[index]


def test_where_a_known_head_ends() -> None:
    heads = Heads(LIMITS)
    head = heads.read(post(b"5"))
    assert head.begins(post(b"123") + b"body") == (len(post(b"123")), 123)
    assert head.begins(post(b"5")[:-1]) is None
    assert head.begins(b"") is None
    plain = heads.read(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n")
    assert plain.begins(b"GET / HTTP/1.1\r\nhost: a\r\n\r\nGET") == (27, 0)
    assert plain.body_length(b"", 27) == 0


def test_a_head_that_could_outgrow_its_limit_is_not_remembered() -> None:
    block = post(b"5")
    heads = Heads(Limits(head_bytes=len(block) + 17))
    assert heads.read(block) is not heads.read(block)
    assert heads.read(block).begins(block) is None
    assert heads.read(block).body_length(block, len(block)) == 5
    with pytest.raises(Refusal):
        heads.read(post(b"0" * 17 + b"55"))
    heads = Heads(Limits(head_bytes=len(block) + 18))
    assert heads.read(block) is heads.read(post(b"0" * 18))


def test_large_heads_are_not_remembered() -> None:
    heads = Heads(LIMITS)
    block = post(b"5", b"Cookie: " + b"c" * 4096)
    assert heads.read(block) is not heads.read(block)


def test_the_memory_is_bounded() -> None:
    heads = Heads(LIMITS)
    first = heads.read(post(b"5"))
    for number in range(2000):
        heads.read(post(b"5", b"X-Request-Id: %d" % number))
        assert len(heads._known) <= 512
    assert heads.read(post(b"5")) is not first


LINES = [
    b"Content-Length: 5", b"content-length: 5", b"Content-Length: 17", b"Content-length: 05", b"CONTENT-LENGTH: 5",
    b"Content-Length:5", b"Content-Length: 5 ", b"Content-Length: ", b"Content-Length: 0", b"Content-Length: 5, 5",
    b"Content-Length: +5", b"Content-Length : 5", b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"x: y",
    b"X: Content-Length: 5", b"Connection: close", b"Expect: 100-continue", b"Authorization: Bearer a",
    b"Authorization: Bearer b", b" Content-Length: 5", b"Content-Length: 123456789012345678",
    b"Content-Length: 1234567890123456789", b"x: \0", b"x: y\rz", b"Content-Length: 5\nx: y",
]  # fmt: skip
lines = st.lists(st.sampled_from(LINES), max_size=3)
first_lines = st.sampled_from([b"POST / HTTP/1.1", b"POST /a?b HTTP/1.1", b"POST / HTTP/1.0", b"GET / HTTP/1.1", b"X"])


@given(st.lists(st.tuples(first_lines, lines), min_size=1, max_size=12))
def test_with_memory_and_without_every_head_says_the_same(sent: list[tuple[bytes, list[bytes]]]) -> None:
    heads = Heads(LIMITS)
    known: list[Head] = []
    for start, fields in sent:
        block = b"\r\n".join((start, b"Host: a", *fields, b"", b""))
        fresh = told(lambda bytes_: read_head(bytes_, LIMITS), block)
        for head in known:  # what a connection does before it asks the memory
            found = head.begins(block + b"tail")
            if found:
                assert found == (len(block), head.body_length(block, len(block)))
                assert told(lambda _, head=head: head, block) == fresh  # type: ignore[misc]
        assert told(heads.read, block) == fresh
        with contextlib.suppress(Refusal):
            known.append(heads.read(block))


def told(reads: Callable[[bytes], Head], block: bytes) -> object:
    """All that a head says to the wire and the handler; or the refusal."""
    try:
        head = reads(block)
    except Refusal as refused:
        return refused.fault
    # a head that was not remembered has read its length itself
    length = head.body_length(block, len(block))
    return head.method, head.path, head.query, head.version, dict(head.headers), head.keep, head.expects, length
