"""What a running gateway has learned, beside the numbers of a plan."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from outwait.cli import explain_live
from outwait.cli.commands import app
from outwait.core.plan import Candidate, Plan, Span, Timeouts

pytestmark = pytest.mark.usefixtures("bare")

CONFIG = """
channels:
  - {name: first, base_url: 'http://a/v1', models: ['o3*']}
  - {name: second, base_url: 'http://b/v1', models: ['o3'], priority: 1}
keys: [{name: dev, key: ow-dev-1}, {name: boss, key: ow-boss-1, admin: true}]
"""
SPAN = Span(9, "test")


def lesson(clock: str = "idle", **more: Any) -> dict[str, Any]:
    usual = {
        "scenario": "reasoning", "whole": False, "clock": clock, "configured": 300.0, "learned": 41.0, "used": False,
        "samples": 1204, "cut": 3, "frozen": False, "sentence": f"41s: what {clock} takes",
    }  # fmt: skip
    return usual | more


def told(**endpoints: list[dict[str, Any]]) -> dict[str, Any]:
    rows = [
        {"name": channel, "endpoints": [{"name": f"{channel}/o3", "learned": learned}]}
        for channel, learned in endpoints.items()
    ]
    return {"object": "list", "worker": "05abcd", "data": rows}


class Fake:
    def __init__(self) -> None:
        self.status = 200
        self.told: Any = told(first=[lesson()], second=[lesson(samples=1, cut=0, learned=None, sentence="5m")])
        self.asked: list[tuple[str, str | None]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                fake.asked.append((self.path, self.headers.get("authorization")))
                raw = json.dumps(fake.told).encode()
                self.send_response(fake.status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"


@pytest.fixture
def gateway() -> Iterator[Fake]:
    fake = Fake()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


def run(*arguments: str) -> Result:
    Path("outwait.yaml").write_text(CONFIG)
    return CliRunner(env={"COLUMNS": "240"}).invoke(app, ["explain", "--model", "o3", "--stream", *arguments])


def test_beside_each_clock_stands_what_is_learned(gateway: Fake) -> None:
    done = run("--live", "--url", gateway.url)
    assert done.exit_code == 0, done.output
    assert gateway.asked == [("/v1/channels", "Bearer ow-boss-1")]
    lines = [line for line in done.stdout.splitlines() if "waits" in line or " wait," in line]
    assert len(lines) == 2
    assert "idle" in lines[0]
    assert "first/o3: 1,204 waits, 3 cut: 41s: what idle takes (only told)" in lines[0]
    assert "second/o3: 1 wait, 0 cut: 5m " in lines[1]
    assert "nothing of this" not in done.stdout


def test_as_data(gateway: Fake) -> None:
    found = json.loads(run("--live", "--url", gateway.url, "--admin-key", "ow-x", "--json").stdout)
    assert gateway.asked == [("/v1/channels", "Bearer ow-x")]
    assert found["live"]["worker"] == "05abcd"
    assert [row["endpoint"] for row in found["live"]["learned"]] == ["first/o3", "second/o3"]
    assert found["live"]["learned"][0] == {"endpoint": "first/o3", **lesson()}
    assert "live" not in json.loads(run("--json").stdout)


def test_where_nothing_is_known_it_says_so(gateway: Fake) -> None:
    gateway.told = told(first=[lesson(scenario="chat"), lesson(whole=True)], other=[lesson()])
    done = run("--live", "--url", gateway.url)
    assert done.exit_code == 0
    assert "Worker 05abcd has learned nothing of this yet." in done.stdout


def test_without_a_gateway_the_message_is_clear() -> None:
    done = run("--live", "--url", "http://127.0.0.1:9")
    assert done.exit_code == 1
    assert "No gateway answers at http://127.0.0.1:9" in done.stderr
    assert "Without --live no gateway is needed." in done.stderr
    assert done.stdout == ""
    done = run("--live", "--url", "http://127.0.0.1:9", "--json")
    error = json.loads(done.stdout)["error"]
    assert (done.exit_code, error["code"], done.stderr) == (1, "gateway_unreached", "")
    assert "Without --live no gateway is needed." in error["message"]


@pytest.mark.parametrize("status, code", [(403, 2), (503, 1)])
def test_a_gateway_that_refuses(gateway: Fake, status: int, code: int) -> None:
    gateway.status, gateway.told = status, {"error": {"code": "c", "message": "Why."}}
    done = run("--live", "--url", gateway.url)
    assert done.exit_code == code
    assert f"The gateway answered {status} c: Why." in done.stderr
    done = run("--live", "--url", gateway.url, "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (code, gateway.told)


@pytest.mark.parametrize("option", ["--url", "--admin-key"])
def test_what_goes_with_live_only(option: str) -> None:
    done = run(option, "http://x")
    assert done.exit_code == 2
    assert "--live" in done.stderr


def test_one_endpoint_needs_no_name() -> None:
    plan = Plan("reasoning", (Candidate("first", "openai", "o3"),), Timeouts(SPAN, SPAN, SPAN, SPAN, SPAN, SPAN, SPAN))
    learned = explain_live.lessons(plan, told(first=[lesson("idle", used=True), lesson("first_byte")]))
    assert explain_live.words(learned, "idle", several=False) == "1,204 waits, 3 cut: 41s: what idle takes (used)"
    assert explain_live.words(learned, "total", several=False) == ""
