"""The examples of docs/client.md, run; what they say they print, they print."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest
from tests.e2e.acts import Serve
from tests.e2e.backstage import Provider
from tests.e2e.stage import ROOT, Gateway, environment

from outwait.client import Reattach, RetryRules

PAGE = ROOT / "docs" / "client.md"
# What the models of the page are here.
MODELS = {
    "o3": "silent-300ms+drip-20ms+long-12",
    "o3-hangs": "stall-30s-after-3+long-12",
    "gpt-4o": "long-12",
    "claude-opus-4-1": "silent-300ms+long-12",
}
_BLOCK = re.compile(r"```python\n(?P<code>.*?)```\n(?:\n```text\n(?P<told>.*?)```)?", re.DOTALL)
BLOCKS = [(found["code"], found["told"]) for found in _BLOCK.finditer(PAGE.read_text("utf-8"))]


@pytest.fixture(scope="module")
def gateway(serve: Serve, provider: Provider) -> Gateway:
    channel = {"name": "provider", "base_url": provider.url, "model_map": MODELS}
    return serve({"channels": [channel], "keys": [{"name": "dev", "key": "ow-dev"}]}, "docs")


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_example(gateway: Gateway, tmp_path: Path, number: int) -> None:
    code, told = BLOCKS[number]
    path = tmp_path / "example.py"
    path.write_text(code.replace("127.0.0.1:8787", f"127.0.0.1:{gateway.port}"), "utf-8")
    run = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    if told is not None:
        assert run.stdout.splitlines()[-told.count("\n") :][1:] == told.splitlines()[1:]
        assert len(run.stdout.split()) == len(told.split())
    elif "print" in code:
        assert len(run.stdout.split()) >= 12


def test_there_are_examples() -> None:
    assert len(BLOCKS) >= 7
    assert sum(told is not None for _, told in BLOCKS) >= 2


def test_every_rule_has_its_row() -> None:
    """With its default, where that is a plain number."""
    text = PAGE.read_text("utf-8")
    for rules in (Reattach(), RetryRules()):
        for field in fields(rules):
            rows = [line for line in text.splitlines() if line.startswith("|") and f"`{field.name}`" in line]
            assert rows, field.name
            if isinstance(field.default, int) and not isinstance(field.default, bool):
                assert any(str(field.default) in row for row in rows), field.name
