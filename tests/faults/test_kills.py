"""A few kills under load on every run; hundreds by hand (`make kills`). The oracle that judges them is tested too."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.e2e.backstage import Provider
from tests.e2e.stage import Stage
from tests.faults import deaths, kills
from tests.faults.load import KINDS
from tests.faults.oracle import GONE, Known, Oracle

FEW = 15


@pytest.mark.timeout(120)
def test_no_kill_loses_or_spoils_what_was_promised(stage: Stage, provider: Provider) -> None:
    if why := deaths.missing():
        pytest.skip(why)
    made = asyncio.run(kills.run(FEW, 7, stage, provider))
    assert made.oracle.wrong == [], made.told()
    assert made.kills == FEW
    assert set(made.oracle.counts()) == set(KINDS)
    assert made.whole > FEW


def seen(*events: Callable[[Oracle, Known], None], kind: str = "slow") -> list[str]:
    oracle = Oracle()
    known = oracle.met("ow_1", kind, "One two three", "how?")
    for event in events:
        event(oracle, known)
    return [each.partition(": ")[2] for each in oracle.wrong]


def stands(state: str) -> Callable[[Oracle, Known], None]:
    return lambda oracle, known: oracle.stands(known, state)


def kept(text: str, *, whole: bool) -> Callable[[Oracle, Known], None]:
    return lambda oracle, known: oracle.kept(known, text, whole=whole)


def heard(text: str) -> Callable[[Oracle, Known], None]:
    return lambda oracle, known: oracle.whole(known, text)


def over(oracle: Oracle, _: Known) -> None:
    oracle.over()


@pytest.mark.parametrize("end", ["completed", "failed", "cancelled", "lost", GONE])
def test_an_exchange_may_end_in_one_way(end: str) -> None:
    assert seen(stands("running"), stands(end), stands(end), over) == []


def test_it_may_be_forgotten_behind_its_end() -> None:
    assert seen(stands("completed"), stands(GONE)) == []


def test_an_answer_may_be_whole_or_begin_as_the_true_one() -> None:
    assert seen(stands("completed"), kept("One two three", whole=True)) == []
    assert seen(stands("lost"), kept("One tw", whole=False)) == []
    assert seen(heard("One two three"), stands("completed")) == []


@pytest.mark.parametrize(
    "events,told",
    [
        ((stands("lost"), stands("completed")), "more than one end: lost, completed"),
        ((stands("completed"), stands("running")), "it runs again"),
        ((stands("running"), over), "it runs for ever"),
        ((over,), "nobody could say how it stands"),
        ((heard("One"),), "a whole answer that the model never gave: 'One'"),
        ((stands("completed"), kept("One", whole=True)), "completed, and a wrong answer is kept as whole: 'One'"),
        ((stands("lost"), kept("Two", whole=False)), "lost, and words are kept that the model never said: 'Two'"),
        ((stands("lost"), kept("One two three", whole=True)), "lost, and yet a whole answer is kept"),
        ((stands("completed"), kept("", whole=False)), "completed, and its answer is not kept whole: ''"),
    ],
)
def test_what_cannot_be_is_noticed(events: tuple[Callable[[Oracle, Known], None], ...], told: str) -> None:
    assert seen(*events) == [told]


def test_who_has_a_whole_answer_was_told_before_it_was_written_down_or_after() -> None:
    assert seen(heard("One two three"), stands("lost"), kind="slow") == []
    for kind in ("named", "named JSON", "background"):
        told = seen(heard("One two three"), stands("lost"), kind=kind)
        assert told == ["its client has the whole answer, and it is lost"]


def test_one_question_is_charged_once_unless_its_exchange_was_lost() -> None:
    oracle = Oracle()
    lost, whole = oracle.met("ow_1", "named", "One", "a?"), oracle.met("ow_2", "named", "One", "a?")
    oracle.met("ow_3", "slow", "One", "b?")
    oracle.stands(lost, "lost")
    oracle.stands(whole, "completed")
    oracle.charges({"a?": 2, "b?": 1, "unheard of?": 1})
    assert oracle.wrong == []
    oracle.charges({"a?": 3, "b?": 2, "unheard of?": 2})
    assert oracle.wrong == ["a?: charged 3 times", "b?: charged 2 times", "unheard of?: charged 2 times"]


def test_what_was_promised_must_be_there() -> None:
    assert seen(stands(GONE), kind="named") == ["it is not there (before: unknown)"]
