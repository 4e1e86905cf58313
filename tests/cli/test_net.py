from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.toolkit.net import cases
from tests.toolkit.net.test_judge import WHAT
from typer.testing import CliRunner

from outwait.cli.commands import app
from outwait.toolkit.net import mtr
from outwait.toolkit.net.findings import Findings
from outwait.toolkit.net.survey import Survey, Wanted


class Stage:
    """Nothing is looked at: what is found is given, what was wanted is kept."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.found: Findings = cases.WELL
        self.wanted: list[Wanted] = []
        stage = self

        async def walk(survey: Survey) -> Findings:
            stage.wanted.append(survey._wanted)
            survey._done("dns")
            return stage.found

        monkeypatch.setattr(Survey, "walk", walk)

    def run(self, *words: str, **environ: str) -> Any:
        return CliRunner().invoke(app, ["net", *words], env={"COLUMNS": "80", "LANG": "C", **environ})


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_all_is_well(stage: Stage) -> None:
    done = stage.run("https://api.example.com/v1")
    assert done.exit_code == 0
    assert "Verdict: all is well" in done.output
    wanted = stage.wanted[0]
    assert (wanted.timeout, wanted.slow, wanted.count, wanted.method) == (20.0, 2.0, 5, "GET")
    assert (wanted.proxy, wanted.family, wanted.trace, wanted.mtr) == (None, None, True, False)


def test_bad_news_is_exit_1_and_one_object_of_json(stage: Stage) -> None:
    stage.found = WHAT["tcp_dropped"][0]
    done = stage.run("api.example.com", "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["verdict"]["cause"] == "connect_timeout"
    assert done.stderr == ""


def test_both_languages(stage: Stage) -> None:
    stage.found = WHAT["http_silent"][0]
    assert "服务器慢" in stage.run("api.example.com", "--lang", "zh").output
    assert "服务器慢" in stage.run("api.example.com", LC_ALL="zh_CN.UTF-8").output
    assert "The server is slow" in stage.run("api.example.com").output


def test_options_are_handed_on(stage: Stage, tmp_path: Path) -> None:
    from tests.toolkit.net import peers

    _, path = peers.context(tmp_path, "localhost")
    stage.run(
        "api.example.com", "--timeout", "1m", "--slow", "500ms", "--count", "9", "--method", "head", "-6", "--no-trace",
        "--resolver", "1.1.1.1", "--resolver", "[2001:db8::53]:53", "--ca-file", str(path),
    )  # fmt: skip
    wanted = stage.wanted[0]
    assert (wanted.timeout, wanted.slow, wanted.count, wanted.method, wanted.family) == (60.0, 0.5, 9, "HEAD", 6)
    assert (wanted.trace, wanted.resolvers, wanted.ca_file) == (False, ("1.1.1.1", "[2001:db8::53]:53"), path)
    stage.run("api.example.com", "-4")
    assert stage.wanted[-1].family == 4


def test_proxies_of_the_environment_and_by_hand(stage: Stage) -> None:
    stage.run("api.example.com", HTTPS_PROXY="http://corp:3128")
    stage.run("api.example.com", "--no-proxy", HTTPS_PROXY="http://corp:3128")
    stage.run("api.example.com", "--proxy", "mine:8080", HTTPS_PROXY="http://corp:3128", NO_PROXY="*")
    named = [None if each.proxy is None else (each.proxy.variable, each.proxy.url) for each in stage.wanted]
    assert named == [("HTTPS_PROXY", "http://corp:3128"), None, ("--proxy", "http://mine:8080")]
    assert stage.wanted[2].proxy is not None
    assert stage.wanted[2].proxy.bypassed == ""


def test_mtr_where_it_is_installed(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mtr, "installed", lambda: True)
    stage.run("api.example.com", "--mtr")
    monkeypatch.setattr(mtr, "installed", lambda: False)
    done = stage.run("api.example.com", "--mtr")
    assert [each.mtr for each in stage.wanted] == [True, False]
    assert "mtr is not installed" in done.stderr


WRONG = {
    "no target": ([], "Missing argument"),
    "no host": (["https://"], "no host"),
    "another scheme": (["ftp://a.example"], "is not spoken here"),
    "no such port": (["a.example:99999"], "1 to 65535"),
    "no duration": (["a.example", "--timeout", "soon"], "a duration is"),
    "too long": (["a.example", "--timeout", "2h"], "from 1s to 600s"),
    "a method that may change something": (["a.example", "--method", "POST"], "GET or HEAD"),
    "both families": (["a.example", "-4", "-6"], "only one of"),
    "the other family": (["192.0.2.1", "-6"], "of the other family"),
    "the other family too": (["2001:db8::1", "-4"], "of the other family"),
    "no nameserver": (["a.example", "--resolver", "dns.example"], "no address of a nameserver"),
    "no proxy": (["a.example", "--proxy", "socks5://x"], "takes an HTTP proxy"),
    "with and without": (["a.example", "--proxy", "http://x:1", "--no-proxy"], "--no-proxy"),
    "no file": (["a.example", "--ca-file", "/nonexistent"], "does not exist"),
}


@pytest.mark.parametrize("what", WRONG)
def test_wrong_usage_says_what_would_be_right(stage: Stage, what: str) -> None:
    words, said = WRONG[what]
    done = stage.run(*words, COLUMNS="200")
    assert done.exit_code == 2
    assert said in done.output
    assert stage.wanted == []


def test_a_file_without_a_certificate(stage: Stage, tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    path.write_text("nothing")
    done = stage.run("a.example", "--ca-file", str(path), COLUMNS="200")
    assert (done.exit_code, "no certificate in PEM" in done.output) == (2, True)


def test_credentials_are_not_repeated(stage: Stage) -> None:
    done = stage.run("a.example", "--proxy", "socks5://user:hunter2@x", COLUMNS="200")
    assert "hunter2" not in done.output
    stage.run("https://user:hunter2@a.example", "--json")
    assert "hunter2" not in str(stage.wanted[-1])
