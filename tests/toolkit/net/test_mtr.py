from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.net.peers import looped

from outwait.toolkit.net import mtr
from outwait.toolkit.net.mtr import parse

REPORT = {
    "report": {
        "hubs": [
            {"count": 1, "host": "10.0.0.1", "Loss%": 0.0, "Avg": 1.5},
            {"count": "2", "host": "???", "Loss%": 100.0, "Avg": 0.0},
            {"count": 3, "host": "192.0.2.7", "Loss%": "20.00", "Avg": "21.0"},
        ]
    }
}


def test_a_report() -> None:
    found = parse(json.dumps(REPORT).encode(), "192.0.2.7")
    assert (found.reached, found.by, found.error) == (True, "mtr", "")
    assert [(hop.ttl, hop.address, hop.seconds, hop.loss) for hop in found.hops] == [
        (1, "10.0.0.1", 0.0015, 0.0), (2, None, None, 1.0), (3, "192.0.2.7", 0.021, 0.2)
    ]  # fmt: skip


def test_no_report_says_why() -> None:
    assert (
        parse(b"", "192.0.2.7", "mtr-packet: Failure to open sockets\nmore").error
        == "mtr-packet: Failure to open sockets"
    )
    assert parse(b"{}", "192.0.2.7").error == "mtr printed no report"


@given(st.binary(max_size=60))
def test_whatever_it_prints(raw: bytes) -> None:
    assert parse(raw, "192.0.2.7").error


def program(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder / "mtr"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


@looped
async def test_it_is_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, f"echo '{json.dumps(REPORT)}'", monkeypatch)
    assert mtr.installed()
    assert (await mtr.run("192.0.2.7", 443, 1, 5.0)).reached


@looped
async def test_one_that_does_not_end_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(tmp_path, "exec sleep 60", monkeypatch)
    assert "longer than" in (await mtr.run("192.0.2.7", 443, 1, 0.05)).error


@looped
async def test_one_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not mtr.installed()
    assert (await mtr.run("192.0.2.7", 443, 1, 1.0)).error
