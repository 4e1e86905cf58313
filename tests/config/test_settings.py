import json
import pickle

import pytest
from pydantic import ValidationError

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


def test_the_guard_has_its_limits() -> None:
    limits = Settings().server.limits
    assert (limits.request_line, limits.headers, limits.header_bytes, limits.header_time) == (8192, 128, 32768, 10)
    assert (limits.body_rate, limits.body_time, limits.json_body) == (1024, 120, 20 << 20)
    assert limits.file_body == 100 << 20
    assert (limits.keepalive, limits.per_ip, limits.upstream_response) == (75, 256, 256 << 20)
    assert (limits.replay, limits.replay_memory) == (64 << 20, 1 << 20)
