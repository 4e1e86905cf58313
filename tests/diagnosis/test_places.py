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
        ("dial tcp 192.0.2.1:8080: i/o timeout", "192.0.2.1:8080"),
        ("dial tcp 10.0.0.5:11434: connect: connection refused", "10.0.0.5:11434"),
        ("dial tcp [fd00::1]:8000: connect: connection refused", "[fd00::1]:8000"),
        ("dial tcp [fe80::1%eth0]:8000: i/o timeout", "[fe80::1%eth0]:8000"),
        ("connect ECONNREFUSED 10.1.2.3:8000", "10.1.2.3:8000"),
        ("connect ECONNREFUSED 10.1.2.3:443", "10.1.2.3:443"),  # without it, it would be asked at another port
        ("connect ECONNREFUSED ::1:8000", "[::1]:8000"),
        ("connect ECONNREFUSED [fd00::1]:8000", "[fd00::1]:8000"),
        ("connect ETIMEDOUT fd00::5", "fd00::5"),
        ("getaddrinfo ENOTFOUND api.example.net:443", "api.example.net"),
        ("HTTPConnectionPool(host='10.1.2.3', port=8000): Max retries", "10.1.2.3:8000"),
        ("HTTPConnectionPool(host='::1', port=8000)", "[::1]:8000"),
        ("HTTPConnectionPool(host='model_server', port=80)", "model_server:80"),
        ("curl: (7) Failed to connect to localhost port 11434 after 0 ms", "localhost:11434"),
        ("Failed to connect to api.example.net (192.0.2.9) port 8443", "api.example.net:8443"),
        (
            "Cannot connect to host vllm.corp:8000 ssl:default [Connect call failed ('10.0.0.5', 8000)]",
            "vllm.corp:8000",
        ),
        ("Cannot connect to host vllm.corp:443 ssl:default", "vllm.corp:443"),
        ("Failed to connect to localhost/127.0.0.1:11434", "localhost:11434"),
        ("Failed to connect to /10.0.0.5:8080", "10.0.0.5:8080"),
        ("Connect to localhost:11434 [localhost/127.0.0.1] failed: Connection refused", "localhost:11434"),
        ("Connection refused (vllm:8000)", "vllm:8000"),
        ("last error: UNKNOWN: ipv4:127.0.0.1:50051: Failed", "127.0.0.1:50051"),
        ("Connect Timeout Error (attempted address: 10.0.0.5:8000, timeout: 10000ms)", "10.0.0.5:8000"),
        ("dial tcp 10.0.0.5:99999: no", None),
        ("connect ECONNREFUSED at TCPConnectWrap.afterConnect", None),
        ("failed to connect to all addresses; https://api.example.net/v1", "api.example.net"),
        ("getaddrinfo ENOTFOUND api-gateway", "api-gateway"),
        ("dial tcp sk-abcdefgh12345678: i/o timeout", None),
        ("NameResolutionError: Failed to resolve 'api.example.net' ([Errno -2])", "api.example.net"),
        ("Post http://models.example.net:8000/v1: EOF", "http://models.example.net:8000"),
        ("Post http://[fd00::1]:8000/v1: EOF", "http://[fd00::1]:8000"),
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
    for found in (host_of(f"host='{text}'"), host_of(f"ECONNREFUSED {text}"), url_of(f"https://{text}")):
        assert found is None or not set(found) & set("'\"`$;|&<>() \n\\")
