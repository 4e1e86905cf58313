from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from outwait.cli.commands import app

CONFIG = """
channels:
  - {name: first, base_url: 'http://a/v1', models: ['o3*', 'gpt-[45]*'], timeouts: {idle: 77}}
  - {name: second, base_url: 'http://b/v1', models: ['o3*'], priority: 1}
keys: [{name: dev, key: ow-canary-1, models: ['o3*'], timeouts: {total: 123}, on_disconnect: cancel}]
"""


pytestmark = pytest.mark.usefixtures("bare")


def run(*arguments: str, config: str | None = CONFIG) -> Result:
    if config is not None:
        Path("outwait.yaml").write_text(config)
    return CliRunner().invoke(app, ["explain", *arguments])


def decisions(*arguments: str, config: str | None = CONFIG) -> dict[str, tuple[str, str]]:
    """Decision -> (value, reason), of the JSON form."""
    done = run(*arguments, "--json", config=config)
    assert done.exit_code == 0, done.output
    return {row["name"]: (row["value"], row["reason"]) for row in json.loads(done.stdout)["decisions"]}


def test_without_a_configuration_the_built_in_numbers_are_shown() -> None:
    done = run("--model", "o3-pro", "--stream", config=None)
    assert done.exit_code == 0
    for word in ("scenario", "deep", "first_byte", "30m", "heartbeat", "(any)"):
        assert word in done.stdout
    assert "No channels are configured" in done.stderr


def test_every_source_of_a_number_is_named() -> None:
    found = decisions(
        *("--model", "o3", "--key", "dev", "--header", "x-outwait-timeout-first-byte: 9m"),
        *("-H", "User-Agent: OpenAI/Python 1.99.0", "-H", "x-stainless-read-timeout: 600"),
    )
    assert found["idle"] == ("77s", "channel first")
    assert found["total"] == ("2m3s", "key dev")
    assert found["first_byte"][0] == "9m"
    assert "header" in found["first_byte"][1]
    assert found["on_disconnect"] == ("cancel", "key dev")
    assert found["patience"][0] == "10m"
    assert (found["1"][0], found["2"][0]) == ("first", "second")


def test_the_effort_and_the_stream_count() -> None:
    assert decisions("--model", "gpt-5", "--effort", "high")["scenario"][0] == "reasoning"
    assert "streamed as asked" in decisions("--model", "o3", "--stream")["1"][1]


def test_patterns_are_not_taken_for_markup() -> None:
    config = CONFIG + "timeouts: {rules: [{match: {model: 'gpt-[45]*'}, idle: 5}]}\nscenarios: {'gpt-[45]*': chat}\n"
    assert "gpt-[45]*" in run("--model", "gpt-4o", config=config).stdout


@pytest.mark.parametrize(
    "arguments, status, code",
    [
        (["--model", "llama"], 404, "model_not_found"),
        (["--model", "gpt-4o", "--key", "dev"], 403, "permission_denied"),
        (["--model", "o3", "-H", "x-outwait-heartbeat: loud"], 400, "invalid_value"),
    ],
)
def test_what_the_gateway_would_refuse_is_bad_news(arguments: list[str], status: int, code: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 1
    assert f"The gateway would answer {status} {code}: " in done.stderr
    told = json.loads(run(*arguments, "--json").stdout)["refused"]
    assert (told["status"], told["code"]) == (status, code)


@pytest.mark.parametrize(
    "arguments, word",
    [
        ([], "--model"),
        (["--model", "o3", "--key", "nobody"], "known: dev"),
        (["--model", "o3", "--header", "oops"], "name: value"),
        (["--model", "o3", "--config", "missing.yaml"], "does not exist"),
    ],
)
def test_usage_errors_end_with_2(arguments: list[str], word: str) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert word in done.stderr
    assert "Traceback" not in done.stderr


def test_help_teaches() -> None:
    done = run("--help")
    for word in ("outwait explain --model o3-pro --stream", "Exit status", "seven clocks"):
        assert word in done.stdout


def test_every_endpoint_can_be_explained() -> None:
    config = CONFIG + "timeouts: {rules: [{match: {endpoint: messages}, idle: 55}]}\n"
    asked = decisions("--model", "o3", "--endpoint", "messages", config=config)
    assert "translated to chat.completions" in asked["1"][1]
    other = "channels: [{name: a, dialect: anthropic}]\ntimeouts: {rules: [{match: {endpoint: messages}, idle: 55}]}\n"
    assert decisions("--model", "x", "--endpoint", "messages", config=other)["idle"][0] == "55s"
    assert decisions("--model", "gpt-4o", "--endpoint", "embeddings")["scenario"][0] == "embedding"


def test_an_endpoint_nobody_has_is_a_usage_error() -> None:
    done = run("--model", "o3", "--endpoint", "chat")
    assert done.exit_code == 2
    assert "chat.completions" in done.stderr.replace("\n", "")
