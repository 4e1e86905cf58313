from __future__ import annotations

import logging
import socket
import tempfile
from pathlib import Path

import pytest

from outwait.app import doors


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


def test_a_folder_is_private_and_goes_with_the_gateway(monkeypatch: pytest.MonkeyPatch) -> None:
    with tempfile.TemporaryDirectory() as place:
        monkeypatch.setenv("XDG_RUNTIME_DIR", place)
        with doors.folder() as folder, doors.folder() as another:
            assert folder is not None
            assert another not in (None, folder)
            assert folder.parent == Path(place)
            assert folder.stat().st_mode & 0o777 == 0o700
            with socket.socket(socket.AF_UNIX) as sock:
                sock.bind(str(folder / "00abcd"))
        assert list(Path(place).iterdir()) == []


@pytest.mark.parametrize("place", ["", "relative/path", "/nowhere/at/all"])
def test_a_place_that_is_none_is_passed_over(monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", place)
    with doors.folder() as folder:
        assert folder is not None
        assert folder.is_relative_to(tempfile.gettempdir())


def test_a_path_that_is_too_long_for_a_socket_is_passed_over(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(long))
    with doors.folder() as folder:
        assert folder is not None
        assert not folder.is_relative_to(long)
        with socket.socket(socket.AF_UNIX) as sock:
            sock.bind(str(folder / "00abcd"))
    assert list(long.iterdir()) == []


def test_without_any_place_each_worker_stands_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with caplog.at_level(logging.WARNING, "outwait"), doors.folder() as folder:
        assert folder is None
    assert "asked anew" in caplog.text


@pytest.mark.parametrize("alone", [False, True])
def test_the_last_to_leave_removes_the_folder_when_nobody_else_can(tmp_path: Path, alone: bool) -> None:
    folder = tmp_path / "doors"
    folder.mkdir()
    first, last = folder / "00aaaa", folder / "01bbbb"
    first.touch()
    last.touch()
    doors.take_down(first, alone=alone)
    assert not first.exists()
    assert last.exists()
    doors.take_down(last, alone=alone)
    doors.take_down(last, alone=alone)
    assert folder.exists() is not alone
