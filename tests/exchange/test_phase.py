"""Each phase names its clock, its span, its stage and its row of the machine's table."""

from __future__ import annotations

import math

from outwait.core.fault import Clock, Stage
from outwait.exchange.machine import ROWS
from outwait.exchange.phase import Phase
from outwait.testing.playbook import SPANS, timeouts_of


def test_each_clock_but_total_runs_in_one_phase() -> None:
    assert [phase.clock for phase in Phase if phase.clock] == [clock for clock in Clock if clock is not Clock.TOTAL]
    assert [phase.stage for phase in Phase if phase.stage] == list(Stage)


def test_the_span_of_a_phase_is_its_clocks() -> None:
    for phase in Phase:
        assert phase.span(timeouts_of()) == (SPANS[phase.clock] if phase.clock else math.inf)


def test_phases_without_a_clock_have_no_attempt() -> None:
    clockless = [Phase.NEW, Phase.BACKOFF, Phase.SETTLED]
    assert [phase for phase in Phase if phase.clock is None] == clockless
    assert [phase for phase in Phase if phase.stage is None] == clockless


def test_each_phase_knows_its_row() -> None:
    assert all(phase.row is ROWS[phase] for phase in Phase)
    assert [phase.value for phase in Phase][:3] == ["new", "queued", "connecting"]
