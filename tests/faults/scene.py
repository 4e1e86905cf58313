"""What stands on the stage of the matrix: the gateway's configuration, the request of each cell, and the log."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e import speakers
from tests.faults.caller import asking
from tests.faults.cells import CLIENT, DEATHS, Cell, Fault, Phase, Reader
from tests.faults.rules import DRAIN, LINGER

KEY = "key-of-the-matrix"
BEAT = 1.0  # seconds: as soon as heartbeats can begin
_CLOCKS = {Phase.BEFORE: "first-byte", Phase.HELD: "first-token", Phase.FLOWING: "idle"}
# A clock that runs out before the first heartbeat, after it, and in the midst of words.
_SPANS = {Phase.BEFORE: "600ms", Phase.HELD: "1600ms", Phase.FLOWING: "600ms"}


def config(upstream: int, *, workers: int = 1) -> dict[str, Any]:
    """The gateway's configuration: for each dialect two channels, so that there is somebody else who could be asked."""
    root = f"http://127.0.0.1:{upstream}"
    channels = [
        {
            "name": f"{dialect}-{place}",
            **speakers.SPEAKS[dialect],
            "base_url": root + speakers.ROOTS[dialect],
            "api_key": "any-key-will-do",
            "models": [f"cell-{dialect}-*"],
            "upstream_stream": "never",
            "priority": priority,
        }
        for dialect in speakers.DIALECTS
        for priority, place in enumerate(("first", "second"))
    ]
    return {
        "channels": channels,
        "keys": [{"name": "matrix", "key": KEY}],
        "scenarios": {"cell-*-paid-*": "chat"},
        "retry": {"attempts": 2, "paid": {"unknown": 0, "chat": 1}},
        "heartbeat": {"after": BEAT, "json_after": BEAT, "every": BEAT},
        "server": {"workers": workers, "drain": DRAIN},
    }


def request(cell: Cell, *, retry: bool = False) -> bytes:
    """What the cell's client asks; `retry`: as an SDK does that asks again."""
    path = speakers.path(cell.dialect, cell.model, stream=cell.stream)
    body = speakers.body(cell.dialect, cell.model, "When does it break?", stream=cell.stream)
    again = {"x-stainless-retry-count": "1"} if retry else {}
    return asking("POST", path, credentials(cell.dialect) | dict(_wishes(cell)) | again, body)


def credentials(dialect: str = "chat") -> dict[str, str]:
    """The matrix's key, as a client of this dialect shows it."""
    return speakers.credentials(dialect, KEY)


def _wishes(cell: Cell) -> Mapping[str, str]:
    wishes = {}
    if cell.phase is Phase.BEFORE:
        wishes["x-outwait-heartbeat"] = "off"  # or this phase would be over after a second
    if cell.fault is Fault.UPSTREAM_STALL and cell.phase in _CLOCKS:
        wishes[f"x-outwait-timeout-{_CLOCKS[cell.phase]}"] = _SPANS[cell.phase]
    if cell.reader is Reader.LINGER:
        runs_out = cell.fault in CLIENT
        wishes["x-outwait-on-disconnect"] = f"linger:{LINGER * 1000:.0f}ms" if runs_out else "linger:60s"
    elif cell.reader in (Reader.FINISH, Reader.CANCEL):
        wishes["x-outwait-on-disconnect"] = cell.reader.value
    elif cell.fault in DEATHS:
        wishes["x-outwait-on-disconnect"] = "finish"
    return wishes


class Log:
    """The lines of settled exchanges in a gateway's log, by model, read on as it grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0
        self._lines: dict[str, dict[str, Any]] = {}

    def line(self, model: str) -> dict[str, Any] | None:
        """The first line of an exchange for `model`, if it is there."""
        if model not in self._lines:
            self._read()
        return self._lines.get(model)

    def _read(self) -> None:
        with self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read()
        whole = data[: data.rfind(b"\n") + 1]
        self._at += len(whole)
        for text in whole.splitlines():
            if text.startswith(b"{"):
                line = json.loads(text)
                if line.get("event") == "exchange":
                    self._lines.setdefault(line["model"], line)
