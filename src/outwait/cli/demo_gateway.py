"""The gateway of the demo: a real `outwait serve` process with a configuration, a key and a folder of its own.

Promises: it is ready when the context begins and gone when it ends; nothing of the caller's keys, settings or proxies
reaches it; the folder is removed, and its log outlives it only where `keep` says so.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Final

SERVE: Final = (sys.executable, "-m", "outwait", "serve")
KEY: Final = "ow-demo"
LOG: Final = "outwait.log"
_UPSTREAM_KEY: Final = "sk-demo"
_START: Final = 20.0  # seconds the gateway has to get ready
_FAREWELL: Final = 5.0  # seconds it has to end
_POLL: Final = 0.05
_FOREIGN: Final = ("OUTWAIT_", "OPENAI_", "ANTHROPIC_", "GEMINI_", "GOOGLE_", "AZURE_")


class GatewayError(RuntimeError):
    """The gateway did not start. `log`: the file that holds its words."""

    def __init__(self, message: str, log: str | None) -> None:
        super().__init__(message)
        self.log = log


@asynccontextmanager
async def gateway(serve: tuple[str, ...], model_url: str, beat: float, folder: Path) -> AsyncIterator[str]:
    """Run `serve` (a command, to which `--config FILE` is added) before the model at `model_url`; gives its base URL.

    `beat`: seconds before and between heartbeats. Raises GatewayError.
    """
    port = free_port()
    config = configure(folder, port, model_url, beat)
    with (folder / LOG).open("wb") as log:
        process = await asyncio.create_subprocess_exec(
            *serve, "--config", str(config),
            stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log, env=surroundings(os.environ), cwd=folder,
        )  # fmt: skip
    try:
        await _ready(process, port, folder)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        await _end(process)


async def _ready(process: asyncio.subprocess.Process, port: int, folder: Path) -> None:
    try:
        async with asyncio.timeout(_START):
            while not await _is_ready(port):
                if process.returncode is not None:
                    raise GatewayError(f"outwait ended with status {process.returncode}", keep(folder))
                await asyncio.sleep(_POLL)
    except TimeoutError:
        raise GatewayError(f"outwait was not ready within {_START:g} s", keep(folder)) from None


async def _end(process: asyncio.subprocess.Process) -> None:
    if process.returncode is not None:
        return
    process.terminate()
    try:
        async with asyncio.timeout(_FAREWELL):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()


def configure(folder: Path, port: int, model_url: str, beat: float) -> Path:
    """The gateway's configuration file; JSON is YAML too."""
    config = {
        "server": {"host": "127.0.0.1", "port": port},
        "data_dir": str(folder / "data"),
        "channels": [{"name": "simulated", "base_url": model_url, "api_key": _UPSTREAM_KEY}],
        "keys": [{"name": "demo", "key": KEY}],
        "heartbeat": {"after": beat, "json_after": beat, "every": beat},
    }
    path = folder / "outwait.yaml"
    path.write_text(json.dumps(config, indent=2), "utf-8")
    return path


def surroundings(env: Mapping[str, str]) -> dict[str, str]:
    """The environment of the gateway: without anybody's keys, settings and proxies."""
    return {
        name: value
        for name, value in env.items()
        if not name.upper().startswith(_FOREIGN) and not name.upper().endswith(("_API_KEY", "_PROXY"))
    }


def free_port() -> int:
    """A port that nobody listens on, most likely still so in a moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


async def _is_ready(port: int) -> bool:
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    try:
        writer.write(b"GET /readyz HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
        line = await reader.readline()
    except OSError:
        return False
    finally:
        writer.close()
    return line.startswith(b"HTTP/1.1 200")


@contextmanager
def workplace() -> Iterator[Path]:
    """A folder for the gateway's files, gone afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="outwait-demo-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def keep(folder: Path) -> str | None:
    """Save the gateway's log from the folder's end; where it is then."""
    log = folder / LOG
    if not log.is_file():
        return None
    handle, kept = tempfile.mkstemp(prefix="outwait-demo-", suffix=".log")
    os.close(handle)
    shutil.copyfile(log, kept)
    return kept
