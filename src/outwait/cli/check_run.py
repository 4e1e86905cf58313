"""Runs the probes of `outwait check`: progress on stderr, a live table with --watch, a file with --save, Ctrl-C."""

from __future__ import annotations

import asyncio
import os
import signal
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Final

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

from outwait.cli import check_view
from outwait.cli.telling import progress
from outwait.core.tongue import Said, Tongue
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.rounds import Pace, run
from outwait.toolkit.check.saved import Header, Log
from outwait.toolkit.check.sending import NoCertificates
from outwait.toolkit.check.summary import Summary, summaries
from outwait.toolkit.check.trend import Trend
from outwait.toolkit.check.wording import Wording
from outwait.toolkit.check.words import Remark, Wrong, seconds, share

_KEPT: Final = 100_000  # probes that a watch remembers; the file has all
_ROUND: Final = Said(
    "Round {number}, {done} of {all} probes. Ctrl-C ends it.", "第 {number} 轮，探测 {done}/{all}。按 Ctrl-C 结束。"
)
_SYSTEM: Final = Said("the system's list of authorities", "系统的颁发机构列表")
_TREND: Final = Said("Median wait, round by round", "每轮等待中位数")


@dataclass(slots=True)
class Lost:
    """Probes that could not be saved in `file`: so many `of` all."""

    file: str
    why: str
    probes: int = 0
    of: int = 0


@dataclass(slots=True)
class Run:
    """One run and what came of it. `last`: the probes of the last round in which any ended. `interrupted`: by Ctrl-C,
    before its end; a watch has none. `lost`: why probes could not be saved, in which file, and how many.
    """

    wordings: Sequence[Wording]
    pace: Pace
    header: Header
    probes: deque[Probe] = field(default_factory=lambda: deque(maxlen=_KEPT))
    last: list[Probe] = field(default_factory=list)
    round: int = 0
    interrupted: bool = False
    lost: Lost | None = None

    def take(self, probe: Probe) -> None:
        """A probe ended."""
        if probe.round != self.round:
            self.round, self.last = probe.round, []
        self.last.append(probe)
        self.probes.append(probe)

    @property
    def found(self) -> tuple[Summary, ...]:
        """The last round's endpoints."""
        return summaries(self.header.endpoints, self.last)

    @property
    def missing(self) -> list[Remark]:
        """What is to be said where the run was stopped before its end, which a watch always is, and of probes that
        are in no file."""
        done, wanted = len(self.probes), self.pace.probes * len(self.wordings)
        told = []
        if self.pace.every is None and done < min(wanted, _KEPT):
            told.append(Remark("stopped", {"done": done, "all": wanted}))
        if self.lost is not None:
            lost = self.lost
            told.append(Remark("lost", {"file": lost.file, "why": lost.why, "n": lost.probes, "all": lost.of}))
        return told


def begin(wordings: Sequence[Wording], pace: Pace) -> Run:
    """A run that has not begun."""
    return Run(wordings, pace, header(wordings, pace))


def header(wordings: Sequence[Wording], pace: Pace) -> Header:
    """What is saved of the run itself."""
    return Header(
        started=datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        outwait=version("outwait"),
        endpoints=tuple(wording.about for wording in wordings),
        probes=pace.probes,
        parallel=pace.parallel,
        reuse=pace.reuse,
        clocks={clock.value: span for clock, span in pace.spans.items()},
    )


def go(made: Run, *, save: str | None, screen: Console, quiet: bool, tongue: Tongue) -> None:
    """Make the run. `quiet`: nothing is drawn while it runs. Raises Wrong where a
    file cannot be used."""
    with ExitStack() as stack:
        heard: list[Callable[[Probe], None]] = [made.take]
        if save is not None:
            heard.append(_saving(made, save, _log(save, made.header, stack), tongue))
        after: Callable[[int], None] = lambda _number: None  # noqa: E731 - nothing is done then
        if made.pace.every is None:
            heard.append(_bars(made, stack, quiet=quiet))
        elif not quiet:
            view = _Watch(made, screen, tongue)
            if screen.is_terminal:
                view.live = stack.enter_context(Live(console=screen, refresh_per_second=4, transient=True))
            heard.append(view.heard)
            after = view.after

        def hear(probe: Probe) -> None:
            for each in heard:
                each(probe)

        try:
            asyncio.run(_until_stopped(made, hear, after))
        except NoCertificates as error:
            raise Wrong("no_certificates", "--ca-file", file=error.file or _SYSTEM, why=error) from error


