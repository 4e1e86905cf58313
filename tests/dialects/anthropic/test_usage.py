from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from outwait.core.reply import Usage
from outwait.dialects.anthropic import usage

counts = st.integers(0, 1 << 40)


def test_all_of_the_prompt_is_input() -> None:
    told = {
        "input_tokens": 3,
        "cache_read_input_tokens": 5,
        "cache_creation_input_tokens": 7,
        "output_tokens": 11,
        "output_tokens_details": {"thinking_tokens": 2},
    }
    assert usage.usage_of(told) == Usage(input=15, output=11, cached=5, reasoning=2, cache_write=7)


def test_what_is_no_count_is_none() -> None:
    assert usage.usage_of([]) is None
    odd = {"input_tokens": True, "output_tokens": -1, "cache_read_input_tokens": 1 << 60, "output_tokens_details": 1}
    assert usage.usage_of(odd) == Usage()


@given(plain=counts, cached=counts, written=counts, output=counts, reasoning=counts)
def test_there_and_back(plain: int, cached: int, written: int, output: int, reasoning: int) -> None:
    known = Usage(plain + cached + written, output, cached, reasoning, written)
    assert usage.usage_of(usage.told_of(known)) == known


def test_nothing_known_is_zeros() -> None:
    assert set(usage.told_of(None).values()) == {0}


def test_a_later_count_corrects_an_earlier_one() -> None:
    known = {"input_tokens": 5, "output_tokens": 1}
    assert usage.merged(known, {"input_tokens": 0, "output_tokens": 9, "x": None}) == {
        "input_tokens": 5,
        "output_tokens": 9,
        "x": None,
    }
    assert usage.merged(known, None) is known
