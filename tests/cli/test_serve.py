from __future__ import annotations

import json
import os
import signal
import socket
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from outwait.app.supervisor import Supervisor
from outwait.cli import serve as command
from outwait.cli.commands import app
from outwait.cli.ending import Unwritten
from outwait.config.load import loads

KEY = "ow-" + "canary" * 3
GOOD = (
    "server: {port: 1234, workers: 3}\n"
    "channels: [{name: a, base_url: 'http://h/v1', api_key: sk-canary, models: ['gpt-[45]*']}]\n"
    f"keys: [{{name: dev, key: {KEY}}}]\n"
)


pytestmark = pytest.mark.usefixtures("bare")


def run(*arguments: str, config: str | None = None) -> Result:
    if config is not None:
        Path("outwait.yaml").write_text(config)
    return CliRunner().invoke(app, ["serve", *arguments])


def test_a_good_configuration_is_shown_without_its_secrets() -> None:
    done = run("--check", config=GOOD)
    assert done.exit_code == 0
    assert "The configuration is good" in done.output
    assert "http://127.0.0.1:1234 with 3 workers" in done.output
    assert "gpt-[45]*" in done.output  # not taken for markup
    assert "Client keys: dev" in done.output
    assert "canary" not in done.output


def test_a_good_configuration_as_json() -> None:
    done = run("--check", "--json", "--port", "99", "--host", "::1", "--workers", "1", config=GOOD)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["good"], told["url"], told["workers"]) == (0, True, "http://[::1]:99", 1)
    assert told["channels"][0]["max_in_flight"] == 0
    assert "canary" not in done.output


BAD = "chanels: []\nserver: {port: abc}\n"


def test_every_problem_is_told_with_its_place_and_a_way_out() -> None:
    done = run("--check", config=BAD)
    assert done.exit_code == 2
    assert "line 1: chanels: unknown field; did you mean `channels`?" in done.stderr
    assert "line 2: server.port: is not right, got 'abc'; expected a whole number" in done.stderr
    assert done.stdout == ""


def test_every_problem_as_json() -> None:
    done = run("--check", "--json", config=BAD)
    told = json.loads(done.stdout)
    assert (done.exit_code, told["good"]) == (2, False)
    assert ("chanels", 1, "channels") in [(each["path"], each["line"], each["nearest"]) for each in told["problems"]]


def test_what_only_shows_when_it_is_tried_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "no.pem").write_text("nothing")
    done = run("--check", config=GOOD.replace("{port", "{tls: {cert: no.pem, key: no.pem}, port"))
    assert done.exit_code == 2
    assert "server.tls: cannot be used" in done.stderr


def test_nothing_to_serve_is_told_with_what_would_do() -> None:
    done = run()
    assert done.exit_code == 2
    assert "there is nothing to serve" in done.stderr
    assert "OPENAI_API_KEY" in done.stderr
    assert "outwait.yaml" in done.stderr


def test_a_check_without_a_file_makes_no_promise_about_the_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    done = run("--check")
    assert done.exit_code == 0
    assert "from the environment" in done.stdout
    assert "one, made at each start and shown then" in done.stdout
    assert "ow-" not in done.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ["--json", "--takeover", "--check"],
        ["--port", "70000"],
        ["--workers", "0"],
        ["--config", "missing"],
        ["--takeover", "--check"],
    ],
)
def test_usage_errors_end_with_2(arguments: list[str]) -> None:
    done = run(*arguments, config=GOOD)
    assert done.exit_code == 2
    assert done.stderr
    assert "Traceback" not in done.stderr


def test_a_host_that_is_open_to_others_needs_a_key() -> None:
    done = run("--host", "0.0.0.0", "--check", config=GOOD.split("keys:", maxsplit=1)[0])
    assert done.exit_code == 2
    assert "--host: server.host: is 0.0.0.0, which others can reach, but no client key is configured" in done.stderr


def test_a_port_that_somebody_has() -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        done = run("--port", str(port), config=GOOD)
    assert done.exit_code == 1
    assert f"Cannot listen on 127.0.0.1:{port}: Address already in use" in done.stderr
    assert "--port" in done.stderr


