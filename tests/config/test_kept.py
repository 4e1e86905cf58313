from __future__ import annotations

import base64
import json

import pytest

from outwait.config.catalog import build
from outwait.config.errors import ConfigError
from outwait.config.kept import KeepSection, StoreSection
from outwait.config.load import loads
from outwait.config.settings import Settings
from outwait.config.summary import summary

CHANNEL = "channels: [{name: a, base_url: 'http://h/v1'}]\n"
CANARY = "canary-4f1d9c"
URL = f"postgresql://me:{CANARY}@db.example:5432/outwait?sslmode=require"
KEY = base64.urlsafe_b64encode(b"\xff" * 32).decode()


def settings(text: str, **env: str) -> Settings:
    return loads(CHANNEL + text, env={f"OUTWAIT_{name}": value for name, value in env.items()})


def told(text: str, **env: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        settings(text, **env)
    return [str(problem) for problem in caught.value.problems]


# ------------------------------------------------------------------------------------------------------------- store
def test_a_store_is_a_file_unless_an_address_is_given() -> None:
    store = settings("").store
    assert (store.address(), store.encryption(), store.place(), store.secrets()) == (None, (), "data_dir", ())
    store = settings(f"store: {{url: '{URL}', keys: ['{KEY}']}}").store
    assert (store.address(), store.encryption()) == (URL, (KEY,))
    assert store.place() == "postgresql://db.example:5432/outwait"


def test_one_key_needs_no_list() -> None:
    assert settings(f"store: {{keys: '{KEY}'}}").store.encryption() == (KEY,)


def test_a_store_can_be_given_by_the_environment() -> None:
    env = {"STORE__URL": URL, "STORE__KEYS": json.dumps([KEY])}
    assert settings("", **env).store == settings(f"store: {{url: '{URL}', keys: ['{KEY}']}}").store


@pytest.mark.parametrize(
    "url, kinds",
    [
        (URL, {URL, CANARY}),
        ("postgresql://me:p%40ss%2Fword@h/d", {"postgresql://me:p%40ss%2Fword@h/d", "p%40ss%2Fword", "p@ss/word"}),
        (
            "postgresql:///d?host=/run&password=p%20ssword",
            {"postgresql:///d?host=/run&password=p%20ssword"} | {"p%20ssword", "p ssword"},
        ),
        ("postgresql+psycopg://me@h/d", set()),
        ("POSTGRES://h/d", set()),
    ],
)
def test_a_password_is_a_secret_in_every_form(url: str, kinds: set[str]) -> None:
    store = StoreSection.model_validate({"url": url, "keys": [KEY]})
    assert set(store.secrets()) == kinds | {KEY}
    assert set(settings(f"store: {{url: '{url}', keys: ['{KEY}']}}").secrets()) == kinds | {KEY}


def test_no_dump_holds_the_password_or_a_key() -> None:
    made = settings(f"store: {{url: '{URL}', keys: ['{KEY}']}}")
    for text in (json.dumps(made.redacted()), repr(made), made.model_dump_json(), json.dumps(summary(made))):
        assert CANARY not in text
        assert KEY not in text
    assert summary(made)["store"] == "postgresql://db.example:5432/outwait"


@pytest.mark.parametrize(
    "url, what",
    [
        ("''", "is empty (is its variable set to an empty text?)"),
        (f"'mysql://me:{CANARY}@h/d'", "is no address of PostgreSQL"),
        (f"'sqlite:///{CANARY}.db'", "is no address of PostgreSQL"),
        (f"'postgresql://me:{CANARY} @h/d'", "holds a blank or a line break"),
        (f"'postgresql://me:{CANARY}/x@h/d'", "is no URL"),
        (f"'postgresql://me:{CANARY}[x@h/d'", "is no URL"),
        (f"'postgresql://me:{CANARY}?x@h/d'", "is no URL"),
        (f"'postgresql://me:{CANARY}@h:99999/d'", "is no URL"),
        (f"'postgresql://me:{CANARY}@h:0/d'", "is no URL"),
        (f"'postgresql:me:{CANARY}@h/d'", "is no URL"),
        (f"'postgresql://h/d#{CANARY}'", "holds a `#`"),
    ],
)
def test_what_is_no_address_is_told_without_it(url: str, what: str) -> None:
    (problem,) = told(f"store: {{url: {url}}}")
    assert problem.startswith(f"line 2: store.url: {what}; expected ")
    assert CANARY not in problem


@pytest.mark.parametrize("key", ["short", "ü" * 43 + "=", "A" * 44, "*" * 43 + "="])
def test_what_is_no_key_is_told_without_it(key: str) -> None:
    (problem,) = told(f"store: {{keys: ['{KEY}', '{key}']}}")
    assert problem.startswith("line 2: store.keys[1]: is no encryption key; expected 32 bytes in url-safe base64")
    assert key not in problem


def test_unknown_fields_are_told() -> None:
    assert "did you mean `url`?" in told("store: {ulr: x}")[0]
    assert "did you mean `responses`?" in told("keep_results: {response: 1d}")[0]
    (problem,) = told("", STORE__URL="http://h")
    assert problem.startswith("$OUTWAIT_STORE__URL: store.url: is no address of PostgreSQL")


# ------------------------------------------------------------------------------------------------------ keep_results
@pytest.mark.parametrize(
    "value, kept",
    [
        ("on", KeepSection()),
        ("'Off'", KeepSection(enabled=False)),
        ("off", KeepSection(enabled=False)),
        ("true", KeepSection()),
        ("{}", KeepSection()),
        ("{ttl: 90m, responses: 90d, size: 500MB}", KeepSection(ttl=5400, responses=90 * 86400, size=500 << 20)),
        ("{enabled: false, ttl: 1h}", KeepSection(enabled=False, ttl=3600)),
    ],
)
def test_results_are_kept_as_said(value: str, kept: KeepSection) -> None:
    assert settings(f"keep_results: {value}").keep_results == kept


def test_the_usual_is_a_day_a_month_and_ten_gigabytes() -> None:
    kept = settings("").keep_results
    assert (kept.enabled, kept.ttl, kept.responses, kept.size) == (True, 86_400, 2_592_000, 10 << 30)
    assert settings("", KEEP_RESULTS="off").keep_results.enabled is False
    assert settings("", KEEP_RESULTS__TTL="2h").keep_results.ttl == 7200


@pytest.mark.parametrize(
    "value, what",
    [
        ("{ttl: 0}", "keep_results.ttl: is not right, got 0; expected a time from 1s to"),
        ("{responses: 2y}", "keep_results.responses: is not right, got '2y'; expected a time"),
        ("{size: much}", "keep_results.size: is not right, got 'much'; expected a size in bytes"),
        ("sometimes", "keep_results: is not right, got 'sometimes'; expected"),
    ],
)
def test_what_cannot_be_kept_so_is_told(value: str, what: str) -> None:
    assert what in told(f"keep_results: {value}")[0]


@pytest.mark.parametrize(
    "everywhere, own, keep",
    [("on", None, True), ("off", None, False), ("on", "off", False), ("off", "on", True), ("off", "{}", None)],
)
def test_a_key_may_have_its_own_way(everywhere: str, own: str | None, keep: bool | None) -> None:
    mine = "" if own is None else f", keep_results: {own}"
    text = f"keep_results: {everywhere}\nkeys: [{{name: dev, key: ow-1{mine}}}]\n"
    if keep is None:
        assert "keys[0].keep_results: is not right, got a mapping; expected" in told(text)[0]
        return
    made = settings(text)
    assert made.keeps(made.keys[0]) is keep
    assert made.keeps() is keep
    assert [principal.keep for principal in build(made).keys.values()] == [keep]
    assert summary(made)["keys"][0]["keep_results"] is keep  # type: ignore[index]  # plain data


def test_something_is_kept_when_one_key_keeps() -> None:
    two = "keys: [{name: a, key: ow-1}, {name: b, key: ow-2, keep_results: on}]"
    assert settings(f"keep_results: off\n{two}").keeps()
    assert not settings("keep_results: off").keeps()
    assert settings("").keeps()
