"""Runs the workloads: starts upstream and contenders, gives each its turn in every round, ends them all.

Order of turns: round by round, and in each round the contenders one after the other (A B C, A B C, ...), so that a
slow minute of the machine meets all of them. Contenders that are not measured at the moment idle.
"""

from __future__ import annotations

import contextlib
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from bench import proc
from bench.contenders import STUB, Contender, Site
from bench.load.spec import Order, Outcome
from bench.plan import Workload
from bench.processes import Cores, Process, free_port, python, started, wait_ready

_POLL = 0.2
_MARGIN = 60.0
_DISTURBED = 0.05  # share of the proxy's core that others used
_TRIES = 3


@dataclass(frozen=True, slots=True)
class Run:
    """One contender's turn in one round. `tries`: how often it was made until it was undisturbed, or given up on."""

    workload: Workload
    contender: str
    round: int
    outcome: Outcome
    tries: int = 1


@dataclass(frozen=True, slots=True)
class Started:
    """A contender that serves."""

    contender: Contender
    process: Process
    port: int


Report = Callable[[Run], None]


def run(workload: Workload, contenders: Sequence[Contender], cores: Cores, report: Report) -> list[Run]:
    """All rounds of one workload; `report` is told each turn as it ends."""
    runs: list[Run] = []

    def turn(one: Started, number: int) -> None:
        runs.append(_turn(workload, one, number, cores))
        report(runs[-1])

    with upstream(workload, cores) as port, contextlib.ExitStack() as stack:
        kept = () if workload.fresh else contenders
        standing = [stack.enter_context(serving(one, workload, port, cores)) for one in kept]
        for number in range(workload.rounds):
            for one in standing:
                turn(one, number)
            for contender in contenders if workload.fresh else ():
                with serving(contender, workload, port, cores) as one:
                    turn(one, number)
    return runs


def _turn(workload: Workload, one: Started, number: int, cores: Cores) -> Run:
    """Measure a contender; again if its core was disturbed, unless that would spoil what is measured (`fresh`).

    Only the disturbance decides which try is kept, never the result.
    """
    tries: list[Outcome] = []
    while not tries or (tries[-1].others > _DISTURBED and len(tries) < _TRIES and not workload.fresh):
        outcome = load(order_for(workload, one, cores), cores)
        if outcome.failed:
            raise one.process.failure(f"{outcome.failed} calls failed, e.g. {outcome.sample}")
        tries.append(outcome)
    return Run(workload, one.contender.name, number, min(tries, key=lambda one: one.others), len(tries))


def order_for(workload: Workload, one: Started, cores: Cores) -> Order:
    """What the load generator is told about a contender's turn."""
    return Order(
        kind=workload.kind,
        port=one.port,
        pids=proc.tree(one.process.pid),
        core=cores.proxy,
        connections=workload.connections,
        script=workload.script if one.contender.beats else workload.relays,
        warmup=workload.warmup,
        seconds=workload.seconds,
        every=workload.every,
    )


def load(order: Order, cores: Cores, watch: Callable[[float], None] | None = None) -> Outcome:
    """Run the load generator in its own process; `watch` is called all the while with the seconds gone."""
    command = python("bench.load", msgspec.json.encode(order).decode())
    begun = time.monotonic()
    limit = order.warmup + order.seconds + order.connections / 500 + _MARGIN
    with temporary() as directory, started("load", command, cores.load, directory, piped=True) as process:
        while process.running:
            gone = time.monotonic() - begun
            if gone > limit:
                raise process.failure(f"not done after {limit:.0f} s")
            if watch:
                watch(gone)
            time.sleep(_POLL)
        try:
            return msgspec.json.decode(process.read_all(), type=Outcome)
        except msgspec.DecodeError as error:
            raise process.failure("the load generator failed") from error


@contextlib.contextmanager
def upstream(workload: Workload, cores: Cores) -> Iterator[int]:
    """The provider of a workload; gives its port."""
    with temporary() as directory:
        if workload.stubbed:
            site = Site(directory, free_port(), 0, buffered=True, every=workload.every)
            with started(STUB.name, STUB.prepare(site), cores.load, directory) as process:
                wait_ready(process, site.port, "/")
                yield site.port
        else:
            with started("upstream", python("bench.upstream"), cores.load, directory, piped=True) as process:
                line = process.read_line().strip()
                if not line.isdigit():
                    raise process.failure("the upstream did not start")
                yield int(line)


@contextlib.contextmanager
def serving(contender: Contender, workload: Workload, port: int, cores: Cores) -> Iterator[Started]:
    """A contender in front of the upstream at `port`, pinned to the proxy's core."""
    with temporary() as directory:
        site = Site(directory, free_port(), port, buffered=workload.stubbed, every=workload.every)
        core = frozenset({cores.proxy})
        with started(contender.name, contender.prepare(site), core, directory) as process:
            wait_ready(process, site.port, contender.ready)
            yield Started(contender, process, site.port)


@contextlib.contextmanager
def temporary() -> Iterator[Path]:
    """A private directory that goes when the block ends."""
    with tempfile.TemporaryDirectory(prefix="outwait-bench-") as name:
        yield Path(name)


def version(contender: Contender) -> str:
    """What the contender's program says its version is, in one line."""
    program = contender.find()
    if program is None:
        return "not installed"
    done = subprocess.run([program, contender.version], capture_output=True, text=True, timeout=20, check=False)
    lines = (done.stdout + done.stderr).strip().splitlines()
    return lines[0] if lines else "unknown"