@pytest.fixture
def supervised(monkeypatch: pytest.MonkeyPatch) -> list[Supervisor]:
    """A provider's key in the environment, and supervisors that only announce, unless MUTE is set."""
    monkeypatch.setenv("OPENAI_API_KEY", "sk-canary")
    seen: list[Supervisor] = []

    async def instead(self: Supervisor) -> int:
        seen.append(self)
        typer.echo("the workers start", err=True)
        mute = "MUTE" in os.environ
        if not mute:
            assert self._announce is not None
            self._announce("http://0.0.0.0:4321")
        for sockets in self._sockets:
            for sock in sockets:
                sock.close()
        return int(mute)

    monkeypatch.setattr(Supervisor, "run", instead)
    return seen


def test_what_is_announced(supervised: list[Supervisor]) -> None:
    """The supervisor is told how to read the configuration again: with the options, and with the key it has shown."""
    done = run("--port", "0")
    assert done.exit_code == 0
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert lines[0].startswith("client key for this run, shown once: ow-")  # before anybody can answer
    assert lines[1:3] == ["the workers start", "outwait listens on http://0.0.0.0:4321"]
    assert "  channel openai: all models -> https://api.openai.com/v1" in lines
    assert "  OpenAI clients: base URL http://localhost:4321/v1" in lines
    assert "  Anthropic and Google clients: base URL http://localhost:4321" in lines
    (key,) = [line.rpartition(" ")[2] for line in lines if "client key" in line]
    again = supervised[0]._reread()
    assert (again.keys[0].key.get_secret_value(), again.origin.fresh_key, again.server.port) == (key, None, 0)
    assert "canary" not in done.stderr


def test_what_is_announced_to_programs(supervised: list[Supervisor]) -> None:
    done = run("--port", "0", "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "the workers start\n")
    key = told.pop("client_key")
    assert supervised[0]._reread().keys[0].key.get_secret_value() == key
    base = "http://localhost:4321"
    assert told == {
        "good": True,
        "url": "http://0.0.0.0:4321",
        "base_urls": {"openai": f"{base}/v1", "anthropic": base, "gemini": base},
        "open_access": False,
        "pid": os.getpid(),
        "workers": 1,
        "channels": [{"name": "openai", "models": ["*"], "base_url": "https://api.openai.com/v1"}],
        "notes": [],
    }
    assert "canary" not in done.output


def test_a_configured_key_is_nowhere_to_be_seen(supervised: list[Supervisor]) -> None:
    done = run("--port", "0", "--json", config=GOOD)
    assert json.loads(done.stdout)["client_key"] is None
    assert "canary" not in done.output
    assert "client key" not in run("--port", "0", config=GOOD).stderr


def test_a_start_that_fails_is_one_object_too(supervised: list[Supervisor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MUTE", "1")
    done = run("--port", "0", "--json")
    why = "It could not start; the log says why."
    assert (done.exit_code, json.loads(done.stdout)) == (1, {"good": False, "error": why})
    with socket.create_server(("127.0.0.1", 0)) as other:
        done = run("--port", str(other.getsockname()[1]), "--json")
    assert (done.exit_code, done.stderr) == (1, "")
    assert "Cannot listen on 127.0.0.1" in json.loads(done.stdout)["error"]
    done = run("--json", config=BAD)
    assert (done.exit_code, json.loads(done.stdout)["good"]) == (2, False)


@pytest.mark.parametrize("steadfast", [True, False])
def test_who_has_taken_another_ones_place_serves_on_without_a_stdout(
    steadfast: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: object) -> None:
        raise Unwritten(OSError(28, "No space left on device"))

    monkeypatch.setattr(command, "print_json", full)
    settings = loads(GOOD, env={})
    announcer = command.Announcer(settings, as_json=True, steadfast=steadfast)
    if steadfast:
        announcer.serves("http://127.0.0.1:1")
        assert "No space left on device" in capsys.readouterr().err
    else:
        with pytest.raises(Unwritten):
            announcer.serves("http://127.0.0.1:1")


def test_help_teaches() -> None:
    done = run("--help")
    assert done.exit_code == 0
    for word in ("outwait serve --check", "OPENAI_API_KEY", "Exit status", "Signals"):
        assert word in done.stdout
    assert "--takeover" in done.stdout
    assert "USR2" in command.EXAMPLES
    assert signal.SIGHUP.name.removeprefix("SIG") in command.EXAMPLES
