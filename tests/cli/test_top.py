from __future__ import annotations

import io
import json
from typing import Any

import pytest
from rich.console import Console
from tests.cli.test_top_rows import PAGE, row, seen
from typer.testing import CliRunner

from outwait.cli import telling, top
from outwait.cli.commands import app
from outwait.cli.gateway import Asked, Gateway, Unreached

LIVE = dict(seen(row()).live)
CHANNELS = {"data": [{"name": "a", "state": "up", "running": 1, "keys": {"count": 1, "dead": []}, "endpoints": []}]}
FORBIDDEN = Asked(403, {"error": {"code": "permission_denied", "message": "An admin key is needed."}})


class Told:
    """Answers as a gateway would; `answers`: by the path's beginning."""

    url = "http://gateway"

    def __init__(self, **answers: Asked | str) -> None:
        self.answers = {"live": Asked(200, LIVE), "channels": Asked(200, CHANNELS), "metrics": PAGE, **answers}
        self.asked: list[str] = []

    def read(self, path: str) -> Asked:
        self.asked.append(path)
        found = self.answers[path.removeprefix("/v1/").partition("?")[0]]
        assert isinstance(found, Asked)
        if found.status == 0:
            raise Unreached("http://gateway", "refused")
        return found

    def page(self, path: str) -> tuple[int, str]:
        found = self.answers[path.strip("/")]
        return (200, found) if isinstance(found, str) else (found.status, "")


def run(monkeypatch: pytest.MonkeyPatch, told: Told, *words: str) -> Any:
    monkeypatch.setattr(top, "running", lambda *_: told)
    monkeypatch.setenv("COLUMNS", "160")
    return CliRunner().invoke(app, ["top", *words])


def test_without_a_terminal_it_looks_once(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Told())
    assert done.exit_code == 0
    assert "1 in flight" in done.output
    assert "first_byte" in done.output
    assert "since start: 10 requests settled" in done.output


def test_nothing_in_flight_is_said_so(monkeypatch: pytest.MonkeyPatch) -> None:
    told = Told(live=Asked(200, dict(seen().live)))
    assert "Nothing is in flight." in run(monkeypatch, told, "--once").output
    assert "没有进行中的请求。" in run(monkeypatch, told, "--once", "--lang", "zh").output


def test_json_is_one_object(monkeypatch: pytest.MonkeyPatch) -> None:
    told = json.loads(run(monkeypatch, Told(), "--json").output)
    assert told["live"]["in_flight"] == 1
    assert told["channels"][0]["name"] == "a"
    assert told["figures"]["outwait_requests_total"] == 10


def test_closed_metrics_are_no_trouble(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Told(metrics=Asked(404, {})), "--json")
    assert json.loads(done.output)["figures"] == {}


@pytest.mark.parametrize("part", ["live", "channels"])
def test_a_key_that_may_not_is_a_usage_error(monkeypatch: pytest.MonkeyPatch, part: str) -> None:
    done = run(monkeypatch, Told(**{part: FORBIDDEN}))
    assert (done.exit_code, "An admin key is needed." in done.output) == (2, True)
    done = run(monkeypatch, Told(**{part: FORBIDDEN}), "--json")
    assert (done.exit_code, json.loads(done.output)["error"]["code"]) == (2, "permission_denied")


def test_another_server_is_bad_news(monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, Told(live=Asked(200, {}))).exit_code == 1
    assert run(monkeypatch, Told(live=Asked(502, {}))).exit_code == 1
    done = run(monkeypatch, Told(live=Asked(0, {})))
    assert (done.exit_code, "No gateway answers" in done.output) == (1, True)
    done = run(monkeypatch, Told(live=Asked(0, {})), "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (1, "gateway_unreached")
    assert "No gateway answers" in json.loads(done.stdout)["error"]["message"]


def test_a_pipe_gets_all_of_it_however_narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(top, "running", lambda *_: Told())
    monkeypatch.setenv("COLUMNS", "60")
    done = CliRunner().invoke(app, ["top"])
    assert "…" not in done.output
    assert "total left" in done.output


def test_a_narrow_terminal_is_told_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Console(force_terminal=True, width=80, file=io.StringIO(), color_system=None)
    monkeypatch.setattr(telling, "console", lambda: screen)
    run(monkeypatch, Told(), "--once")
    assert isinstance(screen.file, io.StringIO)
    told = screen.file.getvalue()
    assert "1:05" in told
    assert "No room for: phase, total left" in " ".join(told.split())


def test_an_order_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    done = run(monkeypatch, Told(), "--sort", "size")
    assert (done.exit_code, "silence, age, left" in done.output) == (2, True)


def test_a_terminal_gets_the_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    from outwait.cli import top_screen

    shown: list[Any] = []

    class Screen:
        return_code = 0

        def __init__(self, gateway: Gateway, look: Any, first: Any, **settings: Any) -> None:
            shown.append((look().live["in_flight"], settings["sort"], settings["every"]))

        def run(self) -> None:
            shown.append("run")

    monkeypatch.setattr(top_screen, "Watch", Screen)
    monkeypatch.setattr(top, "_terminal", lambda: True)
    assert run(monkeypatch, Told(), "--every", "2").exit_code == 0
    assert shown == [(1, "silence", 2.0), "run"]
