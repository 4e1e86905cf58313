from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import typer

from outwait.cli import check_ask
from outwait.cli.check_ask import Asked
from outwait.core.tongue import Tongue
from outwait.toolkit.check.target import Target
from outwait.toolkit.check.wording import Asking
from outwait.toolkit.check.words import Wrong

pytestmark = pytest.mark.usefixtures("bare")

CONFIG = """
channels:
  - {name: main, base_url: 'http://a.test/v1', api_keys: [sk-canary-main], models: ['gpt-*']}
  - {name: spare, dialect: anthropic, api_key: sk-canary-spare}
"""
ONE, TWO = "https://one.test/v1", "https://two.test/v1"


def find(*words: str, **more: Any) -> tuple[Target, ...]:
    return check_ask.find(Asked(words, **more))


def refused(*words: str, **more: Any) -> str:
    """What is said of a usage that is wrong."""
    with pytest.raises(Wrong) as raised:
        check_ask.worded(find(*words, **more), Asking())
    return str(raised.value)


def keys(found: tuple[Target, ...]) -> list[tuple[str, ...]]:
    return [() if each.channel is None else each.channel.api_keys for each in found]


def test_models_and_keys_are_for_all_or_for_each() -> None:
    once = find(ONE, TWO, models=["m"], keys=["k"])
    assert [each.model for each in once] == ["m", "m"]
    assert keys(once) == [("k",), ("k",)]
    each = find(ONE, TWO, models=["m", "n"], keys=["k", ""])
    assert [target.model for target in each] == ["m", "n"]
    assert keys(each) == [("k",), ()]


def test_keys_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    assert keys(find(ONE)) == [("sk-canary",)]


def test_channels_come_from_the_configuration() -> None:
    Path("outwait.yaml").write_text(CONFIG)
    assert [each.name for each in find()] == ["main", "spare"]
    assert [each.name for each in find("spare")] == ["spare"]
    assert [each.name for each in find(ONE, "main", config="outwait.yaml")] == ["one.test/v1", "main"]
    wordings = check_ask.worded(find(models=["gpt-4o"]), Asking())
    assert [wording.about.paid for wording in wordings] == [True, True]


@pytest.mark.parametrize(
    "words, more, says",
    [
        (["api.openai.com"], {}, "is no URL (https://...) and no configured channel (main, spare)"),
        (["nobody"], {}, "no configured channel (main, spare)"),
        ([ONE, "main"], {}, "needs --config"),
        ([ONE], {"dialect": "klingon"}, "openai, responses, anthropic, gemini, http"),
        ([ONE, TWO, ONE], {"models": ["m", "n"]}, "given 2 times"),
        ([ONE, TWO], {"keys": ["a", "b", "c"]}, "given 3 times"),
        (["main"], {"keys": ["a"]}, "a channel has its own"),
        (["main"], {"dialect": "openai"}, "a channel has its own"),
        (["main"], {"models": ["m", "n"]}, "channels take one model"),
        (["https://"], {}, "is not a URL such as"),
        ([ONE], {"models": ["dall-e-3"]}, "without --model"),
        (["http://169.254.169.254/v1"], {"models": ["m"]}, "link-local"),
        ([ONE + "/health"], {"models": ["m"], "dialect": "http"}, "has no model"),
    ],
)
def test_what_is_wrong_is_said(words: list[str], more: dict[str, Any], says: str) -> None:
    Path("outwait.yaml").write_text(CONFIG)
    assert says in refused(*words, **more)


@pytest.mark.parametrize("word", ["127.0.0.1:9100/v1", "localhost", "api.openai.com/v1", "[::1]:80", "box:8080"])
def test_an_address_without_its_scheme_is_told_so(word: str) -> None:
    assert "put https:// or http:// before it" in refused(word)
    assert "put https:// or http:// before it" in refused(ONE, word)


def test_a_name_where_no_channel_is_configured() -> None:
    assert "no configured channel (none is configured)" in refused("openai")


def test_nothing_to_check_is_told_what_to_do() -> None:
    assert "name a URL" in refused()


