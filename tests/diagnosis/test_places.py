from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.diagnosis.places import host_of, url_of


@pytest.mark.parametrize(
    "text, host",
    [
        ("getaddrinfo ENOTFOUND api.example.net", "api.example.net"),
        ("HTTPSConnectionPool(host='api.example.net', port=443)", "api.example.net"),
        ("dial tcp: lookup api.example.net: no such host", "api.example.net"),
        ("dial tcp 192.0.2.1:8080: i/o timeout", "192.0.2.1"),
        ("curl: (7) Failed to connect to api.example.net port 443", "api.example.net"),
        ('Post "https://api.example.net:8443/v1/x": EOF', "api.example.net:8443"),
        ("<title>relay.example.net | 524: A timeout occurred</title>", "relay.example.net"),
        ("see https://docs.example.net/errors", None),
        ("nothing", None),
    ],
)
def test_the_host_that_was_called(text: str, host: str | None) -> None:
    assert host_of(text) == host


@pytest.mark.parametrize(
    "text, url",
    [
        ("error sending request for url (https://api.example.net/v1/messages)", "https://api.example.net/v1/messages"),
        ("Post http://user:pass@gateway:3000/v1/chat?key=abc.", "http://gateway:3000/v1/chat"),
        ("https://github.com/some/project and http://gateway/v1.", "http://gateway/v1"),
        ("http://localhost:11434", "http://localhost:11434"),
        ("nothing", None),
    ],
)
def test_the_url_that_was_called(text: str, url: str | None) -> None:
    assert url_of(text) == url


@given(st.text(max_size=80))
def test_nothing_that_a_shell_would_run(text: str) -> None:
    for found in (host_of(f"host='{text}'"), url_of(f"https://{text}")):
        assert found is None or not set(found) & set("'\"`$;|&<>() \n\\")
