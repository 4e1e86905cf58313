"""What operators see of exchanges in flight, over all workers."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from typing import Any

import pytest
from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Provider
from tests.e2e.stage import Gateway, environment, until

DEV = {"Authorization": "Bearer key-dev"}


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    return serve(
        {
            "server": {"workers": 2},
            "channels": [{"name": "sim", "base_url": provider.url}],
            "keys": [{"name": "dev", "key": "key-dev"}, {"name": "boss", "key": "key-admin", "admin": True}],
            "heartbeat": {"after": "1s", "every": "1s"},
        }
    )


def top(gateway: Gateway, *words: str, key: str = "key-admin") -> subprocess.CompletedProcess[str]:
    where = ["--url", f"http://127.0.0.1:{gateway.port}/v1", "--key", key]
    argv = [sys.executable, "-m", "outwait", "top", *words, *where]
    return subprocess.run(
        argv, capture_output=True, text=True, timeout=20, check=False, env=environment(COLUMNS="200", NO_COLOR="1")
    )


def live(gateway: Gateway) -> Any:
    done = top(gateway, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["live"]


def test_what_is_silent_is_shown_with_its_heartbeats_whoever_serves_it(gateway: Gateway) -> None:
    clients = [threading.Thread(target=ask, args=(gateway.port, chat("silent-6s", stream=True), DEV)) for _ in range(6)]
    for client in clients:
        client.start()
    until(lambda: len([row for row in live(gateway)["data"] if row["heartbeats"]]) == 6, "heartbeats of six")
    told = live(gateway)
    assert sum(told["workers"].values()) == told["in_flight"] == 6
    assert {row["phase"] for row in told["data"]} == {"sent"}
    assert all(row["silence"] > 1 and row["clock"] == "first_byte" for row in told["data"])
    page = top(gateway, "--lang", "en").stdout
    assert "6 in flight" in page
    assert "silent-6s" in page
    for client in clients:
        client.join()
    until(lambda: live(gateway)["in_flight"] == 0, "all over")
    assert "没有进行中的请求" in top(gateway, "--lang", "zh").stdout


def test_a_plain_key_sees_nothing(gateway: Gateway) -> None:
    done = top(gateway, key="key-dev")
    assert (done.returncode, "admin: true" in done.stderr) == (2, True)
