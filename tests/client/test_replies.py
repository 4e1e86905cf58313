from __future__ import annotations

import math

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.client.replies import beats_told, complete, framed, kind_of, late_error


def reply(status: int = 200, version: bytes = b"HTTP/1.1", **headers: str) -> httpx2.Response:
    told = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx2.Response(status, headers=told, extensions={"http_version": version})


def test_its_kind() -> None:
    assert kind_of(reply(content_type="Text/Event-Stream; charset=utf-8")) == "text/event-stream"
    assert kind_of(reply()) == ""


@pytest.mark.parametrize(
    "response, sure",
    [
        (reply(content_length="3"), True),
        (reply(transfer_encoding="gzip, Chunked"), True),
        (reply(version=b"HTTP/2"), True),
        (reply(), False),
        (reply(version=b"HTTP/1.0"), False),
    ],
)
def test_whether_its_end_can_be_told(response: httpx2.Response, sure: bool) -> None:
    assert framed(response) is sure
    assert complete(response, b"{") is sure
    assert complete(response, b"{}")


def test_what_is_compressed_is_not_read() -> None:
    assert complete(reply(content_encoding="gzip"), b"\x1f\x8b")


@pytest.mark.parametrize(
    "body, late",
    [
        (b'{"error":{"code":1}}', True),
        (b'\n\n{"error": {', True),
        (b'{"type":"error","error":{', True),
        (b'{"error":null,"id":1}', False),
        (b'{"id":1,"error":{}}', False),
        (b'{"errors":{}}', False),
        (b"", False),
    ],
)
def test_an_error_with_a_good_status(body: bytes, late: bool) -> None:
    assert late_error(reply(), body) is late
    assert not late_error(reply(502), body)


@pytest.mark.parametrize(
    "body, told",
    [
        (b'{"object":"probe.bounds","heartbeat":{"enabled":true,"after":10,"json_after":20,"every":15}}', 20),
        (b'{"object":"probe.bounds","heartbeat":{"enabled":false,"after":10,"json_after":20,"every":15}}', math.inf),
        (b'{"object":"probe.bounds"}', 0),
        (b'{"object":"list"}', None),
        (b'{"object":"probe.bounds","heartbeat":{"after":"soon"}}', None),
        (b"[]", None),
        (b"<html>", None),
        (b"", None),
    ],
)
def test_what_a_gateway_says_of_its_heartbeats(body: bytes, told: float | None) -> None:
    assert beats_told(body) == told


@given(st.binary(max_size=40))
def test_nonsense_is_no_gateway(body: bytes) -> None:
    assert beats_told(body) is None
