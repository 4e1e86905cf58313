from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from outwait.cli.commands import app

pytestmark = pytest.mark.usefixtures("bare")

PROBE = {
    "probe": "connect", "asked": "connect to h", "ok": True, "status": None, "seconds": 0.0123, "at": 1e9,
    "model": None, "fault": None,
}  # fmt: skip
FAULT = {"code": "upstream_reset", "cause": "c", "side": "upstream", "message": "It broke.", "detail": "ECONNRESET"}
ENDPOINT = {
    "name": "one/m", "model": "m", "state": "ejected", "why": "it failed", "until": 1e9, "outstanding": 1, "limit": 32,
    "waiting": 2, "share": 1.0, "ejections": 1, "attempts": 7, "failures": 5, "blamed": {}, "last_success": None,
    "last_fault": FAULT, "rates": [],
    "learned": [{"scenario": "chat", "clock": "idle", "sentence": "40s after 99 answers"}],
}  # fmt: skip
CHANNEL: dict[str, Any] = {
    "object": "channel", "name": "one", "state": "up", "dialect": "openai", "base_url": "http://h/v1", "priority": 0,
    "weight": 1.0, "models": [], "running": 1, "max_in_flight": 0,
    "keys": {"count": 2, "dead": [{"key": 1, "since": 1e9}, {"key": 0, "since": None}]}, "probe": PROBE, "check": None,
    "endpoints": [ENDPOINT],
}  # fmt: skip


