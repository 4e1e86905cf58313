from __future__ import annotations

import io
import re
import time

import pytest
from rich.console import Console
from rich.progress import Progress
from tests.toolkit.path.fakes import Path
from tests.toolkit.path.findings import ran

from outwait.cli import path_view
from outwait.cli.path_view import draw, watching
from outwait.core.tongue import Tongue
from outwait.toolkit.path.judge import Outcome, Verdict
from outwait.toolkit.path.question import Form, Part, Question


def drawn(path: Path, tongue: Tongue = Tongue.EN, up_to: float = 600.0) -> str:
    screen = io.StringIO()
    draw(ran(path, up_to=up_to), tongue, Console(file=screen, width=200, highlight=False, markup=False))
    return screen.getvalue()


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]


def test_a_table_and_a_setting() -> None:
    text = drawn(Path(5, 5, upload=5), up_to=20.0)
    assert rows(text) == [
        ["stream", "before the first byte", "5s", "error page 504", "nginx"],
        ["stream", "between two bytes", "5s", "closed inside the body", "nginx"],
        ["JSON", "before the first byte", "5s", "error page 504", "nginx"],
        ["JSON", "between two bytes", "5s", "closed inside the body", "nginx"],
        ["upload", "inside the request", "5s", "closed without an answer", "nginx?"],
    ]
    assert (
        "(the gateway's present heartbeat is slower):\n  heartbeat: {after: 1.5s, json_after: 1.5s, every: 1.5s}"
        in text
    )
    assert text.endswith("  x-outwait-heartbeat: after=1.5s,json_after=1.5s,every=1.5s\n")


def test_a_gateway_that_beats_often_enough() -> None:
    assert "quick enough already" in drawn(Path(60, 60))


def test_without_a_cut_there_is_nothing_to_set() -> None:
    text = drawn(Path())
    assert {row[2] for row in rows(text)} == {"none up to 10m", "none up to 115s"}
    assert "heartbeat:" not in text


def test_in_chinese() -> None:
    text = drawn(Path(5, 5), Tongue.ZH)
    assert rows(text)[0] == ["流式", "首字节之前", "5s", "错误页 504", "nginx"]
    assert not re.search(r"\bheartbeats\b", text)


QUESTION = Question(Form.STREAM, Part.IDLE, 600.0)
BEATEN = Question(Form.JSON, Part.FIRST_BYTE, 12.5, beat=1.5, after=1.5)


def test_the_probes_that_run_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each with a bar of its own; the age moves on by itself."""
    monkeypatch.setattr(path_view, "TICK", 0.01)
    bars = Progress(console=Console(file=io.StringIO()), auto_refresh=False)
    screen = path_view._Bars(bars, Tongue.EN)
    screen.watch(QUESTION, None)
    screen.watch(BEATEN, None)
    assert [(task.description, task.total) for task in bars.tasks] == [
        ("stream, silent between two bytes: 10m", 600),
        ("JSON, heartbeats every 1.5s: 12.5s", 12),
    ]
    began = time.monotonic()
    task = next(iter(screen._running))
    screen._running[task] = QUESTION, began - 100
    while bars.tasks[0].completed < 100:
        assert time.monotonic() - began < 5
        time.sleep(0.005)
    screen.watch(QUESTION, Outcome(QUESTION, Verdict.SURVIVED, 600.0))
    assert [task.description for task in bars.tasks] == ["JSON, heartbeats every 1.5s: 12.5s"]
    screen.stop()
    screen._thread.join(5)
    assert not screen._thread.is_alive()


def test_nothing_is_shown_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    with watching(Tongue.EN, quiet=True) as watch:
        watch(QUESTION, None)
        watch(QUESTION, Outcome(QUESTION, Verdict.SURVIVED, 600.0))
    assert capsys.readouterr() == ("", "")
