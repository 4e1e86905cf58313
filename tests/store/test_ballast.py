from __future__ import annotations

import shutil
from pathlib import Path
from types import SimpleNamespace

import pytest

from outwait.store.ballast import Ballast

SIZE = 10_000


def _free(monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: SimpleNamespace(free=size))


def test_it_is_held_and_dropped(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "ballast", SIZE)
    assert not ballast.held
    assert ballast.hold()
    assert ballast.hold()
    assert (tmp_path / "ballast").stat().st_blocks * 512 >= SIZE  # really there, not a hole
    ballast.drop()
    ballast.drop()
    assert list(tmp_path.iterdir()) == []


def test_it_takes_no_space_that_is_needed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ballast = Ballast(tmp_path / "ballast", SIZE)
    _free(monkeypatch, 2 * SIZE - 1)
    assert not ballast.hold()
    _free(monkeypatch, 2 * SIZE)
    assert ballast.hold()
    _free(monkeypatch, 0)
    assert ballast.hold()


def test_half_a_ballast_is_none(tmp_path: Path) -> None:
    (tmp_path / "ballast").write_bytes(b"x" * (SIZE - 1))
    ballast = Ballast(tmp_path / "ballast", SIZE)
    assert not ballast.held
    assert ballast.hold()


def test_where_it_cannot_lie_it_is_not_held(tmp_path: Path) -> None:
    ballast = Ballast(tmp_path / "missing" / "ballast", SIZE)
    assert not ballast.hold()
    (tmp_path / "ballast").mkdir()
    (tmp_path / "ballast" / "x").touch()
    blocked = Ballast(tmp_path / "ballast", 1 << 20)
    blocked.drop()
    assert not blocked.hold()
    assert [file.name for file in tmp_path.iterdir()] == ["ballast"]
