"""How much memory a process has and may have, read from files that say so, or do not."""

from __future__ import annotations

import math
import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.wire import memory

MEMINFO = "MemTotal:       16384 kB\nMemFree:         1024 kB\n"


def test_resident_pages_are_the_second_number() -> None:
    assert memory.resident("55821 4096 2048 1 0 9000 0\n", 4096) == 4096 * 4096
    for nonsense in ("", "55821", "55821 many", "55821 ²"):
        assert math.isnan(memory.resident(nonsense, 4096))


def test_the_machine_tells_its_memory_in_kilobytes() -> None:
    assert memory.machine(MEMINFO) == 16384 * 1024
    assert memory.machine("MemTotal: lots\n") == math.inf


@pytest.mark.parametrize("told", ["max\n", "", "0", "-1", "12.5", "1e9", "²"])
def test_a_limit_that_is_none(told: str) -> None:
    assert memory.limit(told) == math.inf


def test_a_limit_in_bytes() -> None:
    assert memory.limit("536870912\n") == 1 << 29


@pytest.mark.parametrize(
    "cgroup, files",
    [
        (
            "0::/system.slice/outwait.service\n",
            ["system.slice/outwait.service/memory.max", "system.slice/memory.max", "memory.max"],
        ),
        ("0::/\n", ["memory.max"]),
        (
            "9:cpu,cpuacct:/\n4:memory:/docker/ab\n",
            [
                "memory/docker/ab/memory.limit_in_bytes",
                "memory/docker/memory.limit_in_bytes",
                "memory/memory.limit_in_bytes",
            ],
        ),
        ("4:hugetlb,memory:/\n0::/\n", ["memory/memory.limit_in_bytes", "memory.max"]),
        ("0::/../../other\n", []),
        ("1:name=systemd:/init.scope\n", []),
    ],
)
def test_where_the_limits_stand(cgroup: str, files: list[str]) -> None:
    assert memory.limit_files(cgroup) == [PurePosixPath("sys/fs/cgroup", name) for name in files]


@given(st.text(), st.text())
def test_whatever_the_files_say_nothing_breaks(one: str, other: str) -> None:
    assert memory.machine(one) > 0
    assert memory.limit(one) > 0
    assert not memory.resident(one, 4096) < 0
    for path in memory.limit_files(f"{one}\n{other}"):
        assert path.is_relative_to("sys/fs/cgroup")
        assert ".." not in path.parts


def host(root: Path, **files: str) -> Path:
    for name, told in files.items():
        path = root / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(told)
    return root


def test_the_smallest_bound_counts_and_is_shared_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sysconf", lambda _: 4096)
    root = host(
        tmp_path,
        proc__meminfo=MEMINFO,
        proc__self__statm="9999 512 1",
        proc__self__cgroup="0::/a/b\n",
        sys__fs__cgroup__a__b__memory_dot_max="max\n",
        sys__fs__cgroup__a__memory_dot_max="8388608\n",
    )
    assert memory.share(root=root)() == 512 * 4096 / 8388608
    two = memory.share(2, root)
    assert two() == 2 * 512 * 4096 / 8388608
    (root / "proc/self/statm").write_text("9999 1024 1")
    assert two() == 2 * 1024 * 4096 / 8388608
    (root / "proc/self/statm").unlink()
    assert math.isnan(two())


def test_without_the_files_nothing_is_known(tmp_path: Path) -> None:
    assert math.isnan(memory.share(root=tmp_path)())
    host(tmp_path, proc__self__statm="9999 512 1")
    assert math.isnan(memory.share(root=tmp_path)())


def test_this_process_has_some() -> None:
    assert 0 < memory.share()() < 1
