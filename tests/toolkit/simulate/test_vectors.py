from __future__ import annotations

import math

import pytest

from outwait.toolkit.simulate.vectors import likeness, vector


def test_a_text_has_one_vector_of_length_one() -> None:
    assert vector("a", 8) == vector("a", 8) != vector("b", 8)
    assert math.hypot(*vector("a", 8)) == pytest.approx(1)


@pytest.mark.parametrize("one,other,score", [("a b", "B a", 1), ("a b", "b c", 1 / 3), ("a", "b", 0), ("", "", 0)])
def test_likeness_is_the_share_of_common_words(one: str, other: str, score: float) -> None:
    assert likeness(one, other) == pytest.approx(score)