async def _until_stopped(made: Run, hear: Callable[[Probe], None], after: Callable[[int], None]) -> None:
    """Run; the first Ctrl-C or SIGTERM ends it with what is there, the second one ends the process."""
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def asked(how: signal.Signals) -> None:
        stop.set()
        made.interrupted = how is signal.SIGINT and made.pace.every is None
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, asked, number)
    await run(made.wordings, made.pace, hear, after, stop)


def _log(path: str, header: Header, stack: ExitStack) -> Log:
    try:
        cut = _cut_short(Path(path))
        # Without a buffer: what a full disk did not take must not be tried once more when the file is closed.
        file = stack.enter_context(Path(path).open("ab", buffering=0))  # noqa: SIM115 - the stack closes it
        if cut:
            file.write(b"\n")
        return Log(file, header)
    except OSError as error:
        raise Wrong("not_writable", "--save", file=path, why=error.strerror) from error


def _saving(made: Run, path: str, log: Log, tongue: Tongue) -> Callable[[Probe], None]:
    """Saves probes; where that fails in the middle, says so once and lets the run go on: it may have been paid for."""
    count = 0

    def add(probe: Probe) -> None:
        nonlocal count
        count += 1
        if made.lost is None:
            try:
                log.add(probe)
            except OSError as error:
                made.lost = Lost(path, error.strerror or str(error))
                told = Remark("not_saved", {"file": path, "why": made.lost.why}).told(tongue)
                typer.secho(told, fg="red", err=True)
        if made.lost is not None:
            made.lost.probes += 1
            made.lost.of = count

    return add


def _cut_short(path: Path) -> bool:
    """Whether the last line of the file was not finished."""
    if not path.is_file() or not path.stat().st_size:
        return False
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() != b"\n"


def _bars(made: Run, stack: ExitStack, *, quiet: bool) -> Callable[[Probe], None]:
    bars = stack.enter_context(progress(quiet=quiet))
    rows = {about.name: bars.add_task(about.name, total=made.pace.probes) for about in made.header.endpoints}
    return lambda probe: bars.advance(rows[probe.endpoint])


class _Watch:
    """Draws the rounds: a live table on a terminal, else a line for each round."""

    def __init__(self, made: Run, screen: Console, tongue: Tongue) -> None:
        self.live: Live | None = None
        self._made = made
        self._screen = screen
        self._tongue = tongue
        self._shown: tuple[Summary, ...] = ()
        self._trends = {about.name: Trend() for about in made.header.endpoints}

    def heard(self, probe: Probe) -> None:
        """A probe ended."""
        del probe
        self._draw()

    def after(self, number: int) -> None:
        """A round ended, or was stopped; then it may be that none of its probes ended."""
        if self._made.round != number:
            return
        self._shown = self._made.found
        for each in self._shown:
            self._trends[each.about.name].add(each)
        if self.live is None:
            self._screen.print(self._line(number))
        self._draw()

    def _draw(self) -> None:
        if self.live is None:
            return
        made = self._made
        parts = check_view.figures(self._shown or made.found, self._screen.width, self._tongue)
        values = {"number": made.round, "done": len(made.last), "all": made.pace.probes * len(made.wordings)}
        trends = [Text(f"{name}  {trend}") for name, trend in self._trends.items()]
        self.live.update(
            Group(*parts, _TREND.told(self._tongue), *trends, Text(_ROUND.told(self._tongue, **values), style="dim"))
        )

    def _line(self, number: int) -> str:
        told = []
        for each in self._shown:
            wait = each.wait
            typical = "-" if wait is None else seconds(wait.p50)
            told.append(f"{each.about.name} {share(each.success)} {typical} {self._trends[each.about.name]}")
        return f"{datetime.now().astimezone():%H:%M:%S}  {number:>3}  {'   '.join(told)}"
