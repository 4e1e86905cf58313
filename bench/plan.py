"""What is run: the workloads with their loads and windows, and the thresholds they are checked against."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bench.load.spec import Kind


@dataclass(frozen=True, slots=True)
class Workload:
    """One kind of load. `fresh`: a contender is started anew for each round (its memory is measured from its start).

    `connections`: at once. `warmup`, `seconds`: before the window, and the window. `relays`: the script of contenders
    that relay the upstream's heartbeats, `script`: of all others. `every`: seconds between heartbeats.
    """

    kind: Kind
    title: str
    connections: int
    script: str
    relays: str
    warmup: float
    seconds: float
    rounds: int
    fresh: bool = False
    every: int = 5

    @property
    def stubbed(self) -> bool:
        """Whether the upstream is the constant reply of nginx instead of our own server."""
        return self.kind == "w1"

    @property
    def descriptors(self) -> int:
        """Descriptors a proxy needs: two per stream, and some."""
        return 2 * self.connections + 200


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What the project promises, against the baseline or absolute."""

    w1_ratio: float = 0.45
    w2_ratio: float = 0.60
    w3_kib: float = 22.0
    w3_late: float = 0.150


def workloads(*, quick: bool, rounds: int | None, streams: int | None) -> tuple[Workload, ...]:
    """The three workloads; `quick` is for a look, not for figures to keep."""
    w1 = Workload("w1", "W1 short JSON calls", 64, "short", "short", warmup=1.0, seconds=5.0, rounds=5)
    w2 = Workload("w2", "W2 streaming relay", 100, "drip-0", "drip-0", warmup=2.0, seconds=6.0, rounds=5)
    w3 = Workload("w3", "W3 silent streams", 5000, "silent", "beat-5", warmup=6.0, seconds=20.0, rounds=2, fresh=True)
    if quick:
        w1 = replace(w1, seconds=2.0, rounds=2)
        w2 = replace(w2, warmup=1.0, seconds=2.0, rounds=2)
        w3 = replace(w3, connections=500, seconds=6.0, rounds=1)
    if rounds is not None:
        w1, w2, w3 = (replace(one, rounds=rounds) for one in (w1, w2, w3))
    return w1, w2, replace(w3, connections=streams or w3.connections)
