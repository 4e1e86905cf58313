"""What this process has open."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from pathlib import Path


def descriptors() -> set[str]:
    """Each open file and socket by number and inode, for `descriptors() <= before`: nothing of ours is left. Counting
    would not do: what other tests left to the collector may be closed at any time. TCP connections are left out:
    simulated providers that live on a thread until the last test are given new ones at any time.
    """
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself, and what is closed meanwhile
            place = str(each.readlink())
            if not (place.startswith("socket:") and _connected(int(each.name))):
                found.add(f"{each.name} {place}")
    return found


def _connected(number: int) -> bool:
    """Whether that socket has somebody on its other side, over TCP."""
    with socket.socket(fileno=os.dup(number)) as same:
        if same.family == socket.AF_UNIX:
            return False
        with suppress(OSError):
            return bool(same.getpeername())
    return False
