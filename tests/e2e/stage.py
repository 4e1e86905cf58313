"""The stage of a whole-process test: real programs on free loopback ports, their logs kept, always stopped.

Everything started here is the leader of a process group of its own, so that stopping it leaves nothing behind.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
SBIN = "/usr/sbin:/usr/local/sbin"
STARTING = 20.0  # seconds a program has to be there
STOPPING = 10.0
TAIL = 6000  # characters of a log that a failed test shows
_LIBC = ctypes.CDLL(None)
_OWN = ("OUTWAIT_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


def free_port() -> int:
    """A port nobody listens on; for programs that cannot choose one themselves."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        port: int = sock.getsockname()[1]
        return port


def until(true: Callable[[], object], what: str, timeout: float = STARTING) -> None:
    """Wait for something that has no event to wait for."""
    end = time.monotonic() + timeout
    while not true():
        if time.monotonic() > end:
            pytest.fail(f"not within {timeout:g} s: {what}", pytrace=False)
        time.sleep(0.02)


def environment(**more: str) -> dict[str, str]:
    """The environment without what would configure the programs under test."""
    plain = {name: value for name, value in os.environ.items() if not name.upper().startswith(_OWN)}
    return {**plain, **more}


def found(program: str) -> str:
    """Where `program` is; skips the test when it is not installed."""
    path = shutil.which(program, path=f"{os.environ.get('PATH', '')}:{SBIN}")
    if path is None:
        pytest.skip(f"{program} is not installed (tools/test-needs fetches it)")
    return path


def _die_with_us() -> None:
    """When the test run itself is killed, nobody is left to stop what it started: ask the kernel to (Linux)."""
    _LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


class Program:
    """A running program and its log. `name`: how a failed test calls it."""

    def __init__(self, name: str, argv: Sequence[str], folder: Path, env: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.log = folder / f"{name}.log"
        self.shown = 0  # bytes of the log that were there when the test began
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                argv,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd=folder,
                env=dict(env or environment()),
                start_new_session=True,
                preexec_fn=_die_with_us,  # noqa: PLW1509 - one call into libc that takes no lock
            )

    def text(self) -> str:
        """All it wrote."""
        return self.log.read_text("utf-8", "replace")

    def tail(self) -> str:
        """What it wrote since the test began."""
        return self.log.read_bytes()[self.shown :].decode("utf-8", "replace")[-TAIL:]

    @property
    def running(self) -> bool:
        """Whether it still lives."""
        return self.process.poll() is None

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Its log's first match of `pattern`; fails when it ends without one."""
        match: list[re.Match[str]] = []

        def looked() -> bool:
            seen = re.search(pattern, self.text())
            if seen is not None:
                match.append(seen)
            elif not self.running:
                pytest.fail(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-TAIL:]}", pytrace=False)
            return bool(match)

        until(looked, f"{self.name} to say {pattern!r}; it said:\n{self.text()[-TAIL:]}")
        return match[0]

    def wait_open(self, *ports: int) -> None:
        """Wait until it listens on `ports`."""

        def listens() -> bool:
            if not self.running:
                pytest.fail(f"{self.name} ended with {self.process.returncode}:\n{self.text()[-TAIL:]}", pytrace=False)
            return all(_open(port) for port in ports)

        until(listens, f"{self.name} to listen")

    def stop(self) -> int:
        """SIGTERM, and SIGKILL for the whole group if that does not help; returns the exit status."""
        if self.running:
            self.process.terminate()
        try:
            self.process.wait(STOPPING)
        except subprocess.TimeoutExpired:
            pass
        try:
            os.killpg(self.process.pid, signal.SIGKILL)  # whatever it left behind
        except ProcessLookupError:
            pass
        return self.process.wait(STOPPING)


def _open(port: int) -> bool:
    with socket.socket() as sock:
        sock.settimeout(1.0)
        return sock.connect_ex(("127.0.0.1", port)) == 0


class Gateway(Program):
    """`outwait serve` with a configuration; takes a free port and says so."""

    def __init__(self, config: Mapping[str, Any], folder: Path, name: str = "outwait") -> None:
        path = folder / f"{name}.yaml"
        whole = {"data_dir": str(folder / f"{name}-data"), **config}
        whole["server"] = {"host": "127.0.0.1", "port": 0, "drain": "1s", **config.get("server", {})}
        path.write_text(json.dumps(whole))  # JSON is YAML
        super().__init__(name, [sys.executable, "-m", "outwait", "serve", "--config", str(path)], folder)
        self.port = int(self.wait_for(r"http://127\.0\.0\.1:(\d+)")[1])

    @property
    def url(self) -> str:
        """The base URL for an OpenAI SDK."""
        return f"http://127.0.0.1:{self.port}/v1"

    def entries(self) -> list[dict[str, Any]]:
        """The log lines of settled exchanges."""
        lines = (line for line in self.text().splitlines() if line.startswith("{"))
        return [each for each in map(json.loads, lines) if each.get("event") == "exchange"]

    def entry(self, exchange: str) -> dict[str, Any]:
        """The (last) log line of `exchange`; waits for it, since the ledger writes in batches."""
        seen: list[dict[str, Any]] = []

        def looked() -> bool:
            seen.extend(each for each in self.entries() if each["exchange"] == exchange)
            return bool(seen)

        until(looked, f"the log line of {exchange}", timeout=5.0)
        return seen[-1]


class Stage:
    """What was started, so that it is stopped, last first, and shown when a test fails."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.programs: list[Program] = []

    def serve(self, config: Mapping[str, Any], name: str = "outwait") -> Gateway:
        """Start a gateway."""
        gateway = Gateway(config, self._folder(name), name)
        self.programs.append(gateway)
        return gateway

    def start(self, name: str, argv: Sequence[str], *ports: int) -> Program:
        """Start a program that listens on `ports`."""
        program = Program(name, argv, self._folder(name))
        self.programs.append(program)
        program.wait_open(*ports)
        return program

    def _folder(self, name: str) -> Path:
        folder = self.folder / f"{len(self.programs)}-{name}"
        folder.mkdir()
        return folder

    def stop(self) -> dict[str, int]:
        """Stop everything; returns the exit statuses of gateways by name."""
        ended = {}
        for program in reversed(self.programs):
            status = program.stop()
            if isinstance(program, Gateway):
                ended[f"{program.name} ({program.log})"] = status
        self.programs.clear()
        return ended
