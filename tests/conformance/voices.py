"""Who asks: the SDKs, the way each of them is run, and the ways each of them can ask."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.e2e.stage import ROOT, environment

SDKS = Path(__file__).parent / "sdks"
NODE = ROOT / ".tools" / "node"
FETCH = "(tools/test-needs fetches it)"

# What clients and upstreams speak.
DIALECTS = ("chat", "responses", "anthropic", "gemini")


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK. `home`: `here` (this interpreter), `node`, `curl` or the environment in .tools. `program`: the file in
    `sdks`. `package`: by which its version is known."""

    name: str
    home: str
    program: str
    package: str

    def argv(self) -> list[str]:
        """The command that plays calls."""
        if self.home == "node":
            return ["node", str(SDKS / f"{self.program}.mjs"), str(NODE)]
        python = sys.executable if self.home in ("here", "curl") else str(self._folder() / "bin" / "python")
        return [python, "-m", f"tests.conformance.sdks.{self.program}"]

    def missing(self) -> str | None:
        """Why it cannot be run here, or None."""
        if self.home in ("node", "curl") and shutil.which(self.home) is None:
            return f"{self.home} is not installed (tools/test-needs says how)"
        return None if self.version() else f"{self.package} is not installed {FETCH}"

    def version(self) -> str | None:
        """Its version; None when it is not installed."""
        return _version(self.home, self.package)

    def _folder(self) -> Path:
        return ROOT / ".tools" / self.home


@cache
def _version(home: str, package: str) -> str | None:
    if home == "here":
        try:
            return metadata.version(package)
        except metadata.PackageNotFoundError:
            return None
    if home == "curl":
        said = subprocess.run(["curl", "--version"], capture_output=True, text=True, check=True).stdout
        return said.split()[1]
    if home == "node":
        about = NODE / "node_modules" / package / "package.json"
        return json.loads(about.read_text())["version"] if about.exists() else None
    name = package.replace("-", "_")
    found = [*(ROOT / ".tools" / home).glob(f"lib/python3*/site-packages/{name}-*.dist-info")]
    return found[0].name.removesuffix(".dist-info").rpartition("-")[2] if found else None


@dataclass(frozen=True, slots=True)
class Voice:
    """One way to ask. `speaks`: its dialect. `api`: what the SDK's program calls it. `tools`: it can offer some.

    `resends`: the SDK tries again by itself when a proxy has cut it off. `named`: it says nothing about being a second
    try, so the first one must have had an Idempotency-Key to be found again after a proxy has cut it off.
    """

    sdk: str
    way: str
    speaks: str
    api: str
    tools: bool = True
    resends: bool = True
    named: bool = False

    @property
    def name(self) -> str:
        """Tells this voice from all others."""
        return f"{self.sdk} {self.way}"


BY_NAME = {
    sdk.name: sdk
    for sdk in (
        Sdk("openai-python", "here", "openai_python", "openai"),
        Sdk("openai-python-oldest", "oldest", "openai_python", "openai"),
        Sdk("openai-node", "node", "openai_node", "openai"),
        Sdk("anthropic-python", "here", "anthropic_python", "anthropic"),
        Sdk("anthropic-python-oldest", "oldest", "anthropic_python", "anthropic"),
        Sdk("anthropic-node", "node", "anthropic_node", "@anthropic-ai/sdk"),
        Sdk("genai-python", "here", "genai_python", "google-genai"),
        Sdk("genai-node", "node", "genai_node", "@google/genai"),
        Sdk("litellm", "sdks", "litellm_python", "litellm"),
        Sdk("langchain-openai", "sdks", "langchain_python", "langchain-openai"),
        Sdk("vercel-ai", "node", "ai_node", "ai"),
        Sdk("curl", "curl", "curl", "curl"),
    )
}

VOICES = (
    Voice("openai-python", "chat", "chat", "chat"),
    Voice("openai-python", "responses", "responses", "responses"),
    Voice("openai-python-oldest", "chat", "chat", "chat", tools=False, named=True),
    Voice("openai-node", "chat", "chat", "chat"),
    Voice("openai-node", "responses", "responses", "responses"),
    Voice("anthropic-python", "messages", "anthropic", "messages"),
    Voice("anthropic-python-oldest", "messages", "anthropic", "messages"),
    Voice("anthropic-node", "messages", "anthropic", "messages"),
    Voice("genai-python", "plain", "gemini", "plain", named=True),
    Voice("genai-python", "asyncio", "gemini", "asyncio", named=True),
    Voice("genai-node", "generateContent", "gemini", "gemini", named=True),
    Voice("litellm", "openai/", "chat", "openai"),
    Voice("litellm", "anthropic/", "anthropic", "anthropic", resends=False),
    Voice("litellm", "gemini/", "gemini", "gemini", resends=False),
    Voice("langchain-openai", "chat", "chat", "chat"),
    Voice("langchain-openai", "responses", "responses", "responses"),
    Voice("vercel-ai", "openai.chat", "chat", "chat", named=True),
    Voice("vercel-ai", "openai.responses", "responses", "responses", named=True),
    Voice("vercel-ai", "anthropic", "anthropic", "anthropic", named=True),
    Voice("vercel-ai", "google", "gemini", "google", named=True),
    Voice("curl", "chat", "chat", "chat", tools=False, named=True),
    Voice("curl", "responses", "responses", "responses", tools=False, named=True),
    Voice("curl", "messages", "anthropic", "messages", tools=False, named=True),
    Voice("curl", "gemini", "gemini", "gemini", tools=False, named=True),
)

Call = dict[str, Any]
Row = dict[str, Any]


def ask(calls: Iterable[tuple[str, Call]], patience: float) -> dict[str, Row]:
    """Make all calls, given with the SDK's name, at once; what each was told, by the call's name. `patience`: seconds a
    program may take. One that fails or takes longer answers none of its calls: they are told so."""
    by_sdk: dict[str, list[Call]] = {}
    for sdk, call in calls:
        by_sdk.setdefault(sdk, []).append(call)
    with ThreadPoolExecutor(max(1, len(by_sdk))) as pool:
        rows = pool.map(lambda sdk: _ask(BY_NAME[sdk], by_sdk[sdk], patience), by_sdk)
        return {row["name"]: row for told in rows for row in told}


def _ask(sdk: Sdk, calls: list[Call], patience: float) -> list[Row]:
    """One process for one SDK, and in the second row: it is the gateway and the proxies that must be in time."""
    argv = ["nice", "-n", "5", *sdk.argv()]
    env = environment(PYTHONPATH=os.pathsep.join((str(ROOT), os.environ.get("PYTHONPATH", ""))).rstrip(os.pathsep))
    try:
        done = subprocess.run(
            argv, input=json.dumps(calls), capture_output=True, text=True, timeout=patience, env=env, check=False
        )
        failed = f"its program ended with {done.returncode}: {done.stderr[-1000:]}" if done.returncode else ""
        told = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    except subprocess.TimeoutExpired:
        failed, told = f"its program was not done after {patience:g} s", []
    seen = {row["name"] for row in told}
    lost = {"text": "", "seconds": 0.0, "tries": 0, "error": "NoAnswer", "message": failed or "it told nothing"}
    return told + [{"name": call["name"], **lost} for call in calls if call["name"] not in seen]
