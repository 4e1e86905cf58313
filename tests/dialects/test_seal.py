from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.dialects.seal import seal, unseal


@given(st.sampled_from(["openai", "responses", "anthropic", "gemini"]), st.text(st.characters(codec=None)))
def test_a_seal_opens_again(dialect: str, text: str) -> None:
    carried = seal(dialect, text)
    assert carried.isascii()
    assert carried.isprintable()
    assert unseal(carried) == (dialect, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "EqQBCgIYAhIM",
        "ow",
        "ow.gemini",
        "ow.gemini.a b",
        "ow.gemini.A",
        "ow.gemini._w",
        "OW.gemini.YQ",
        "ow.gemini.YQ\n",
    ],
)
def test_anything_else_is_no_seal(text: str) -> None:
    assert unseal(text) is None


@given(st.text())
def test_nothing_breaks_it(text: str) -> None:
    assert unseal(text) is None or text.startswith("ow.")
