"""Starting, pinning and ending the processes of a benchmark.

Each process leads its own process group and is ended with it, whatever happens to the run; what it writes goes to a
file, whose tail is told when it fails. A child inherits the cores its parent has at the moment of its start, so
nothing but Python is needed to pin it, and there is no moment in which it runs elsewhere.
"""

from __future__ import annotations

import contextlib
import http.client
import os
import random
import resource
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
_LOWEST_PORT, _HIGHEST_PORT = 20000, 32000  # below the kernel's ephemeral range: no client of ours can take one
_START_SECONDS = 20.0
_END_SECONDS = 5.0
_TAIL = 1500


class BenchError(RuntimeError):
    """The benchmark cannot go on; the message says why, for people."""


@dataclass(frozen=True, slots=True)
class Cores:
    """Which core the proxy runs on, and which everything else."""

    proxy: int
    load: frozenset[int]

    @classmethod
    def split(cls) -> Cores:
        """The last core we may use for the proxy, the others for load and upstream."""
        mine = sorted(os.sched_getaffinity(0))
        if len(mine) == 1:
            raise BenchError("the benchmark needs two cores: one for the proxy, one for the load and the upstream")
        return cls(mine[-1], frozenset(mine[:-1]))


class Process:
    """A started process and its log."""

    __slots__ = ("_log", "_popen", "name")

    def __init__(self, name: str, popen: subprocess.Popen[str], log: Path) -> None:
        self.name = name
        self._popen = popen
        self._log = log

    @property
    def pid(self) -> int:
        """The process's id, which is also that of its group."""
        return self._popen.pid

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self._popen.poll() is None

    def read_line(self) -> str:
        """The next line of its output (only if started with a pipe)."""
        return self._popen.stdout.readline() if self._popen.stdout else ""

    def read_all(self) -> str:
        """The rest of its output, when it has ended (only if started with a pipe)."""
        return self._popen.stdout.read() if self._popen.stdout else ""

    def failure(self, what: str) -> BenchError:
        """An error that says what went wrong and shows the end of the log."""
        tail = self._log.read_text(errors="replace")[-_TAIL:] if self._log.exists() else ""
        return BenchError(f"{self.name}: {what}\n{tail.strip()}")

    def stop(self) -> None:
        """End the whole group: politely, then not."""
        self._signal(signal.SIGTERM)
        try:
            self._popen.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            pass
        finally:
            self._signal(signal.SIGKILL)
            self._popen.wait(_END_SECONDS)
            for stream in (self._popen.stdin, self._popen.stdout):
                if stream:
                    stream.close()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._popen.pid, number)


@contextlib.contextmanager
def started(
    name: str, command: Sequence[str], cores: frozenset[int], directory: Path, *, piped: bool = False
) -> Iterator[Process]:
    """Run `command` on `cores` until the block ends; `piped`: its output is read by us instead of logged."""
    log = directory / f"{name}.log"
    with log.open("w") as sink, pinned(cores):
        popen = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
            stdout=subprocess.PIPE if piped else sink,
            stderr=sink,
            cwd=directory,
            # Our own contenders are modules of this package, and the outwait that is measured is the one beside it.
            env={**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'src'}"},
            start_new_session=True,
            text=True,
        )
    process = Process(name, popen, log)
    try:
        yield process
    finally:
        process.stop()


@contextlib.contextmanager
def pinned(cores: frozenset[int]) -> Iterator[None]:
    """Run the block, and what it starts, on `cores`."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def python(module: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    return [sys.executable, "-m", module, *arguments]


def free_port() -> int:
    """A TCP port of 127.0.0.1 that nobody listens on now."""
    chance = random.SystemRandom()
    for _ in range(200):
        port = chance.randrange(_LOWEST_PORT, _HIGHEST_PORT)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise BenchError(f"no free port between {_LOWEST_PORT} and {_HIGHEST_PORT}")


def wait_ready(process: Process, port: int, path: str | None) -> None:
    """Wait until `port` accepts connections and, if `path` is given, answers it with 200."""
    deadline = time.monotonic() + _START_SECONDS
    while not _answers(port, path):
        if not process.running:
            raise process.failure("ended at its start")
        if time.monotonic() > deadline:
            raise process.failure(f"not ready after {_START_SECONDS:.0f} s")
        time.sleep(0.05)


def raise_descriptors(needed: int) -> None:
    """Raise the soft limit to the hard one; refuse clearly if `needed` are not to be had."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    if hard not in (-1, resource.RLIM_INFINITY) and hard < needed:
        raise BenchError(
            f"{needed} descriptors are needed, the hard limit is {hard}: fewer --streams, or raise ulimit -Hn"
        )


def _answers(port: int, path: str | None) -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.connect()
        if path is None:
            return True
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
