from __future__ import annotations

import pytest

from outwait.toolkit.path.forward import Forward, connect, named_for
from outwait.toolkit.path.question import target

HTTP, HTTPS = target("http://llm.example.com"), target("https://llm.example.com")


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http", "https", "all", "no"):
        monkeypatch.delenv(f"{name}_proxy", raising=False)
        monkeypatch.delenv(f"{name}_proxy".upper(), raising=False)


def test_none_is_named() -> None:
    assert named_for(HTTP) is None


def test_each_scheme_has_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:p%40ss@proxy:3128")
    assert named_for(HTTP) is None
    found = named_for(HTTPS)
    assert found == Forward("proxy", 3128, "me:p@ss", "HTTPS_PROXY")
    assert found.shown == "http://proxy:3128"
    assert found.authorization == "proxy-authorization: Basic bWU6cEBzcw==\r\n"


def test_one_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("all_proxy", "proxy")
    assert named_for(HTTP) == Forward("proxy", 80, "", "ALL_PROXY")


def test_no_proxy_leaves_hosts_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy:3128")
    monkeypatch.setenv("NO_PROXY", "localhost,.example.com")
    assert named_for(HTTP) is None
    assert named_for(target("http://elsewhere.org")) is not None


@pytest.mark.parametrize("url", ["socks5://proxy:1080", "https://proxy", "http://:99", "http://proxy:x"])
def test_what_is_not_spoken(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("HTTP_PROXY", url)
    with pytest.raises(ValueError, match="HTTP_PROXY names no proxy that is reached by plain HTTP"):
        named_for(HTTP)


def test_a_tunnel() -> None:
    asked = connect(target("https://[::1]:8443"), Forward("proxy", 80, "", ""))
    assert asked == b"CONNECT [::1]:8443 HTTP/1.1\r\nhost: [::1]:8443\r\n\r\n"
    assert b"\r\nproxy-authorization: Basic" in connect(HTTPS, Forward("::2", 80, "a:b", ""))
    assert Forward("::2", 80, "", "").shown == "http://[::2]:80"
