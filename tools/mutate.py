#!/usr/bin/env python3
"""Changes code in many small ways, one at a time, and runs its tests: a change that no test notices is bad news.

    tools/mutate.py                                   the machine and its turns
    tools/mutate.py src/outwait/policy/retry.py ...   other files whose tests stand in the mirrored place
    tools/mutate.py --max 50                          a sample, spread over the files

A file `src/outwait/ROOM/NAME.py` is tried by `tests/ROOM/test_NAME*.py`, and what survives those by the tests of
`SECOND`. Each change runs in a process forked from one that has loaded pytest already, so that a run costs little more
than its tests. Survivors that are known to be harmless stand in `mutants.allow`, each with a reason; the exit status is
1 when there are others, or when a reason is no longer needed.
"""

from __future__ import annotations

import argparse
import ast
import importlib.abc
import importlib.machinery
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis.stateful
import msgspec
import pytest
import uvloop
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from tools.mutations import Mutation, mutations  # noqa: E402 - found by the line above

ALLOWED = ROOT / "tools" / "mutants.allow"
DEFAULT = ["src/outwait/exchange/machine.py", "src/outwait/exchange/turns.py"]
SECOND = {
    "exchange": [
        "tests/exchange/test_machine_failures.py",
        "tests/exchange/test_overtaking.py",
        "tests/exchange/test_second.py",
        "tests/exchange/test_hedge.py",
        "tests/properties/test_exchange.py",
        "tests/exchange/test_driver.py",
        "tests/exchange/test_driver_ends.py",
        "tests/exchange/test_account.py",
    ],
}
LOADED: tuple[ModuleType, ...] = (hypothesis.stateful, msgspec, uvloop)  # what every test would have to load
HUNG = 20  # seconds that one test may take before its change counts as noticed


@dataclass
class Subject:
    """One file under change. `tree` is changed in place, in a process of its own."""

    path: str
    module: str
    tree: ast.Module
    tests: list[list[str]]
    mutations: list[Mutation]

    @classmethod
    def of(cls, path: str) -> Subject:
        """Read `path` (from the root), and find its tests."""
        parts = Path(path).with_suffix("").parts[1:]
        tree = ast.parse((ROOT / path).read_text("utf-8"), path)
        room = Path(*parts[1:-1])
        found = sorted(str(name.relative_to(ROOT)) for name in (ROOT / "tests" / room).glob(f"test_{parts[-1]}*.py"))
        if not found:
            sys.exit(f"{path}: no tests/{room}/test_{parts[-1]}*.py")
        second = [name for name in SECOND.get(parts[1], []) if name not in found]
        tests = [found, second] if second else [found]
        return cls(path, ".".join(parts), tree, tests, list(mutations(tree)))


class Changed(importlib.abc.MetaPathFinder, importlib.abc.InspectLoader):
    """Imports one module from its changed tree."""

    def __init__(self, subject: Subject) -> None:
        self._module = subject.module
        self._code = compile(subject.tree, subject.path, "exec")

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        """The changed module, and no other."""
        return importlib.machinery.ModuleSpec(fullname, self) if fullname == self._module else None

    def get_code(self, fullname: str) -> CodeType:
        """The changed code."""
        return self._code

    def get_source(self, fullname: str) -> None:
        """There is none."""


def attempt(subject: Subject, mutation: Mutation | None) -> bool:
    """In a forked process: whether all tests pass although `mutation` was made."""
    if mutation is not None:
        mutation.apply()
    ast.fix_missing_locations(subject.tree)
    sys.meta_path.insert(0, Changed(subject))
    loaded = ["-W", "ignore::pytest.PytestAssertRewriteWarning"]  # it was loaded before the fork, and that is meant
    options = ["-x", "-q", "-p", "no:cacheprovider", "--no-header", "-o", f"timeout={HUNG}", *loaded]
    return all(pytest.main([*options, *tests]) == pytest.ExitCode.OK for tests in subject.tests)


