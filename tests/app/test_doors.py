from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from outwait.app import doors


@pytest.fixture(autouse=True)
def _nowhere_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The one place for folders."""
    with tempfile.TemporaryDirectory() as made:
        monkeypatch.setattr(doors, "places", lambda: iter([Path(made)]))
        yield Path(made)


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
    def full(**_: object) -> None:
        raise OSError("no space")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with caplog.at_level(logging.WARNING, "outwait"), doors.folder() as folder:
        assert folder is None
    assert "asked anew" in caplog.text


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder like those of gateways, whose path is short enough for sockets."""
    with tempfile.TemporaryDirectory(prefix="outwait-") as made:
        path = Path(made, "outwait-doors")
        path.mkdir(mode=0o700)
        yield path


def a_door(folder: Path, name: str) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX)
    sock.bind(str(folder / name))
    sock.listen()
    return sock


@pytest.mark.parametrize("alone", [False, True])
def test_the_last_to_leave_removes_the_folder_when_nobody_else_can(short: Path, alone: bool) -> None:
    (short / "figures").mkdir()
    with a_door(short, "00aaaa"), a_door(short, "01bbbb") as last:
        doors.take_down(short / "00aaaa", alone=alone)
        assert not (short / "00aaaa").exists()
        assert (short / "01bbbb").exists()
        last.close()
        doors.take_down(short / "01bbbb", alone=alone)
        doors.take_down(short / "01bbbb", alone=alone)
    assert short.exists() is not alone


def test_a_door_where_too_many_wait_is_nobody_dead(short: Path) -> None:
    with socket.socket(socket.AF_UNIX) as sock, contextlib.ExitStack() as stack:
        sock.bind(str(short / "00aaaa"))
        sock.listen(0)
        for _ in range(2):
            waiting = stack.enter_context(socket.socket(socket.AF_UNIX))
            waiting.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                waiting.connect(str(short / "00aaaa"))
        doors.clear(short)
    assert short.exists()


def test_generations_share_a_folder_and_the_last_one_removes_it(place: Path) -> None:
    """Whichever ends first."""
    for first in (0, 1):
        stacks = contextlib.ExitStack(), contextlib.ExitStack()
        old = stacks[0].enter_context(doors.folder())
        new = stacks[1].enter_context(doors.folder(old))
        assert old is not None
        assert new == old
        stacks[first].close()
        assert old.exists()
        stacks[1 - first].close()
        assert list(place.iterdir()) == []


@pytest.mark.parametrize("bad", ["gone", "open", "link", "file"])
def test_a_folder_that_is_not_our_own_is_not_entered(place: Path, tmp_path: Path, bad: str) -> None:
    inherited = place / "inherited"
    if bad == "open":
        inherited.mkdir(mode=0o755)
    elif bad == "link":
        inherited.symlink_to(tmp_path)
    elif bad == "file":
        inherited.touch(mode=0o600)
    with doors.folder(inherited) as folder:
        assert folder not in (None, inherited)


def test_what_dead_gateways_left_is_removed_at_the_next_start(place: Path) -> None:
    dead, held, orphaned, foreign = (place / f"outwait-{name}" for name in ("dead", "held", "orphaned", "foreign"))
    for left in (dead, held, orphaned, foreign):
        left.mkdir(mode=0o700)
        if left is not foreign:  # without a lock it is not known to be ours
            (left / "gateway-0123.lock").touch()
    (dead / "figures").mkdir()
    with a_door(dead, "00aaaa"):
        pass  # its process was killed
    with a_door(orphaned, "00aaaa"), (held / "gateway-0123.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with doors.folder() as folder:
            assert folder is not None
            assert set(place.iterdir()) == {held, orphaned, foreign, folder}


def test_a_lock_that_was_taken_for_a_dead_ones_is_made_again(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = fcntl.flock
    swept: list[Path] = []

    def sweeping(fd: int, how: int) -> None:
        if not swept:
            swept.extend(place.glob("*/gateway-*.lock"))
            swept[0].unlink()
        real(fd, how)

    monkeypatch.setattr(fcntl, "flock", sweeping)
    with doors.folder() as folder:
        assert folder is not None
        (lock,) = folder.glob("gateway-*.lock")
        assert lock not in swept
    assert list(place.iterdir()) == []


def test_where_files_cannot_be_locked_there_is_no_folder(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError("no locks here")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with doors.folder() as folder:
        assert folder is None
    assert list(place.iterdir()) == []


def test_figures_are_kept_in_the_folder_or_by_themselves(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROMETHEUS_MULTIPROC_DIR", "")
    with doors.folder() as folder, doors.figures(folder):
        assert folder is not None
        with doors.figures(folder):
            assert os.environ["PROMETHEUS_MULTIPROC_DIR"] == str(folder / "figures")
    with doors.figures(None):
        alone = Path(os.environ["PROMETHEUS_MULTIPROC_DIR"])
        assert alone.is_dir()
    assert not alone.exists()
    assert list(place.iterdir()) == []
