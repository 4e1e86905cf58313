"""Proofs of other dialects' thoughts, carried by a Responses client in `encrypted_content` of reasoning items.

What OpenAI encrypted stays as it is. A proof of another dialect is sealed (`dialects.seal`), with a letter in front
that says what it was: the signature of words, a thought nobody can read, or the signature of the tool call that
follows, which has no place of its own in a `function_call`.
"""

from __future__ import annotations

from outwait.core.part import Thought
from outwait.dialects import seal

OWN = "responses"
_SIGNED, _HIDDEN, _CALL = "s:", "d:", "c:"
_MARK = 2


def proof_of(thought: Thought) -> str | None:
    """The `encrypted_content` that carries the proof of `thought`, if it has one."""
    if thought.sealed is not None:
        return thought.sealed if thought.dialect == OWN else seal.seal(thought.dialect, _HIDDEN + thought.sealed)
    return None if thought.signature is None else seal.seal(thought.dialect, _SIGNED + thought.signature)


def call_proof(signature: str, dialect: str) -> str:
    """The `encrypted_content` that carries the signature of the tool call behind it."""
    return seal.seal(dialect, _CALL + signature)


def signature_in(proof: str | None) -> str | None:
    """The signature of the tool call that follows, if that is what `proof` carries."""
    told = None if proof is None else seal.unseal(proof)
    return told[1][_MARK:] if told is not None and told[1].startswith(_CALL) else None


def thought_of(text: str, proof: str | None, ident: str | None) -> Thought:
    """The thought of a reasoning item."""
    told = None if proof is None else seal.unseal(proof)
    if told is None:
        return Thought(text, sealed=proof, ident=ident, dialect=OWN)
    dialect, inner = told
    if inner.startswith(_SIGNED):
        return Thought(text, signature=inner[_MARK:], dialect=dialect)
    return Thought(text, sealed=inner.removeprefix(_HIDDEN), dialect=dialect)
