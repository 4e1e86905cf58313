"""Who of this machine is alive: each process holds a lock on a file of its own for as long as it lives.

The system frees the lock however the process ends, so no clock and no heartbeat is needed, and a process that is only
slow is never taken for dead. A file is locked before it gets its name, so nobody ever finds a new life unlocked; those
who look take a shared lock, so they do not see one another. Where it cannot be known, a life counts as alive.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from outwait.store.errors import StoreError

FOLDER: Final = "lives"
NODE_FILE: Final = "node"
_NODE = re.compile(r"[0-9a-f]{8}\Z")
_DOOR = re.compile(r"[0-9a-f]{6}\Z")
_BOOT = re.compile(r"([0-9a-f]{8})-([0-9a-f]{6})-[0-9a-f]{12}\Z")
_NEW: Final = ".new"  # ends the name of a file on its way to becoming a life, or a node


class Life:
    """One life of this process; `boot` is its name, unlike any other. It also ends with the process."""

    __slots__ = ("_file", "_lock", "boot")

    def __init__(self, boot: str, file: Path, lock: int) -> None:
        self.boot = boot
        self._file = file
        self._lock: int | None = lock

    @classmethod
    def begin(cls, data_dir: Path, door: str) -> Life:
        """A new life of the node whose directory this is; `door`: six hexadecimal digits. Raises StoreError."""
        if _DOOR.match(door) is None:
            raise ValueError(f"{door!r} is not six hexadecimal digits")
        boot = f"{node(data_dir)}-{door}-{secrets.token_hex(6)}"
        folder = data_dir / FOLDER
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            while (lock := _born(folder, boot)) is None:
                pass
        except OSError as error:
            raise StoreError(f"{folder} cannot be used to say who is alive: {error.strerror}") from None
        return cls(boot, folder / boot, lock)

    def end(self) -> None:
        """It is over; what it left undone is others' from now on. Once more does nothing."""
        lock, self._lock = self._lock, None
        if lock is None:
            return
        _remove(self._file)
        os.close(lock)


def node(data_dir: Path) -> str:
    """The name of this node, which is kept in its directory; made when there is none. Raises StoreError."""
    file = data_dir / NODE_FILE
    try:
        return _read(file) or _made(file)
    except OSError as error:
        raise StoreError(f"{file}, the name of this node, cannot be read or made: {error.strerror}") from None


def door_of(boot: str) -> str:
    """The door of a life, as it was given when it began; empty for what is none."""
    match = _BOOT.match(boot)
    return match[2] if match else ""


def dead(data_dir: Path, boots: Iterable[str]) -> frozenset[str]:
    """Those of `boots` that were lives of this node and are over; the files of all dead lives go. Raises StoreError.

    Lives of other nodes are not judged here, nor is what has no name of a life.
    """
    asked = list(boots)
    try:
        ours = _read(data_dir / NODE_FILE)
    except OSError as error:
        raise StoreError(f"{data_dir / NODE_FILE}, the name of this node, cannot be read: {error.strerror}") from None
    if not ours:
        return frozenset()
    folder = data_dir / FOLDER
    gone = {boot for boot in asked if (match := _BOOT.match(boot)) and match[1] == ours and _over(folder / boot)}
    with suppress(OSError):  # tidying: next time, then
        for file in folder.iterdir():
            if _BOOT.match(file.name.removeprefix(".").removesuffix(_NEW)) and _over(file):
                _remove(file)
    return frozenset(gone)


def _born(folder: Path, boot: str) -> int | None:
    """The lock of a life that has its name now; None when somebody took its file away before it was locked."""
    fresh = folder / f".{boot}{_NEW}"
    lock = os.open(fresh, os.O_RDWR | os.O_CREAT, 0o600)
    born = False
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)  # a look at it takes an instant
        with suppress(FileNotFoundError):
            fresh.rename(folder / boot)
            born = True
    finally:
        if not born:
            os.close(lock)
            _remove(fresh)
    return lock if born else None


def _over(file: Path) -> bool:
    """Whether nobody holds the lock of `file`, or it is gone."""
    try:
        look = os.open(file, os.O_RDONLY)
    except FileNotFoundError:
        return True
    except OSError:
        return False
    try:
        fcntl.flock(look, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:  # held, or not to be known
        return False
    else:
        return True
    finally:
        os.close(look)


def _remove(file: Path) -> None:
    with suppress(OSError):  # another removed it, or it stays for the next who looks
        file.unlink(missing_ok=True)


def _read(file: Path) -> str:
    """The node's name; empty when there is none."""
    try:
        text = file.read_text("ascii", errors="replace").strip()
    except FileNotFoundError:
        return ""
    if _NODE.match(text) is None:
        raise StoreError(
            f"{file} does not hold the name of a node, eight hexadecimal digits: remove it, to get a new one"
        )
    return text


def _made(file: Path) -> str:
    """A new name, whole and on the disk before it can be seen; of several who make one, the first one's is taken."""
    fresh = file.with_name(f".{NODE_FILE}.{secrets.token_hex(6)}{_NEW}")
    try:
        with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as out:
            out.write(secrets.token_hex(4) + "\n")
            out.flush()
            os.fsync(out.fileno())
        with suppress(FileExistsError):
            os.link(fresh, file)
    finally:
        _remove(fresh)
    return _read(file)
