"""What commands are tested with: no configuration but the test's own, and a screen of a known width."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home and a folder with nothing in them for the command to find."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
