"""Reading /proc: from texts as the kernel writes them, and of this very process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from bench import proc

STAT = "4242 (a) b (nginx: wo) S 17 4242 4242 0 -1 4194304 900 0 0 0 1234 567 89 10 20 0 1 0 55 1000 300"
ROLLUP = """55d0c000-7ffd2000 ---p 00000000 00:00 0    [rollup]
Rss:                9120 kB
Pss:                4096 kB
Pss_Anon:           3000 kB
Shared_Clean:       5000 kB
"""
CORES = """cpu  10 20 30 40 50 60 70 80 0 0
cpu0 1 2 3 400 500 6 7 8 9 0
cpu1 10 20 30 4000 5000 60 70 80 90 0
intr 12345
"""


def test_stat_is_read_behind_a_name_with_blanks_and_parentheses() -> None:
    assert proc.parse_stat(STAT) == proc.Stat(parent=17, ticks=1234 + 567)


def test_schedstat_is_nanoseconds() -> None:
    assert proc.parse_schedstat("3003717072 118 42\n") == pytest.approx(3.003717072)


def test_rollup_takes_rss_and_pss_only() -> None:
    assert proc.parse_smaps_rollup(ROLLUP) == proc.Memory(rss=9120, pss=4096)


def test_core_ticks_leave_out_idle_iowait_and_guest() -> None:
    assert proc.parse_core_ticks(CORES, 0) == 1 + 2 + 3 + 6 + 7 + 8
    assert proc.parse_core_ticks(CORES, 1) == 10 + 20 + 30 + 60 + 70 + 80
    assert proc.parse_core_ticks(CORES, 7) == 0


def test_descendants_are_found_over_generations_and_in_any_order() -> None:
    assert proc.descendants({2: 30, 30: 10, 11: 10, 40: 1, 41: 40}, 10) == (10, 2, 11, 30)
    assert proc.descendants({}, 10) == (10,)


def test_this_process_uses_cpu_and_memory() -> None:
    before = proc.cpu_seconds([os.getpid()])
    sum(range(2_000_000))
    assert proc.cpu_seconds([os.getpid()]) > before
    found = proc.memory([os.getpid()])
    assert found.rss >= found.pss > 1000


def test_a_child_is_in_the_tree_and_its_end_is_told() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        assert child.pid in proc.tree(os.getpid())
        child.communicate(b"\n")
    with pytest.raises(proc.ProcessGoneError, match=str(child.pid)):
        proc.cpu_seconds([child.pid])
