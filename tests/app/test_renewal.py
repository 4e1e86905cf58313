from __future__ import annotations

import asyncio
import logging
import os
import sys
from pathlib import Path

import pytest

from outwait.app import renewal
from outwait.app.renewal import Renewal


def test_the_command_line_is_the_same_with_the_flag_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "outwait", "serve", "-c", "x.yaml"])
    once = [sys.executable, "-m", "outwait", "serve", "-c", "x.yaml", "--takeover"]
    assert renewal.renewal({}).argv == once
    monkeypatch.setattr(sys, "orig_argv", once)
    assert renewal.renewal({}).argv == once


async def ended(caplog: pytest.LogCaptureFixture) -> None:
    while not any(word in caplog.text for word in ("no fresh gateway took", "all done")):  # noqa: ASYNC110 - a log line wakes nobody
        await asyncio.sleep(0.01)


def test_one_that_fails_is_told_and_another_may_follow(caplog: pytest.LogCaptureFixture, tmp_path: Path) -> None:
    said = tmp_path / "said"
    text = f"import os; open({str(said)!r}, 'a').write(os.environ['MORE'] + str(os.getppid() != {os.getpid()}))"
    made = Renewal([sys.executable, "-c", text], {"MORE": "key"})

    async def scene() -> None:
        for _ in range(2):
            caplog.clear()
            made.begin(lambda: False)
            made.begin(lambda: False)
            await asyncio.wait_for(ended(caplog), 10)
            assert "a fresh gateway is starting already" in caplog.text

    with caplog.at_level(logging.INFO, "outwait"):
        asyncio.run(scene())
    assert said.read_text() == "keyTrue" * 2


def test_one_that_took_over_is_no_failure(caplog: pytest.LogCaptureFixture) -> None:
    made = Renewal([sys.executable, "-c", ""], {})

    async def scene() -> None:
        made.begin(lambda: True)
        while made._running:  # noqa: ASYNC110 - nothing tells of the end
            await asyncio.sleep(0.01)

    asyncio.run(scene())
    assert "no fresh gateway" not in caplog.text


def test_what_cannot_be_started_is_told(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    made = Renewal([sys.executable, "-c", ""], {})
    monkeypatch.setattr(sys, "executable", "/nowhere/python")

    async def scene() -> None:
        made.begin(lambda: False)
        await asyncio.wait_for(ended(caplog), 10)

    asyncio.run(scene())
    assert "the fresh gateway could not be started: " in caplog.text
