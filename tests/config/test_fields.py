from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from outwait.config import fields


def read(kind: Any, value: object) -> Any:
    return TypeAdapter(kind).validate_python(value)


def refused(kind: Any, value: object) -> bool:
    try:
        read(kind, value)
    except ValidationError:
        return True
    return False


@pytest.mark.parametrize("value, seconds", [(90, 90), ("90", 90), ("90s", 90), ("15m", 900), ("1.5", 1.5), (0.5, 0.5)])
def test_clocks(value: object, seconds: float) -> None:
    assert read(fields.Clock, value) == seconds


@pytest.mark.parametrize("value", [True, 0, -1, "8d", "soon", None, [1], float("nan"), float("inf"), "1e3"])
def test_what_is_no_clock(value: object) -> None:
    assert refused(fields.Clock, value)


def test_beats_are_from_one_second_to_five_minutes() -> None:
    assert [read(fields.Beat, value) for value in (1, "5m")] == [1, 300]
    assert refused(fields.Beat, 0.99)
    assert refused(fields.Beat, 301)
    assert read(fields.Drain, 0) == 0


@pytest.mark.parametrize(
    "value, size", [(1, 1), ("64KB", 65536), ("20 MB", 20 * 1024**2), ("1.5k", 1536), ("1GiB", 1024**3)]
)
def test_sizes(value: object, size: int) -> None:
    assert read(fields.Size, value) == size


@pytest.mark.parametrize("value", [0, True, -1, "many", "1TB", 2**41, 1.5, None])
def test_what_is_no_size(value: object) -> None:
    assert refused(fields.Size, value)


@given(st.integers(min_value=1, max_value=2**40))
def test_any_size_reads_back(size: int) -> None:
    assert read(fields.Size, str(size)) == size


def test_names_globs_and_hosts() -> None:
    assert read(fields.Name, "a.b-c_1") == "a.b-c_1"
    assert all(refused(fields.Name, bad) for bad in ("", "a b", "-a", "a" * 65, "ä", "a\n"))
    assert read(fields.Glob, "ft:gpt-4o*/x") == "ft:gpt-4o*/x"
    assert all(refused(fields.Glob, bad) for bad in ("", "a b", "a\n"))
    assert [read(fields.Host, good) for good in ("[::1]", "0.0.0.0", "gw.example")] == ["::1", "0.0.0.0", "gw.example"]
    assert all(refused(fields.Host, bad) for bad in ("", "http://x", "300.1.1.1", "a b", "host:80"))


@pytest.mark.parametrize(
    "value, kept",
    [
        ("https://api.openai.com/v1/", "https://api.openai.com/v1"),
        ("http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1"),
        ("http://[::1]:8000", "http://[::1]:8000"),
    ],
)
def test_base_urls(value: str, kept: str) -> None:
    assert read(fields.BaseUrl, value) == kept


@pytest.mark.parametrize(
    "value",
    [
        "api.openai.com/v1", "ftp://x/v1", "https://", "https://h:99999/", "https://h:0/", "https://u:p@h/v1", "https://h/v1?a=1",
        "https://h/v1#a", "https://h/v1/chat/completions", "https://h/v 1", "https://h/\n", "http://169.254.169.254/",
        "http://[fe80::1]/", "http://[::ffff:169.254.169.254]/", "http://0.0.0.0/", "http://metadata.google.internal/", "http://[x/",
    ],
)  # fmt: skip
def test_what_is_no_base_url(value: str) -> None:
    assert refused(fields.BaseUrl, value)


def test_secrets_are_one_visible_word() -> None:
    assert read(fields.Secret, "sk-1").get_secret_value() == "sk-1"
    assert all(refused(fields.Secret, bad) for bad in ("", "a b", "a\n", "ä", "a\x7f", 5))


def test_headers_cannot_break_the_framing() -> None:
    assert read(fields.HeaderName, "X-Title") == "x-title"
    assert all(refused(fields.HeaderName, bad) for bad in ("", "a b", "Host", "content-length", "x:y", "Connection"))
    assert read(fields.HeaderValue, "a b").get_secret_value() == "a b"
    assert all(refused(fields.HeaderValue, bad) for bad in ("a\r\nb: c", "a\0", "€"))


def test_shares() -> None:
    assert [read(fields.Share, value) for value in (0, 1, "2%", "0.5")] == [0, 1, 0.02, 0.5]
    assert all(refused(fields.Share, bad) for bad in (-1, 1.01, "200%", "x", True, None, "nan"))


def test_departures() -> None:
    words = ("finish", "Cancel", "linger", "linger:60s", "linger: 2m")
    assert [read(fields.Departure, word) for word in words] == ["finish", "cancel", "linger", "linger:60", "linger:120"]
    assert all(refused(fields.Departure, bad) for bad in ("stay", "linger:", "linger:x", "finish:1", 1, None))


def test_files_and_directories(tmp_path: Path) -> None:
    file = tmp_path / "f"
    file.touch()
    assert read(fields.ExistingFile, str(file)) == str(file)
    assert refused(fields.ExistingFile, str(tmp_path))
    assert refused(fields.Directory, " ")
    assert not read(fields.Directory, "~/x").startswith("~")


def test_networks() -> None:
    good = ("10.0.0.0/8", "192.0.2.7", "fd00::/8", "::1")
    assert [read(fields.Network, each) for each in good] == ["10.0.0.0/8", "192.0.2.7/32", "fd00::/8", "::1/128"]
    assert all(refused(fields.Network, bad) for bad in ("", "10.0.0.1/8", "proxy", "1.2.3.4:80", "::/129"))


def test_origins_of_web_pages() -> None:
    good = ("*", "https://Chat.example.com/", "http://localhost:*")
    assert [read(fields.WebOrigin, each) for each in good] == ["*", "https://chat.example.com", "http://localhost:*"]
    for bad, why in (("null", "'null' is what a page without an origin sends"), ("http://a b", "an origin such as")):
        with pytest.raises(ValidationError) as caught:
            read(fields.WebOrigin, bad)
        (error,) = caught.value.errors()
        assert why in str(error["ctx"])
