from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.listing import Page, following, read
from outwait.dialects.provider import Way
from outwait.dialects.providers import PROVIDERS

FORMS = ("openai", "anthropic", "gemini")


def told(form: str, body: Any) -> Page | None:
    return read(form, json.dumps(body).encode())


def test_the_list_of_openai_and_who_is_like_it() -> None:
    card = {"id": "gpt-4o", "object": "model", "created": 1715367049, "owned_by": "system"}
    assert told("openai", {"object": "list", "data": [card]}) == Page(("gpt-4o",))
    wordy = {"id": "anthropic/claude-opus-5", "pricing": {"prompt": "0.000005"}, "description": "Long. " * 500}
    assert told("openai", {"data": [wordy, card]}) == Page(("anthropic/claude-opus-5", "gpt-4o"))


def test_a_list_may_be_a_bare_array_or_null() -> None:
    assert told("openai", [{"id": "Austism/chronos-hermes-13b", "type": "chat"}]) == Page(
        ("Austism/chronos-hermes-13b",)
    )
    assert told("openai", {"object": "list", "data": None}) == Page(())


def test_the_pages_of_anthropic() -> None:
    card = {
        "type": "model",
        "id": "claude-opus-5",
        "display_name": "Claude Opus 5",
        "created_at": "2026-02-04T00:00:00Z",
    }
    body = {"data": [card], "has_more": True, "first_id": "claude-opus-5", "last_id": "claude-opus-5"}
    assert told("anthropic", body) == Page(("claude-opus-5",), "after_id=claude-opus-5")
    assert told("anthropic", body | {"has_more": False}) == Page(("claude-opus-5",))
    assert told("anthropic", body | {"last_id": None}) == Page(("claude-opus-5",), "after_id=claude-opus-5")
    assert told("anthropic", {"data": [], "has_more": True}) == Page(())
    assert told("openai", body) == Page(("claude-opus-5",))


def test_the_pages_of_gemini() -> None:
    card = {"name": "models/gemini-3-pro", "supportedGenerationMethods": ["generateContent", "countTokens"]}
    body = {"models": [card], "nextPageToken": "Ch8K/+="}
    assert told("gemini", body) == Page(("gemini-3-pro",), "pageToken=Ch8K%2F%2B%3D")
    assert told("gemini", {"models": [card]}) == Page(("gemini-3-pro",))
    assert told("gemini", {}) == Page(())
    assert told("gemini", body | {"nextPageToken": 7}) == Page(("gemini-3-pro",))


@pytest.mark.parametrize(
    "methods, listed",
    [
        (["embedContent"], True),
        (["predict"], True),
        (["bidiGenerateContent"], False),
        (["predictLongRunning", 3], False),
        ([], False),
        (None, True),
        ("generateContent", True),
    ],
)
def test_a_model_of_gemini_that_nobody_could_call_here_is_not_listed(methods: object, listed: bool) -> None:
    body = {"models": [{"name": "models/x", "supportedGenerationMethods": methods}]}
    assert told("gemini", body) == Page(("x",) if listed else ())


def test_cards_without_a_usable_name_are_not_there() -> None:
    cards = [{"id": ""}, {"id": 3}, {}, {"id": None}, {"id": "a\nb"}, {"id": "a\x00"}, {"id": "a"}, {"id": "a"}]
    assert told("openai", {"data": cards}) == Page(("a",))
    names = [{"name": "models/"}, {"name": ["x"]}, {"name": "models/a"}, {"name": "a"}]
    assert told("gemini", {"models": names}) == Page(("a",))


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html><body>502 Bad Gateway</body></html>",
        b"{}",
        b"null",
        b'"gpt-4o"',
        b'{"error":{"message":"no"}}',
        b'{"data":{"id":"a"}}',
        b'{"data":["a"]}',
        b'{"data":[{"id":"a"}',
        b'{"data":[{"id":"\xff"}]}',
        b'{"data":[{"id":"\\ud800"}]}',
        b'{"x":' + b"[" * 100_000,
        b'{"data":[{"id":' + b"[" * 100_000,
    ],
)
def test_what_is_no_list_of_models(body: bytes) -> None:
    assert read("openai", body) is None
    assert read("anthropic", body) is None


def test_what_is_no_list_of_gemini() -> None:
    for body in (b"", b"[]", b'{"models":{}}', b'{"models":[1]}'):
        assert read("gemini", body) is None


def test_the_next_page_is_beside_the_first() -> None:
    paged, bare = Way("anthropic", "/models?limit=1000"), Way("anthropic", "/models")
    page = Page(("a",), "after_id=a")
    assert following(paged, page).path == "/models?limit=1000&after_id=a"
    assert following(bare, page).path == "/models?after_id=a"


def test_a_cursor_that_is_too_long_ends_the_list() -> None:
    assert told("gemini", {"models": [], "nextPageToken": "x" * 2001}) == Page(())
    assert told("gemini", {"models": [], "nextPageToken": "/" * 700}) == Page(())
    assert told("gemini", {"models": [], "nextPageToken": ""}) == Page(())
    assert told("gemini", {"models": [], "nextPageToken": "x" * 1980}) == Page((), "pageToken=" + "x" * 1980)


def test_every_provider_that_lists_is_read() -> None:
    forms = {name: row.lists.dialect for name, row in PROVIDERS.items() if row.lists is not None}
    assert forms.pop("anthropic") == "anthropic"
    assert forms.pop("gemini") == "gemini"
    assert set(forms.values()) == {"openai"}


junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=10,
)
keys = st.sampled_from(
    ["data", "models", "id", "name", "has_more", "last_id", "nextPageToken", "supportedGenerationMethods", "object"]
)
nearly = st.recursive(
    junk, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=5), max_leaves=20
)


def kept(page: Page | None) -> None:
    """What holds for whatever was read."""
    if page is None:
        return
    assert len(set(page.names)) == len(page.names)
    assert all(name and name.isprintable() for name in page.names)
    if page.more:
        name, _, cursor = page.more.partition("=")
        assert name in {"after_id", "pageToken"}
        assert cursor.isascii()
        assert not set(cursor) & set(" \r\n&=?#{}/")


@given(st.sampled_from(FORMS), nearly)
def test_whatever_json_comes_is_read_or_refused(form: str, body: Any) -> None:
    kept(told(form, body))


@given(st.sampled_from(FORMS), st.binary(max_size=200))
def test_whatever_bytes_come_are_read_or_refused(form: str, body: bytes) -> None:
    kept(read(form, body))


@given(st.text(min_size=1, max_size=60), st.lists(st.text(max_size=20), max_size=10))
def test_whatever_the_cursor_is_it_stays_one_value(cursor: str, names: list[str]) -> None:
    page = told("gemini", {"models": [{"name": f"models/{name}"} for name in names], "nextPageToken": cursor})
    kept(page)
    whole = told("anthropic", {"data": [{"id": name} for name in names], "has_more": True, "last_id": cursor})
    kept(whole)
    if page is not None and whole is not None:
        assert page.names == tuple(dict.fromkeys(name for name in names if name and name.isprintable()))
