"""Client keys: where a request carries one, and whose it is.

A key is looked up by its SHA-256 digest, so how long a look-up takes says nothing about the keys that exist: two keys
that share all but one character have digests that share nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from outwait.core.principal import Principal

# Where SDKs put the key (OpenAI and everybody; Anthropic; Google), lower-case.
BARE_HEADERS = ("x-api-key", "x-goog-api-key")


def bearer(authorization: str) -> str | None:
    """The credential of an `Authorization: Bearer ...` value, None when it is of another scheme."""
    if authorization[:7].lower() == "bearer ":  # RFC 9110, 11.1: the scheme is case-insensitive
        return authorization[7:].strip()
    return None


def extract(headers: Mapping[str, str]) -> tuple[str, ...]:
    """All keys `headers` (lower-case names) carry, in the order they are tried; without duplicates and empty ones."""
    found: list[str] = []
    authorization = headers.get("authorization")
    if authorization is not None:
        found.append(bearer(authorization) or "")
    found.extend(headers.get(name, "").strip() for name in BARE_HEADERS)
    return tuple(dict.fromkeys(key for key in found if key))


def lookup(secret: str, keys: Mapping[bytes, Principal]) -> Principal | None:
    """Whose key `secret` is, or None. `keys` are those of the catalog: digest -> principal."""
    return keys.get(hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest())
