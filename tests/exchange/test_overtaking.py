"""An attempt beside the running one, as the machine sees it."""

from __future__ import annotations

import pytest

from outwait.core.fault import fault
from outwait.core.plan import Plan, Retry
from outwait.exchange import inputs as on
from outwait.exchange.machine import Machine
from outwait.exchange.phase import Impossible, Phase
from outwait.testing.playbook import plan_of, play

PAID = Retry(attempts=3, base_transport=0.0)


def plan() -> Plan:
    return plan_of("a", "b", "c", retry=PAID)


def beside(rest: str, *, headed: bool = False) -> Machine:
    """A machine whose attempt at `a` waits since second 2, and has one at `b` beside it since second 5."""
    head = "3 head | head until 83" if headed else ""
    return play(
        plan(),
        f"""
        0  begin      -> acquire a
        1  granted    -> open a 1
        2  dispatched | sent until 42
        {head}
        5  hedged 1 b
        {rest}
        """,
    )


def told(machine: Machine) -> list[str]:
    return [f"{mark.at:g} {mark.event} {mark.detail}".strip() for mark in machine.timeline.marks()]


def test_a_hedge_is_an_attempt_and_moves_no_clock() -> None:
    machine = beside("5 came | sent until 42")
    assert machine.number == 2
    assert machine.turns.taken == 2
    assert machine.candidate.channel == "a"
    assert told(machine)[-1] == "5 hedged b: late"


@pytest.mark.parametrize("headed", [True, False])
def test_who_overtakes_is_the_current_attempt_with_clocks_of_its_own(headed: bool) -> None:
    machine = beside(
        """
        6  overtaken   -> close, overtake | connecting until 16
        6  dispatched  | sent until 46
        7  head        | head until 87
        7  content     | flowing until 37
        7  committed
        8  ended       -> settle completed
        """,
        headed=headed,
    )
    assert machine.candidate.channel == "b"
    assert machine.number == 2
    assert machine.turns.beside is None
    assert "6 overtaken b instead of a" in told(machine)


@pytest.mark.parametrize("headed", [True, False])
def test_content_of_the_first_ends_the_second(headed: bool) -> None:
    head = "" if headed else "6 head"
    machine = beside(
        f"""
        {head}
        6  content  -> forgo | flowing until 36
        7  fail upstream_reset stage=content paid -> retry a ambiguous, acquire b
        """,
        headed=headed,
    )
    assert machine.turns.beside is None
    assert machine.number == 2


def test_a_whole_reply_of_the_first_ends_it_all() -> None:
    machine = beside("6 replied 200 -> settle completed")
    assert machine.candidate.channel == "a"


@pytest.mark.parametrize(
    "failure, effect",
    [
        ("fail upstream_reset stage=sent", "overtake ambiguous"),
        ("fail upstream_connect", "overtake safe"),
        ("fail upstream_connect hint=stale", "overtake safe"),
    ],
)
def test_the_second_goes_on_where_the_first_fails(failure: str, effect: str) -> None:
    machine = beside(f"6 {failure} spent -> {effect} | connecting until 16")
    assert machine.candidate.channel == "b"
    assert machine.number == 2
    assert machine.turns.used == ((0, 0),)
    assert [mark.split()[1] for mark in told(machine)[-2:]] == ["failed", "overtaken"]


def test_the_second_goes_on_where_the_clock_of_the_first_runs_out() -> None:
    machine = beside("42 tick -> close, overtake ambiguous | connecting until 52")
    assert machine.candidate.channel == "b"


def test_the_total_clock_is_for_both() -> None:
    play(
        plan_of("a", "b", retry=PAID, spans={"total": 10}),
        """
        0  begin      -> acquire a
        1  granted    -> open a 1
        2  dispatched
        5  hedged 1 b
        10 tick       -> close, settle failed total_timeout
        """,
    )


def test_a_final_failure_is_final_for_both() -> None:
    beside("6 fail bad_request status=400 -> settle failed bad_request")


def test_cancelling_is_for_both() -> None:
    beside("6 cancel -> close, settle cancelled cancelled")


def test_a_second_that_falls_has_had_its_turn() -> None:
    machine = beside(
        """
        6  fell upstream_reset | sent until 42
        7  fail upstream_connect -> retry a safe, acquire c
        8  granted -> open c 3
        """
    )
    assert machine.turns.used == ((1, 0), (0, 0))
    assert "6 hedge failed upstream_reset" in told(machine)
    assert machine.turns.beside is None


def test_a_second_that_fell_leaves_the_first_its_credentials_and_clocks() -> None:
    machine = beside("6 fell upstream_reset")
    assert machine.candidate.channel == "a"
    assert machine.turns.spare == (2,)


def test_after_both_fewer_attempts_are_left() -> None:
    beside(
        """
        6  fail upstream_connect -> overtake safe
        7  fail upstream_connect -> retry b safe, acquire c
        8  granted               -> open c 3
        9  fail upstream_connect -> settle failed upstream_connect
        """
    )


def test_who_was_overtaken_is_asked_again_last() -> None:
    machine = beside(
        """
        6  overtaken             -> close, overtake
        7  fail upstream_connect -> retry b safe, acquire c
        """
    )
    assert machine.turns.places == (2,)


@pytest.mark.parametrize("said", [on.OVERTAKEN, on.Fell(fault("upstream_reset"))])
def test_without_a_second_nothing_overtakes_or_falls(said: on.Input) -> None:
    machine = play(plan(), "0 begin -> acquire a\n1 granted -> open a 1\n2 dispatched")
    assert machine.handle(said, 3) == ()
    assert machine.phase is Phase.SENT
    assert len(told(machine)) == 3


@pytest.mark.parametrize("said", [on.Hedged(1, plan().candidates[1]), on.OVERTAKEN, on.Fell(fault("upstream_reset"))])
def test_only_who_waits_for_content_is_hedged(said: on.Input) -> None:
    machine = play(plan(), "0 begin -> acquire a")
    with pytest.raises(Impossible):
        machine.handle(said, 1)
    play(plan(), "1 granted -> open a 1", machine)
    with pytest.raises(Impossible):
        machine.handle(said, 1)
    play(plan(), "2 dispatched\n3 head\n4 content", machine)
    with pytest.raises(Impossible):
        machine.handle(said, 5)
