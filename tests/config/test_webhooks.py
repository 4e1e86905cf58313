from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import PydanticCustomError

from outwait.config.webhooks import EVENTS, WebhookSection, check_keys, private

PLAIN = base64.b64encode(bytes(range(24))).decode()
SECRET = f"whsec_{PLAIN}"


def webhook(**fields: object) -> WebhookSection:
    return WebhookSection.model_validate({"name": "a", "url": "https://h/x", "secret": SECRET, **fields})


def refused(**fields: object) -> Any:
    with pytest.raises(ValidationError) as caught:
        webhook(**fields)
    return caught.value.errors()[0]


def test_the_least_that_can_be_said() -> None:
    made = webhook()
    assert (made.url, made.events, made.keys, made.headers, made.ca_file) == ("https://h/x", (), (), {}, None)
    assert made.secrets() == (SECRET, PLAIN)


@pytest.mark.parametrize(
    "given_url, sent",
    [
        ("https://example.com", "https://example.com"),
        ("https://Exämple.com:8443/Päth?a=b%20c&d=é", "https://xn--exmple-cua.com:8443/P%C3%A4th?a=b%20c&d=%C3%A9"),
        ("https://example.com./x", "https://example.com/x"),
        ("https://1.1.1.1/x", "https://1.1.1.1/x"),
        ("https://[2606:4700::1111]:9/x", "https://[2606:4700::1111]:9/x"),
        ("http://localhost:3000/x", "http://localhost:3000/x"),
        ("http://receiver:3000/x", "http://receiver:3000/x"),
        ("http://app.prod.svc.cluster.local/x", "http://app.prod.svc.cluster.local/x"),
        ("http://127.0.0.1/x", "http://127.0.0.1/x"),
        ("http://10.1.2.3/x", "http://10.1.2.3/x"),
        ("http://100.64.0.1/x", "http://100.64.0.1/x"),
        ("http://[fd12::1]/x", "http://[fd12::1]/x"),
    ],
)
def test_addresses(given_url: str, sent: str) -> None:
    assert webhook(url=given_url).url == sent


@pytest.mark.parametrize(
    "url, words",
    [
        ("ftp://h/x", "a URL such as"),
        ("example.com/x", "a URL such as"),
        ("https:///x", "a URL such as"),
        ("https://[::1/x", "a URL such as"),
        ("https://h:0/x", "a URL such as"),
        ("https://h:99999/x", "a URL such as"),
        ("https://h/a b", "a URL such as"),
        ("https://h/a\x00", "a URL such as"),
        ("https://a..b/x", "a URL such as"),
        ("https://a<b/x", "a URL such as"),
        ("https://u:p@h/x", "use `headers`"),
        ("https://h/x#y", "without `#`"),
        ("https://169.254.169.254/x", "not link-local"),
        ("https://[::ffff:169.254.169.254]/x", "not link-local"),
        ("https://[fe80::1%25eth0]/x", "not link-local"),
        ("https://0.0.0.0/x", "not link-local"),
        ("https://metadata.google.internal/x", "not link-local"),
        ("http://metadata.google.internal./x", "not link-local"),
        ("http://example.com/x", "https://"),
        ("http://1.1.1.1/x", "https://"),
        ("http://[2606:4700::1111]/x", "https://"),
        ("http://127.1/x", "https://"),
    ],
)
def test_addresses_that_are_refused(url: str, words: str) -> None:
    error = refused(url=url)
    assert error["loc"] == ("url",)
    assert words in error["ctx"]["expected"]


@given(st.text(max_size=40))
def test_whatever_is_taken_for_an_address_is_plain_ascii(rest: str) -> None:
    try:
        url = webhook(url=f"https://h/{rest}").url
    except ValidationError:
        return
    assert url.isascii()
    assert not any(letter.isspace() or not letter.isprintable() for letter in url)
    assert webhook(url=url).url == url


@pytest.mark.parametrize(
    "address, at_home",
    [
        ("127.0.0.1", True),
        ("::1", True),
        ("192.168.1.1", True),
        ("::ffff:10.0.0.1", True),
        ("fd00::1", True),
        ("8.8.8.8", False),
        ("::ffff:8.8.8.8", False),
        ("169.254.1.1", False),
        ("fe80::1%eth0", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("64:ff9b::a00:1", False),
    ],
)
def test_what_is_at_home(address: str, at_home: bool) -> None:
    assert private(address) is at_home


def test_one_secret_or_several() -> None:
    other = "whsec_" + base64.b64encode(bytes(64)).decode()
    assert [each.get_secret_value() for each in webhook(secret=[other, SECRET]).secret] == [other, SECRET]
    assert SECRET not in repr(webhook())


@pytest.mark.parametrize(
    "secret, what",
    [
        ("", "is empty (is its variable set to an empty text?)"),
        (PLAIN, "does not begin with `whsec_`"),
        ("whsec_", "has 0 bytes"),
        ("whsec_!!!!", "is not base64 behind `whsec_`"),
        (SECRET + "=", "is not base64 behind `whsec_`"),
        ("whsec_ü", "is not base64 behind `whsec_`"),
        ("whsec_" + base64.b64encode(bytes(23)).decode(), "has 23 bytes"),
        ("whsec_" + base64.b64encode(bytes(65)).decode(), "has 65 bytes"),
        ([], "is an empty list"),
    ],
)
def test_secrets_that_are_refused(secret: object, what: str) -> None:
    error = refused(secret=secret)
    assert error["ctx"]["what"] == what
    assert "openssl rand -base64 32" in error["ctx"]["expected"]


def test_events_are_names_or_patterns_of_known_ones() -> None:
    assert webhook(events="response.*").events == ("response.*",)
    assert webhook(events=list(EVENTS)).events == EVENTS
    error = refused(events=["response.completed", "response.complete"])
    assert error["loc"] == ("events", 1)
    assert "'response.incomplete'" in error["ctx"]["expected"]


def test_headers_may_not_be_those_that_prove_something() -> None:
    assert list(webhook(headers={"Authorization": "Bearer x"}).headers) == ["authorization"]
    for name in ("Webhook-Id", "webhook-anything", "Content-Type", "Host", "Content-Length"):
        assert "does not set itself" in refused(headers={name: "x"})["ctx"]["expected"]


def test_everything_else_is_as_elsewhere(tmp_path: Path) -> None:
    assert webhook(keys="app").keys == ("app",)
    assert refused(name="a b")["loc"] == ("name",)
    assert refused(secrets="x")["type"] == "extra_forbidden"
    (tmp_path / "ca.pem").touch()
    assert webhook(ca_file=str(tmp_path / "ca.pem")).ca_file == str(tmp_path / "ca.pem")


def test_the_keys_named_must_exist() -> None:
    check_keys([webhook(), webhook(keys=["app"])], {"app", "batch"})
    check_keys([webhook()], ())
    for known, expected in (({"batch", "app"}, "one of 'app', 'batch'"), ((), "it to be left out")):
        with pytest.raises(PydanticCustomError) as caught:
            check_keys([webhook(), webhook(keys=["app", "ap"] if known else "ap")], known)
        context = caught.value.context
        assert context is not None
        assert context["at"] == ("webhooks", 1, "keys", 1 if known else 0)
        assert (context["expected"], context["what"]) == (expected, "there is no client key `ap`")
