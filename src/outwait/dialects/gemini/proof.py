"""Proofs of other dialects carried through a Gemini client: what stands in a part's `thoughtSignature`.

A Gemini client sends back each signature it was given. One of Google's own is kept as it is. A thought of another
dialect is sealed into base64, since clients decode the field to bytes: its signature or what is encrypted, its id, and,
where the client did not want to see thoughts, its text as well, without which some providers take no signature.
"""

from __future__ import annotations

import base64

import msgspec

from outwait.core.part import Thought
from outwait.dialects.seal import seal, unseal

OWN = "gemini"


class _Carried(msgspec.Struct, gc=False, omit_defaults=True):
    text: str = ""
    signature: str | None = None
    sealed: str | None = None
    ident: str | None = None


_decode = msgspec.json.Decoder(_Carried).decode


def carry(thought: Thought, *, text: bool) -> str | None:
    """The `thoughtSignature` that carries `thought`; None where there is nothing to carry. `text`: its words too."""
    if thought.signature is None and thought.sealed is None:
        return None
    if thought.dialect == OWN:
        return thought.signature
    carried = _Carried(thought.text if text else "", thought.signature, thought.sealed, thought.ident)
    sealed = seal(thought.dialect or "unknown", msgspec.json.encode(carried).decode())
    return base64.b64encode(sealed.encode()).decode()


def carried(signature: str) -> Thought | None:
    """The thought of another dialect that `signature` carries; None for a signature of Google's own."""
    packed = signature.replace("-", "+").replace("_", "/")
    try:
        text = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=True).decode()
        found = unseal(text)
        told = None if found is None else _decode(found[1])
    except ValueError:
        return None
    if found is None or told is None:
        return None
    return Thought(told.text, told.signature, told.sealed, told.ident, found[0])
