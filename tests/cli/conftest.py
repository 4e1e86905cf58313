"""What commands are tested with: no configuration but the test's own, and a screen of a known width.

The tree of commands is built once, as in a process of its own, and not again for each run.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import typer
from typer import testing

testing._get_command = cache(typer.main.get_command)  # type: ignore[attr-defined]  # no other way in


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A home and a folder with nothing in them for the command to find."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.chdir(tmp_path)
