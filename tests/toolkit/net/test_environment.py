from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.environment import bypassing, proxy_for
from outwait.toolkit.net.environment import given as given_proxy
from outwait.toolkit.net.target import parse

HTTPS, HTTP, ADDRESS = parse("https://api.example.com"), parse("http://api.example.com:8080"), parse("10.1.2.3:443")
SIXTH = parse("[2001:db8::1]")


def test_the_scheme_chooses_the_variable() -> None:
    environ = {"HTTP_PROXY": "http://one:1", "https_proxy": "two:2", "ALL_PROXY": "http://three:3"}
    by_https, by_http = proxy_for(HTTPS, environ), proxy_for(HTTP, environ)
    assert by_https is not None
    assert by_http is not None
    assert (by_https.variable, by_https.url) == ("https_proxy", "http://two:2")
    assert (by_http.variable, by_http.url) == ("HTTP_PROXY", "http://one:1")
    alone = proxy_for(HTTPS, {"ALL_PROXY": "socks5://three"})
    assert alone is not None
    assert (alone.variable, alone.scheme, alone.port) == ("ALL_PROXY", "socks5", 1080)
    assert proxy_for(HTTPS, {"HTTP_PROXY": "http://one:1", "HTTPS_PROXY": " "}) is None


def test_credentials_are_kept_and_not_told() -> None:
    found = proxy_for(HTTPS, {"HTTPS_PROXY": "http://me:p%40ss@proxy:3128"})
    assert found is not None
    assert (found.credentials, found.url) == ("me:p%40ss", "http://proxy:3128")


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://proxy:port"])
def test_what_is_no_proxy_says_so(url: str) -> None:
    found = proxy_for(HTTPS, {"HTTPS_PROXY": url})
    assert found is not None
    assert found.problem


def test_one_that_is_named_by_hand() -> None:
    assert given_proxy("proxy:3128", "--proxy").url == "http://proxy:3128"
    assert given_proxy("http://[2001:db8::1]:3128", "--proxy").url == "http://[2001:db8::1]:3128"


@pytest.mark.parametrize(
    "listed, target, found",
    [
        ("*", HTTPS, "*"), ("example.com", HTTPS, "example.com"), (".example.com", HTTPS, ".example.com"),
        ("*.example.com", HTTPS, "*.example.com"), ("a, api.EXAMPLE.com", HTTPS, "api.EXAMPLE.com"),
        ("ample.com", HTTPS, ""), ("api.example.com:443", HTTPS, "api.example.com:443"),
        ("api.example.com:80", HTTPS, ""), ("api.example.com:8080", HTTP, "api.example.com:8080"), ("", HTTPS, ""),
        ("10.0.0.0/8", ADDRESS, "10.0.0.0/8"), ("10.1.2.3", ADDRESS, "10.1.2.3"), ("10.2.0.0/16", ADDRESS, ""),
        ("10.1.2.3:443", ADDRESS, "10.1.2.3:443"), ("3", ADDRESS, ""), (".", HTTPS, ""),
        ("[2001:db8::1]", SIXTH, "[2001:db8::1]"), ("[2001:db8::1]:443", SIXTH, "[2001:db8::1]:443"),
    ],
)  # fmt: skip
def test_who_is_reached_without(listed: str, target: object, found: str) -> None:
    assert bypassing(target, {"NO_PROXY": listed}) == found  # type: ignore[arg-type] # a Target
    named = proxy_for(target, {"HTTPS_PROXY": "p:1", "HTTP_PROXY": "p:1", "no_proxy": listed})  # type: ignore[arg-type]
    assert named is not None
    assert named.bypassed == found


@given(st.text(max_size=40), st.text(max_size=40))
def test_any_environment_can_be_read(proxy: str, listed: str) -> None:
    found = proxy_for(HTTPS, {"HTTPS_PROXY": proxy, "NO_PROXY": listed})
    assert found is None or found.url or found.problem