class FakeGateway:
    """Says `status` and `told` to everything; what it was asked."""

    def __init__(self) -> None:
        self.status = 200
        self.told: Any = {"object": "list", "worker": "05", "data": [CHANNEL]}
        self.asked: list[tuple[str, str, Any, str | None]] = []
        fake = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                auth = self.headers.get("authorization")
                fake.asked.append((self.command, self.path, json.loads(body) if body else None, auth))
                raw = fake.told if isinstance(fake.told, bytes) else json.dumps(fake.told).encode()
                self.send_response(fake.status)
                self.send_header("content-length", str(len(raw)))
                self.end_headers()
                self.wfile.write(raw)

            do_GET = do_POST = answer  # noqa: N815 - the library's names

            def log_message(self, *_: object) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    fake = FakeGateway()
    thread = threading.Thread(target=fake.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield fake
    fake.server.shutdown()
    fake.server.server_close()
    thread.join()


def run(*words: str) -> Result:
    return CliRunner().invoke(app, ["channels", *words])


def at(gateway: FakeGateway, *words: str) -> Result:
    return run(*words, "--url", gateway.url, "--key", "k")


def test_all_channels_are_a_table(gateway: FakeGateway) -> None:
    done = at(gateway)
    assert done.exit_code == 0, done.output
    for word in ("one", "up", "openai", "good, 12 ms", "1 ejected", "2, dead: 1 since", "0 since an unknown time"):
        assert word in done.stdout, word
    assert gateway.asked == [("GET", "/v1/channels", None, "Bearer k")]


def test_a_channel_that_is_out_is_bad_news(gateway: FakeGateway) -> None:
    gateway.told["data"] = [CHANNEL, {**CHANNEL, "state": "out", "probe": None, "keys": {"count": 1, "dead": []}}]
    done = at(gateway, "--json")
    assert done.exit_code == 1
    assert json.loads(done.stdout) == gateway.told
    gateway.told = {**CHANNEL, "state": "out"}
    assert at(gateway, "one").exit_code == 1


def test_one_channel_with_its_endpoints(gateway: FakeGateway) -> None:
    gateway.told = CHANNEL
    done = at(gateway, "one")
    assert done.exit_code == 0, done.output
    for word in ("one/m", "ejected", "1 of 32", "upstream_reset: It broke.", "last check: none yet", "40s after 99"):
        assert word in " ".join(done.stdout.split()), word
    gateway.told = {**CHANNEL, "endpoints": []}
    assert "No model has been asked for" in at(gateway, "show", "check").stdout
    assert [path for _, path, _, _ in gateway.asked] == ["/v1/channels/one", "/v1/channels/check"]


def test_a_check(gateway: FakeGateway) -> None:
    gateway.told = {"object": "channel.check", **PROBE, "seconds": 1.5, "model": "gpt-4o"}
    done = at(gateway, "check", "a/b", "--model", "gpt-4o", "--paid", "--credential", "1")
    assert done.exit_code == 0, done.output
    assert "connect to h of gpt-4o: good, 1.50 s" in done.stdout
    assert gateway.asked[0][:3] == (
        "POST",
        "/v1/channels/a%2Fb/check",
        {"model": "gpt-4o", "paid": True, "key": 1},
    )
    gateway.told = {**gateway.told, "ok": False, "fault": FAULT}
    done = at(gateway, "check", "one")
    assert done.exit_code == 1
    assert "It broke." in done.stdout
    assert "ECONNRESET" in done.stdout
    gateway.told["fault"] = {**FAULT, "detail": None}
    assert "ECONNRESET" not in at(gateway, "check", "one").stdout


def test_reviving(gateway: FakeGateway) -> None:
    for keys, said in (([0, 1], "keys 0, 1 are used again"), ([1], "key 1 is used again"), ([], "no key was dead")):
        gateway.told = {"channel": "one", "revived": keys}
        done = at(gateway, "revive", "one")
        assert done.exit_code == 0
        assert said in done.stdout
    assert gateway.asked[0][:3] == ("POST", "/v1/channels/one/revive", {})


def test_learned_clocks(gateway: FakeGateway) -> None:
    gateway.told = {"action": "export", "rules": [{"name": "learned-m", "idle": "40s"}]}
    done = at(gateway, "learned", "export")
    assert done.exit_code == 0
    assert "timeouts:" in done.stdout
    assert "idle: 40s" in done.stdout
    gateway.told["rules"] = []
    assert "Nothing has been learned" in at(gateway, "learned", "export").stdout
    gateway.told = {"action": "freeze", "learned": [{"endpoint": "one/m", "clock": "idle", "samples": 3}]}
    done = at(gateway, "learned", "freeze", "--endpoint", "one/m")
    assert "Frozen." in done.stdout
    assert '"samples": 3' in done.stdout
    assert gateway.asked[-1][:3] == ("POST", "/v1/channels/learned", {"action": "freeze", "endpoint": "one/m"})


@pytest.mark.parametrize("status, code", [(403, 2), (404, 2), (400, 2), (503, 1)])
def test_a_refusal_is_told(gateway: FakeGateway, status: int, code: int) -> None:
    gateway.status = status
    gateway.told = {"error": {"code": "permission_denied", "message": "That takes an admin."}}
    done = at(gateway)
    assert done.exit_code == code
    assert "That takes an admin." in done.stderr
    told = at(gateway, "--json")
    assert (told.exit_code, json.loads(told.stdout)) == (code, gateway.told)


def test_a_name_in_bytes_that_are_no_text_is_asked_for_as_it_is(gateway: FakeGateway) -> None:
    at(gateway, "show", "x\udcff")  # as Python keeps them
    assert gateway.asked[-1][1] == "/v1/channels/x%FF"


def test_something_else_that_answers(gateway: FakeGateway) -> None:
    gateway.status, gateway.told = 404, b"<html>"
    done = at(gateway)
    assert done.exit_code == 2
    assert "is that the address of an outwait gateway?" in done.stderr
    error = json.loads(at(gateway, "--json").stdout)["error"]
    assert (error["code"], "The gateway answered 404" in error["message"]) == ("gateway_refused", True)


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0"])
def test_url_and_key_are_those_of_the_configuration(gateway: FakeGateway, host: str) -> None:
    keys = "keys: [{name: a, key: ow-a}, {name: b, key: ow-b, admin: true}]"
    Path("outwait.yaml").write_text(f"server: {{host: {host}, port: {gateway.port}}}\n{keys}\n")
    assert run().exit_code == 0
    assert gateway.asked[-1][3] == "Bearer ow-b"
    Path("outwait.yaml").write_text(f"server: {{port: {gateway.port}}}\n")
    assert run().exit_code == 0
    assert gateway.asked[-1][3] is None


def test_a_gateway_that_is_not_there() -> None:
    done = run("--url", "http://127.0.0.1:9/v1", "--key", "k")
    assert done.exit_code == 1
    assert "No gateway answers at http://127.0.0.1:9: Connection refused. Is it running?" in done.stderr
    done = run("--url", "http://127.0.0.1:9/v1", "--key", "k", "--json")
    assert (done.exit_code, "No gateway answers" in json.loads(done.stdout)["error"]["message"]) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("one", "two"),
        ("check",),
        ("learned",),
        ("learned", "melt"),
        ("check", "one", "--paid"),
        ("one", "--paid"),
        ("revive", "one", "--model", "m"),
        ("one", "--credential", "1"),
        ("one", "--endpoint", "one/m"),
        ("--url", "gopher://x", "--key", "k"),
    ],
)
def test_usage(words: tuple[str, ...]) -> None:
    assert run(*words).exit_code == 2


def test_a_configuration_that_is_wrong() -> None:
    Path("outwait.yaml").write_text("servers: 1\n")
    done = run()
    assert done.exit_code == 2
    assert "servers" in done.stderr