def test_a_configuration_that_is_wrong_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    Path("outwait.yaml").write_text("channels: [{nome: x}]")
    with pytest.raises(typer.Exit) as ended:
        find()
    assert ended.value.exit_code == 2
    assert "nome" in capsys.readouterr().err


def announced(found: tuple[Target, ...], *, each: bool = False, **asking: Any) -> list[str]:
    wordings = check_ask.worded(found, Asking(**asking))
    return [remark.told(Tongue.EN) for remark in check_ask.announced(found, wordings, 10, each=each)]


def test_what_will_be_paid_is_said_before() -> None:
    assert announced(find(ONE, TWO, models=["gpt-4o"])) == [
        "20 paid calls will be made: gpt-4o, at most 64 tokens of answer each."
    ]
    assert announced(find(ONE, models=["o3"]), each=True) == [
        "10 paid calls will be made in each round: o3, at most 1024 tokens of answer each."
    ]


def test_what_is_free_is_said_to_be() -> None:
    assert announced(find(ONE)) == [
        "Only free requests are made: GET /v1/models. With --model a model is called, which is paid."
    ]
    assert announced(find(ONE + "/health")) == []


def test_which_key_goes_where_is_said_without_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    told = announced(find(ONE, TWO, keys=["mine", ""]))
    assert told[1:] == ["OPENAI_API_KEY is sent to two.test/v1."]
    assert "canary" not in "".join(told)


def test_a_channel_that_does_not_serve_the_model_is_named() -> None:
    Path("outwait.yaml").write_text(CONFIG)
    told = announced(find(models=["claude-x"]))
    assert told[0].startswith("10 paid calls")
    assert told[1] == "main: it does not serve claude-x: a free request instead."


def test_a_proxy_of_the_environment_is_named_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary@proxy.test:3128")
    monkeypatch.setenv("NO_PROXY", "two.test")
    assert announced(find(ONE, TWO))[1:] == [
        "one.test/v1: goes through the proxy proxy.test:3128 of the environment; connect is the way to that."
    ]


@pytest.mark.parametrize(
    "variable, proxy, says",
    [
        ("HTTPS_PROXY", "http://127.0.0.1:99999", "no URL .Port out of range"),
        ("HTTPS_PROXY", "http://[::1", "no URL .Invalid IPv6 URL"),
        ("ALL_PROXY", "gopher://127.0.0.1:1", "gopher:// is not spoken here; http://"),
    ],
)
def test_a_proxy_that_cannot_be_used_is_named_where_it_applies(
    variable: str, proxy: str, says: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, proxy)
    with pytest.raises(Wrong, match=says) as wrong:
        check_ask.worded(find(ONE), Asking())
    assert wrong.value.hint == variable
    monkeypatch.setenv("NO_PROXY", "one.test")
    assert check_ask.worded(find(ONE), Asking())[0].proxy is None


def test_the_proxy_of_the_scheme_comes_before_the_one_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:1080")
    assert check_ask.worded(find(ONE), Asking())[0].proxy.url == "socks5://127.0.0.1:1080"  # type: ignore[union-attr]
    monkeypatch.setenv("HTTPS_PROXY", "127.0.0.1:3128")
    assert check_ask.worded(find(ONE), Asking())[0].proxy.url == "http://127.0.0.1:3128"  # type: ignore[union-attr]


def test_who_has_no_key_is_told_where_one_is_looked_for() -> None:
    found = find(ONE, TWO, keys=["", "k"])
    told = check_ask.keyless(found, ["one.test/v1", "two.test/v1"])
    assert [remark.told(Tongue.EN) for remark in told] == [
        "one.test/v1: no key was sent; give it with --key or OPENAI_API_KEY."
    ]


@pytest.mark.parametrize("text, share", [("90", 0.9), ("99.5%", 0.995), ("0", 0.0), (" 100 % ", 1.0)])
def test_a_share(text: str, share: float) -> None:
    assert check_ask.share_of(text) == pytest.approx(share)


@pytest.mark.parametrize("text", ["", "most", "101", "-1", "nan"])
def test_no_share(text: str) -> None:
    with pytest.raises(Wrong, match="from 0 to 100"):
        check_ask.share_of(text)
