from pathlib import Path

import pytest

from outwait.config.errors import ConfigError
from outwait.config.load import load, loads

EXAMPLE = """
server: {host: 127.0.0.1, port: 8787, workers: 1}
data_dir: ./outwait-data
channels:
  - name: openai
    dialect: openai
    base_url: https://api.openai.com/v1
    api_key: ${OPENAI_API_KEY}
    models: ["gpt-*", "o3-pro"]
    model_map: {o3-pro: o3-pro-2025-06-10}
    priority: 0
    weight: 1
    timeouts: {first_byte: 30m}
keys:
  - {name: dev, key: "${DEV_KEY}", models: ["*"], heartbeat: {after: 5s, every: 5s}, on_disconnect: finish}
timeouts:
  preset: default
  rules:
    - {match: {model: "o3*", stream: false}, first_byte: 20m, total: 60m}
heartbeat: {enabled: true, after: 10s, json_after: 20s, every: 15s, mode: auto}
retry: {attempts: 3}
"""
ENV = {"OPENAI_API_KEY": "sk-1", "DEV_KEY": "ow-1"}
CHANNEL = "channels: [{name: a, base_url: 'http://h/v1'}]\n"


def test_a_working_directory_that_was_removed_holds_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert load(env=ENV | {"HOME": str(tmp_path)}, serving=False).origin.file is None
    with pytest.raises(ConfigError, match="does not exist"):
        load("x.yaml", env=ENV, serving=False)


def test_the_documented_example(tmp_path: Path) -> None:
    file = tmp_path / "outwait.yaml"
    file.write_text(EXAMPLE)
    settings = load(env=ENV | {"HOME": str(tmp_path)}, cwd=tmp_path)
    assert load(file, env=ENV, cwd=tmp_path) == settings
    assert loads(EXAMPLE, env=ENV).model_dump() == settings.model_dump()
    assert settings.channels[0].credentials() == ("sk-1",)
    assert settings.channels[0].timeouts.first_byte == 1800
    assert settings.keys[0].heartbeat.after == 5
    assert (settings.origin.file, settings.origin.fresh_key) == (str(file), None)


def test_the_environment_wins_over_the_file() -> None:
    env = ENV | {
        "OUTWAIT_SERVER__PORT": "9",
        "OUTWAIT_HEARTBEAT__ENABLED": "false",
        "OUTWAIT_SCENARIOS": '{"x*": "deep"}',
    }
    settings = loads(EXAMPLE, env=env)
    assert (settings.server.port, settings.heartbeat.enabled, settings.scenarios) == (9, False, {"x*": "deep"})
    assert settings.heartbeat.after == 10


def test_plain_variables_are_literal_and_json_ones_are_not() -> None:
    env = {"OUTWAIT_DATA_DIR": "a$$b${X}", "OUTWAIT_KEYS": '[{"name": "a", "key": "${K}"}]', "K": "ow-k"}
    settings = loads(CHANNEL, env=env)
    assert settings.data_dir == "a$$b${X}"
    assert settings.keys[0].key.get_secret_value() == "ow-k"


def test_without_a_file_the_provider_variables_make_channels_and_a_key_is_made(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path), "OPENAI_API_KEY": "sk-${not}$$a-reference", "OUTWAIT_SERVER__HOST": "0.0.0.0"}
    settings = load(env=env, cwd=tmp_path)
    assert [channel.name for channel in settings.channels] == ["openai"]
    assert settings.channels[0].credentials() == ("sk-${not}$$a-reference",)
    assert settings.origin.fresh_key == settings.keys[0].key.get_secret_value()
    assert (settings.origin.fresh_key or "").startswith("ow-")
    assert load(env=env, cwd=tmp_path).origin.fresh_key != settings.origin.fresh_key


def test_without_a_file_given_keys_and_channels_are_kept(tmp_path: Path) -> None:
    env = {
        "HOME": str(tmp_path),
        "OPENAI_API_KEY": "sk-1",
        "OUTWAIT_KEYS": '[{"name": "a", "key": "ow-k"}]',
        "OUTWAIT_CHANNELS": '[{"name": "mine", "base_url": "http://h/v1"}]',
    }
    settings = load(env=env, cwd=tmp_path)
    assert settings.origin.fresh_key is None
    assert [channel.name for channel in settings.channels] == ["mine"]


def test_nothing_to_serve_is_explained(tmp_path: Path) -> None:
    env = {"HOME": str(tmp_path)}
    with pytest.raises(ConfigError, match=r"nothing to serve.*outwait\.yaml.*OPENAI_API_KEY"):
        load(env=env, cwd=tmp_path)
    assert load(env=env, cwd=tmp_path, serving=False).channels == ()
    assert load(env=env, cwd=tmp_path, serving=False).origin.fresh_key is None


@pytest.mark.parametrize("text", ["", "channels: []", "channels:"])
def test_a_file_needs_a_channel_to_serve(text: str) -> None:
    with pytest.raises(ConfigError, match="at least one channel"):
        loads(text)
    assert loads(text, serving=False).channels == ()


def test_a_file_without_keys_is_open_on_loopback_only() -> None:
    assert loads(CHANNEL).keys == ()
    with pytest.raises(ConfigError, match="no client key is configured"):
        loads(CHANNEL + "server: {host: 0.0.0.0}")
    loads(CHANNEL + "server: {host: 0.0.0.0}\nkeys: [{name: a, key: b}]")


def test_a_value_that_cannot_be_put_in_is_told_once() -> None:
    with pytest.raises(ConfigError) as caught:
        loads(CHANNEL + "server: {port: '${NO_SUCH}', host: '${NO_SUCH}'}")
    assert [problem.path for problem in caught.value.problems] == ["server.port", "server.host"]


def test_remarks_reach_the_origin() -> None:
    assert "OUTWAIT_DATA_DIR" in loads(CHANNEL, env={"OUTWAIT_DATADIR": "x"}).origin.notes[0]
