"""`outwait check` with options as people give them; the network is that of tests/e2e/test_check.py."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from outwait.cli.commands import app
from outwait.toolkit.check import rounds, saved
from outwait.toolkit.check.probe import Probe

pytestmark = pytest.mark.usefixtures("bare")
URL = "https://gw.test/v1"


@pytest.fixture(autouse=True)
def answers(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the network answers: fields of a probe. `after`: fields from the second round on."""
    told: dict[str, Any] = {"status": 200, "connect": 0.01, "first_byte": 0.2, "ttft": 0.3, "total": 1.0, "tokens": 9}
    told["later"] = {}

    async def send(_sender: object, wording: Any, _spans: object, place: Any, *, reuse: bool) -> Probe:
        row = {name: value for name, value in told.items() if name != "later"}
        row |= told["later"] if place.round > 1 else {}
        return Probe(endpoint=wording.about.name, round=place.round, number=place.number, reused=reuse, **row)

    monkeypatch.setattr(rounds, "send", send)
    return told


BROKEN = {"outcome": "error", "status": 401, "cause": "auth_failed", "side": "client", "detail": "no"}


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["check", *words])


def test_good_news() -> None:
    done = run(URL, "--model", "gpt-4o", "-n", "3")
    assert done.exit_code == 0
    assert "gw.test/v1" in done.stdout
    assert "100%  3/3" in done.stdout
    assert "3 paid calls will be made: gpt-4o" in done.stderr


def test_bad_news_ends_with_1_and_says_which_key_is_missing(answers: dict[str, Any]) -> None:
    answers.update(BROKEN)
    done = run(URL)
    assert done.exit_code == 1
    assert "no key was sent; give it with --key or OPENAI_API_KEY" in " ".join(done.stdout.split())
    assert run(URL, "--fail-below", "0").exit_code == 0


def test_a_proxy_is_named_beside_what_failed(answers: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://me:canary@proxy.test:3128")
    assert "goes through the proxy" not in run(URL).stdout
    answers.update(BROKEN)
    done = run(URL, "--json")
    assert any("goes through the proxy proxy.test:3128" in told for told in json.loads(done.stdout)["warnings"])
    assert "canary" not in done.output


def test_json_is_one_object_also_on_bad_news(answers: dict[str, Any]) -> None:
    told = json.loads(run(URL, "--json").stdout)
    assert (told["well"], told["endpoints"][0]["success_rate"]) == (True, 1.0)
    answers.update(BROKEN)
    done = run(URL, "--json", "--lang", "zh")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["well"]) == (1, False)
    assert told["endpoints"][0]["failures"][0]["cause"] == "auth_failed"
    assert "密钥" in told["warnings"][0]


def test_results_that_could_not_be_saved_are_shown_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(saved.Log, "add", full)
    done = run(URL, "--save", "run.jsonl", "-n", "3", "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["endpoints"][0]["ok"] == 3
    assert told["warnings"][0].startswith("3 of 3 probes are not in run.jsonl (No space left on device)")


def test_a_run_that_was_saved_is_compared() -> None:
    assert run(URL, "-m", "m", "--save", "run.jsonl").exit_code == 0
    assert len(saved.read("run.jsonl").probes) == 10
    done = run(URL, "-m", "m", "--compare", "run.jsonl", "--json")
    changes = json.loads(done.stdout)["comparison"]["changes"]
    assert {change["verdict"] for change in changes} == {"same"}


def test_the_last_round_of_a_watch_decides(answers: dict[str, Any]) -> None:
    answers["later"] = BROKEN
    done = run(URL, "--watch", "1ms", "--rounds", "2", "-n", "2")
    assert done.exit_code == 1
    assert "50%  2/4" in done.stdout
    assert len([line for line in done.stdout.splitlines() if "gw.test/v1 100%" in line]) == 1
    answers |= BROKEN
    answers["later"] = {"outcome": "ok", "status": 200, "cause": None, "side": None, "detail": None}
    assert run(URL, "--watch", "1ms", "--rounds", "2", "-n", "2").exit_code == 0


@pytest.mark.parametrize("more, status", [([], 130), (["--json"], 130), (["--watch", "9s"], 0)])
def test_control_c_ends_it_with_what_is_there(more: list[str], status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    answered = vars(rounds)["send"]

    async def send(sender: Any, wording: Any, spans: Any, place: Any, *, reuse: bool) -> Probe:
        if place.number == 3:
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
        return await answered(sender, wording, spans, place, reuse=reuse)

    monkeypatch.setattr(rounds, "send", send)
    done = run(URL, "-n", "3", "-p", "1", *more)
    assert done.exit_code == status
    assert "2/2" in done.stdout or json.loads(done.stdout)["endpoints"][0]["ok"] == 2


def test_it_speaks_chinese() -> None:
    done = run(URL, "--lang", "zh")
    assert "成功率" in done.stdout
    assert "只发送免费请求" in done.stderr


def test_keys_are_nowhere_to_be_seen() -> None:
    secret = "sk-canary-1234567890"
    done = run(URL + "?token=canary-query", "-k", secret, "-m", "m", "--save", "run.jsonl", "--json")
    assert done.exit_code == 0
    assert "canary" not in done.output + Path("run.jsonl").read_text()


@pytest.mark.parametrize(
    "words, says",
    [
        ([], "name a URL"),
        (["gw.test"], "is no URL"),
        ([URL, "--timeout", "soon"], "duration"),
        ([URL, "--timeout", "queue=3s"], "there is no clock 'queue'"),
        ([URL, "--watch", "often"], "duration"),
        ([URL, "--watch", "0"], "needs some time"),
        ([URL, "--rounds", "3"], "goes with --watch only"),
        ([URL, "--fail-below", "many"], "percent"),
        ([URL, "--compare", "nothing.jsonl"], "cannot be read"),
        ([URL, "--save", "/nowhere/x.jsonl"], "cannot be written"),
        ([URL, "-n", "0"], "-n"),
        ([URL, "--dialect", "morse"], "is none of"),
        (["--config", "missing.yaml"], "does not exist"),
    ],
)
def test_usage_errors_end_with_2(words: list[str], says: str) -> None:
    done = run(*words)
    assert done.exit_code == 2
    assert says in " ".join(done.stderr.replace("│", " ").split())
    assert "Traceback" not in done.stderr


def test_usage_errors_are_in_the_readers_language() -> None:
    assert "只能与 --watch 一起用" in run(URL, "--rounds", "3", "--lang", "zh").stderr
    assert "不是 URL" in run("https://", "--lang", "zh").stderr


def test_help_teaches() -> None:
    done = run("--help")
    for words in ("outwait check https://api.openai.com/v1 --model gpt-4o-mini", "Exit status", "paid", "--watch"):
        assert words in done.stdout
