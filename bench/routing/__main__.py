"""`python -m bench.routing`: troubles of channels replayed in virtual time, for several ways to choose a channel.

Each scenario is hours long and takes seconds. The same requests come at the same moments under each policy; the one
called `outwait` is the product itself: its tracker, its rules, its retries. Nothing is measured, so nothing depends on
the machine, and the same seeds give the same figures.

  hits              attempts that met the trouble: were refused, failed, never answered, or took long by it
  given up          requests whose client got an error in the end
  p50, p95          seconds from a request's arrival to its first content, over the requests that got any
  paid twice        attempts a provider may charge although one of the same request may have been charged before
  extra load        attempts beyond one per request (below 0: some were refused before any attempt)
  noticed after     seconds from the trouble's begin until the bad channel was thrown out for the first time
  false per 2 h     how often a channel was thrown out that had no trouble
  skew              largest difference between a channel's share of the attempts and its share of the weights

Exit status: 0 good; 1 a promise was missed (only with --check); 2 the arguments make no sense.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from os import sched_getaffinity
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bench.routing import policies, scenarios
from bench.routing.figures import Figures
from bench.routing.report import Found, markdown, plain, table, told, write_docs, write_json
from bench.routing.run import simulate
from bench.routing.scenarios import Scenario

_SEEDS = 5
_QUICK = frozenset(("fast-failing", "dead-key", "429-storm", "outage", "weights"))
_Job = tuple[str, str, int]


def main(arguments: Sequence[str]) -> int:
    """Run what `arguments` ask for; the exit status."""
    parser = _parser()
    options = parser.parse_args(arguments)
    console = Console(width=None if sys.stdout.isatty() else 160)
    try:
        chosen = [scenarios.named(name) for name in options.only] or _all(quick=options.quick)
    except KeyError as error:
        parser.error(str(error.args[0]))
    seeds = range(1, (options.seeds or (1 if options.quick else _SEEDS)) + 1)
    found = _found(chosen, seeds, _run(chosen, seeds, options.jobs, console))
    if options.json == Path("-"):
        console.print_json(data=plain(found))
    else:
        for one in found:
            console.print(table(one))
            console.print()
    if options.json and options.json != Path("-"):
        write_json(options.json, found)
    if options.write_docs:
        write_docs(markdown(" ".join(["python -m bench.routing", *arguments]), len(seeds), found))
    missed = [
        f"{one.scenario.name}: {told(promise, value, kept=kept)}"
        for one in found
        for promise, value, kept in one.promises
        if not kept
    ]
    for line in missed:
        console.print(f"[red]missed:[/] {line}", highlight=False)
    return 1 if missed and options.check else 0


def _all(*, quick: bool) -> list[Scenario]:
    return [one for one in scenarios.SCENARIOS if not quick or one.name in _QUICK]


def _run(chosen: Sequence[Scenario], seeds: Iterable[int], jobs: int, console: Console) -> dict[_Job, Figures]:
    """Every scenario under every policy with every seed, several at a time, with a bar."""
    wanted: list[_Job] = [
        (scenario.name, policy.name, seed) for scenario in chosen for policy in policies.POLICIES for seed in seeds
    ]
    done: dict[_Job, Figures] = {}
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with (
        Progress(*columns, TimeElapsedColumn(), console=console, transient=True) as bar,
        ProcessPoolExecutor(jobs) as pool,
    ):
        task = bar.add_task("simulating", total=len(wanted))
        running: dict[Future[Figures], _Job] = {pool.submit(one, *job): job for job in wanted}
        for future in as_completed(running):
            job = running[future]
            done[job] = future.result()
            bar.update(task, advance=1, description=f"{job[0]}: {job[1]}")
    return done


def one(scenario: str, policy: str, seed: int) -> Figures:
    """One run, by names: what a process of the pool is sent."""
    return simulate(scenarios.named(scenario), policies.named(policy), seed)


def _found(chosen: Sequence[Scenario], seeds: Sequence[int], done: dict[_Job, Figures]) -> list[Found]:
    return [
        Found(
            scenario,
            {policy.name: [done[scenario.name, policy.name, seed] for seed in seeds] for policy in policies.POLICIES},
        )
        for scenario in chosen
    ]


def _parser() -> argparse.ArgumentParser:
    names = "\n".join(f"  {one.name:17} {one.title}" for one in scenarios.SCENARIOS)
    rows = "\n".join(f"  {one.name:17} {one.title}" for one in policies.POLICIES)
    parser = argparse.ArgumentParser(
        prog="python -m bench.routing",
        description=__doc__,
        epilog=f"scenarios:\n{names}\n\npolicies:\n{rows}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--only", action="append", default=[], metavar="SCENARIO", help="repeatable")
    parser.add_argument("--seeds", type=int, help=f"runs of each, averaged (default {_SEEDS})")
    parser.add_argument("--quick", action="store_true", help="some of the scenarios, one run of each: seconds")
    parser.add_argument("--jobs", type=int, default=len(sched_getaffinity(0)), help="runs at a time (default: cores)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every figure of every run; - prints them")
    parser.add_argument("--write-docs", action="store_true", help="write the tables of docs/routing.md")
    parser.add_argument("--check", action="store_true", help="exit with 1 if a promise of the project is missed")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
