import json
import pickle

import pytest
from pydantic import ValidationError

from outwait.config.errors import ConfigError
from outwait.config.load import loads
from outwait.config.settings import Origin, ServerSection, Settings

CANARY = "canary-4f1d9c"
FULL = f"""
channels:
  - name: a
    base_url: http://h/v1
    api_keys: [{CANARY}-one, {CANARY}-two]
    headers: {{Authorization: Bearer {CANARY}-three, x-title: plain title}}
keys: [{{name: dev, key: {CANARY}-four}}, {{name: short, key: dev}}]
"""


def test_no_dump_holds_a_secret() -> None:
    settings = loads(FULL)
    dump = settings.redacted()
    for text in (json.dumps(dump), repr(settings), str(settings), settings.model_dump_json()):
        assert CANARY not in text
    assert dump["channels"][0]["name"] == "a"


def test_secrets_are_known_longest_first_and_short_ones_left_out() -> None:
    secrets = loads(FULL).secrets()
    assert {f"{CANARY}-{each}" for each in ("one", "two", "three", "four")} <= set(secrets)
    assert list(secrets) == sorted(secrets, key=lambda each: (-len(each), each))
    assert "dev" not in secrets
    assert "plain title" not in secrets


@pytest.mark.parametrize(
    "host, loopback",
    [
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("::1", True),
        ("localhost", True),
        ("0.0.0.0", False),
        ("::", False),
        ("gw", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert ServerSection(host=host).loopback is loopback


def test_settings_are_frozen_and_travel_whole() -> None:
    settings = loads(FULL).of_origin(Origin(file="f", fresh_key="ow-x"))
    with pytest.raises(ValidationError):
        settings.data_dir = "x"  # type: ignore[misc] # that is the point
    again = pickle.loads(pickle.dumps(settings))
    assert (again, again.origin) == (settings, settings.origin)
    assert "ow-x" not in repr(settings.origin)


CHANNEL = "channels: [{name: a, base_url: http://h/v1}]\n"


def test_no_web_page_may_call_unless_it_is_listed() -> None:
    assert Settings().server.cors == ()
    for text in ('"http://localhost:3000"', "[http://localhost:3000/]"):
        assert loads(f"{CHANNEL}server: {{cors: {text}}}").server.cors == ("http://localhost:3000",)
    for text in ("[]", "off"):
        assert loads(f"{CHANNEL}server: {{cors: {text}}}").server.cors == ()
    environ = {"OUTWAIT_SERVER__CORS": '["https://a.example", "https://b.example:443"]'}
    assert loads(CHANNEL, env=environ).server.cors == ("https://a.example", "https://b.example")


def test_every_page_may_only_where_a_key_is_asked_for() -> None:
    for text in ('"*"', '[http://localhost:3000, "*"]'):
        with pytest.raises(ConfigError, match="lets any web page call") as caught:
            loads(f"{CHANNEL}server: {{cors: {text}}}")
        (problem,) = caught.value.problems
        assert (problem.path, problem.line) == ("server.cors", 2)
        assert "`keys:`" in str(problem)
        loads(f"{CHANNEL}server: {{cors: {text}}}\nkeys: [{{name: a, key: b}}]")


def test_an_origin_that_is_none_is_told_with_its_line() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(CHANNEL + "server:\n  cors:\n    - https://a.example\n    - https://a.example/chat\n    - nonsense\n")
    told = [(problem.path, problem.line, problem.what) for problem in caught.value.problems]
    assert told == [
        ("server.cors[1]", 5, "'https://a.example/chat' has a path, which an origin has not"),
        ("server.cors[2]", 6, "'nonsense' has no scheme, such as https://"),
    ]


def test_the_guard_has_its_limits() -> None:
    limits = Settings().server.limits
    assert (limits.request_line, limits.headers, limits.header_bytes, limits.header_time) == (8192, 128, 32768, 10)
    assert (limits.body_rate, limits.body_time, limits.json_body) == (1024, 120, 20 << 20)
    assert limits.file_body == 100 << 20
    assert (limits.keepalive, limits.per_ip, limits.upstream_response) == (75, 256, 256 << 20)
    assert (limits.replay, limits.replay_memory) == (64 << 20, 1 << 20)
