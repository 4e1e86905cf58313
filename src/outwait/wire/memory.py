"""How much of the memory it may have a process has: resident bytes as a share, read from what Linux tells in files.

What it may have is the smallest of the machine's memory and the limits of the control groups it is in, of either
version; several processes that share them are each meant to have an equal part. Page cache is nobody's here: the kernel
takes it back before it kills anybody.

Where the files are not there, or say something else, there is no share (NaN), and nothing is concluded from it.
"""

from __future__ import annotations

import logging
import math
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path, PurePosixPath
from typing import Final

_log = logging.getLogger("outwait")

_TOTAL: Final = re.compile(r"^MemTotal:\s+(\d{1,18}) kB$", re.MULTILINE)
_CGROUPS: Final = PurePosixPath("sys/fs/cgroup")


def resident(statm: str, page: int) -> float:
    """Resident bytes, from /proc/self/statm and the size of a page; NaN if it does not say (proc(5))."""
    fields = statm.split()
    return int(fields[1]) * page if len(fields) > 1 and _whole(fields[1]) else math.nan


def machine(meminfo: str) -> float:
    """Bytes of memory the machine has, from /proc/meminfo; infinite if it does not say."""
    found = _TOTAL.search(meminfo)
    return int(found[1]) * 1024 if found else math.inf


def limit(told: str) -> float:
    """Bytes a control group may have, from its memory.max or memory.limit_in_bytes; infinite for `max` or nothing."""
    word = told.strip()
    return int(word) if _whole(word) and int(word) > 0 else math.inf


def limit_files(cgroup: str) -> list[PurePosixPath]:
    """Where the limits that hold for a process stand, from its /proc/self/cgroup: each group's, up to the root.

    A container sees its own group as the root, or paths of the host that are not there for it (cgroup_namespaces(7)).
    """
    files = []
    for line in cgroup.splitlines():
        _, _, rest = line.partition(":")
        controllers, _, path = rest.partition(":")
        if controllers and "memory" not in controllers.split(","):
            continue
        top, name = (
            (_CGROUPS / "memory", "memory.limit_in_bytes") if controllers else (_CGROUPS, "memory.max")
        )  # version 2 names no controllers
        inside = PurePosixPath(path.lstrip("/"))
        if ".." not in inside.parts:
            files += [top / group / name for group in (inside, *inside.parents)]
    return list(dict.fromkeys(files))


def share(processes: int = 1, root: Path = Path("/")) -> Callable[[], float]:
    """What tells this process' share at any time. `processes`: so many are meant to have the memory together."""
    bounds = [machine(_read(root / "proc/meminfo"))]
    bounds += (limit(_read(root / path)) for path in limit_files(_read(root / "proc/self/cgroup")))
    allowed = _smallest(bounds) / processes
    page, statm = os.sysconf("SC_PAGE_SIZE"), root / "proc/self/statm"
    _log.debug("this process may have %s bytes of memory", allowed)

    def now() -> float:
        return resident(_read(statm), page) / allowed

    return now


def _smallest(bounds: Iterable[float]) -> float:
    least = min(bounds)
    return least if least < math.inf else math.nan


def _whole(word: str) -> bool:
    return word.isascii() and word.isdigit()


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return ""
