from __future__ import annotations

import io
import json
import os
import signal
import sys
import tempfile
from dataclasses import replace
from pathlib import Path

import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from outwait.cli import demo as command
from outwait.cli.demo_scene import Audience, Setting, Track, play

FAKE = str(Path(__file__).with_name("fake_gateway.py"))


def app() -> typer.Typer:
    made = typer.Typer()
    made.command()(command.demo)
    return made


SETTING = Setting(silence=0.4, thinking=0.8)


def told_by(monkeypatch: pytest.MonkeyPatch, *, holds: bool) -> None:
    """Let the scene be played at once; whether outwait's calls hold is the test's choice."""

    async def play(setting: Setting, calls: list[Track], audience: Audience) -> str | None:
        audience.ready()
        for track in calls:
            track.upstream_calls = 1
            track.right = track.way == "outwait" and holds
            track.seconds = setting.thinking if track.right else setting.silence
            track.marks = [(0.1, "beat"), (0.8, "answer")] if track.right else [(0.4, "cut"), (0.4, "failed")]
            track.status = None if track.right else 504
            track.result = "the whole answer" if track.right else "HTTP 504"
            audience.tell(track, track.marks[-1][1])
        return None if holds else "/the/log"

    monkeypatch.setattr(command, "play", play)


def test_it_held(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told_by(monkeypatch, holds=True)
    assert command.show(SETTING, "3.1") == 0
    told = capsys.readouterr().out
    for words in ("openai SDK 3.1", "dead: HTTP 504", "done: the whole answer", "It held:"):
        assert words in told
    assert "log:" not in told


def test_it_did_not_hold_and_the_log_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    told_by(monkeypatch, holds=False)
    assert command.show(SETTING, "3.1", plain=True) == 1
    told = capsys.readouterr().out
    assert "It did not hold: via outwait, stream: should have got" in told
    assert told.endswith("The gateway's log: /the/log\n")


def test_a_terminal_is_shown_a_moving_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    told_by(monkeypatch, holds=True)
    out = io.StringIO()
    monkeypatch.setattr(command, "Console", lambda **_: Console(file=out, width=100, force_terminal=True))
    assert command.show(SETTING, "3.1") == 0
    assert "cut by the proxy" in out.getvalue()  # the legend, which plain lines do not have


def test_facts_for_programs(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    told_by(monkeypatch, holds=True)
    assert command.show(SETTING, "3.1", as_json=True) == 0
    facts = json.loads(capsys.readouterr().out)
    assert (facts["held"], facts["problems"], facts["log"]) == (True, [], None)
    assert facts["sdk"]["max_retries"] == 0
    assert [(call["way"], call["stream"], call["right"], call["cut"]) for call in facts["calls"]] == [
        ("direct", True, False, True),
        ("direct", False, False, True),
        ("outwait", True, True, False),
        ("outwait", False, True, False),
    ]
    assert all(call["heartbeats"] == len(call["heartbeat_times"]) for call in facts["calls"])


def test_a_gateway_that_does_not_start_is_bad_news(capsys: pytest.CaptureFixture[str]) -> None:
    setting = Setting(silence=0.4, thinking=0.8, serve=(sys.executable, FAKE, "dies"))
    assert command.show(setting, "3.1", as_json=True) == 1
    facts = json.loads(capsys.readouterr().out)
    assert facts["held"] is False
    assert facts["problems"] == ["outwait ended with status 3"]
    Path(facts["log"]).unlink()


@pytest.mark.parametrize("options", [["--thinking", "4"], ["--silence", "1"], ["--thinking", "50"]])
def test_a_scene_that_shows_nothing_is_a_usage_error(options: list[str]) -> None:
    assert CliRunner().invoke(app(), options).exit_code == 2


def test_without_the_sdk_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)
    result = CliRunner().invoke(app(), [])
    assert result.exit_code == 1
    assert "pip install 'outwait[demo]'" in result.output


def test_a_demo_that_is_told_to_end_leaves_nothing_running(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    async def interrupted(setting: Setting, calls: list[Track], audience: Audience) -> str | None:
        begun = replace(audience, ready=lambda: os.kill(os.getpid(), signal.SIGTERM))
        try:
            return await play(setting, calls, begun)
        finally:
            unfinished.extend(track for track in calls if track.seconds is None)

    unfinished: list[Track] = []
    monkeypatch.setattr(command, "play", interrupted)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    serve = (sys.executable, FAKE, "good")
    assert command.show(Setting(silence=5, thinking=9, serve=serve), "3.1", plain=True) == 1
    assert "told to end" in capsys.readouterr().err
    assert len(unfinished) == 4
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_the_real_gateway_holds() -> None:
    result = CliRunner().invoke(app(), ["--silence", "2", "--thinking", "4", "--json"])
    facts = json.loads(result.stdout)
    assert facts["problems"] == []
    assert result.exit_code == 0
    assert [call["heartbeats"] >= 2 for call in facts["calls"]] == [False, False, True, True]
