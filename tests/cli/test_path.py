from __future__ import annotations

import json
from pathlib import Path as File
from typing import Any

import pytest
from tests.toolkit.path.fakes import Path
from tests.toolkit.path.findings import ran
from typer.testing import CliRunner, Result

from outwait.cli.commands import app
from outwait.toolkit.path import explore
from outwait.toolkit.path.explore import Errand
from outwait.toolkit.path.question import Form
from outwait.toolkit.path.report import Run
from outwait.toolkit.path.told import NoGateway

pytestmark = pytest.mark.usefixtures("bare", "_plain")
URL = "https://llm.example.com/v1"


class Toolkit:
    """Stands for the measuring: what it was sent for, and what it says."""

    def __init__(self) -> None:
        self.errands: list[Errand] = []
        self.says: Run | Exception = ran(Path(5, 5), up_to=20.0)

    async def explore(self, errand: Errand, watch: Any) -> Run:
        del watch
        self.errands.append(errand)
        if isinstance(self.says, Exception):
            raise self.says
        return self.says

    @property
    def errand(self) -> Errand:
        return self.errands[-1]


@pytest.fixture
def _plain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OUTWAIT_API_KEY", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    monkeypatch.setenv("OUTWAIT_LANG", "en")


@pytest.fixture
def toolkit(monkeypatch: pytest.MonkeyPatch) -> Toolkit:
    made = Toolkit()
    monkeypatch.setattr(explore, "explore", made.explore)
    return made


def invoke(*words: str) -> Result:
    return CliRunner().invoke(app, ["path", *words])


def test_good_news(toolkit: Toolkit) -> None:
    done = invoke(URL)
    assert done.exit_code == 0, done.output
    assert "heartbeat: {after: 1.5s, json_after: 1.5s, every: 1.5s}" in done.stdout
    errand = toolkit.errand
    assert (errand.up_to, tuple(errand.forms), errand.url) == (600.0, tuple(Form), URL)
    assert (errand.way.key, errand.way.verify, errand.way.forward, errand.forward) == ("", True, None, None)


def test_bad_news(toolkit: Toolkit) -> None:
    toolkit.says = ran(Path(60, 60, 100))
    done = invoke(URL)
    assert done.exit_code == 1
    assert "heartbeats arrived in time and did not help" in " ".join(done.stdout.split())


def test_one_object(toolkit: Toolkit) -> None:
    done = invoke(URL, "--json")
    assert done.exit_code == 0
    assert json.loads(done.stdout)["verdict"] == "beaten"
    toolkit.says = ran(Path(total=30))
    done = invoke(URL, "--json", "--lang", "zh")
    assert done.exit_code == 1
    assert json.loads(done.stdout)["said"][0].startswith("无论有没有数据")


def test_in_chinese(toolkit: Toolkit) -> None:
    toolkit.says = ran(Path())
    done = invoke(URL, "--lang", "zh")
    assert done.exit_code == 0
    assert "静默达到 10m 也没有被切断" in done.stdout


def test_what_is_asked_for(toolkit: Toolkit) -> None:
    assert invoke(URL, "--up-to", "90s", "--only", "JSON, stream", "--insecure", "--key", "ow-k").exit_code == 0
    errand = toolkit.errand
    assert (errand.up_to, errand.forms, errand.way.verify, errand.way.key) == (
        90.0,
        [Form.STREAM, Form.JSON],
        False,
        "ow-k",
    )


@pytest.mark.parametrize(
    "words, said",
    [
        (("ftp://llm.example.com",), "is no URL such as"),
        (("https://user:hunter2@llm.example.com:0/?key=hunter2",), "'https://llm.example.com:0/' is no URL such as"),
        (("a..b",), "cannot be a host's name"),
        ((URL, "--up-to", "soon"), "a duration is"),
        ((URL, "--up-to", "500ms"), "from 1s to 168h"),
        ((URL, "--only", "audio"), "'audio' is none of stream, json, upload"),
        ((URL, "--only", ","), "name one of stream, json, upload"),
        ((URL, "--key", "a b"), "visible ASCII"),
        ((URL, "--key", "schlüssel"), "visible ASCII"),
        ((URL, "--proxy"), "the environment names no proxy"),
        ((URL, "--config", "nowhere.yaml"), "nowhere.yaml"),
    ],
)
def test_wrong_usage(toolkit: Toolkit, words: tuple[str, ...], said: str) -> None:
    done = invoke(*words)
    assert done.exit_code == 2
    assert said in " ".join(done.output.replace("│", " ").split())
    assert toolkit.errands == []