def fork(work: Callable[[], bool]) -> int:
    """Run `work` in a process of its own, without a word; its exit status is 0 when that returned True."""
    child = os.fork()
    if child:
        return child
    silent = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(silent, stream)
    status = 2
    try:
        status = 0 if work() else 1
    finally:
        os._exit(status)


def survivors(jobs: Sequence[tuple[Subject, Mutation]], parallel: int) -> Iterator[tuple[Subject, Mutation, bool]]:
    """Each change with whether it survived, in the order they are done."""
    waiting = list(reversed(jobs))
    running: dict[int, tuple[Subject, Mutation]] = {}
    while waiting or running:
        while waiting and len(running) < parallel:
            subject, mutation = waiting.pop()
            running[fork(partial(attempt, subject, mutation))] = (subject, mutation)
        child, status = os.wait()
        subject, mutation = running.pop(child)
        yield subject, mutation, status == 0


def allowed() -> dict[str, str]:
    """The harmless ones: what is changed -> why nobody could notice."""
    reasons: dict[str, str] = {}
    key = ""
    for line in ALLOWED.read_text("utf-8").splitlines() if ALLOWED.exists() else []:
        if not line.strip() or line.startswith("#"):
            continue
        if not line[0].isspace():
            key = line.strip()
            reasons[key] = ""
        else:
            reasons[key] = f"{reasons[key]} {line.strip()}".strip()
    return reasons


def check_tests(subjects: Sequence[Subject]) -> None:
    """The tests must pass on what is not changed, or every change would seem noticed."""
    for subject in subjects:
        _, status = os.waitpid(fork(partial(attempt, subject, None)), 0)
        if status != 0:
            names = " ".join(name for tests in subject.tests for name in tests)
            sys.exit(f"{subject.path}: its tests fail as it stands: {names}")


def run(subjects: Sequence[Subject], limit: int, parallel: int, console: Console) -> list[tuple[Subject, Mutation]]:
    """Make the changes, show how far it is, and return those that no test noticed."""
    jobs = [(subject, mutation) for subject in subjects for mutation in subject.mutations]
    if limit and limit < len(jobs):
        jobs = [jobs[place * len(jobs) // limit] for place in range(limit)]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    alive: list[tuple[Subject, Mutation]] = []
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("changes", total=len(jobs))
        for subject, mutation, survived in survivors(jobs, parallel):
            progress.advance(task)
            if survived:
                alive.append((subject, mutation))
                progress.update(task, description=f"changes, {len(alive)} unnoticed")
    console.print(f"{len(jobs)} changes, {len(alive)} unnoticed")
    return alive


def main() -> int:
    """Returns the exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("files", nargs="*", default=DEFAULT, help=f"what to change (default: {' '.join(DEFAULT)})")
    parser.add_argument("--max", type=int, default=0, help="at most this many changes, spread over the files")
    parser.add_argument("--jobs", type=int, default=2, help="how many at a time (default: 2)")
    options = parser.parse_args()
    os.chdir(ROOT)
    console = Console(highlight=False)
    began = time.monotonic()
    subjects = [Subject.of(path) for path in options.files]
    check_tests(subjects)
    alive = run(subjects, options.max, options.jobs, console)
    reasons = allowed()
    found = {mutation.key(subject.path): mutation for subject, mutation in alive}
    bad = sorted(found.keys() - reasons.keys())
    for key in bad:
        console.print(
            key, f"  - {found[key].before}", f"  + {found[key].after}", sep="\n", markup=False, soft_wrap=True
        )
    paths = tuple(f"{subject.path} " for subject in subjects)
    stale = [key for key in reasons if not options.max and key.startswith(paths) and key not in found]
    for key in stale:
        console.print(f"tools/mutants.allow: not needed any more: {key}", markup=False, soft_wrap=True)
    for key in (key for key, reason in reasons.items() if not reason):
        console.print(f"tools/mutants.allow: no reason: {key}", markup=False, soft_wrap=True)
    console.print(f"{len(alive) - len(bad)} allowed, {len(bad)} to be killed, {time.monotonic() - began:.0f} s")
    return 1 if bad or stale or not all(reasons.values()) else 0


if __name__ == "__main__":
    sys.exit(main())
