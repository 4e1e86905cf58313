"""What Linux tells about processes and cores: CPU seconds, resident memory, children.

The `parse_*` functions are pure (text in, numbers out); the others read /proc now. CPU time is that of all living
threads, user and system, in seconds. It is taken from `schedstat`, the scheduler's own nanoseconds, since `utime +
stime` of `stat` are the same sum in ticks of 10 ms: a relay at 8 % of a core uses only fifty of them in a window of
6 s. Where the kernel has no `schedstat`, `stat` it is. Memory is KiB.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
# Fields of /proc/PID/stat after the closing parenthesis of the name (proc(5): fields 4, 14 and 15 of the line).
_PARENT, _UTIME, _STIME = 1, 11, 12
# Columns of a cpuN line in /proc/stat: all but idle and iowait. Guest time is already part of user time.
_BUSY = (1, 2, 3, 6, 7, 8)


class ProcessGoneError(RuntimeError):
    """A process that was to be measured has ended."""


@dataclass(frozen=True, slots=True)
class Stat:
    """One line of /proc/PID/stat: the parent's pid and CPU ticks."""

    parent: int
    ticks: int


@dataclass(frozen=True, slots=True)
class Memory:
    """Resident memory in KiB: `rss` counts shared pages whole, `pss` their share."""

    rss: int
    pss: int


def parse_stat(text: str) -> Stat:
    """Read a /proc/PID/stat line; the name in it may hold blanks and parentheses."""
    fields = text[text.rindex(")") + 1 :].split()
    return Stat(int(fields[_PARENT]), int(fields[_UTIME]) + int(fields[_STIME]))


def parse_schedstat(text: str) -> float:
    """Seconds on a CPU, from a thread's schedstat (its first field, nanoseconds)."""
    return int(text.split(maxsplit=1)[0]) / 1e9


def parse_smaps_rollup(text: str) -> Memory:
    """Read /proc/PID/smaps_rollup."""
    found = {"Rss": 0, "Pss": 0}
    for line in text.splitlines():
        name, _, rest = line.partition(":")
        if name in found:
            found[name] = int(rest.split()[0])
    return Memory(found["Rss"], found["Pss"])


def parse_core_ticks(text: str, core: int) -> int:
    """Busy ticks of one core from /proc/stat, 0 if the core is not listed."""
    for line in text.splitlines():
        fields = line.split()
        if fields and fields[0] == f"cpu{core}":
            return sum(int(fields[column]) for column in _BUSY)
    return 0


def descendants(parents: dict[int, int], root: int) -> tuple[int, ...]:
    """`root` and everything below it, given pid -> parent; in order of pid after the root."""
    family = {root}
    grown = True
    while grown:
        grown = False
        for pid, parent in parents.items():
            if parent in family and pid not in family:
                family.add(pid)
                grown = True
    return (root, *sorted(family - {root}))


def tree(root: int) -> tuple[int, ...]:
    """The pids of `root` and its descendants that are alive now."""
    parents = {}
    for entry in _PROC.iterdir():
        if entry.name.isdigit():
            try:
                parents[int(entry.name)] = parse_stat((entry / "stat").read_text()).parent
            except (FileNotFoundError, ProcessLookupError):
                continue
    return descendants(parents, root)


def cpu_seconds(pids: Iterable[int]) -> float:
    """CPU time all of `pids` have used so far."""
    return sum(_cpu_seconds(pid) for pid in pids)


def memory(pids: Iterable[int]) -> Memory:
    """Resident memory of all of `pids` together."""
    each = [parse_smaps_rollup(_read(pid, "smaps_rollup")) for pid in pids]
    return Memory(sum(one.rss for one in each), sum(one.pss for one in each))


def core_seconds(core: int) -> float:
    """CPU time anything has used on `core`, interrupts and steal included."""
    return parse_core_ticks((_PROC / "stat").read_text(), core) / _TICKS


def _cpu_seconds(pid: int) -> float:
    tasks = _PROC / str(pid) / "task"
    if not (_PROC / "self" / "schedstat").exists():
        return parse_stat(_read(pid, "stat")).ticks / _TICKS
    _read(pid, "stat")  # says so if the process is gone
    total = 0.0
    for task in tasks.iterdir():
        try:
            total += parse_schedstat((task / "schedstat").read_text())
        except (FileNotFoundError, ProcessLookupError):  # a thread that ended meanwhile
            continue
    return total


def _read(pid: int, name: str) -> str:
    try:
        return (_PROC / str(pid) / name).read_text()
    except (FileNotFoundError, ProcessLookupError) as error:
        message = f"process {pid} ended while it was being measured"
        raise ProcessGoneError(message) from error
