"""What this process has open."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path


def descriptors() -> set[str]:
    """Each open file and socket by number and inode, for `descriptors() <= before`: nothing of ours is left. Counting
    would not do: what other tests left to the collector may be closed at any time.
    """
    found = set()
    for each in Path("/proc/self/fd").iterdir():
        with suppress(OSError):  # that of the listing itself
            found.add(f"{each.name} {each.readlink()}")
    return found
