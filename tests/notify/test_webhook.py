from __future__ import annotations

import pytest
from tests.notify.conftest import KEY, SECRET, webhook

from outwait.wire.endpoint import Endpoint


def lines(**fields: object) -> list[str]:
    return webhook(**fields).head.decode("latin-1").split("\r\n")


@pytest.mark.parametrize(
    "url, endpoint, request_line, host",
    [
        ("https://h.example", Endpoint("h.example", 443, tls=True), "POST / HTTP/1.1", "h.example"),
        ("https://h:443/a?b=c", Endpoint("h", 443, tls=True), "POST /a?b=c HTTP/1.1", "h"),
        ("https://h:80/a", Endpoint("h", 80, tls=True), "POST /a HTTP/1.1", "h:80"),
        ("https://h?b", Endpoint("h", 443, tls=True), "POST /?b HTTP/1.1", "h"),
        ("http://[::1]:8080/a", Endpoint("::1", 8080, tls=False), "POST /a HTTP/1.1", "[::1]:8080"),
        ("http://[::1]/a", Endpoint("::1", 80, tls=False), "POST /a HTTP/1.1", "[::1]"),
    ],
)
def test_where_it_is(url: str, endpoint: Endpoint, request_line: str, host: str) -> None:
    assert webhook(url=url).endpoint == endpoint
    assert lines(url=url)[:2] == [request_line, f"host: {host}"]


def test_its_headers() -> None:
    told = lines(headers={"Authorization": "Bearer abc", "User-Agent": "mine"})
    assert told[2:] == [
        "user-agent: mine",
        "accept: */*",
        "authorization: Bearer abc",
        "accept-encoding: identity",
        "content-type: application/json",
        "connection: close",
        "",
    ]
    assert lines()[2].startswith("user-agent: outwait/")


def test_nothing_secret_is_shown() -> None:
    shown = repr(webhook(url="https://h/token-in-path", headers={"authorization": "Bearer abc"}))
    assert "token-in-path" not in shown
    assert "Bearer" not in shown
    assert repr(KEY) not in shown


def test_secrets_are_bytes() -> None:
    assert webhook(secret=[SECRET, SECRET]).secrets == (KEY, KEY)


@pytest.mark.parametrize(
    "fields, event, key, wanted",
    [
        ({}, "response.completed", "app", True),
        ({"events": "response.*"}, "response.failed", "app", True),
        ({"events": "response.failed"}, "response.completed", "app", False),
        ({"keys": ["app", "batch"]}, "response.completed", "batch", True),
        ({"keys": ["app"]}, "response.completed", "batch", False),
    ],
)
def test_what_it_wants(fields: dict[str, object], event: str, key: str, wanted: bool) -> None:
    assert webhook(**fields).wants(event, key) is wanted


def test_an_authority_of_its_own_is_for_tls_only(tmp_path: object) -> None:
    assert webhook(ca_file=__file__).endpoint.ca_file is None
    assert webhook(url="https://h", ca_file=__file__).endpoint.ca_file == __file__
