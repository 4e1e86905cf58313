"""A file that is there to be removed: at a full disk even DELETE fails (FACTS 3), so some space is held back for it."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Final

# More than the write-ahead log holds before it is moved to the file (4 MB, and one transaction): moving it makes room,
# but needs as much first.
SIZE: Final = 8 << 20


class Ballast:
    """`size` bytes held in `file`. The file itself is the state, which all processes share."""

    __slots__ = ("_file", "_size")

    def __init__(self, file: Path, size: int = SIZE) -> None:
        self._file = file
        self._size = size

    @property
    def held(self) -> bool:
        """Whether the ballast is there; while it is not, there is space for deleting only."""
        try:
            return self._file.stat().st_size >= self._size
        except OSError:
            return False

    def drop(self) -> None:
        """Give its space to whoever needs it."""
        try:
            self._file.unlink(missing_ok=True)
        except OSError:  # then it stays, and deleting fails as it would have without ballast
            pass

    def hold(self) -> bool:
        """Take the space again, if as much is left besides; says whether the ballast is there."""
        if self.held:
            return True
        fresh = self._file.with_name(f"{self._file.name}.{os.getpid()}")
        try:
            if shutil.disk_usage(self._file.parent).free < 2 * self._size:
                return False
            with fresh.open("wb") as out:
                out.write(os.urandom(self._size))  # zeros would be compressed or left out by some file systems
                out.flush()
                os.fsync(out.fileno())
            fresh.replace(self._file)
        except OSError:
            fresh.unlink(missing_ok=True)
            return False
        return True
