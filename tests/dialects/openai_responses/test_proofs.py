from __future__ import annotations

import pytest

from outwait.core.part import Thought
from outwait.dialects import seal
from outwait.dialects.openai_responses import proofs


@pytest.mark.parametrize(
    "thought",
    [
        Thought("words", signature="sig", dialect="anthropic"),
        Thought("", signature="sig", dialect="anthropic"),
        Thought("", sealed="blob", dialect="anthropic"),
        Thought("words", sealed="blob", dialect="gemini"),
        Thought("words", sealed="gAAAA", dialect="responses"),
        Thought("words", dialect="responses"),
    ],
)
def test_a_proof_comes_back_as_what_it_was(thought: Thought) -> None:
    assert proofs.thought_of(thought.text, proofs.proof_of(thought), None) == thought


def test_openais_own_stays_as_it_is() -> None:
    assert proofs.proof_of(Thought(sealed="gAAAA", dialect="responses")) == "gAAAA"
    assert proofs.thought_of("t", "gAAAA", "rs_1") == Thought("t", sealed="gAAAA", ident="rs_1", dialect="responses")


def test_the_signature_of_a_call() -> None:
    assert proofs.signature_in(proofs.call_proof("sig", "gemini")) == "sig"
    assert proofs.signature_in(None) is None
    assert proofs.signature_in("gAAAA") is None
    assert proofs.signature_in(seal.seal("anthropic", "s:x")) is None


def test_a_seal_without_a_letter_is_a_hidden_thought() -> None:
    assert proofs.thought_of("", seal.seal("gemini", "blob"), None) == Thought(sealed="blob", dialect="gemini")
