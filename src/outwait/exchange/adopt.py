"""Adoption: which retry of a client is the same question again (pure).

SDKs retry a broken call by sending the same bytes with `x-stainless-retry-count`; other clients can give a question an
`Idempotency-Key`. When the exchange of the broken call is still running, or finished with nobody there, the retry is
given that exchange instead of a second upstream call.
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b

from outwait.core.request import Call

_NAMED = "idempotency-key"


def is_retry(headers: Mapping[str, str]) -> bool:
    """Whether the client says that it repeats itself, or that this question is never to be asked twice."""
    if headers.get(_NAMED):
        return True
    count = headers.get("x-stainless-retry-count", "0")
    return count != "0" and count.isascii() and count.isdigit() and int(count[:9]) >= 1


def fingerprint(key: str, call: Call) -> bytes:
    """16 bytes that are equal for the same question of the same client key: method, path and body, to the byte, and the
    Idempotency-Key, if any."""
    digest = blake2b(digest_size=16)
    name = call.headers.get(_NAMED, "")
    for part in (key.encode(), call.method.encode(), call.path.encode(), name.encode(), call.body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
