"""Who is on board: the exchanges that one process has right now, in a file that outlives it.

Most exchanges never come into the store. Should their process be killed, somebody may ask for one by its id all the
same, and shall be told that it is lost. So each has a line in a memory-mapped file while it runs: the kernel keeps what
was written however the process ends, and writing costs a microsecond and no system call. Heirs read the file, and
remove it when they have written down what was in it. A power cut may lose it, and what was on board with it.
"""

from __future__ import annotations

import mmap
import os
from collections.abc import Callable, Collection, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

from outwait.store.errors import StoreError

FOLDER: Final = "manifests"
LINE: Final = 256  # bytes of a line: whether it is in use, its length, and the entry
LINES: Final = 1024  # to begin with; the file doubles when they are all in use
_LONGEST: Final = LINE - 2
_TAKEN: Final = "~"  # between the life that wrote a manifest and the heir that reads it


class Aboard(msgspec.Struct, frozen=True, gc=False, array_like=True):
    """One exchange, as far as it must be known to tell its loss. `created`: wall seconds. Where the whole is too long
    for a line, the model's name is cut: the rest says whose it is, and what was asked.
    """

    id: str
    key: str
    dialect: str
    endpoint: str
    model: str
    stream: bool
    created: float


_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(Aboard).decode


class Manifest:
    """The manifest of this process, in `folder`, under the name of its life. Raises StoreError."""

    __slots__ = ("_file", "_free", "_lines", "_map", "_places")

    def __init__(self, data_dir: Path, boot: str) -> None:
        folder = data_dir / FOLDER
        self._file = folder / boot
        try:
            folder.mkdir(mode=0o700, exist_ok=True)
            handle = os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            try:
                os.posix_fallocate(handle, 0, LINES * LINE)  # a full disk is told now, not by a signal later
                self._map = mmap.mmap(handle, LINES * LINE)
            except OSError:
                _remove(self._file)
                raise
            finally:
                os.close(handle)
        except OSError as error:
            raise StoreError(f"{self._file} cannot be made: {error.strerror}") from None
        self._lines = LINES
        self._free = list(range(LINES - 1, -1, -1))
        self._places: dict[str, int] = {}

    def __len__(self) -> int:
        return len(self._places)

    def board(self, entry: Aboard) -> None:
        """It runs. Where there is no room for a line, it goes without one."""
        if not self._free and not self._grow():
            return
        data = _encode(entry)
        if len(data) > _LONGEST:
            data = _shortened(entry)
            if len(data) > _LONGEST:
                return
        place = self._free.pop()
        self._places[entry.id] = place
        at = place * LINE
        lines = self._map
        lines[at + 1] = len(data)
        lines[at + 2 : at + 2 + len(data)] = data
        lines[at] = 1  # last, so that a line in use is a whole one

    def leave(self, ident: str) -> None:
        """It runs no more, or the store has it; nothing happens if it has no line."""
        place = self._places.pop(ident, None)
        if place is not None:
            self._map[place * LINE] = 0
            self._free.append(place)

    def close(self) -> None:
        """The process ends in good order: whoever is still on board is in the store, or was told."""
        self._places.clear()
        self._free.clear()
        self._map.close()
        _remove(self._file)

    def _grow(self) -> bool:
        """Twice as many lines."""
        size = self._lines * LINE
        try:
            handle = os.open(self._file, os.O_RDWR)
            try:
                os.posix_fallocate(handle, size, size)
                grown = mmap.mmap(handle, 2 * size)
            finally:
                os.close(handle)
        except OSError:
            return False
        self._map.close()
        self._map = grown
        self._free = list(range(2 * self._lines - 1, self._lines - 1, -1))
        self._lines *= 2
        return True


def _shortened(entry: Aboard) -> bytes:
    """`entry` with as much of the model's name as there is room for."""
    bare = _encode(msgspec.structs.replace(entry, model=""))
    room = max(0, _LONGEST - len(bare))
    model = entry.model.encode()[:room].decode(errors="ignore")
    data = _encode(msgspec.structs.replace(entry, model=model))
    return data if len(data) <= _LONGEST else bare  # it had to be escaped


def _remove(file: Path) -> None:
    with suppress(OSError):  # it is gone, or an heir finds it, and nothing new in it
        file.unlink()


class Left:
    """A manifest of a dead process, taken by an heir."""

    __slots__ = ("_file",)

    def __init__(self, file: Path) -> None:
        self._file = file

    def entries(self) -> Iterator[Aboard]:
        """Who was on board; nobody any more, once it is done with. Raises StoreError."""
        try:
            data = self._file.read_bytes()
        except FileNotFoundError:
            return
        except OSError as error:
            raise StoreError(f"{self._file} cannot be read: {error.strerror}") from None
        for at in range(0, len(data) - LINE + 1, LINE):
            if data[at] == 1:
                with suppress(msgspec.DecodeError, UnicodeDecodeError):  # torn by a power cut
                    yield _decode(data[at + 2 : at + 2 + data[at + 1]])

    def done(self) -> None:
        """All of it is written down."""
        _remove(self._file)


def take(data_dir: Path, heir: str, dead: Callable[[Collection[str]], frozenset[str]]) -> list[Left]:
    """The manifests of processes that are dead, as `dead` says, or whose heir is; they are the life `heir`'s now, and
    are given to it again until they are done with. Of several that ask at the same time each manifest falls to one.
    Raises StoreError.
    """
    folder = data_dir / FOLDER
    try:
        names = [file.name for file in folder.iterdir()]
    except FileNotFoundError:
        return []
    except OSError as error:
        raise StoreError(f"{folder} cannot be read: {error.strerror}") from None
    holders = {name: name.rpartition(_TAKEN)[2] for name in names}
    over = dead(set(holders.values()) - {heir})
    taken = []
    for name, holder in holders.items():
        if holder in over or (holder == heir and holder != name):
            mine = folder / f"{name.partition(_TAKEN)[0]}{_TAKEN}{heir}"
            with suppress(OSError):  # another heir was quicker, or it stays for the next look
                (folder / name).rename(mine)
                taken.append(Left(mine))
    return taken
