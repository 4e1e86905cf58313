"""mtr(8), where it is installed and wanted: the way with loss at each hop."""

from __future__ import annotations

import asyncio
import json
import shutil
from asyncio.subprocess import DEVNULL, PIPE
from typing import Any

from outwait.toolkit.net.findings import Hop, Trace
from outwait.toolkit.net.remark import shown


def installed() -> bool:
    """Whether there is an mtr to run."""
    return shutil.which("mtr") is not None


async def run(address: str, port: int, cycles: int, timeout: float) -> Trace:
    """`mtr --json` with TCP to the service's port; it is ended after `timeout` seconds."""
    words = ["mtr", "--json", "--no-dns", "--tcp", "--port", str(port), "--report-cycles", str(cycles)]
    words += ["--interval", "1", "--gracetime", "1", address.partition("%")[0]]
    try:
        process = await asyncio.create_subprocess_exec(*words, stdin=DEVNULL, stdout=PIPE, stderr=PIPE)
    except OSError as error:
        return Trace(address, (), reached=False, by="mtr", error=error.strerror or str(error))
    try:
        async with asyncio.timeout(timeout):
            out, err = await process.communicate()
    except TimeoutError:
        return Trace(address, (), reached=False, by="mtr", error=f"mtr took longer than {timeout:.0f} s")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return parse(out, address, err.decode("utf-8", "replace"))


def parse(out: bytes, address: str, err: str = "") -> Trace:
    """What mtr printed; numbers stand as numbers or as text, depending on its version."""
    try:
        rows: list[dict[str, Any]] = json.loads(out)["report"]["hubs"]
        hops = tuple(_hop(row, address) for row in rows)
    except (ValueError, KeyError, TypeError, AttributeError):
        said = err.strip().splitlines()
        return Trace(address, (), reached=False, by="mtr", error=said[0] if said else "mtr printed no report")
    return Trace(address, hops, reached=bool(hops) and hops[-1].last, by="mtr")


def _hop(row: dict[str, Any], address: str) -> Hop:
    host = shown(str(row["host"]))
    silent = host in ("???", "")
    loss = float(row["Loss%"]) / 100
    seconds = None if silent or loss >= 1 else float(row["Avg"]) / 1000
    last = host == address.partition("%")[0]
    return Hop(int(row["count"]), None if silent else host, seconds, "tcp", last, loss=loss)
