from __future__ import annotations

import pytest

from outwait.core.fault import Side
from outwait.toolkit.check import proxies
from outwait.toolkit.check.proxies import Refusal
from outwait.toolkit.check.words import Wrong
from outwait.toolkit.net.environment import Proxy
from outwait.toolkit.net.findings import Tunnel

URL = "https://gw.test/v1"


def test_only_the_proxy_that_applies_matters() -> None:
    socks = {"ALL_PROXY": "socks5://127.0.0.1:1"}
    found = proxies.applying(URL, socks)
    assert found is not None
    assert found.url == "socks5://127.0.0.1:1"
    assert proxies.applying(URL, {**socks, "NO_PROXY": "gw.test"}) is None
    beside = proxies.applying(URL, {"ALL_PROXY": "nonsense://", "https_proxy": "127.0.0.1:3128"})
    assert beside is not None
    assert (beside.variable, beside.url) == ("https_proxy", "http://127.0.0.1:3128")
    assert proxies.applying(URL, {"HTTP_PROXY": "http://[::1"}) is None
    assert proxies.applying(URL, {}) is None
    assert proxies.applying("https://-odd-.test/", socks) is None


@pytest.mark.parametrize(
    "proxy, name",
    [
        ("http://127.0.0.1:99999", "proxy_no_url"),
        ("http://[::1", "proxy_no_url"),
        ("http://", "proxy_no_url"),
        ("http://a\u2028b:80", "proxy_no_url"),
        ("socks4://127.0.0.1:1", "proxy_scheme"),
    ],
)
def test_one_that_cannot_be_used_is_told_with_its_variable(proxy: str, name: str) -> None:
    with pytest.raises(Wrong) as wrong:
        proxies.applying(URL, {"HTTPS_PROXY": proxy})
    assert (wrong.value.remark.name, wrong.value.hint) == (name, "HTTPS_PROXY")
    assert "HTTPS_PROXY=http://proxy.example:3128" in str(wrong.value)


def test_credentials_go_to_the_library_alone() -> None:
    found = proxies.applying(URL, {"HTTPS_PROXY": "http://me%40x:p%3Aw@proxy.test:3128"})
    assert found is not None
    assert proxies.made(found).auth == ("me@x", "p:w")
    assert str(proxies.made(found).url) == "http://proxy.test:3128"
    assert "p%3Aw" not in str(proxies.named(found, "a").values)


def test_who_is_asked_for_a_way_first() -> None:
    http, socks = (Proxy("ALL_PROXY", scheme, "p.test", 1) for scheme in ("http", "socks5h"))
    assert proxies.tunnels(http, secure=True)
    assert not proxies.tunnels(http, secure=False)
    assert proxies.tunnels(socks, secure=False)
    assert not proxies.tunnels(None, secure=True)


@pytest.mark.parametrize(
    "told, status",
    [
        ("403 Forbidden", 403),
        ("407 ", 407),
        ("Invalid username/password", 407),
        ("Requested NO AUTHENTICATION REQUIRED from proxy server, but got USERNAME/PASSWORD.", 407),
        ("Proxy Server could not connect: Connection not allowed by ruleset.", 403),
        ("Proxy Server could not connect: TTL expired.", 504),
        ("Proxy Server could not connect: Connection refused.", 502),
    ],
)
def test_what_a_proxy_says_instead(told: str, status: int) -> None:
    assert proxies.refusal(told).status == status


def test_a_failure_has_nets_words() -> None:
    proxy = Proxy("HTTPS_PROXY", "http", "p.test", 3128)
    found = proxies.failed(proxy, URL, Refusal(Tunnel.REFUSED, 403, "Forbidden"))
    assert found.message == "The proxy http://p.test:3128 forbids gw.test:443 (403)."
    assert (found.cause, found.side, found.hint) == ("proxy_misconfigured", Side.MIDDLEBOX, "proxy_forbids")
    assert found.detail == "proxy: Forbidden"
    socks = proxies.failed(Proxy("ALL_PROXY", "socks5", "p.test", 1080), URL, proxies.refusal("TTL expired"))
    assert socks.message == "The proxy socks5://p.test:1080 made no connection."
    assert proxies.failed(proxy, URL, Refusal(Tunnel.SILENT)).detail is None
