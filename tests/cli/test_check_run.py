from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from outwait.cli import check_run
from outwait.core.tongue import Tongue
from outwait.toolkit.check import rounds, saved
from outwait.toolkit.check.clocks import SPANS
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.rounds import Pace
from outwait.toolkit.check.target import of_url
from outwait.toolkit.check.wording import Asking, word
from outwait.toolkit.check.words import Wrong

pytestmark = pytest.mark.usefixtures("bare")
ONE = [word(of_url("http://a.test/x"), Asking())]


@pytest.fixture(autouse=True)
def _answered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every probe is answered after as many seconds as its round has, without a network."""

    async def send(_sender: object, wording: Any, _spans: object, place: Any, *, reuse: bool) -> Probe:
        return Probe(
            endpoint=wording.about.name, round=place.round, number=place.number, total=float(place.round), reused=reuse
        )

    monkeypatch.setattr(rounds, "send", send)


def gone(pace: Pace, *, save: str | None = None, quiet: bool = False, terminal: bool = False) -> tuple[Any, str]:
    """A run, and what was drawn while it ran."""
    made = check_run.begin(ONE, pace)
    file = io.StringIO()
    screen = Console(file=file, width=100, force_terminal=terminal, highlight=False, markup=False)
    check_run.go(made, save=save, screen=screen, quiet=quiet, tongue=Tongue.EN)
    return made, file.getvalue()


def test_a_run_knows_what_it_was() -> None:
    made, drawn = gone(Pace(SPANS, probes=3, parallel=2))
    head = made.header
    assert (head.probes, head.parallel, head.reuse, head.clocks["first_byte"]) == (3, 2, False, 60.0)
    assert head.started.endswith("Z")
    assert [probe.number for probe in made.probes] == [1, 2, 3]
    assert drawn == ""


def test_a_run_that_was_stopped_says_so() -> None:
    made, _ = gone(Pace(SPANS, probes=3))
    assert made.missing == []
    made.probes.pop()
    assert [remark.told(Tongue.EN) for remark in made.missing] == ["it was stopped when 2 of 3 probes had ended."]
    watched = check_run.begin(ONE, Pace(SPANS, probes=3, every=1.0))
    assert watched.missing == []


def test_a_watch_draws_a_line_for_each_round_where_nobody_sees_a_table() -> None:
    made, drawn = gone(Pace(SPANS, probes=2, every=0.001, rounds=3))
    lines = drawn.splitlines()
    assert len(lines) == 3
    assert "a.test/x 100% 3.00s ▁▅█" in lines[2]
    assert len(made.probes) == 6
    assert [probe.round for probe in made.last] == [3, 3]
    assert made.found[0].ok == 2


def test_a_watch_draws_a_table_on_a_terminal_and_takes_it_away() -> None:
    _, drawn = gone(Pace(SPANS, probes=2, every=0.001, rounds=2), terminal=True)
    assert "Round 2, 2 of 2 probes. Ctrl-C ends it." in drawn
    assert "Median wait, round by round" in drawn
    assert drawn.rstrip().endswith("\x1b[2K")


def test_a_quiet_watch_draws_nothing() -> None:
    _, drawn = gone(Pace(SPANS, probes=1, every=0.001, rounds=2), quiet=True)
    assert drawn == ""


def test_probes_are_saved_as_they_end_behind_what_was_there() -> None:
    for _ in range(2):
        gone(Pace(SPANS, probes=2), save="runs.jsonl")
    assert [len(run.probes) for run in saved.read_all("runs.jsonl")] == [2, 2]
    with Path("runs.jsonl").open("a") as file:
        file.write('{"type": "pro')
    gone(Pace(SPANS, probes=1), save="runs.jsonl")
    assert [len(run.probes) for run in saved.read_all("runs.jsonl")] == [2, 2, 1]


def test_a_file_that_cannot_be_written_is_named_before_anything_is_sent() -> None:
    with pytest.raises(Wrong, match=r"/nowhere/runs\.jsonl cannot be written: No such file"):
        gone(Pace(SPANS), save="/nowhere/runs.jsonl")


def test_a_disk_that_is_full_from_the_start_is_named_too() -> None:
    with pytest.raises(Wrong, match="/dev/full cannot be written: No space left"):
        gone(Pace(SPANS), save="/dev/full")


def test_a_disk_that_is_full_in_the_middle_ends_no_run(capsys: pytest.CaptureFixture[str]) -> None:
    made = check_run.begin(ONE, Pace(SPANS, probes=3))

    class Full(io.BytesIO):
        def write(self, data: Any, /) -> int:
            if self.getvalue().count(b"\n") == 2:
                raise OSError(28, "No space left on device")
            return super().write(data)

    add = check_run._saving(made, "runs.jsonl", saved.Log(Full(), made.header), Tongue.EN)
    for _ in range(3):
        made.take(Probe(endpoint="a.test/x"))
        add(made.last[-1])
    assert capsys.readouterr().err == "runs.jsonl: nothing more is saved: No space left on device\n"
    assert [remark.told(Tongue.EN) for remark in made.missing] == [
        "2 of 3 probes are not in runs.jsonl (No space left on device): keep what is shown here."
    ]


@pytest.mark.parametrize(
    "sign, every, interrupted", [("SIGINT", None, True), ("SIGTERM", None, False), ("SIGINT", 9, False)]
)
def test_control_c_is_remembered_unless_a_watch_is_ended_by_it(
    sign: str, every: float | None, interrupted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def send(*_: object, **__: object) -> Probe:
        os.kill(os.getpid(), getattr(signal, sign))
        return await asyncio.Event().wait()  # type: ignore[return-value] # it never answers

    monkeypatch.setattr(rounds, "send", send)
    made, _ = gone(Pace(SPANS, probes=1, every=every))
    assert (made.interrupted, len(made.probes)) == (interrupted, 0)


def test_certificates_that_cannot_be_read_are_named() -> None:
    made = check_run.begin([word(of_url("https://a.test/x", ca_file="missing.pem"), Asking())], Pace(SPANS))
    with pytest.raises(Wrong, match=r"missing\.pem cannot be used"):
        check_run.go(made, save=None, screen=Console(file=io.StringIO()), quiet=True, tongue=Tongue.EN)
