"""Something stands still: who reads the log, or the gateway's own process. No call is lost by it, or paid twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest
from tests.e2e.acts import BEATS, Serve
from tests.e2e.asking import Line, ask, chat, get, request
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, environment, free_port, until
from tests.e2e.steering import crew

FIRST_BYTE = 1.5  # seconds
STANDING = 2.0
CALLS = 150  # whose lines fill a pipe of 64 KiB


@pytest.fixture(scope="module")
def unread(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, int]]:
    """A gateway whose log goes into a pipe that nobody reads: its port, and its process."""
    folder, port = tmp_path_factory.mktemp("unread"), free_port()
    config = folder / "outwait.yaml"
    channel = {"name": "provider", "base_url": provider.url}
    server = {"host": "127.0.0.1", "port": port, "workers": 1, "drain": "1s"}
    given = {"data_dir": str(folder / "data"), "server": server, "channels": [channel], "heartbeat": BEATS}
    config.write_text(json.dumps(given))
    reading, writing = os.pipe()
    argv = [sys.executable, "-m", "outwait", "serve", "--config", str(config)]
    gateway = subprocess.Popen(argv, stdout=subprocess.DEVNULL, stderr=writing, env=environment())
    os.close(writing)
    try:
        until(lambda: _answers(port), "the gateway to answer")
        yield port, gateway.pid
    finally:
        gateway.terminate()
        began = time.monotonic()
        gateway.wait(15)
        os.close(reading)
    assert time.monotonic() - began < 10  # its last words do not hold it up


def _answers(port: int) -> bool:
    try:
        return get(port, "/healthz").status == 200
    except OSError:
        return False


def test_a_log_that_nobody_reads_stops_no_heartbeat(unread: tuple[int, int]) -> None:
    port, pid = unread
    for number in range(CALLS):
        assert ask(port, chat("long-1", question=f"fill {number}")).end == "whole"
    os.kill(pid, signal.SIGHUP)  # of which a worker tells from where its heartbeats come from
    for _ in range(2):
        heard = ask(port, chat("silent-2500ms+long-3", stream=True))
        assert (heard.status, heard.end) == (200, "whole")
        assert [round(at) for at in heard.beats] == [1, 2]


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    channel = {"name": "provider", "base_url": provider.url, "timeouts": {"first_byte": FIRST_BYTE, "idle": FIRST_BYTE}}
    return serve({"channels": [channel], "server": {"workers": 1}, "health": {"shed": False}}, "standstill")


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "json"])
@pytest.mark.parametrize("model", ["silent-1s+long-3", "stall-1s-after-2+long-3"])
def test_what_came_while_the_process_stood_still_came_in_time(
    gateway: Gateway, provider: Provider, model: str, stream: bool
) -> None:
    question = f"standing {model} {stream}"
    (worker,) = crew(gateway)
    with Line(gateway.port) as line:
        line.send(request(chat(model, stream=stream, question=question), {}))
        until(lambda: provider.calls(question), "the call upstream")
        time.sleep(0.3)  # so that it waits
        os.kill(worker, signal.SIGSTOP)
        time.sleep(STANDING)
        os.kill(worker, signal.SIGCONT)
        heard = line.hear()
    assert (heard.status, heard.end) == (200, "whole")
    assert len(heard.text.split()) == 3
    assert len(provider.calls(question)) == 1
    entry = gateway.entry(heard.headers["x-outwait-exchange"])
    assert (entry["outcome"], entry["attempts"]) == ("completed", 1)
