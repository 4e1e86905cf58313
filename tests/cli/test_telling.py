from __future__ import annotations

import json

import pytest

from outwait.cli import telling
from outwait.core.tongue import Tongue


def test_what_is_asked_for_wins_over_the_locale(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTWAIT_LANG", "zh")
    assert telling.spoken(None) is Tongue.ZH
    assert telling.spoken(Tongue.EN) is Tongue.EN


def test_json_keeps_chinese_readable(capsys: pytest.CaptureFixture[str]) -> None:
    telling.print_json({"cause": "超时"})
    told = capsys.readouterr().out
    assert "超时" in told
    assert json.loads(told) == {"cause": "超时"}


def test_what_others_say_does_not_steer_a_terminal() -> None:
    assert telling.harmless("时 a\x1b[31mb\u202ec\nd") == "时 a?[31mb?c?d"


def test_progress_is_silent_where_nobody_watches(capsys: pytest.CaptureFixture[str]) -> None:
    with telling.progress() as bars:
        bars.advance(bars.add_task("probing", total=2))
    assert capsys.readouterr() == ("", "")


def test_tables_go_to_stdout_as_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    telling.console().print("[bold]1[/bold]")
    assert capsys.readouterr().out == "[bold]1[/bold]\n"
