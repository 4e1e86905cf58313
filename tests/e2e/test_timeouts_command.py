"""`outwait timeouts` as a process, against what a real gateway tells and a real `outwait check` saved."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from tests.e2e.acts import Serve
from tests.e2e.asking import ask, chat
from tests.e2e.backstage import Provider
from tests.e2e.emitted import check

MODEL = "silent-200ms"
KEYS = [{"name": "admin", "key": "ow-admin-0123456789", "admin": True}, {"name": "dev", "key": "ow-dev-0123456789"}]


def told(*words: str, code: int = 0) -> Any:
    done = check([sys.executable, "-m", "outwait", *words])
    assert done.returncode == code, done.stderr
    return json.loads(done.stdout) if code == 0 and "--json" in words else done.stderr


def test_a_gateways_own_account_of_what_it_learned_is_understood(serve: Serve, provider: Provider) -> None:
    channel = {"name": "simulated", "base_url": provider.url, "api_key": "none"}
    gateway = serve({"channels": [channel], "keys": KEYS, "scenarios": {MODEL: "chat"}})
    assert ask(gateway.port, chat(MODEL, stream=True), {"Authorization": "Bearer ow-dev-0123456789"}).status == 200
    words = ("timeouts", MODEL, "--scenario", "chat", "--from-gateway", gateway.url, "--key")
    found = told(*words, "ow-admin-0123456789", "--json")
    assert "counted 1 of the 200 waits" in found["notes"][0]
    assert {each["reason"] for each in found["clocks"]} >= {"scenario chat"}
    assert "admin" in told(*words, "ow-dev-0123456789", code=2)


def test_a_saved_check_is_understood(provider: Provider, tmp_path: Path) -> None:
    run = tmp_path / "run.jsonl"
    told("check", provider.url, "--model", MODEL, "--key", "none", "-n", "3", "--save", str(run), "--json")
    found = told("timeouts", "--from-run", str(run), "--scenario", "embedding", "--json")
    assert found["model"] == MODEL
    assert "No wait of the run's 3 probes" in found["notes"][0]
