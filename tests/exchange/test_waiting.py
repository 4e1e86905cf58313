"""Of those that are the answer to one question the oldest goes first, unless one is asked for by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from hypothesis import given
from hypothesis import strategies as st

from outwait.exchange.waiting import Waiting

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange


class _Stands:
    """As much of an exchange as is looked at."""

    def __init__(self, ident: str) -> None:
        self.id = ident


def exchange(ident: str) -> Exchange:
    return cast("Exchange", _Stands(ident))


def test_the_oldest_of_a_question_is_found_and_stays() -> None:
    waiting, one, two, other = Waiting(), exchange("ow_1"), exchange("ow_2"), exchange("ow_3")
    assert (waiting.find(b"q"), len(waiting), "ow_1" in waiting) == (None, 0, False)
    waiting.add(b"q", one)
    waiting.add(b"another", other)
    waiting.add(b"q", two)
    assert waiting.find(b"q") is waiting.find(b"q") is one
    assert waiting.find(b"another") is other
    assert waiting.find(b"none") is None
    assert (len(waiting), "ow_2" in waiting) == (3, True)


def test_one_may_be_asked_for_by_its_id_and_any_other_of_the_question_is_as_good() -> None:
    waiting, one, two = Waiting(), exchange("ow_1"), exchange("ow_2")
    waiting.add(b"q", one)
    waiting.add(b"q", two)
    waiting.add(b"another", exchange("ow_3"))
    assert waiting.find(b"q", "ow_2") is two
    assert waiting.find(b"q", "ow_3") is one
    assert waiting.find(b"q", "ow_4") is one


def test_who_was_removed_is_not_found_and_once_more_does_nothing() -> None:
    waiting, one, two = Waiting(), exchange("ow_1"), exchange("ow_2")
    waiting.add(b"q", one)
    waiting.add(b"q", two)
    waiting.remove("ow_1")
    waiting.remove("ow_1")
    waiting.remove("ow_unknown")
    assert (waiting.find(b"q", "ow_1"), len(waiting)) == (two, 1)
    waiting.remove("ow_2")
    assert (waiting.find(b"q"), len(waiting), waiting._by_question) == (None, 0, {})


IDS = st.sampled_from([f"ow_{number}" for number in range(6)])
QUESTIONS = st.sampled_from([b"a", b"b"])


@given(st.lists(st.tuples(IDS, QUESTIONS) | IDS, max_size=40))
def test_it_is_a_list_in_the_order_of_coming(steps: list[tuple[str, bytes] | str]) -> None:
    waiting, model = Waiting(), list[tuple[str, bytes]]()
    for step in steps:
        if isinstance(step, str):
            waiting.remove(step)
            model = [each for each in model if each[0] != step]
        elif step[0] not in waiting:  # who waits already is not added again
            waiting.add(step[1], exchange(step[0]))
            model.append(step)
        assert len(waiting) == len(model)
        for question in (b"a", b"b"):
            of_it = [ident for ident, asked in model if asked == question]
            found = waiting.find(question)
            assert (found and found.id) == (of_it[0] if of_it else None)
            assert all(getattr(waiting.find(question, ident), "id", "") == ident for ident in of_it)
