from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.part import Thought
from outwait.dialects.gemini.proof import carried, carry

MAYBE = st.none() | st.text(max_size=20)


@given(st.text(max_size=30), MAYBE, MAYBE, MAYBE, st.sampled_from(["anthropic", "responses", ""]))
def test_what_is_carried_comes_back(
    text: str, signature: str | None, sealed: str | None, ident: str | None, dialect: str
) -> None:
    thought = Thought(text, signature, sealed, ident, dialect)
    made = carry(thought, text=True)
    if signature is None and sealed is None:
        assert made is None
        return
    assert made is not None
    base64.b64decode(made, validate=True)
    expected = Thought(text, signature, sealed, ident, dialect or "unknown")
    assert carried(made) == expected
    # Clients decode the field and encode it anew, some in the other alphabet, some without padding.
    assert carried(made.replace("+", "-").replace("/", "_").rstrip("=")) == expected
    bare = carry(thought, text=False)
    assert bare is not None
    assert carried(bare) == Thought("", signature, sealed, ident, dialect or "unknown")


def test_googles_own_is_left_alone() -> None:
    assert carry(Thought("t", "c2ln", dialect="gemini"), text=True) == "c2ln"


@pytest.mark.parametrize(
    "text",
    [
        "c2ln",
        "skip_thought_signature_validator",
        "%",
        "b3cuYW50aHJvcGljLmU",
        base64.b64encode(b"ow.x.e30=").decode(),
        base64.b64encode(b"ow.x.W10").decode(),
        base64.b64encode(b"\xff\xff").decode(),
    ],
)
def test_what_nobody_sealed(text: str) -> None:
    assert carried(text) is None


@given(st.text())
def test_anything_may_be_a_signature(text: str) -> None:
    carried(text)
