from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.toolkit.net.target import Target, TargetError, near, parse

MEANT = {
    "api.openai.com": "https://api.openai.com/",
    " API.OpenAI.com. ": "https://api.openai.com/",
    "api.openai.com/v1": "https://api.openai.com/v1",
    "api.openai.com:80": "http://api.openai.com:80/".replace(":80", ""),
    "api.openai.com:8080": "https://api.openai.com:8080/",
    "https://api.openai.com/v1?a=b%20c&d=é#part": "https://api.openai.com/v1?a=b%20c&d=%C3%A9",
    "wss://gateway.example/live": "https://gateway.example/live",
    "localhost": "http://localhost/",
    "127.0.0.1": "http://127.0.0.1/",
    "10.0.0.5/v1": "http://10.0.0.5/v1",
    "vllm.local": "http://vllm.local/",
    "::1": "http://[::1]/",
    "localhost:443": "https://localhost/",
    "192.0.2.5": "https://192.0.2.5/",
    "fe80::1%eth0": "http://[fe80::1%25eth0]/",
    "localhost:8787": "http://localhost:8787/",
    "vllm:8000/v1": "http://vllm:8000/v1",
    "192.168.1.5:11434": "http://192.168.1.5:11434/",
    "192.168.1.5:8443": "https://192.168.1.5:8443/",
    "8.8.8.8:8000": "https://8.8.8.8:8000/",
    "2001:db8::1": "https://[2001:db8::1]/",
    "[2001:db8::1]:8443": "https://[2001:db8::1]:8443/",
    "http://[fe80::1%25eth0]:80/x": "http://[fe80::1%25eth0]/x",
    "https://user:secret@api.example.com/v1": "https://api.example.com/v1",
    "bücher.example": "https://xn--bcher-kva.example/",
    "http://例え.テスト:81": "http://xn--r8jz45g.xn--zckzah:81/",
    "my_host.internal:9000": "http://my_host.internal:9000/",
}


@pytest.mark.parametrize("typed", MEANT)
def test_what_people_type(typed: str) -> None:
    assert parse(typed).url == MEANT[typed]


def test_a_dot_at_the_end_is_for_the_lookup_alone() -> None:
    assert (parse("a.example.").host, parse("a.example.").authority) == ("a.example.", "a.example")


def test_a_zone_stays_with_the_address() -> None:
    for typed in ("fe80::1%eth0", "[fe80::1%eth0]:443", "https://[fe80::1%25eth0]/"):
        assert (parse(typed).host, parse(typed).literal) == ("fe80::1%eth0", True)
    assert parse("fe80::1%eb1").host == "fe80::1%eb1"  # no quoted byte
    found = parse("http://[fe80::1%25eth0]:8000/v1")
    assert (found.url, parse(found.url)) == ("http://[fe80::1%25eth0]:8000/v1", found)
    assert (found.sent, found.authority) == ("http://[fe80::1]:8000/v1", "[fe80::1]:8000")  # what others get


def test_the_name_as_it_was_typed_is_kept() -> None:
    assert parse("bücher.example").shown == "bücher.example"
    assert parse("https://x.example").guessed is False
    assert parse("x.example").guessed is True


WRONG = {
    "": "Name a host",
    "https://": "no host",
    "ftp://files.example": "ftp:// is not spoken",
    "host:0": "Port 0",
    "host:99999": "1 to 65535",
    "host:http": "1 to 65535",
    "ho st": "cannot be a host's name",
    "-a.example": "cannot be a host's name",
    "a..b": "cannot be a host's name",
    "[::1": "no host and no URL",
    f"{'a' * 64}.example": "cannot be a host's name",
    ".".join(["a" * 60] * 5): "cannot be a host's name",
}


@pytest.mark.parametrize("typed", WRONG)
def test_what_is_no_target_says_what_would_be_one(typed: str) -> None:
    with pytest.raises(TargetError, match=WRONG[typed]):
        parse(typed)


def test_credentials_are_not_repeated() -> None:
    with pytest.raises(TargetError) as error:
        parse("https://user:hunter2@host:port/")
    assert "hunter2" not in str(error.value)
    with pytest.raises(TargetError) as error:
        parse("https://host:port/?key=hunter2")
    assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(
    "name", ["key", "api_key", "apikey", "api-key", "access_token", "Token", "X-Amz-Signature", "sig", "%6Bey"]
)
def test_secrets_of_a_query_are_dropped(name: str) -> None:
    assert parse(f"https://host/v1?a=1&{name}=hunter2&alt=sse").path == "/v1?a=1&alt=sse"
    assert parse(f"https://host/v1?{name}=hunter2").path == "/v1"


def test_other_parameters_stay() -> None:
    assert parse("https://host/v1?monkey=1&tokens=2&b").path == "/v1?monkey=1&tokens=2&b"


@pytest.mark.parametrize(
    "host, literal, expected",
    [
        ("10.0.0.1", True, True), ("fe80::1", True, True), ("8.8.8.8", True, False), ("::1", True, True),
        ("vllm", False, True), ("a.local", False, True), ("a.localhost.", False, True), ("a.example", False, False),
    ],
)  # fmt: skip
def test_near_hosts(host: str, literal: bool, expected: bool) -> None:
    assert near(host, literal=literal) is expected


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_a_clear_error(typed: str) -> None:
    try:
        found = parse(typed)
    except TargetError:
        return
    assert isinstance(found, Target)
    assert found.host.isascii()
    assert 0 < found.port < 65536
    for part in (found.path, found.authority, found.host):  # nothing that could end a line of a request
        assert part.isascii()
        assert part.isprintable()
        assert " " not in part


@given(st.from_regex(r"[a-z][a-z0-9]{0,10}(\.[a-z]{2,6}){1,3}", fullmatch=True), st.integers(1, 65535))
def test_a_url_means_itself(host: str, port: int) -> None:
    found = parse(f"https://{host}:{port}/p?q=1")
    assert (found.host, found.port, found.path, found.scheme) == (host, port, "/p?q=1", "https")
    assert parse(found.url) == parse(parse(found.url).url)
