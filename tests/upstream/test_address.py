from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Channel
from outwait.core.plan import Candidate
from outwait.upstream.address import Address, AddressBook, InvalidAddress, passed_on
from outwait.wire.endpoint import Endpoint

CHANNEL = Channel("c", "openai", "https://api.openai.com/v1", api_keys=("key-one", "key-two"))
FIRST = Candidate("c", "openai", "m")


def found(base_url: str = CHANNEL.base_url, **changes: Any) -> Address:
    channel = replace(CHANNEL, base_url=base_url, **changes)
    address = AddressBook([channel]).find(FIRST)
    assert address is not None
    return address


def lines(address: Address) -> dict[str, str]:
    first, *rest = address.head.decode("latin-1").split("\r\n")[:-1]
    assert first == f"POST {address.target} HTTP/1.1"
    headers = dict(line.split(": ", 1) for line in rest)
    assert len({name.lower() for name in headers}) == len(rest)
    return headers


@pytest.mark.parametrize(
    "base_url, host, target",
    [
        ("https://api.openai.com/v1", "api.openai.com", "/v1/chat/completions"),
        ("https://api.openai.com/v1/", "api.openai.com", "/v1/chat/completions"),
        ("https://api.openai.com", "api.openai.com", "/v1/chat/completions"),
        (" http://localhost:11434/ ", "localhost:11434", "/v1/chat/completions"),
        ("https://api.groq.com/openai/v1", "api.groq.com", "/openai/v1/chat/completions"),
        ("https://open.bigmodel.cn/api/paas/v4", "open.bigmodel.cn", "/api/paas/v4/chat/completions"),
        ("https://api.perplexity.ai/chat/completions", "api.perplexity.ai", "/chat/completions"),
        (
            "https://x.azure.com/deployments/d?api-version=1",
            "x.azure.com",
            "/deployments/d/chat/completions?api-version=1",
        ),
        ("http://[::1]:8000/v1", "[::1]:8000", "/v1/chat/completions"),
        ("https://a:443/v1", "a", "/v1/chat/completions"),
        ("http://a:443/v1", "a:443", "/v1/chat/completions"),
        ("HTTPS://API.Example.COM/V1", "api.example.com", "/V1/chat/completions"),
        ("https://bücher.example/ü", "xn--bcher-kva.example", "/%C3%BC/chat/completions"),
    ],
)
def test_where_a_base_url_leads(base_url: str, host: str, target: str) -> None:
    address = found(base_url)
    assert (lines(address)["Host"], address.target) == (host, target)


def test_endpoints_tell_how_tls_is_judged() -> None:
    assert found("https://a", ca_file="ca.pem", verify_tls=False).endpoint == Endpoint("a", 443, True, "ca.pem", False)
    assert found("http://a", ca_file="ca.pem", verify_tls=False).endpoint == Endpoint("a", 80, False)


def test_the_head_says_who_asks_for_what() -> None:
    headers = lines(found())
    assert headers.pop("User-Agent").startswith("outwait/")
    assert headers == {
        "Host": "api.openai.com",
        "Authorization": "Bearer key-one",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
        "Accept-Encoding": "identity",
    }
    assert "Authorization" not in lines(found(api_keys=()))


def test_a_candidate_uses_its_key() -> None:
    book = AddressBook([CHANNEL])
    for key, used in ((0, b"key-one"), (1, b"key-two"), (7, b"key-one")):
        address = book.find(replace(FIRST, key=key))
        assert address is not None
        assert used in address.head


def test_own_headers_win_and_are_sent_once() -> None:
    headers = {"authorization": "Basic eHg=", "X-Title": "ours", "host": "inner", "traceparent": "fixed"}
    address = found(headers=headers)
    told = lines(address)
    assert told["Authorization"] == "Basic eHg="
    assert (told["X-Title"], told["Host"]) == ("ours", "inner")
    assert "traceparent" not in address.passed
    assert "openai-beta" in address.passed


def test_what_is_not_there_is_not_found() -> None:
    book = AddressBook([CHANNEL, replace(CHANNEL, name="other", dialect="unknown")])
    assert book.find(FIRST, "chat.completions") is book.find(FIRST)
    assert book.find(FIRST, "embeddings") is None
    assert book.find(replace(FIRST, channel="other")) is None
    assert book.find(replace(FIRST, channel="gone")) is None


def test_secrets_are_known_and_never_shown() -> None:
    book = AddressBook([replace(CHANNEL, headers={"x-api-key": "hidden", "X-Title": "shown"})])
    assert book.secrets("c") == ("key-one", "key-two", "hidden")
    assert book.secrets("gone") == ()
    assert "key-one" not in repr(book.find(FIRST))


@pytest.mark.parametrize(
    "base_url, words",
    [
        ("api.openai.com/v1", "must begin with https://"),
        ("ftp://a/v1", "must begin with https://"),
        ("https:///v1", "names no host"),
        ("https://user:password@a/v1", "holds credentials"),
        ("https://a/v1#x", "fragment"),
        ("https://a:0/v1", "port 0"),
        ("https://a:99999/v1", "not a URL"),
        ("https://[::1/v1", "not a URL"),
        ("https://a b/v1", "not a host name"),
        ("https://a/v 1", "blank"),
        ("https://999.1.1.1/v1", "not an IP address"),
        ("http://169.254.169.254/latest", "link-local"),
        ("http://[::ffff:169.254.169.254]/", "link-local"),
        ("https://" + "a" * 64 + ".example", "not a host name"),
    ],
)
def test_a_base_url_that_cannot_be_used_is_explained(base_url: str, words: str) -> None:
    with pytest.raises(InvalidAddress, match=words) as refused:
        found(base_url)
    assert "channel 'c'" in str(refused.value)
    assert "password" not in str(refused.value)


@pytest.mark.parametrize(
    "changes, words",
    [
        ({"headers": {"Content-Length": "5"}}, "set by outwait"),
        ({"headers": {"Transfer-Encoding": "chunked"}}, "set by outwait"),
        ({"headers": {"a b": "x"}}, "not a header name"),
        ({"headers": {"a": "x\r\nb: y"}}, "no header can carry"),
        ({"api_keys": ("key\n",)}, "api_key"),
    ],
)
def test_headers_and_keys_that_cannot_be_sent_are_explained(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidAddress, match=words) as refused:
        found(**changes)
    assert "key\n" not in str(refused.value)


def test_only_listed_client_headers_pass() -> None:
    names = found().passed
    headers = {
        "traceparent": "00-1",
        "authorization": "Bearer client",
        "openai-organization": "org",
        "baggage": "a\r\nb: c",
    }
    assert passed_on(headers, names) == b"traceparent: 00-1\r\n"
    assert passed_on({}, names) == b""


@given(st.text(max_size=40))
def test_any_text_is_an_address_or_explained(text: str) -> None:
    for base_url in (text, f"https://{text}", f"https://a/{text}"):
        try:
            head = found(base_url).head
        except InvalidAddress:
            continue
        assert head.count(b"\r\n") == 7
        assert head.split(b"\r\n")[0].count(b" ") == 2
