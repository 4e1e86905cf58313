from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Channel
from outwait.toolkit.check.target import BadTarget, keyed, named, of_channel, of_url, variable


def dialect(url: str, given: str | None = None, model: str | None = None) -> tuple[str, tuple[str, ...]] | None:
    """The provider and the endpoints that a URL is taken for; None for a plain one."""
    channel = of_url(url, dialect=given, model=model).channel
    return None if channel is None else (channel.dialect, channel.endpoints)


@pytest.mark.parametrize(
    "url, found",
    [
        ("https://api.openai.com/v1", ("openai", ())),
        ("https://api.openai.com", ("openai", ())),
        ("https://api.openai.com/v1/responses", ("openai", ("responses",))),
        ("https://api.anthropic.com", ("anthropic", ())),
        ("https://generativelanguage.googleapis.com/v1beta", ("gemini", ())),
        ("https://api.deepseek.com", ("deepseek", ())),
        ("https://openrouter.ai/api/v1", ("openrouter", ())),
        ("http://127.0.0.1:9100/v1", ("compatible", ())),
        ("http://127.0.0.1:9100/v1/", ("compatible", ())),
        ("https://gw.test/v1/chat/completions", ("compatible", ())),
        ("https://gw.test/v1/messages", ("anthropic", ())),
        ("https://gw.test/anthropic", ("anthropic", ())),
        ("https://gw.test/v1/responses", ("openai", ("responses",))),
        ("https://gw.test/v1beta", ("gemini", ())),
        ("https://gw.test/openai", ("compatible", ())),
        ("https://gw.test/", None),
        ("https://gw.test/health", None),
        ("http://127.0.0.1:9100/v1/models", None),
    ],
)
def test_what_a_url_is_taken_for(url: str, found: tuple[str, tuple[str, ...]] | None) -> None:
    assert dialect(url) == found


def test_a_model_makes_any_url_an_api() -> None:
    assert dialect("http://127.0.0.1:9100", model="llama") == ("compatible", ())


@pytest.mark.parametrize(
    "url, given, found",
    [
        ("https://gw.test/v1", "anthropic", ("anthropic", ())),
        ("https://gw.test/v1", "responses", ("openai", ("responses",))),
        ("https://api.openai.com/v1", "responses", ("openai", ("responses",))),
        ("https://api.deepseek.com", "openai", ("deepseek", ())),
        ("https://api.deepseek.com", "anthropic", ("anthropic", ())),
        ("https://gw.test/v1", "http", None),
    ],
)
def test_a_dialect_that_is_named_wins(url: str, given: str, found: tuple[str, tuple[str, ...]] | None) -> None:
    assert dialect(url, given) == found


@pytest.mark.parametrize(
    "url, says",
    [
        ("ftp://x", "not a URL such as"),
        ("https://", "not a URL such as"),
        ("https://x:99999/v1", "not a URL"),
        ("https://x:0/v1", "port 0"),
        ("https://x/a b", "blank"),
        ("https://me:pw@x/v1", "--key"),
    ],
)
def test_what_is_no_target_is_told_without_its_secrets(url: str, says: str) -> None:
    with pytest.raises(BadTarget, match=says) as raised:
        of_url(url)
    assert "pw" not in str(raised.value)


def test_a_plain_url_has_no_model() -> None:
    with pytest.raises(BadTarget, match="--model"):
        of_url("https://x/health", dialect="http", model="m")


def test_nothing_shown_of_a_url_is_secret() -> None:
    target = of_url("https://me:pa%40ss@gw.test/health?token=canary%2D1#top")
    assert (target.name, target.url, target.plain) == (
        "gw.test/health",
        "https://gw.test/health",
        "https://gw.test/health?token=canary%2D1",
    )
    assert target.user == ("me", "pa@ss")
    assert {"pa@ss", "canary%2D1", "canary-1"} <= set(target.secrets)
    assert "canary" not in repr(target)
    assert "pa@ss" not in repr(target)


def test_a_key_in_the_query_of_an_api_goes_with_its_requests() -> None:
    target = of_url("https://gw.test/v1beta?key=canary")
    assert target.channel is not None
    assert target.channel.base_url.endswith("?key=canary")
    assert "canary" in target.secrets


def test_a_channel_is_a_target_with_its_own_key() -> None:
    target = of_channel(Channel("main", "openai", "", ("secret",)), "gpt-4o")
    assert (target.name, target.url, target.model) == ("main", "https://api.openai.com/v1", "gpt-4o")


ENVIRON = {"OPENAI_API_KEY": "of-openai", "ANTHROPIC_API_KEY": "of-anthropic", "DEEPSEEK_API_KEY": " "}


def keys(*urls: str, key: str | None = None) -> list[tuple[tuple[str, ...], str]]:
    found = keyed(tuple(of_url(url, key=key) for url in urls), ENVIRON)
    return [((), "") if each.channel is None else (each.channel.api_keys, each.key_from) for each in found]


def test_keys_come_from_the_environment_by_provider() -> None:
    assert keys("https://api.openai.com/v1", "https://api.anthropic.com", "https://api.deepseek.com") == [
        (("of-openai",), "OPENAI_API_KEY"),
        (("of-anthropic",), "ANTHROPIC_API_KEY"),
        ((), ""),
    ]
    assert keys("http://127.0.0.1:1/v1") == [(("of-openai",), "OPENAI_API_KEY")]
    assert keys("http://127.0.0.1:1/health") == [((), "")]
    assert keys("https://api.openai.com/v1", key="mine") == [(("mine",), "")]


def test_a_key_does_not_wander_to_who_is_compared_with_its_owner() -> None:
    assert keys("https://api.openai.com/v1", "https://cheap.test/v1") == [
        (("of-openai",), "OPENAI_API_KEY"),
        ((), ""),
    ]


def test_the_variable_is_that_of_the_provider() -> None:
    urls = ("https://gw.test/v1", "https://api.x.ai/v1", "https://gw.test/health")
    assert [variable(of_url(url)) for url in urls] == ["OPENAI_API_KEY", "XAI_API_KEY", None]


def names(*pairs: tuple[str, str | None]) -> list[str]:
    return [each.name for each in named(tuple(of_url(url, model=model) for url, model in pairs))]


def test_names_tell_targets_apart() -> None:
    one, two = "https://a.test/v1", "https://b.test/v1"
    assert names((one, "m"), (two, "m")) == ["a.test/v1", "b.test/v1"]
    assert names((one, "m"), (one, "n")) == ["m", "n"]
    assert names((one, "m"), (one, "m")) == ["a.test/v1", "a.test/v1 #2"]
    assert names((one, "m"), (two, "m"), (one, "n")) == ["a.test/v1 m", "b.test/v1", "a.test/v1 n"]
    assert names((one, "m")) == ["a.test/v1"]


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused_with_a_sentence(text: str) -> None:
    for url in (text, f"https://{text}", f"https://x.test/{text}"):
        told: object = None
        try:
            told = of_url(url)
        except BadTarget as error:
            told = str(error)
        assert told
