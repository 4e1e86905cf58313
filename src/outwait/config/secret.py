"""What a secret is here: how a client key is made, by what it is recognised, and how a secret is shown.

A client key is kept as its SHA-256 digest only. It is a long random string, so one plain digest is enough: a slow
password hash protects guessable secrets, and would cost milliseconds on every request.
"""

from __future__ import annotations

import hashlib
import re
import secrets

KEY_PREFIX = "ow-"
MASK = "[masked]"

# Prefixes of provider and gateway keys, with enough characters behind them not to hit ordinary words ("task-list").
# An exchange's id, `ow_` and 22 hexadecimal digits, is no key: whoever reads a log follows a call by it.
KEY_LIKE = re.compile(
    r"(?<![A-Za-z0-9])(?!ow_[0-9a-f]{22}(?![A-Za-z0-9_-]))(?:sk|ow|pk|rk|gsk|xai|nvapi|pplx|fw|r8|hf|ghp|glpat)[-_](?=[A-Za-z0-9_-]*[0-9A-Z])[A-Za-z0-9_-]{12,}"
    r"|(?<![A-Za-z0-9])(?:sk|ow)-[A-Za-z0-9_-]{8,}"
    r"|AIza[0-9A-Za-z_-]{20,}"
    r"|(?<![A-Z0-9])AKIA[0-9A-Z]{16}"
    r"|eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}(?:\.[A-Za-z0-9_-]*)?"
)
# What every match of KEY_LIKE contains: a text without any of these needs no regular expression.
KEY_LIKE_HINTS = (
    "sk",
    "ow-",
    "ow_",
    "pk",
    "rk",
    "xai",
    "nvapi",
    "pplx",
    "fw",
    "r8",
    "hf",
    "ghp",
    "glpat",
    "AIza",
    "AKIA",
    "eyJ",
)
CREDENTIAL = re.compile(r"(?i)\b(bearer|basic)(\s+)(?!realm\b)[A-Za-z0-9._~+/=-]{6,}")
USERINFO = re.compile(r"(?<=://)[^/@\s]+@")
SECRET_NAME = re.compile(
    r"(?i)(^|[-_.])(authorization|api[-_]?keys?|keys?|tokens?|secrets?|passwords?|cookies?)$|apikey|cookie"
)


def digest(secret: str) -> bytes:
    """The SHA-256 of a client key, by which the catalog knows it."""
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).digest()


def fresh_key() -> str:
    """A new client key: 192 random bits behind the gateway's prefix."""
    return KEY_PREFIX + secrets.token_urlsafe(24)


def names_secret(name: str) -> bool:
    """Whether a field or header of this name holds a secret."""
    return SECRET_NAME.search(name) is not None


def masked(text: str) -> str:
    """`text` without anything that looks like a key, a bearer credential or a URL's user and password."""
    text = CREDENTIAL.sub(rf"\1\2{MASK}", text)
    return USERINFO.sub(f"{MASK}@", KEY_LIKE.sub(MASK, text))
