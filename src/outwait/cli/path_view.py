"""What `outwait path` shows people: the probes that run, with their age, and then a table and what to do."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import Progress, TaskID
from rich.table import Table

from outwait.cli.telling import console as stdout
from outwait.cli.telling import progress
from outwait.core.tongue import Tongue
from outwait.policy import durations
from outwait.toolkit.path import words
from outwait.toolkit.path.course import Watch
from outwait.toolkit.path.judge import Outcome
from outwait.toolkit.path.question import Question
from outwait.toolkit.path.report import Run, cut_told, limit_told, sentences, short

TICK = 0.5  # seconds between two looks at the ages of probes


def draw(run: Run, tongue: Tongue, console: Console | None = None) -> None:
    """Show a run."""
    console = console or stdout()
    table = Table(*(each.told(tongue) for each in words.HEADINGS))
    for found in run.findings.found:
        how, who = cut_told(found, run.findings, tongue)
        form, part = words.FORMS[found.form].told(tongue), words.PARTS[found.part].told(tongue)
        table.add_row(form, part, limit_told(found, run.reach, tongue), how, who)
    console.print(table)
    for sentence in sentences(run, tongue):
        console.print(sentence)
    advice = run.advice
    if advice.setting is not None:
        console.print()
        usual = words.PROPOSED if advice.needed else words.ENOUGH
        console.print((words.UNTIL if advice.total is not None else usual).told(tongue))
        console.print(f"  {advice.yaml}", soft_wrap=True)
        console.print(words.ONE_CALL.told(tongue))
        console.print(f"  {advice.header}", soft_wrap=True)


@contextmanager
def watching(tongue: Tongue, *, quiet: bool) -> Iterator[Watch]:
    """A bar on stderr for each probe that runs: how long it has been silent, of how much."""
    with progress(quiet=quiet) as bars:
        screen = _Bars(bars, tongue)
        try:
            yield screen.watch
        finally:
            screen.stop()


class _Bars:
    """The bars, moved on by a thread of their own: probes tell only their beginning and end."""

    def __init__(self, bars: Progress, tongue: Tongue) -> None:
        self._bars = bars
        self._tongue = tongue
        self._running: dict[TaskID, tuple[Question, float]] = {}
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._tick, name="ages of probes", daemon=True)
        if not bars.disable:
            self._thread.start()

    def watch(self, question: Question, outcome: Outcome | None) -> None:
        """A probe begins, or ends with `outcome`."""
        with self._lock:
            if outcome is None:
                task = self._bars.add_task(_told(question, self._tongue), total=max(1, round(question.silence)))
                self._running[task] = question, time.monotonic()
                return
            ended = next((task for task, (each, _) in self._running.items() if each is question), None)
            if ended is not None:
                del self._running[ended]
                self._bars.remove_task(ended)

    def stop(self) -> None:
        """No more."""
        self._over.set()

    def _tick(self) -> None:
        while not self._over.wait(TICK):
            with self._lock:
                for task, (_, since) in self._running.items():
                    self._bars.update(task, completed=round(time.monotonic() - since))


def _told(question: Question, tongue: Tongue) -> str:
    form, silence = words.FORMS[question.form].told(tongue), short(question.silence)
    if question.beat is not None:
        return words.BEATING.told(tongue, form=form, beat=durations.tell(question.beat), silence=silence)
    return words.ASKING.told(tongue, form=form, part=words.PARTS[question.part].told(tongue), silence=silence)
