"""The whole command, as a user meets it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from tests.toolkit.timeouts.test_measured import channels, learned
from typer.testing import CliRunner

from outwait.cli import timeouts_ask
from outwait.cli.commands import app
from outwait.cli.gateway import Asked, Unreached
from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.timeouts.emit import TARGETS

pytestmark = pytest.mark.usefixtures("bare")


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["timeouts", *words])
    assert done.exit_code == code, done.output
    return done.output


def told(*words: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(run(*words, "--json"))
    return found


def saved(path: Path, probes: list[Probe], *models: str | None) -> Path:
    """A run as `outwait check --save` writes it, one endpoint for each model."""
    ends = [{"name": f"e{number}", "url": "http://x", "dialect": "openai", "asked": "chat", "model": model}
            for number, model in enumerate(models)]  # fmt: skip
    head = {"type": "run", "version": 1, "started": "2026-11-23T00:00:00Z", "outwait": "0", "endpoints": ends,
            "probes": 10, "parallel": 1}  # fmt: skip
    path.write_text("\n".join((json.dumps(head), *(msgspec.json.encode(each).decode() for each in probes))) + "\n")
    return path


class Gateway:
    """Answers /v1/channels."""

    def __init__(self, body: Mapping[str, Any], status: int = 200) -> None:
        self.answer = Asked(status, dict(body))

    def ask(self, path: str) -> Asked:
        assert path == ""
        if not self.answer.status:
            raise Unreached("http://gateway", "refused")
        return self.answer


@pytest.fixture
def gateway(monkeypatch: pytest.MonkeyPatch) -> Any:
    def there(body: Mapping[str, Any], status: int = 200) -> None:
        monkeypatch.setattr(timeouts_ask, "running", lambda *_: Gateway(body, status))

    return there


def test_a_model_gets_clocks_a_chain_and_settings_to_begin_with() -> None:
    out = run("o3")
    assert "o3: scenario reasoning (model table: o[1-9]), streamed or not" in out
    assert "client 3660 s  >  nginx 3630 s  >  gateway 3600 s  >  upstream 900 s" in out
    for file in ("outwait.yaml", "nginx-outwait.conf", "ask_openai_python.py"):
        assert f"--- {file} ---" in out
    assert "Settings for others: --for systemd, haproxy" in out


def test_all_of_it_in_chinese() -> None:
    out = run("o3", "--lang", "zh")
    assert "客户端 3660 s  >  nginx 3630 s  >  网关 3600 s  >  上游 900 s" in out
    assert "场景 reasoning" in out
    head = out.partition("--- outwait.yaml")[0]
    assert not any(word in head for word in ("scenario", "attempts", "because", "longest", "retries"))


def test_json_is_one_object_with_everything() -> None:
    found = told("o3", "--for", "nginx,curl", "--behind", "cloudflare")
    assert found["clocks"][0] == {"clock": "queue", "seconds": 10, "reason": "built-in"}
    assert {each["clock"]: each["seconds"] for each in found["clocks"]}["total"] == 3600
    assert [each["name"] for each in found["chain"]] == ["client", "cloudflare", "nginx", "gateway", "upstream"]
    assert [each["target"] for each in found["snippets"]] == ["nginx", "curl"]
    assert found["heartbeat"]["enabled"]
    assert "Cloudflare" in found["notes"][0]
    assert found["retry"] == {
        "attempts": 3, "base_transport": 0.05, "base_overload": 1.0, "cap": 20.0, "paid": 0.0, "client": 2,
    }  # fmt: skip


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_scenarios_by_name(scenario: str) -> None:
    assert told("-s", scenario, "--preset", "seed", "--no-stream")["scenario"] == scenario


def test_what_can_be_made_is_listed() -> None:
    out = run("--for", "list")
    assert all(target in out for target in TARGETS)
    assert set(told("--for", "list")["targets"]) == set(TARGETS)
    assert "网关" in run("--for", "list", "--lang", "zh")


def test_everything_is_written_into_a_folder_and_nothing_is_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "here"
    out = run("o3", "--for", "all", "--write", str(folder))
    assert len(list(folder.iterdir())) == len(TARGETS)
    assert str(folder / "Caddyfile") in out
    assert "--- Caddyfile" not in out
    run("o3", "--for", "all", "--write", str(folder))  # the same words may be written again
    before = (folder / "outwait.yaml").read_text()
    again = run("gpt-4o", "--for", "systemd,outwait", "--write", str(folder), code=1)
    assert "is there already" in again
    assert (folder / "outwait.yaml").read_text() == before
    assert "3660s" in (folder / "timeouts.conf").read_text()
    assert told("gpt-4o", "--for", "outwait", "--write", str(folder), "--overwrite")["written"] == [
        str(folder / "outwait.yaml")
    ]
    assert yaml.safe_load((folder / "outwait.yaml").read_text())["timeouts"]["rules"][0]["total"] == "15m"


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "cannot be written" in run("o3", "--write", str(tmp_path / "file"), code=1)
    assert "无法写入" in run("o3", "--write", str(tmp_path / "file"), "--lang", "zh", code=1)


def test_what_a_gateway_has_learned(gateway: Any) -> None:
    gateway(channels(openai=[learned("first_byte", 300.0, scenario="chat")]))
    found = told("gpt-4o", "--from-gateway", "http://gateway", "--key", "k")
    (first,) = [each for each in found["clocks"] if each["clock"] == "first_byte"]
    assert first == {"clock": "first_byte", "seconds": 300, "reason": "learned at openai/gpt-4o from 1,234 waits"}


def test_a_gateway_that_has_learned_nothing_of_it(gateway: Any) -> None:
    gateway(channels(openai=[learned("idle", None, samples=151)]))
    out = " ".join(run("o3", "--from-gateway", "http://gateway").split())
    assert "has learned nothing of o3 yet (it has counted 0 of the 200 waits it needs)" in out
    assert "It was asked for: gpt-4o." in out
    assert "counted 151 of the 200" in " ".join(run("gpt-4o", "--from-gateway", "http://gateway").split())


@pytest.mark.parametrize("status, code", [(401, 2), (403, 2), (500, 1)])
def test_a_gateway_that_refuses(gateway: Any, status: int, code: int) -> None:
    gateway({"error": {"code": "permission_denied", "message": "An admin key is needed."}}, status)
    assert "An admin key is needed." in run("o3", "--from-gateway", "http://gateway", code=code)


def test_no_gateway_there(gateway: Any) -> None:
    gateway({}, 0)
    assert "No gateway answers" in run("o3", "--from-gateway", "http://gateway", code=1)


def test_bad_news_as_json_is_one_object_too(gateway: Any, tmp_path: Path) -> None:
    gateway({}, 0)
    error = json.loads(run("o3", "--from-gateway", "http://g", "--json", code=1))["error"]
    assert ("No gateway answers" in error["message"], error["code"]) == (True, "gateway_unreached")
    (tmp_path / "nginx-outwait.conf").write_text("mine")
    assert "mine" in (tmp_path / "nginx-outwait.conf").read_text()
    assert "--overwrite" in json.loads(run("o3", "--write", str(tmp_path), "--json", code=1))["error"]["message"]
    body = {"error": {"code": "permission_denied", "message": "An admin key is needed."}}
    gateway(body, 403)
    assert json.loads(run("o3", "--from-gateway", "http://g", "--json", code=2)) == body  # as `top` and `channels` do


def test_a_run_and_a_gateway_together(gateway: Any, tmp_path: Path) -> None:
    gateway(channels(openai=[learned("first_byte", 300.0)]))
    path = saved(tmp_path / "run.jsonl", [Probe(endpoint="e0", silence=200.0)], "gpt-4o")
    spans = {each["clock"]: each["seconds"] for each in told("--from-run", str(path), "--from-gateway", "u")["clocks"]}
    assert (spans["first_byte"], spans["idle"]) == (300, 250)


def test_another_server_there(gateway: Any) -> None:
    gateway({"object": "list", "data": [{"id": "gpt-4o"}]})
    assert "no outwait gateway" in run("o3", "--from-gateway", "http://gateway", code=1)
    assert "不是 outwait 网关" in run("o3", "--from-gateway", "http://gateway", "--lang", "zh", code=1)


def test_what_a_run_found(tmp_path: Path) -> None:
    probes = [Probe(endpoint="e0", first_byte=200.0), Probe(endpoint="e0", first_byte=3.0)]
    found = told("--from-run", str(saved(tmp_path / "run.jsonl", probes, "gpt-4o")))
    assert (found["model"], found["scenario"]) == ("gpt-4o", "chat")
    (first,) = [each for each in found["clocks"] if each["clock"] == "first_byte"]
    assert first["seconds"] == 250
    assert first["reason"].startswith("run, e0:")


def test_a_run_of_whole_replies_is_about_whole_replies(tmp_path: Path) -> None:
    path = saved(tmp_path / "run.jsonl", [Probe(endpoint="e0", first_byte=550.0)], "gpt-4o")
    path.write_text(path.read_text().replace('"model": "gpt-4o"', '"model": "gpt-4o", "stream": false', 1))
    found = told("--from-run", str(path), "--for", "outwait")
    assert not found["stream"]
    assert 'match: {model: "gpt-4o", stream: false}' in found["snippets"][0]["text"]


def test_a_run_that_was_quick(tmp_path: Path) -> None:
    path = saved(tmp_path / "run.jsonl", [Probe(endpoint="e0", first_byte=0.1)], "gpt-4o")
    assert "No wait of the run's 1 probes" in run("--from-run", str(path))


def test_a_run_of_several_models_needs_one_named(tmp_path: Path) -> None:
    probes = [Probe(endpoint="e0", silence=200.0), Probe(endpoint="e1", silence=1000.0)]
    path = saved(tmp_path / "run.jsonl", probes, "gpt-4o", "o3")
    assert "gpt-4o, o3" in run("--from-run", str(path), code=2)
    assert told("o3", "--from-run", str(path))["clocks"][5]["seconds"] == 1250
    assert "no o4" in run("o4", "--from-run", str(path), code=2)


@pytest.mark.parametrize("wait", [{"first_byte": -1.0}, {"silence": -0.001}, {"connect": -5.0}])
def test_a_run_with_a_wait_that_is_none(tmp_path: Path, wait: dict[str, Any]) -> None:
    path = saved(tmp_path / "run.jsonl", [Probe(endpoint="e0", **wait)], "gpt-4o")
    assert "a wait that is none" in " ".join(run("--from-run", str(path), code=2).replace("│", " ").split())


def test_a_glob_means_the_models_it_fits(gateway: Any, tmp_path: Path) -> None:
    found = told("o3*", "--for", "outwait")
    assert (found["model"], found["scenario"]) == ("o3*", "reasoning")
    assert 'match: {model: "o3*"}' in found["snippets"][0]["text"]
    assert "Every model that o3* fits" in found["notes"][0]
    gateway(channels(openai=[learned("first_byte", 300.0)]))
    assert told("gpt-4*", "--from-gateway", "u")["clocks"][3]["seconds"] == 300
    assert "has learned nothing" in run("o3*", "--from-gateway", "u")
    probes = [Probe(endpoint="e0", silence=200.0), Probe(endpoint="e1", silence=1000.0)]
    path = saved(tmp_path / "run.jsonl", probes, "gpt-4o", "o3")
    assert told("o*", "--from-run", str(path))["clocks"][5]["seconds"] == 1250
    assert told("gpt-4*", "--from-run", str(path))["clocks"][5]["seconds"] == 250
    assert "no o4*" in run("o4*", "--from-run", str(path), code=2)


def test_a_configuration_is_read_when_it_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.yaml"
    path.write_text("server: {port: many}\n")
    assert "server.port" in run("o3", "--config", str(path), code=2)
    path.write_text("server: {port: 8787}\n")
    assert any("nothing else of it counts" in each for each in told("o3", "--config", str(path))["notes"])


def test_a_run_without_a_model_needs_a_scenario_or_a_model(tmp_path: Path) -> None:
    path = saved(tmp_path / "run.jsonl", [Probe(endpoint="e0", connect=20.0)], None)
    assert "name a MODEL" in run("--from-run", str(path), code=2)
    assert told("o3", "--from-run", str(path))["clocks"][1]["seconds"] == 25
    assert told("--from-run", str(path), "-s", "chat")["clocks"][1]["seconds"] == 25


def test_a_file_that_is_no_run(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("hello\n")
    assert "outwait check --save" in run("--from-run", str(tmp_path / "x"), code=2)
    assert "cannot be read" in run("--from-run", str(tmp_path / "y"), code=2)


@pytest.mark.parametrize(
    "words, said",
    [
        ((), "scenarios are chat, reasoning, deep"),
        (("o3", "--scenario", "coffee"), "one of chat, reasoning"),
        (("o3", "--preset", "fast"), "one of default, seed"),
        (("o3", "--for", "ngnix"), "Nearest: nginx"),
        (("o3", "--for", "nginx,nginx"), "named twice"),
        (("o3", "--behind", "cloudflar"), "Nearest: cloudflare"),
        (("o3", "--behind", "openai-python"), "is not known"),
        (("o3", "--heartbeat-every", "0.5"), "1-300 s"),
        (("o3", "--heartbeat-every", "soon"), "1-300 s"),
        (("o3", "--url", "llm.example.com"), "is no URL"),
        (("o3", "--url", "http://x/'; rm -rf"), "is no URL"),
        (("o3", "--url", "http://[::1"), "is no URL"),
        (("o3", "--gateway", "8787"), "is no address"),
        (("o3", "--gateway", "a:99999"), "is no address"),
        (("o3", "--gateway", "a b:1"), "is no address"),
        (("a b",), "is no model's name"),
        (("x" * 201,), "is no model's name"),
        (("o3", "--key", "k"), "--from-gateway only"),
    ],
)
def test_wrong_words_end_with_2_and_say_what_would_be_right(words: tuple[str, ...], said: str) -> None:
    out = " ".join(run(*words, code=2).replace("│", " ").split())
    assert said in out


def test_wrong_words_in_chinese() -> None:
    assert "最接近的：nginx" in run("o3", "--for", "ngnix", "--lang", "zh", code=2)


def test_where_things_are() -> None:
    found = told("o3", "--gateway", "10.0.0.1:9", "--listen", "8443", "--url", "https://llm.example.com/v1/")
    texts = {each["target"]: each["text"] for each in found["snippets"]}
    assert "server 10.0.0.1:9 max_fails=0;" in texts["nginx"]
    assert "listen 8443;" in texts["nginx"]
    assert '"https://llm.example.com/v1"' in texts["openai-python"]


def test_heartbeats_as_one_wants_them() -> None:
    assert told("o3", "--heartbeat-every", "5s")["heartbeat"]["every"] == 5
    out = run("o3", "--heartbeat-every", "off", "--behind", "cloudflare")
    assert "heartbeat: off" in out
    assert "switch them on" in " ".join(out.split())
    assert "│ heartbeat │ mode" in out
