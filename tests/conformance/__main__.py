"""`python -m tests.conformance`: plays the whole matrix, tells what is not as it must be, and writes the table.

Exit status: 0 good; 1 some call was not as it must be; 2 the run could not be made.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fnmatch import fnmatchcase
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from tests.conformance import page, scene
from tests.conformance.cases import Case, able, cases, few
from tests.conformance.limits import limit
from tests.conformance.verdict import Verdict
from tests.conformance.voices import BY_NAME, DIALECTS
from tests.e2e.acts import BEATS
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Stage

PATIENCE = 240.0  # seconds an SDK's process may take for one upstream dialect


def main(arguments: Sequence[str]) -> int:
    """Play what `arguments` ask for; the exit status."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    chosen = [case for case in (few() if options.few else cases()) if fnmatchcase(case.name, options.only)]
    if not chosen:
        console.print(f"no call is named {options.only!r}")
        return 2
    for sdk in BY_NAME.values():
        if missing := sdk.missing():
            console.print(f"left out: {sdk.name}: {missing}", highlight=False)
    with scene.quick_disk() as data, _staged() as (stage, provider):
        gateway = stage.serve({"heartbeat": BEATS, **scene.config(provider.port, data)}, "conformance")
        verdicts = _play(chosen, scene.roots(stage, gateway.port, provider.port), provider, console)
    failed = [*page.failures(verdicts)]
    for line in failed:
        console.print(line, highlight=False, markup=False, soft_wrap=True)
    if options.json:
        rows = [{"name": case.name, "passed": each.passed, "seen": each.seen} for case, each in verdicts.items()]
        Path(options.json).write_text(json.dumps(rows, indent=1))
    if options.write_docs:
        page.write(verdicts)
    bad = [each for case, each in verdicts.items() if not each.passed and limit(case) is None]
    console.print(f"{len(verdicts)} calls, {len(bad)} not as they must be")
    return 1 if bad else 0


def _play(chosen: list[Case], found: scene.Roots, provider: Provider, console: Console) -> dict[Case, Verdict]:
    """One upstream dialect after the other, each of its calls at once."""
    verdicts: dict[Case, Verdict] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=console) as bar:
        task = bar.add_task("calls", total=len(chosen))
        for out in DIALECTS:
            mine = [case for case in chosen if case.out == out]
            told = scene.play([case for case in mine if able(case, found) is None], found, provider, PATIENCE)
            verdicts |= told
            passed = sum(each.passed for each in told.values())
            bar.console.print(f"to {out}: {passed} of {len(told)}, {len(mine) - len(told)} left out", highlight=False)
            bar.advance(task, len(mine))
    return verdicts


@contextmanager
def _staged() -> Iterator[tuple[Stage, Provider]]:
    backstage = Backstage()
    with tempfile.TemporaryDirectory(prefix="outwait-") as folder:
        stage = Stage(Path(folder))
        try:
            yield stage, backstage.simulate()
        finally:
            stage.stop()
            backstage.close()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("--only", default="*", help="a glob of call names, such as 'openai-python * to gemini *'")
    parser.add_argument("--few", action="store_true", help="only the slice that `make test` plays")
    parser.add_argument("--json", metavar="FILE", help="write what was seen")
    parser.add_argument("--write-docs", action="store_true", help="write docs/conformance.md")
    return parser


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
