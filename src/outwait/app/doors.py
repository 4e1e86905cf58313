"""The folder of a gateway: its workers' side doors, and their figures. Nobody but this gateway's user can enter it, and
its path is short.

That its user owns both ends is all the trust there is between workers, so the folder is made anew for each gateway
(0700). One that takes another's place takes over its folder too, so that ids of answers that still run there are found.
Each holds a lock in it while it lives; the last to leave removes the folder, and what was left by gateways that could
not is removed by the next that starts.
"""

from __future__ import annotations

import contextlib
import fcntl
import logging
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from secrets import token_hex

_log = logging.getLogger("outwait")

LONGEST = 107  # bytes; sun_path of unix(7) has 108, the last one is 0
_NAME = len("/0012ab")
_DOORS = "[0-9a-f]" * 6
_LOCKS = "gateway-*.lock"
_TRIES = 3  # who clears up may take a lock for a dead one's, in the moment before it is held


@contextlib.contextmanager
def folder(inherited: Path | None = None) -> Iterator[Path | None]:
    """The folder for a gateway's life: `inherited` if it can be entered, else a fresh one in $XDG_RUNTIME_DIR or the
    system's temporary directory. None when there can be none: then the workers serve on, each by itself.
    """
    _sweep()
    found = (_enter(inherited) if inherited is not None else None) or _made()
    if found is None:
        _log.warning("no place for the workers' side doors: a retry that reaches another worker is asked anew")
        yield None
        return
    path, lock, held = found
    try:
        yield path
    finally:
        os.close(held)
        clear(path)
        lock.unlink(missing_ok=True)


@contextlib.contextmanager
def figures(folder: Path | None) -> Iterator[None]:
    """A place for the workers' figures: in the gateway's folder, where its successor's workers count on."""
    with contextlib.ExitStack() as stack:
        if folder is None:
            made = tempfile.TemporaryDirectory(prefix="outwait-figures-", ignore_cleanup_errors=True)
            place = Path(stack.enter_context(made))
        else:
            place = folder / "figures"
            place.mkdir(exist_ok=True)
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(place)
        yield


def take_down(side_door: Path, *, alone: bool) -> None:
    """Remove a side door that nobody answers any more. `alone`: the supervisor is gone, so whoever is the last to leave
    removes the folder.
    """
    side_door.unlink(missing_ok=True)
    if alone:
        clear(side_door.parent)


def clear(path: Path) -> None:
    """Remove the folder `path`, unless a gateway holds it, or a worker whose supervisor is gone still answers there."""
    if not any(_held(lock) for lock in path.glob(_LOCKS)) and not any(_answers(door) for door in path.glob(_DOORS)):
        shutil.rmtree(path, ignore_errors=True)


def places() -> Iterator[Path]:
    """Where short-lived files of this user can be, best first."""
    for place in dict.fromkeys((os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp")):  # noqa: S108 - only names that are checked are used there
        if place and Path(place).is_absolute() and Path(place).is_dir():
            yield Path(place)


def _made() -> tuple[Path, Path, int] | None:
    for place in places():
        try:
            path = Path(tempfile.mkdtemp(prefix="outwait-", dir=place))
        except OSError:
            continue
        found = _enter(path) if len(os.fsencode(path)) + _NAME <= LONGEST else None
        if found is not None:
            return found
        shutil.rmtree(path, ignore_errors=True)
    return None


def _enter(path: Path) -> tuple[Path, Path, int] | None:
    """Hold `path`: itself, the lock's path and its descriptor; None when it is not a folder of our own."""
    if not _own(path):
        return None
    for _ in range(_TRIES):
        lock = path / f"gateway-{token_hex(4)}.lock"
        try:
            fd = os.open(lock, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        except OSError:
            return None
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if os.path.samestat(os.fstat(fd), lock.stat()):
                return path, lock, fd
        except OSError as error:
            _log.debug("%s cannot be held: %s", lock, error)
        os.close(fd)
        lock.unlink(missing_ok=True)
    return None


def _sweep() -> None:
    """Remove what dead gateways of this user left behind."""
    for place in places():
        for path in place.glob("outwait-*"):
            if _own(path) and any(path.glob(_LOCKS)):
                clear(path)


def _own(path: Path) -> bool:
    """Whether it is a folder that nobody else could have made or can enter."""
    try:
        found = path.lstat()
    except OSError:
        return False
    return stat.S_ISDIR(found.st_mode) and found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _held(lock: Path) -> bool:
    try:
        fd = os.open(lock, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return True
    finally:
        os.close(fd)
    return False


def _answers(door: Path) -> bool:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.setblocking(False)
        try:
            sock.connect(str(door))
        except BlockingIOError:
            return True  # so many wait there that it does not take one more
        except OSError:
            return False
    return True
