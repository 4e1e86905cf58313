"""Proofs of one dialect carried through a client of another, so that they come back whole.

A signature or an encrypted thought means something only to the provider that made it. A client of another dialect has a
place for an opaque text of its own; what stands there is `ow.<dialect>.<the text in base64url>`, so that on the way
back nobody takes it for the other provider's own.
"""

from __future__ import annotations

import base64
import re

_SEALED = re.compile(r"ow\.([a-z_]+)\.([A-Za-z0-9_-]*)")


def seal(dialect: str, text: str) -> str:
    """`text`, an opaque proof of `dialect`, made fit to be carried."""
    packed = base64.urlsafe_b64encode(text.encode(errors="surrogatepass")).rstrip(b"=")
    return f"ow.{dialect}.{packed.decode()}"


def unseal(text: str) -> tuple[str, str] | None:
    """The dialect and the proof in what `seal` made; None for anything else."""
    match = _SEALED.fullmatch(text)
    if match is None:
        return None
    packed = match[2]
    try:
        return match[1], base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4)).decode(errors="surrogatepass")
    except ValueError:
        return None
