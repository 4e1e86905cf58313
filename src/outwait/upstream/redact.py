"""Takes secrets out of what a provider says: error texts quote the key they refuse, proxies quote whole requests."""

from __future__ import annotations

import re

from outwait.config.secret import MASK, masked

# Providers mask the key they quote (`sk-proj-ab***yz`), which still tells its ends and is no match for a whole key.
_STARRED = re.compile(r"\b[A-Za-z][A-Za-z0-9]{0,6}[-_][A-Za-z0-9_.-]*\*{2,}[A-Za-z0-9_.*-]*")
# What follows words that announce a key.
_ANNOUNCED = re.compile(
    r"""(?ix)
    ( (?: api[ _-]?key | access[ _-]?token | secret ) (?: \s+ provided )? ["']? \s* [:=] \s* ["']? )
    [^\s"'<>,;&}]{6,}
    """
)
# Below this many characters a secret is a word, and replacing it would eat the text.
_SHORTEST = 6


def redact(text: str, secrets: tuple[str, ...] = ()) -> str:
    """`text` without the given secrets and without anything that looks like a key."""
    for secret in secrets:
        if len(secret) >= _SHORTEST:
            text = text.replace(secret, MASK)
    return _ANNOUNCED.sub(rf"\1{MASK}", _STARRED.sub(MASK, masked(text)))


def redact_bytes(data: bytes, secrets: tuple[str, ...] = ()) -> bytes:
    """The same for bytes; what is not UTF-8 stays as it is."""
    return redact(data.decode("utf-8", "surrogateescape"), secrets).encode("utf-8", "surrogateescape")
