"""`python -m tests.faults`: plays the whole matrix, tells what is not as it must be, and writes the tables.

Exit status: 0 good; 1 some cell was not as it must be; 2 the run could not be made.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from tests.e2e.stage import Stage
from tests.faults import deaths, page, play, scene, verdict
from tests.faults.cells import DEATHS, Cell, Fault, played
from tests.faults.findings import finding

Problems = dict[Cell, list[str]]


def main(arguments: Sequence[str]) -> int:
    """Play what `arguments` ask for; the exit status."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    chosen = [cell for cell in played() if fnmatchcase(cell.name, options.only)]
    waits = deaths.missing()
    dying = [cell for cell in chosen if cell.fault in DEATHS]
    if waits is not None:
        chosen = [cell for cell in chosen if cell.fault not in DEATHS]
    if not chosen:
        console.print(f"no cell is named {options.only!r}")
        return 2
    with tempfile.TemporaryDirectory(prefix="outwait-") as folder:
        problems = run(chosen, Path(folder))
    bad = {cell: told for cell, told in problems.items() if told and finding(cell) is None}
    for cell, told in bad.items():
        console.print(f"{cell.name}: {'; '.join(told)}", highlight=False, markup=False, soft_wrap=True)
    waiting = f" {len(dying)} more wait: {waits}." if waits and dying else ""
    made = page.made(len(problems), sum(not told for told in problems.values()), waiting)
    console.print(made, highlight=False)
    if options.write_docs:
        page.write(made)
    return 1 if bad else 0


def run(cells: Sequence[Cell], folder: Path) -> Problems:
    """Play `cells` and judge them."""
    problems: Problems = {}
    stage = Stage(folder)
    try:
        living = [cell for cell in cells if cell.fault not in DEATHS]
        if living:
            seen = asyncio.run(play.whole(living, lambda port: stage.serve(scene.config(port), "faults")))
            problems |= {each.cell: verdict.judge(each) for each in seen}
        for fault in DEATHS:
            dying = [cell for cell in cells if cell.fault is fault]
            if dying:
                problems |= {each.cell: deaths.judge(each) for each in _die(dying, fault, stage)}
    finally:
        stage.stop()
    return problems


def _die(cells: Sequence[Cell], fault: Fault, stage: Stage) -> list[play.Seen]:
    folder = stage.folder / fault.name
    folder.mkdir()
    return asyncio.run(deaths.die(cells, lambda config: stage.serve(config, fault.name.lower()), folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--only", default="*", help="a glob of cell names, such as 'client RST, held*'")
    parser.add_argument("--write-docs", action="store_true", help="write docs/faults.md")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
