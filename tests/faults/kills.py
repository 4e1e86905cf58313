"""`python tests/faults/kills.py --kills 500`: workers killed at random moments under load, and what became of it.

After each restart nothing is running for ever, each accepted exchange has exactly one final state, and kept answers are
complete or not there, never wrong. Exit status: 0 good; 1 something was wrong; 2 the run could not be made.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from rich.console import Console
from tests.e2e.backstage import Backstage, Provider
from tests.e2e.stage import Gateway, Stage
from tests.faults import deaths, speech
from tests.faults.caller import get
from tests.faults.load import KEY, Load
from tests.faults.oracle import FINAL, GONE, Known, Oracle

WORKERS = 4
CLIENTS = 24  # at once
PAUSE = (0.2, 1.2)  # seconds between a restart and the next kill
BACK = 30.0  # seconds for a worker to be there again
SETTLING = 25.0  # seconds after the last kill until everything must have ended
_AT_ONCE = 16
_OLDEST = 0.8  # how often it hits the one that lives longest


@dataclass(slots=True)
class Run:
    """How a run went. `slowest`: seconds until there were all workers again, at the worst."""

    kills: int = 0
    seconds: float = 0.0
    slowest: float = 0.0
    calls: int = 0
    whole: int = 0
    oracle: Oracle = field(default_factory=Oracle)

    def told(self) -> str:
        """In a few lines."""
        lines = [
            f"{self.kills} kills in {self.seconds:.0f} s; all workers there again within {self.slowest:.1f} s",
            f"{self.calls:,} calls, {self.whole:,} whole answers, {len(self.oracle.known):,} exchanges",
        ]
        for kind, states in sorted(self.oracle.counts().items()):
            lines.append(f"  {kind:<12} " + ", ".join(f"{count} {state}" for state, count in states.most_common()))
        lines.append(f"{len(self.oracle.torn)} delivered whole, and lost before that was written down")
        return "\n".join([*lines, f"{len(self.oracle.wrong)} wrong", *self.oracle.wrong[:40]])


def _quietly(_: object) -> None:
    """Says nothing."""


async def run(kills: int, seed: int, stage: Stage, provider: Provider, say: Callable[[str], None] = _quietly) -> Run:
    """Kill `kills` workers of a gateway in front of `provider`, one after the other."""
    made = Run()
    gateway = stage.serve(config(provider.url), "kills")
    load = Load(gateway.port, made.oracle, seed)
    clients = [asyncio.ensure_future(load.ask()) for _ in range(CLIENTS)]
    chance = random.Random(f"{seed}/kills")
    begun = time.monotonic()
    try:
        for number in range(1, kills + 1):
            await asyncio.sleep(chance.uniform(*PAUSE))
            made.slowest = max(made.slowest, await _kill(gateway, chance))
            made.kills = number
            if number % 5 == 0 or number == kills:
                await _survey(made.oracle, gateway.port)
                say(f"{number} kills, {load.calls:,} calls, {len(made.oracle.wrong)} wrong")
    finally:
        load.running = False
        await asyncio.wait(clients, timeout=SETTLING)
        for client in clients:
            client.cancel()
        await asyncio.gather(*clients, return_exceptions=True)
    await _settled(made.oracle, gateway.port)
    made.oracle.charges(Counter(call.question for call in await asyncio.to_thread(provider.calls) if call.charged))
    made.seconds, made.calls, made.whole = time.monotonic() - begun, load.calls, load.whole
    return made


def config(provider: str) -> dict[str, object]:
    """The gateway's configuration. Each call has one attempt: what a kill breaks is not repaired behind its back."""
    return {
        "channels": [{"name": "provider", "base_url": provider}],
        "keys": [{"name": "load", "key": KEY["Authorization"].removeprefix("Bearer "), "on_disconnect": "finish"}],
        "scenarios": {"*": "unknown"},
        "heartbeat": {"after": 1, "json_after": 1, "every": 1},
        "retry": {"attempts": 1},
        "server": {"workers": WORKERS},
    }


async def _kill(gateway: Gateway, chance: random.Random) -> float:
    """Kill one worker; returns seconds until another is in its place."""
    before = deaths.workers(gateway)  # oldest first; one that dies young is started again after a pause
    victim = before[0] if chance.random() < _OLDEST else chance.choice(before)
    os.kill(victim, signal.SIGKILL)
    begun = time.monotonic()
    async with asyncio.timeout(BACK):
        while len(alive := set(deaths.workers(gateway)) - {victim}) < WORKERS or not alive - set(before):  # noqa: ASYNC110 - processes
            await asyncio.sleep(0.05)
    return time.monotonic() - begun


async def _survey(oracle: Oracle, port: int) -> None:
    """Ask how all stand that are not known to have ended."""
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(known: Known) -> None:
        async with room:
            try:
                await _look(oracle, known, port)
            except (OSError, TimeoutError):
                pass  # its worker is being started again

    await asyncio.gather(*map(one, oracle.open()))


async def _look(oracle: Oracle, known: Known, port: int) -> None:
    found = await get(port, f"/v1/exchanges/{known.ident}", KEY)
    if found.status == 404:
        oracle.stands(known, GONE)
    elif found.status == 200 and found.end == "whole":
        oracle.stands(known, json.loads(bytes(found.body))["status"])


async def _settled(oracle: Oracle, port: int) -> None:
    """Give everything its time to end, and look at what is kept."""
    end = time.monotonic() + SETTLING
    while oracle.open() and time.monotonic() < end:
        await _survey(oracle, port)
        await asyncio.sleep(0.5)
    oracle.over()
    room = asyncio.Semaphore(_AT_ONCE)

    async def one(known: Known) -> None:
        async with room:
            await _look(oracle, known, port)  # once more: an end is an end
            if known.states[-1] in FINAL:
                await _result(oracle, known, port)

    await asyncio.gather(*map(one, [each for each in oracle.known.values() if each.states]))


async def _result(oracle: Oracle, known: Known, port: int) -> None:
    found = await get(port, f"/v1/exchanges/{known.ident}/stream", KEY)
    if found.status != 200:
        if known.states[-1] == "completed" and not known.heard:
            oracle.kept(known, "", whole=False)
        return
    dialect = "responses" if known.kind == "background" else "chat"
    stream = found.headers.get("content-type", "").startswith("text/event-stream")
    told = speech.read(dialect, bytes(found.body), stream=stream)
    whole = found.end == "whole" and told.ended and not told.error
    oracle.kept(known, told.text, whole=whole)


def main(arguments: Sequence[str]) -> int:
    """Run it by hand; the exit status."""
    parser = argparse.ArgumentParser(prog="kills.py", description=__doc__)
    parser.add_argument("--kills", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    console = Console(highlight=False, markup=False, soft_wrap=True)
    if why := deaths.missing():
        console.print(why)
        return 2
    backstage = Backstage()
    with tempfile.TemporaryDirectory(prefix="outwait-") as folder:
        stage = Stage(Path(folder))
        try:
            provider = backstage.simulate()
            made = asyncio.run(run(options.kills, options.seed, stage, provider, console.print))
        finally:
            ended = [status for status in stage.stop().values() if status]
            backstage.close()
    console.print(made.told())
    if ended:
        console.print(f"the gateway ended with {ended[0]}")
    return 1 if made.oracle.wrong or ended else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
