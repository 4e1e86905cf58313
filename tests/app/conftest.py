"""`outwait serve` as a whole process, a simulated provider for it to call, and a client that reads what comes."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest

from outwait.toolkit.simulate.server import Simulator

PATIENCE = 15.0  # seconds until a test that waits for the wrong thing fails
KEY = "ow-" + "test" * 6
PEM = Path(__file__).parents[1] / "wire" / "localhost.pem"
_FOREIGN = ("OUTWAIT_", "OPENAI_", "ANTHROPIC_", "GEMINI_")


def until(true: Callable[[], object], what: str) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end, f"not in time: {what}"
        time.sleep(0.02)


class Reply:
    """What came on one connection, to its end. `whole`: the body ended as its framing says."""

    def __init__(self, raw: bytes) -> None:
        head, _, body = raw.partition(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        self.status = int(lines[0].split()[1]) if raw else 0
        self.headers = dict(line.lower().split(": ", 1) for line in lines[1:])
        chunked = self.headers.get("transfer-encoding") == "chunked"
        self.whole = body.endswith(b"0\r\n\r\n") if chunked else len(body) == int(self.headers.get("content-length", 0))
        if chunked:
            body = b"".join(re.findall(rb"[0-9a-f]+\r\n(.*?)\r\n(?=[0-9a-f]+\r\n|$)", body, re.DOTALL))
        self.body = body.decode()

    @property
    def error(self) -> dict[str, str]:
        found: dict[str, str] = json.loads(self.body)["error"]
        return found


class Asking:
    """One request under way on a connection of its own."""

    def __init__(self, port: int, request: bytes, tls: ssl.SSLContext | None = None) -> None:
        sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.sock = tls.wrap_socket(sock, server_hostname="localhost") if tls else sock
        self.raw = b""
        self.sock.sendall(request)

    def reply(self) -> Reply:
        with closing(self.sock):
            try:
                while data := self.sock.recv(65536):
                    self.raw += data
            except ConnectionResetError:
                pass
        return Reply(self.raw)


def get(path: str, *headers: str, method: str = "GET") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "host: localhost", "connection: close", f"authorization: Bearer {KEY}"]
    return ("\r\n".join([*lines, *headers]) + "\r\n\r\n").encode()


def chat(model: str, *, stream: bool) -> bytes:
    body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": "Hi"}]})
    head = get("/v1/chat/completions", "content-type: application/json", f"content-length: {len(body)}", method="POST")
    return head + body.encode()


class Serving:
    """A running `outwait serve`. `err`: what it wrote to standard error."""

    def __init__(self, folder: Path, *arguments: str, **environ: str) -> None:
        self._err = folder / "stderr"
        plain = {name: value for name, value in os.environ.items() if not name.startswith(_FOREIGN)}
        with self._err.open("wb") as err:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "outwait", "serve", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=err,
                stderr=err,
                cwd=folder,
                env={**plain, "HOME": str(folder), **environ},
                start_new_session=True,
            )

    @property
    def err(self) -> str:
        return self._err.read_text()

    def heard(self, pattern: str, times: int = 1) -> str:
        """Wait until it said `pattern` that often; returns the last match's first group."""
        until(lambda: len(re.findall(pattern, self.err)) >= times or self.process.poll() is not None, pattern)
        found = re.findall(pattern, self.err)
        assert len(found) >= times, f"it did not say {pattern!r} but:\n{self.err}"
        return str(found[-1])

    @property
    def port(self) -> int:
        return int(self.heard(r"listens on https?://\S+:(\d+)"))

    def workers(self) -> list[int]:
        told = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(each) for each in told.split()]

    def ask(self, path: str, *headers: str, method: str = "GET") -> Reply:
        return Asking(self.port, get(path, *headers, method=method)).reply()

    def begin(self, model: str, *, stream: bool) -> Asking:
        return Asking(self.port, chat(model, stream=stream))

    def signal(self, sign: signal.Signals) -> None:
        self.process.send_signal(sign)

    def end(self) -> int:
        return self.process.wait(PATIENCE)


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Starts gateways, and sees to it that nothing of them stays."""
    made: list[Serving] = []

    def start(config: str | None = None, *arguments: str, **environ: str) -> Serving:
        folder = tmp_path / str(len(made))
        folder.mkdir()
        given: tuple[str, ...] = ()
        if config is not None:
            (tmp_path / "outwait.yaml").write_text(config)
            given = ("--config", str(tmp_path / "outwait.yaml"))
        serving = Serving(folder, *given, "--port", "0", *arguments, **environ)
        made.append(serving)
        return serving

    yield start
    for serving in made:
        if serving.process.poll() is None:
            pids = serving.workers()
            serving.process.kill()
            serving.process.wait()
            for pid in pids:
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue


@pytest.fixture(scope="session")
def model_url() -> Iterator[str]:
    """A simulated provider, on a loop in a thread."""
    loop = asyncio.new_event_loop()
    simulator = Simulator()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    yield asyncio.run_coroutine_threadsafe(simulator.start(), loop).result(PATIENCE)
    asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(PATIENCE)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(PATIENCE)
    loop.close()


@pytest.fixture
def config(model_url: str) -> Callable[..., str]:
    """A configuration whose one channel is the simulated provider; `server` and `models` as given, and `more` lines."""

    def made(server: str = "", models: str = "", more: str = "") -> str:
        return (
            f"server: {{{server}}}\n"
            f"channels: [{{name: sim, base_url: '{model_url}', models: [{models}]}}]\n"
            f"keys: [{{name: dev, key: {KEY}}}]\n"
            f"heartbeat: {{after: 1s, json_after: 1s, every: 1s}}\n{more}"
        )

    return made
