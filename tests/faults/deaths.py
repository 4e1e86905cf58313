"""The gateway's own end: many exchanges, each in its phase, when the worker is killed or the gateway told to stop; then
the next one is asked for each of them by its id."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

from tests.e2e.stage import ROOT, Gateway
from tests.faults import rules, scene
from tests.faults.caller import Caller, get
from tests.faults.cells import Cell, Fault, Phase
from tests.faults.play import NOTICED, Seen, look, parts, reach
from tests.faults.rules import expected
from tests.faults.upstream import Upstream
from tests.faults.verdict import told

AGE = 4.5  # seconds: slow by then, and what was said at the beginning staged (every 2 s)
BACK = 20.0  # seconds for the next one to be there, and to have cleared up
Start = Callable[[Mapping[str, Any]], Gateway]


def missing() -> str | None:
    """Why these cells cannot be played yet; None when they can."""
    source = ROOT / "src" / "outwait"
    wired = any("exchange.keeper" in path.read_text("utf-8") for path in (source / "app").glob("*.py"))
    return None if wired else "exchanges are not kept in the store yet"


async def die(cells: Iterable[Cell], start: Start, folder: Path) -> list[Seen]:
    """Play `cells`, all of one fault. `start`: starts a gateway, also the next one; `folder`: where they keep data."""
    made = parts(cells)
    upstream = Upstream(made)
    await upstream.start()
    config = {**scene.config(upstream.port), "data_dir": str(folder / "data")}
    seen = [Seen(part.cell, part) for part in made.values()]
    try:
        gateway = start(config)
        async with AsyncExitStack() as open_ones:
            ids = await _arrive(seen, gateway, open_ones)
            gateway = await _end(seen[0].cell.fault, gateway, lambda: start(config))
            waiting = [_hear(each) for each in seen if not each.cell.left]
            await asyncio.gather(*waiting)
        await asyncio.gather(*(_come_back(each, gateway.port, ids.get(each.cell.model)) for each in seen))
    finally:
        await upstream.stop()
    return seen


async def _arrive(seen: list[Seen], gateway: Gateway, open_ones: AsyncExitStack) -> dict[str, str]:
    """Bring all to their phases, and let them grow old there; returns the ids, by model."""
    begun = time.monotonic()

    async def one(each: Seen) -> None:
        try:
            each.caller = await open_ones.enter_async_context(Caller(gateway.port))
            await reach(each.caller, each.part)
            if each.cell.left and each.cell.phase is not Phase.AFTER:
                each.caller.reset()
        except (TimeoutError, AssertionError) as error:
            each.trouble = f"{type(error).__name__}: {error}"

    await asyncio.gather(*map(one, seen))
    listed = await get(gateway.port, "/v1/exchanges", scene.credentials())
    ids = {each["model"]: each["id"] for each in json.loads(bytes(listed.body))["data"]}
    for each in seen:
        if each.caller is not None and (ident := each.caller.headers.get("x-outwait-exchange")):
            ids[each.cell.model] = ident
    await asyncio.sleep(max(NOTICED, begun + AGE - time.monotonic()))
    return ids


async def _end(fault: Fault, gateway: Gateway, restart: Callable[[], Gateway]) -> Gateway:
    """Kill the worker, or tell the gateway to stop; returns what answers next."""
    if fault is Fault.SIGKILL:
        before = workers(gateway)
        for pid in before:
            os.kill(pid, signal.SIGKILL)
        async with asyncio.timeout(BACK):
            while not (set(workers(gateway)) - set(before) and await _ready(gateway.port)):  # noqa: ASYNC110 - a process
                await asyncio.sleep(0.05)
        return gateway
    gateway.process.send_signal(signal.SIGTERM)
    status = await asyncio.to_thread(gateway.process.wait, BACK)
    assert status == 0, f"the gateway ended with {status}"
    return restart()


def workers(gateway: Gateway) -> list[int]:
    """The processes that serve, the oldest first."""
    return [pid for pid in _children(gateway.process.pid) if b"outwait.app.worker" in _argv(pid)]


def _children(pid: int) -> Iterator[int]:
    try:
        told = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return
    yield from map(int, told.split())


def _argv(pid: int) -> bytes:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return b""


async def _ready(port: int) -> bool:
    try:
        return (await get(port, "/readyz", {}, 2.0)).status == 200
    except (OSError, TimeoutError):
        return False


async def _hear(seen: Seen) -> None:
    if seen.caller is not None:
        try:
            await seen.caller.to_the_end(BACK)
        except TimeoutError:
            seen.trouble = seen.trouble or "the client waits for ever"


async def _come_back(seen: Seen, port: int, ident: str | None) -> None:
    """Ask for it until it runs no more."""
    if ident is None:
        return
    end = time.monotonic() + BACK
    try:
        while True:
            await look(seen, port, ident)
            if seen.found is None or seen.found["status"] != "running" or time.monotonic() > end:
                return
            await asyncio.sleep(0.2)
    except (OSError, TimeoutError) as error:
        seen.trouble = seen.trouble or f"{type(error).__name__}: {error}"


def judge(seen: Seen) -> list[str]:
    """What is not as it must be."""
    if seen.trouble:
        return [f"was not played to its end: {seen.trouble}"]
    return [*_heard(seen), *_found(seen)]


def _heard(seen: Seen) -> Iterator[str]:
    wanted, found = expected(seen.cell), told(seen)
    if wanted.told not in (rules.LEFT, found):
        yield f"the client was told {found}, not {wanted.told}"
    if wanted.told == rules.LEFT and found == rules.WHOLE:
        yield "the client was told a whole answer"
    if seen.part.calls != wanted.calls:
        yield f"the upstream was called {seen.part.calls} times, not {wanted.calls}"


def _found(seen: Seen) -> Iterator[str]:
    wanted, found = expected(seen.cell), seen.found
    if found is None:
        if wanted.kept:
            yield "the exchange is not found by its id"
        return
    if found["status"] != wanted.state:
        yield f"by its id it is {found['status']}, not {wanted.state}"
        return
    code = (found["fault"] or {}).get("code", "")
    if wanted.fault and code != wanted.fault:
        yield f"the fault is {code or 'none'}, not {wanted.fault}"
    stream = seen.stream
    if stream is None or not wanted.kept:
        return
    heard = seen.read(stream)
    if stream.status == 200 and stream.end == "whole" and heard.ended and not heard.error:
        yield f"a broken answer is kept as whole: {heard.text[:80]!r}"
    if not seen.part.text.startswith(heard.text):
        yield f"words are kept that the model never said: {heard.text[:80]!r}"
    if wanted.kept == "partial" and not heard.text:
        yield "the words that came are not kept"
