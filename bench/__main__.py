"""`python -m bench`: runs the workloads, shows the table, and says by its exit status whether the promises hold.

Exit status: 0 good; 1 a threshold was missed (only with --check); 2 the run could not be made.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.contenders import BASELINE, CANDIDATE, CONTENDERS, DEFAULT_NAMES, Contender, before
from bench.plan import Thresholds, Workload, workloads
from bench.proc import ProcessGoneError
from bench.processes import BenchError, Cores, pinned, raise_descriptors
from bench.report import Setting, markdown, soak_text, table, write_docs, write_json
from bench.runs import Run, run
from bench.soak import Soak, soak
from bench.summary import HEADINGS, Row, misses, rows

_NOISE = 0.1


def main(arguments: Sequence[str]) -> int:
    """Run what `arguments` ask for; the exit status."""
    options = _parser().parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 140)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        return _bench(options, list(arguments), console)
    except (BenchError, ProcessGoneError) as error:
        console.print(f"[red]benchmark:[/] {error}", highlight=False, markup=True)
        return 2
    except KeyboardInterrupt:
        console.print("interrupted; everything that was started has been ended")
        return 2


def _bench(options: argparse.Namespace, arguments: list[str], console: Console) -> int:
    contenders = _chosen(options.contenders)
    if options.before:
        contenders.append(before(options.before))
    cores = Cores.split()
    known = workloads(quick=options.quick, rounds=options.rounds, streams=options.streams)
    plan = [one for one in known if one.kind in options.only or (not options.only and not options.soak)]
    raise_descriptors(max((one.descriptors for one in plan), default=0))
    setting = Setting.of(arguments, contenders)
    with pinned(cores.load):
        runs = _run_all(plan, contenders, cores, console)
        soaked = _soak(options, contenders, cores, console) if options.soak else None
    tables = [(one, rows(one.kind, runs)) for one in plan]
    for one, found in tables:
        console.print(table(one, found))
    if soaked:
        console.print(soak_text(soaked), highlight=False)
    if options.json:
        write_json(options.json, setting, runs, soaked)
    if options.write_docs:
        write_docs(markdown(setting, tables, soaked))
    return _verdict([row for _, found in tables for row in found], soaked, console) if options.check else 0


def _run_all(plan: list[Workload], contenders: list[Contender], cores: Cores, console: Console) -> list[Run]:
    """Every workload in turn, with a line for each turn and a bar for the whole."""
    done: list[Run] = []
    with _progress(console) as bar:
        for workload in plan:
            task = bar.add_task(workload.title, total=workload.rounds * len(contenders))

            def report(one: Run, task: object = task) -> None:
                line = f"{one.workload.kind} round {one.round + 1} {one.contender:12} {_short(one)}"
                bar.console.print(line, highlight=False)
                bar.advance(task)  # type: ignore[arg-type]

            done += run(workload, contenders, cores, report)
    return done


def _soak(options: argparse.Namespace, contenders: list[Contender], cores: Cores, console: Console) -> Soak:
    """Soak outwait, or the first contender chosen if it is not among them."""
    contender = next((one for one in contenders if one.name == CANDIDATE), contenders[0])
    with _progress(console) as bar:
        task = bar.add_task(f"soak of {contender.name}", total=options.soak * 60)

        def progress(gone: float, kib: float) -> None:
            bar.update(task, completed=gone, description=f"soak of {contender.name}: {kib / 1024:.1f} MiB")

        return soak(contender, options.soak, cores, progress)


def _verdict(found: list[Row], soaked: Soak | None, console: Console) -> int:
    """Say what missed its threshold, and how far an equal contender came from being equal."""
    for row in found:
        if row.contender == "nginx-again" and row.ratio and abs(row.ratio.middle - 1) > _NOISE:
            console.print(f"[yellow]noisy machine:[/] {row.kind}: two equal nginx differ, ratio {row.ratio}")
    missed = misses(found, Thresholds())
    if soaked and not soaked.drift.flat():
        missed.append(f"soak: memory grows, {soaked.drift.slope:+.1f} KiB/min")
    if soaked and soaked.outcome.failed:
        missed.append(f"soak: {soaked.outcome.failed} calls failed, e.g. {soaked.outcome.sample}")
    if CANDIDATE not in {row.contender for row in found} | ({soaked.contender} if soaked else set()):
        missed.append(f"{CANDIDATE} did not run")
    for line in missed:
        console.print(f"[red]missed:[/] {line}", highlight=False)
    if not missed:
        console.print("[green]every threshold kept[/]")
    return 1 if missed else 0


def _short(one: Run) -> str:
    """One turn in a few words: the first figures of its row."""
    kind = one.workload.kind
    cells = zip(HEADINGS[kind], Row(kind, one.contender, (one.outcome,), None).cells(), strict=True)
    return ", ".join(f"{cell} {name}" for name, cell in cells if name != "contender" and cell != "-")


def _chosen(names: str) -> list[Contender]:
    """The contenders named, each installed; nginx in any case, the upstream of short calls."""
    known = {one.name: one for one in CONTENDERS}
    chosen = []
    for name in names.split(","):
        if name not in known:
            message = f"no contender {name!r}; known are {', '.join(known)}"
            raise BenchError(message)
        if known[name].find() is None:
            message = f"{known[name].program} is not installed (on Debian: apt-get install {known[name].program})"
            raise BenchError(message)
        chosen.append(known[name])
    if CONTENDERS[0].find() is None:
        message = f"{BASELINE} is needed as the upstream of short calls (on Debian: apt-get install nginx-light)"
        raise BenchError(message)
    return chosen


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:.0f}/{task.total:.0f}"),
        TimeElapsedColumn(),
        console=console,
        refresh_per_second=2,  # gentle: it shares a core with the load
        transient=True,
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names, chosen = ", ".join(one.name for one in CONTENDERS), ",".join(DEFAULT_NAMES)
    parser.add_argument("--only", action="append", choices=["w1", "w2", "w3"], default=[], help="repeatable")
    parser.add_argument("--rounds", type=int, help="rounds of each workload (default 5, 5 and 2)")
    parser.add_argument("--streams", type=int, help="silent streams of w3 (default 5000)")
    parser.add_argument("--quick", action="store_true", help="short windows, few streams: a look, not figures to keep")
    parser.add_argument("--contenders", default=chosen, help=f"comma separated, of {names}")
    parser.add_argument("--before", type=Path, metavar="TREE", help="run another checkout of outwait as well")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="mixed load; alone unless --only is given")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every round")
    parser.add_argument("--write-docs", action="store_true", help="write docs/benchmarks.md")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a threshold of the project is missed")
    return parser


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    """SIGTERM ends the run as Ctrl-C does: with everything that was started."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
