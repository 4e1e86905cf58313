"""The bytes of the benchmark: requests both ends agree on, replies whole or not."""

from __future__ import annotations

import json

import pytest
from bench.http import (
    BODY_SIZE,
    BadReplyError,
    chunk,
    closes,
    completion,
    delta,
    reply_length,
    request,
    request_length,
    script_of,
)

REPLY = b"HTTP/1.1 200 OK\r\nServer: x\r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"


@pytest.mark.parametrize(
    "script,found", [("short", ("short", 0)), ("drip-300", ("drip", 300)), ("beat-5", ("beat", 5))]
)
def test_a_request_is_1_kb_and_names_its_script(script: str, found: tuple[str, int]) -> None:
    data = request(8787, "gpt-4o", script, stream=True)
    head, _, body = data.partition(b"\r\n\r\n")
    assert len(body) == BODY_SIZE
    assert json.loads(body)["stream"] is True
    assert b"\r\nHost: 127.0.0.1:8787\r\n" in head
    assert script_of(data) == found
    assert request_length(data) == request_length(data + b"POST") == len(data)


def test_a_request_is_incomplete_until_its_last_byte() -> None:
    data = request(1, "gpt-4o", "short", stream=False)
    assert all(request_length(data[:end]) == 0 for end in range(len(data)))


@pytest.mark.parametrize("reply", [REPLY, CHUNKED])
def test_a_reply_is_incomplete_until_its_last_byte(reply: bytes) -> None:
    assert all(reply_length(reply[:end]) == 0 for end in range(len(reply)))
    assert reply_length(reply) == len(reply)


def test_bytes_after_a_reply_are_not_part_of_it() -> None:
    assert reply_length(REPLY + b"HTTP/1.1 200") == len(REPLY)


def test_any_status_but_200_is_refused_and_shown() -> None:
    with pytest.raises(BadReplyError, match="502 Bad Gateway"):
        reply_length(b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n")


def test_connection_close_is_read_from_the_head_only() -> None:
    assert closes(REPLY.replace(b"Server: x", b"Connection: close"))
    assert not closes(REPLY.replace(b"hello", b"\r\nConnection: close"))


def test_sizes_are_those_the_workloads_speak_of() -> None:
    assert 900 < len(completion()) < 1200
    assert 150 < len(delta(" patience")) < 250
    assert chunk(b"0123456789abcdef") == b"10\r\n0123456789abcdef\r\n"
    assert json.loads(delta(None)[6:])["choices"][0]["finish_reason"] == "stop"
