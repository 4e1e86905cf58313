"""The fault matrix: every cell, played on real sockets, comes to what the rules demand."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Iterable
from pathlib import Path

import pytest
from tests.e2e.acts import Serve
from tests.e2e.stage import Gateway, until
from tests.faults import deaths, play, scene, verdict
from tests.faults.caller import Caller
from tests.faults.cells import CLIENT, UPSTREAM, Cell, Fault, Mode, Phase, Reader, played
from tests.faults.findings import finding
from tests.faults.upstream import Upstream

pytestmark = pytest.mark.timeout(150)  # the fixtures play hundreds of cells at once
Problems = dict[Cell, list[str]]


@pytest.fixture(scope="module")
def problems(serve: Serve) -> Problems:
    """What is not as it must be, of every cell in which the gateway lives."""
    cells = played(*CLIENT, *UPSTREAM)
    seen = asyncio.run(play.whole(cells, lambda port: serve(scene.config(port), "faults")))
    return {each.cell: verdict.judge(each) for each in seen}


@pytest.fixture(scope="module")
def killed(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Problems:
    return died(Fault.SIGKILL, serve, tmp_path_factory.mktemp("killed"))


@pytest.fixture(scope="module")
def told_to_end(serve: Serve, tmp_path_factory: pytest.TempPathFactory) -> Problems:
    return died(Fault.SIGTERM, serve, tmp_path_factory.mktemp("told"))


def died(fault: Fault, serve: Serve, folder: Path) -> Problems:
    if why := deaths.missing():
        pytest.skip(why)
    seen = asyncio.run(deaths.die(played(fault), lambda config: serve(config, fault.name.lower()), folder))
    return {each.cell: deaths.judge(each) for each in seen}


def groups(*faults: Fault) -> pytest.MarkDecorator:
    found = dict.fromkeys((cell.fault, cell.phase, cell.dialect) for cell in played(*faults))
    return pytest.mark.parametrize("group", found, ids=["-".join(each).replace(" ", "-") for each in found])


def wrong(found: Problems, group: tuple[Fault, Phase, str]) -> list[str]:
    """One line for each cell of `group` that is not as it must be, or is although it is known not to be."""
    lines = []
    for cell, told in found.items():
        if (cell.fault, cell.phase, cell.dialect) == group:
            known = finding(cell)
            if told and known is None:
                lines.append(f"{cell.name}: {'; '.join(told)}")
            elif known is not None and not told:
                lines.append(f"{cell.name} is as it must be: strike the finding: {known.what}")
    return lines


@groups(*CLIENT, *UPSTREAM)
def test_what_breaks_comes_to_what_the_rules_say(problems: Problems, group: tuple[Fault, Phase, str]) -> None:
    assert wrong(problems, group) == []


@groups(Fault.SIGKILL)
def test_after_a_kill_nothing_runs_for_ever(killed: Problems, group: tuple[Fault, Phase, str]) -> None:
    assert wrong(killed, group) == []


@groups(Fault.SIGTERM)
def test_after_a_drain_each_exchange_is_told_of(told_to_end: Problems, group: tuple[Fault, Phase, str]) -> None:
    assert wrong(told_to_end, group) == []


def test_a_drain_gives_an_orphan_its_time(serve: Serve) -> None:
    """Nobody is connected, and an exchange runs whose client asked for it to be finished."""
    if why := deaths.missing():
        pytest.skip(why)
    cell = Cell(Fault.CLIENT_RST, Phase.BEFORE, "chat", Mode.JSON, Reader.FINISH)
    gateway, outcome = asyncio.run(_drained(cell, serve))
    assert outcome == "completed"
    assert gateway.process.returncode == 0


async def _drained(cell: Cell, serve: Serve) -> tuple[Gateway, str]:
    """A client leaves, the gateway is told to end, and the answer comes a moment later."""
    found = play.parts([cell])
    upstream = Upstream(found)
    await upstream.start()
    try:
        gateway = serve(scene.config(upstream.port), "drained")
        async with Caller(gateway.port) as caller:
            await play.reach(caller, found[cell.model])
            caller.reset()
        await asyncio.sleep(play.NOTICED)
        gateway.process.send_signal(signal.SIGTERM)
        await asyncio.sleep(play.NOTICED)
        found[cell.model].strike.set()
        await asyncio.to_thread(until, lambda: not gateway.running, "the gateway to end")
    finally:
        await upstream.stop()
    return gateway, _outcomes(gateway.entries(), cell)


def _outcomes(entries: Iterable[dict[str, str]], cell: Cell) -> str:
    return " ".join(entry["outcome"] for entry in entries if entry["model"] == cell.model)