def test_the_scheme_may_be_left_out(toolkit: Toolkit) -> None:
    for given, where in {
        "localhost:8080": "http://localhost:8080",
        "llm.example.com": "https://llm.example.com",
    }.items():
        assert invoke(given).exit_code == 0
        assert toolkit.errand.way.target.origin == where


def test_credentials_in_the_url_are_not_told(toolkit: Toolkit) -> None:
    given = "https://user:hunter2@llm.example.com/v1?key=hunter3"
    assert invoke(given).exit_code == 0
    assert toolkit.errand.url == URL
    toolkit.says = NoGateway("foreign", "It says why.")
    for words in ((given,), (given, "--json")):
        assert "hunter" not in invoke(*words).output


@pytest.mark.parametrize("kind, status", [("unreached", 1), ("refused", 1), ("foreign", 2), ("key", 2), ("off", 2)])
def test_no_gateway(toolkit: Toolkit, kind: str, status: int) -> None:
    toolkit.says = NoGateway(kind, "It says why.", "nginx")
    done = invoke(URL)
    assert (done.exit_code, done.stdout) == (status, "")
    assert "It says why" in done.stderr
    done = invoke(URL, "--json")
    told = json.loads(done.stdout)
    assert (done.exit_code, told["verdict"], told["kind"], told["by"]) == (status, "no_gateway", kind, "nginx")
    assert "It says why" in told["said"][0]


# ------------------------------------------------------------------------------------------------------- which key
CONFIG = """channels: [{name: a, base_url: 'http://127.0.0.1:9/v1'}]
keys: [{name: one, key: ow-first}, {name: two, key: ow-b}]
"""


def test_the_key_of_the_environment(toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OUTWAIT_API_KEY", "ow-env")
    assert invoke(URL).exit_code == 0
    assert toolkit.errand.way.key == "ow-env"
    assert invoke(URL, "--key", "ow-given").exit_code == 0
    assert toolkit.errand.way.key == "ow-given"


def test_the_key_of_the_configuration(toolkit: Toolkit, tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "outwait.yaml").write_text(CONFIG)
    assert invoke(URL).exit_code == 0
    assert toolkit.errand.way.key == "ow-first"
    monkeypatch.setenv("OUTWAIT_API_KEY", "ow-env")
    (tmp_path / "other.yaml").write_text(CONFIG.replace("ow-first", "ow-other"))
    assert invoke(URL, "--config", "other.yaml").exit_code == 0
    assert toolkit.errand.way.key == "ow-other"


def test_a_broken_configuration_that_nobody_named_is_no_matter(toolkit: Toolkit, tmp_path: File) -> None:
    (tmp_path / "outwait.yaml").write_text("keys: 7\n")
    assert invoke(URL).exit_code == 0
    assert toolkit.errand.way.key == ""
    assert invoke(URL, "--config", "outwait.yaml").exit_code == 2


# ------------------------------------------------------------------------------------------------------- proxies
def test_a_proxy_is_used_only_when_asked_for(toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy:3128")
    assert invoke(URL).exit_code == 0
    assert toolkit.errand.way.forward is None
    assert toolkit.errand.forward is not None
    assert invoke(URL, "--proxy").exit_code == 0
    assert toolkit.errand.way.forward == toolkit.errand.forward


def test_a_proxy_of_another_kind(toolkit: Toolkit, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALL_PROXY", "socks5://proxy:1080")
    assert invoke(URL).exit_code == 0
    assert toolkit.errand.forward is None
    done = invoke(URL, "--proxy")
    assert done.exit_code == 2
    assert "ALL_PROXY names no proxy" in done.output
