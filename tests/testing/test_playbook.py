"""Scripts say what went otherwise, and read every word they know."""

from __future__ import annotations

import pytest

from outwait.core.plan import Candidate
from outwait.exchange.phase import Phase
from outwait.testing.playbook import SPANS, plan_of, play, timeouts_of


def test_a_script_goes_as_it_is_written() -> None:
    machine = play(plan_of("a"), "0 begin -> acquire a | queued until 5\n1 granted -> open a 1 | connecting")
    assert machine.phase is Phase.CONNECTING
    play(machine.plan, "2 connected\n3 cancel -> close, settle cancelled cancelled | settled until never", machine)
    assert machine.timeline.marks()[-1].event == "cancelled"


@pytest.mark.parametrize(
    "line, have",
    [
        ("1 granted", "1        granted                            -> open a 1"),
        ("1 granted -> open b 1", "-> open a 1"),
        ("1 granted -> open a 1 | sending", "| connecting until 11"),
        ("1 granted -> open a 1 | connecting until 1", "| connecting until 11"),
        ("1 granted -> open a 1, close", "-> open a 1"),
    ],
)
def test_a_difference_is_shown_in_its_place(line: str, have: str) -> None:
    with pytest.raises(AssertionError) as told:
        play(plan_of("a"), f"0 begin -> acquire a\n{line}\n2 connected")
    lines = str(told.value).splitlines()
    assert lines[0] == "the script went otherwise:"
    assert lines[1].split() == ["0", "begin", "->", "acquire", "a"]
    assert lines[2].startswith("want")
    assert lines[3].startswith("have")
    assert have in lines[3]
    assert len(lines) == 4


def test_unknown_words_are_mistakes() -> None:
    with pytest.raises(KeyError):
        play(plan_of("a"), "0 begin -> acquire a\n0 dance")
    with pytest.raises(KeyError):
        play(plan_of("a"), "0 begin -> acquire a\n0 granted -> open a 1\n0 fail upstream_reset mood=bad")


def test_a_plan_has_a_reason_for_each_span() -> None:
    plan = plan_of("a", Candidate("b", "plain", "m"), spans={"idle": 7}, linger=3.0)
    assert [candidate.channel for candidate in plan.candidates] == ["a", "b"]
    assert (plan.timeouts.idle.seconds, plan.timeouts.idle.reason) == (7, "rule of idle")
    assert (plan.timeouts.total.seconds, plan.linger, plan.scenario) == (SPANS["total"], 3.0, "chat")
    assert timeouts_of(0.5).growth == 0.5
    assert len(set(SPANS.values())) == 7
