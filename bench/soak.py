"""The soak: hours of mixed load in front of one contender, and whether its memory stays level.

Samples are taken every five seconds from outside. The first third of the time is warm-up: pools fill, and what
left clients leave behind (an exchange lingers a minute) reaches its level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bench import proc
from bench.contenders import Contender
from bench.figures import Drift, drift
from bench.load.mix import CROWDS, SHORT
from bench.load.spec import Order, Outcome
from bench.plan import Workload
from bench.processes import Cores
from bench.runs import load, serving, upstream

_EVERY = 5.0


@dataclass(frozen=True, slots=True)
class Soak:
    """What a soak found. `samples`: (seconds, KiB of resident memory of the whole process tree)."""

    contender: str
    outcome: Outcome
    samples: tuple[tuple[float, float], ...]
    drift: Drift


def soak(contender: Contender, minutes: float, cores: Cores, progress: Callable[[float, float], None]) -> Soak:
    """Load `contender` for `minutes`; `progress` hears (seconds gone, KiB) at each sample."""
    crowd = SHORT + sum(one.count for one in CROWDS)
    work = Workload("soak", "soak", crowd, "mixed", "mixed", warmup=0.0, seconds=minutes * 60, rounds=1)
    samples: list[tuple[float, float]] = []

    with upstream(work, cores) as port, serving(contender, work, port, cores) as one:
        root = one.process.pid

        def sample(gone: float) -> None:
            if (not samples or gone - samples[-1][0] >= _EVERY) and gone < work.seconds:
                samples.append((gone, float(proc.memory(proc.tree(root)).rss)))
                progress(*samples[-1])

        order = Order(
            kind="soak",
            port=one.port,
            pids=proc.tree(root),
            core=cores.proxy,
            connections=crowd,
            script=work.script,
            warmup=work.warmup,
            seconds=work.seconds,
        )
        outcome = load(order, cores, sample)
    return Soak(contender.name, outcome, tuple(samples), drift(samples))
