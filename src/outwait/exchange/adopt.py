"""Which call is the same question again, and what a client calls its question (pure).

SDKs retry a broken call by sending the same bytes with `x-stainless-retry-count`; when its exchange is still running,
or finished with nobody there, the retry is given that exchange instead of a second upstream call. Other clients give
a question a name, an `Idempotency-Key`: then it is asked once, whoever comes for the answer, and however often. Where a
client does neither, only the same request again, soon after we cut its reply, is taken for a retry (exchange.cuts).
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import NamedTuple

from outwait.core.fault import Refusal, fault
from outwait.core.request import Call

NAME = "idempotency-key"
NAME_MAX = 255  # characters
_PASSED_ON = "x-outwait-orphan"  # said by a neighbour, not by the client
# What a client says of its question beside the body; a program's own retry says it again, word for word.
_SAID = ("anthropic-", "openai-", "x-outwait-", "user-agent")


class Named(NamedTuple):
    """A question that has a name: 16 bytes for the name a client key gave it, and 16 for the question."""

    name: bytes
    question: bytes


def is_retry(headers: Mapping[str, str]) -> bool:
    """Whether the client's SDK says that it repeats itself."""
    count = headers.get("x-stainless-retry-count", "0")
    return count != "0" and count.isascii() and count.isdigit() and int(count[:9]) >= 1


def name_of(headers: Mapping[str, str]) -> str:
    """The name that the client gave this call, "" if none. Raises Refusal."""
    name = headers.get(NAME, "")
    if len(name) > NAME_MAX or not (name.isascii() and name.isprintable()):
        told = f"An Idempotency-Key has at most {NAME_MAX} characters, all of them printable ASCII."
        raise Refusal(fault("invalid_value", told, param="Idempotency-Key"))
    return name


def named(key: str, name: str, call: Call) -> Named:
    """`call` under its name, which means nothing to other client keys."""
    return Named(_digest(key.encode(), name.encode()), fingerprint(key, call))


def fingerprint(key: str, call: Call) -> bytes:
    """16 bytes that are equal for the same question of the same client key: method, path and body, to the byte."""
    return _digest(key.encode(), call.method.encode(), call.path.encode(), call.body)


def same_request(key: str, call: Call) -> bytes:
    """16 bytes that are equal for the same question asked by the same program in the same way: what is asked of outwait
    and of the upstream in headers counts too, since who changes a timeout and asks again does not repeat itself.
    """
    said = sorted(f"{name}: {value}" for name, value in call.headers.items() if _counts(name))
    return _digest(fingerprint(key, call), *(line.encode() for line in said))


def _counts(name: str) -> bool:
    return name.startswith(_SAID) and name != _PASSED_ON


def _digest(*parts: bytes) -> bytes:
    digest = blake2b(digest_size=16)
    for part in parts:
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()
