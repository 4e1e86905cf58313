"""Readers that come and go, cancelling, and what comes too late."""

from __future__ import annotations

import math

import pytest

from outwait.core.fault import fault
from outwait.core.plan import OnDisconnect
from outwait.exchange import inputs as on
from outwait.exchange.effects import Close, Outcome, Settle
from outwait.exchange.machine import ROWS, Machine
from outwait.exchange.phase import Impossible, Phase
from outwait.testing.playbook import plan_of, play

TO_CONTENT = """
    0   begin     -> acquire a
    1   granted   -> open a 1
    2   connected
    3   sent
    4   head
    5   content
"""


def marks(machine: Machine) -> list[str]:
    return [f"{mark.at:g} {mark.event} {mark.detail}".strip() for mark in machine.timeline.marks()]


def test_finish_goes_on_without_a_reader() -> None:
    machine = play(
        plan_of("a", on_disconnect=OnDisconnect.FINISH),
        TO_CONTENT + "\n6 left | flowing until 35\n20 progress\n30 ended -> settle completed",
    )
    assert not machine.attached
    assert "6 client left finish" in marks(machine)


def test_cancel_ends_with_the_last_reader() -> None:
    machine = play(
        plan_of("a", on_disconnect=OnDisconnect.CANCEL),
        TO_CONTENT + "\n6 left -> close, settle cancelled client_gave_up",
    )
    assert machine.outcome is Outcome.CANCELLED


def test_linger_ends_when_nobody_returns() -> None:
    machine = play(
        plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=10.0),
        TO_CONTENT
        + """
        6    left                                                     | flowing until 16
        15   tick                                                     | flowing until 16
        16   tick  -> close, settle cancelled client_gave_up          | settled until never
        """,
    )
    assert marks(machine)[-2:] == ["6 client left linger", "16 cancelled client_gave_up"]


def test_a_return_within_linger_goes_on() -> None:
    machine = play(
        plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=10.0),
        TO_CONTENT
        + """
        6    left                  | flowing until 16
        15   came                  | flowing until 35
        16   tick                  | flowing until 35
        17   came                  | flowing until 35
        18   left                  | flowing until 28
        """,
    )
    assert [mark for mark in marks(machine) if "client" in mark] == [
        "6 client left linger",
        "15 client returned",
        "18 client left linger",
    ]


def test_linger_runs_beside_every_clock() -> None:
    play(
        plan_of("a", on_disconnect=OnDisconnect.LINGER, linger=3.0),
        """
        0  begin   -> acquire a                                   | queued until 5
        1  left                                                   | queued until 4
        4  tick    -> close, settle cancelled client_gave_up
        """,
    )


# -- the end

WALK = ["begin -> acquire a", "granted -> open a 1", "connected", "sent", "head", "content"]


@pytest.mark.parametrize("steps", range(1, 7))
def test_cancelling_closes_what_runs(steps: int) -> None:
    script = "\n".join(f"{at} {line}" for at, line in enumerate(WALK[:steps]))
    machine = play(plan_of("a"), script + "\n9 cancel -> close, settle cancelled cancelled | settled until never")
    assert machine.outcome is Outcome.CANCELLED


def test_who_cancels_may_say_why() -> None:
    machine = play(plan_of("a"), TO_CONTENT)
    why = fault("gateway_draining")
    assert machine.handle(on.Cancel(why), 9.0) == (Close(why), Settle(Outcome.CANCELLED, why))


def test_cancelling_between_two_attempts_closes_nothing() -> None:
    play(
        plan_of("a"),
        """
        0  begin                   -> acquire a
        0  granted                 -> open a 1
        1  fail upstream_connect   -> retry a safe            | backoff until 1.025
        1  cancel                  -> settle cancelled cancelled
        """,
    )


def test_what_comes_too_late_is_ignored() -> None:
    machine = play(plan_of("a"), TO_CONTENT + "\n6 ended -> settle completed")
    play(machine.plan, "\n".join(f"7 {word}" for word in ("tick", "cancel", "left", "came", "ended", "sent")), machine)
    machine.progress(900.0)
    assert (machine.silence, machine.deadline()) == (5, math.inf)


def test_impossible_inputs_are_refused_in_every_phase() -> None:
    machine = play(plan_of("a"), TO_CONTENT)
    for phase, row in ROWS.items():
        machine.phase = phase
        events: set[on.Input] = {on.BEGIN, on.GRANTED, on.CONNECTED, on.ENDED, on.COMMITTED, on.PAUSED}
        for event in events:
            if type(event) not in row and phase is not Phase.SETTLED:
                with pytest.raises(Impossible, match=f"{type(event).__name__} cannot happen in phase {phase.value}"):
                    machine.handle(event, 9.0)
