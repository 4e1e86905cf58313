"""The conformance matrix: which SDK asks through which proxy for what, and what each of them was told.

Nearly all of the time is silence, so everything is asked at once: one process per SDK, one thread or promise per call.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

from tests.e2e.stage import ROOT, environment

HERE = Path(__file__).parent
NODE, OLDEST = ROOT / ".tools" / "node", ROOT / ".tools" / "oldest" / "bin" / "python"
SDKS = ("python-newest", "python-oldest", "node")
PROXIES = ("nginx", "nginx-1.1", "haproxy")
MODES = ("stream", "json")
SILENT = 12  # seconds
WORDS = 40
PATIENCE = 60.0  # seconds an SDK's process may take

# What goes wrong upstream, and with which model the simulated provider does it.
FAULTS = {
    "reset": "reset-after-3",
    "close": "close-after-3",
    "truncate": "truncate-after-3",
    "error inside": "error-in-stream-after-3",
}
LATE = "late-error"  # silent past the first heartbeat, then a 500


@dataclass(frozen=True, slots=True)
class Case:
    """One call. `what`: `silent` (with outwait), `direct` (the proxy straight in front of the provider), `late` (an
    error once the headers are out), or a fault in the middle. `model`: what is asked for."""

    sdk: str
    proxy: str
    mode: str
    what: str
    model: str

    @property
    def name(self) -> str:
        """Tells this call from all others, and is the question asked."""
        return f"{self.sdk} {self.proxy} {self.mode} {self.what}"

    def call(self, urls: Mapping[tuple[str, str], str], key: str) -> dict[str, object]:
        """As the programs beside this file read it."""
        target = "provider" if self.what == "direct" else "gateway"
        retries = 2 if self.what == "late" else 0
        url = urls[self.proxy, target]
        asked: dict[str, object] = {"name": self.name, "url": url, "key": key, "model": self.model}
        return asked | {"stream": self.mode == "stream", "retries": retries, "timeout": 45}


def cases() -> Iterator[Case]:
    """Every row of the matrix."""
    silent = f"silent-{SILENT}s+long-{WORDS}"
    for sdk, proxy, mode in product(SDKS, PROXIES, MODES):
        yield Case(sdk, proxy, mode, "silent", silent)
        yield Case(sdk, proxy, mode, "late", LATE)
        for fault, model in FAULTS.items():
            yield Case(sdk, proxy, mode, fault, model)
    for sdk, proxy, mode in product(SDKS, ("nginx", "haproxy"), MODES):
        yield Case(sdk, proxy, mode, "direct", silent)


def missing(sdk: str) -> str | None:
    """Why `sdk` cannot be asked here, or None."""
    need = {"python-oldest": OLDEST, "node": NODE / "node_modules" / "openai"}.get(sdk)
    if sdk == "node" and shutil.which("node") is None:
        return "node is not installed (tools/test-needs says how)"
    if need is None or need.exists():
        return None
    return f"the SDK of {sdk} is not installed (tools/test-needs fetches it)"


def play(urls: Mapping[tuple[str, str], str], key: str) -> dict[str, dict[str, Any]]:
    """Ask everything that can be asked; rows by the case's name."""
    able = [sdk for sdk in SDKS if missing(sdk) is None]
    asked = {
        sdk: [case.call(urls, key) for case in cases() if case.sdk == sdk and (case.proxy, "gateway") in urls]
        for sdk in able
    }
    with ThreadPoolExecutor(len(able)) as pool:
        told = [row for rows in pool.map(_ask, able, asked.values()) for row in rows]
    return {row["name"]: row for row in told}


def _ask(sdk: str, calls: list[dict[str, object]]) -> list[dict[str, Any]]:
    argv = {
        "python-newest": [sys.executable, str(HERE / "openai_python.py")],
        "python-oldest": [str(OLDEST), str(HERE / "openai_python.py")],
        "node": ["node", str(HERE / "openai_node.mjs"), str(NODE)],
    }[sdk]
    done = subprocess.run(
        argv, input=json.dumps(calls), capture_output=True, text=True, timeout=PATIENCE, env=environment(), check=False
    )
    assert done.returncode == 0, f"{sdk}: {done.stderr[-3000:]}"
    return [json.loads(line) for line in done.stdout.splitlines()]
