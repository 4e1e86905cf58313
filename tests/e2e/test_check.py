"""`outwait check` as people run it: a process, real sockets, endpoints that are well, slow or broken."""

from __future__ import annotations

import asyncio
import json
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.backstage import Backstage, Provider, Raw
from tests.e2e.stage import ROOT, environment, free_port

from outwait.toolkit.check import saved
from outwait.wire.tls import server_context

PEM = str(ROOT / "tests" / "wire" / "localhost.pem")  # for localhost and 127.0.0.1
KEY = "sk-canary-check-1"
FAST, LATE = "drip-2ms+long-25", "silent-500ms+drip-2ms+long-25"


@dataclass(frozen=True, slots=True)
class Done:
    """What a command said, and its exit status."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def failure(self) -> Any:
        """The one way in which the first endpoint failed."""
        (failure,) = self.json["endpoints"][0]["failures"]
        return failure


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "outwait", "check", *words]


def check(*words: str, cwd: Path | None = None, **env: str) -> Done:
    done = subprocess.run(
        command(*words), capture_output=True, text=True, timeout=60, check=False, cwd=cwd,
        env=environment(COLUMNS="120", LANG="C.UTF-8", **env),
    )  # fmt: skip
    assert "Traceback" not in done.stderr
    return Done(done.returncode, done.stdout, done.stderr)


def test_two_side_by_side_and_the_right_one_recommended(provider: Provider) -> None:
    done = check(provider.url, provider.url, "-m", LATE, "-m", FAST, "-n", "8", "--json")
    assert done.status == 0
    assert done.json["recommendation"] | {"reasons": []} == {"endpoint": FAST, "sure": True, "reasons": []}
    late, fast = (endpoint["figures"] for endpoint in done.json["endpoints"])
    assert late["first_byte"]["p50"] >= 0.5 > fast["ttft"]["p50"]
    assert "16 paid calls" in done.err
    told = check(provider.url, provider.url, "-m", LATE, "-m", FAST, "-n", "8").out
    assert f"Best: {FAST}: median TTFT is" in " ".join(told.split())


def test_slow_tokens_are_measured(provider: Provider) -> None:
    told = check(provider.url, "-m", "drip-40ms+long-12", "-n", "3", "--json").json["endpoints"][0]
    assert 3 < told["figures"]["rate"]["p50"] < 30
    assert told["figures"]["silence"]["p50"] >= 0.04


@pytest.mark.parametrize(
    "model, cause, side, clock, outcome",
    [
        ("hang", "first_byte_timeout", "upstream", "first_byte", "timeouts"),
        ("stall-30s-after-3", "idle_timeout", "upstream", "idle", "timeouts"),
        ("error-429-retry-after-2", "rate_limited", "upstream", None, "errors"),
        ("error-500", "upstream_error", "upstream", None, "errors"),
        ("reset-after-3", "stream_truncated", "upstream", None, "errors"),
    ],
)
def test_what_failed_is_said(
    provider: Provider, model: str, cause: str, side: str, clock: str | None, outcome: str
) -> None:
    done = check(provider.url, "-m", model, "-n", "2", "-t", "500ms", "--json")
    assert done.status == 1
    assert (done.failure["cause"], done.failure["side"], done.failure["clock"]) == (cause, side, clock)
    assert done.json["endpoints"][0][outcome] == 2
    assert done.json["recommendation"]["endpoint"] is None


def test_nobody_is_there() -> None:
    done = check(f"http://127.0.0.1:{free_port()}/v1", "-n", "2", "--json")
    assert (done.status, done.failure["cause"], done.failure["side"]) == (1, "connect_refused", "upstream")


class Secure:
    """A provider behind TLS: any GET is answered with a list of models, a wrong key with 401 and the key itself."""

    def __init__(self, backstage: Backstage) -> None:
        self._backstage = backstage
        self.server: asyncio.Server = backstage.run(self._start())
        self.url = f"https://127.0.0.1:{self.server.sockets[0].getsockname()[1]}/v1"

    async def _start(self) -> asyncio.Server:
        return await asyncio.start_server(self._play, "127.0.0.1", 0, ssl=server_context(PEM))

    async def _play(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            shown = head.lower().partition("authorization: ")[2].partition("\r\n")[0]
            good = shown == f"bearer {KEY}"
            body = b'{"object": "list", "data": []}'
            if not good:
                body = json.dumps({"error": {"message": f"Incorrect API key provided: {shown}"}}).encode()
            writer.write(b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\n" % (200 if good else 401))
            writer.write(b"content-length: %d\r\n\r\n%s" % (len(body), body))
            await writer.drain()
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def close(self) -> None:
        async def stop() -> None:
            self.server.close()
            await self.server.wait_closed()

        self._backstage.run(stop())


@pytest.fixture
def secure(backstage: Backstage) -> Iterator[Secure]:
    made = Secure(backstage)
    yield made
    made.close()


def test_tls_is_timed_with_a_key_from_the_environment(secure: Secure, tmp_path: Path) -> None:
    done = check(
        secure.url, "--ca-file", PEM, "-n", "3", "--save", "run.jsonl", "--json", cwd=tmp_path, OPENAI_API_KEY=KEY
    )
    assert done.status == 0
    assert done.json["endpoints"][0]["figures"]["tls"]["n"] == 3
    assert "OPENAI_API_KEY is sent to 127.0.0.1" in done.err
    assert KEY not in done.out + done.err + (tmp_path / "run.jsonl").read_text()


def test_a_key_that_is_refused_is_not_repeated(secure: Secure, tmp_path: Path) -> None:
    wrong = "sk-canary-check-2"
    words = (secure.url, "--ca-file", PEM, "-n", "1", "-k", wrong, "--save", "run.jsonl")
    done = check(*words, cwd=tmp_path)
    assert done.status == 1
    assert "auth_failed, client" in done.out
    assert "canary" not in done.out + done.err + (tmp_path / "run.jsonl").read_text()


def test_a_certificate_nobody_trusts(secure: Secure) -> None:
    done = check(secure.url, "-n", "1", "--json")
    assert (done.status, done.failure["cause"]) == (1, "tls_failure")
    assert "certificate" in done.failure["detail"]


def test_a_run_is_saved_and_a_slower_one_is_worse(backstage: Backstage, tmp_path: Path) -> None:
    provider = backstage.simulate(aliases={"m": FAST})
    assert check(provider.url, "-m", "m", "-n", "8", "--save", "run.jsonl", cwd=tmp_path).status == 0
    assert len(saved.read(tmp_path / "run.jsonl").probes) == 8
    provider.becomes(aliases={"m": LATE})
    done = check(provider.url, "-m", "m", "-n", "8", "--compare", "run.jsonl", "--json", cwd=tmp_path)
    verdicts = {change["metric"]: change["verdict"] for change in done.json["comparison"]["changes"]}
    assert (verdicts["ttft"], verdicts["first_byte"], verdicts["success"]) == ("worse", "worse", "same")


def config(provider: Provider) -> Mapping[str, Any]:
    return {
        "channels": [
            {"name": "main", "base_url": provider.url, "api_key": KEY, "models": ["m"], "model_map": {"m": FAST}},
            {"name": "gone", "base_url": f"http://127.0.0.1:{free_port()}/v1", "models": ["other"]},
        ]
    }


def test_the_channels_of_a_configuration(provider: Provider, tmp_path: Path) -> None:
    (tmp_path / "outwait.yaml").write_text(json.dumps(config(provider)))
    both = check("-n", "2", "--json", cwd=tmp_path)
    assert both.status == 1
    assert {each["name"]: each["ok"] for each in both.json["endpoints"]} == {"main": 2, "gone": 0}
    one = check("main", "-n", "2", "-m", "m", "--json", cwd=tmp_path)
    assert (one.status, one.json["endpoints"][0]["paid"]) == (0, True)
    assert KEY not in both.out + both.err + one.out + one.err


@pytest.mark.parametrize("watch", [True, False])
def test_ctrl_c_ends_with_what_is_there(backstage: Backstage, tmp_path: Path, watch: bool) -> None:
    reached = threading.Event()

    async def play(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        raw.requests.append((head, b""))
        if len(raw.requests) > 2 and not watch:
            reached.set()
            await reader.read()  # until the client is gone
            return
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
        await writer.drain()
        if len(raw.requests) >= 2 and watch:
            reached.set()

    raw = backstage.raw(play)
    more = ("--watch", "1ms") if watch else ()
    words = (f"http://127.0.0.1:{raw.port}/health", "-n", "1" if watch else "5", "-p", "1", "--json", *more)
    running = subprocess.Popen(
        command(*words), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=tmp_path, env=environment()
    )
    assert reached.wait(20)
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=20)
    assert "Traceback" not in err
    told = json.loads(out)["endpoints"][0]
    assert (running.returncode, told["errors"], told["timeouts"]) == (0 if watch else 130, 0, 0)
    assert told["ok"] >= 1 if watch else told["ok"] == 2
