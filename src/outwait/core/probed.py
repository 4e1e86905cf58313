"""What looking at a channel found: a free look at its door, a free question with one of its keys, or a paid call."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from outwait.core.fault import Fault


class Probe(StrEnum):
    """How it was looked at. Only `CALL` costs anything."""

    CONNECT = "connect"  # a connection, with its TLS handshake, and not a byte of a request
    KEY = "key"  # a question that costs nothing and is answered to who has a good key
    CALL = "call"  # a real call for one token


class Probed(msgspec.Struct, frozen=True, gc=False):
    """`failed`: what was wrong, None if all was well. `seconds`: how long it took. `at`: loop time of its end.

    `asked`: what was asked, in words. `status`: of the reply, 0 if none came. `key`: the credential's place. `model`:
    its name at the provider.
    """

    probe: Probe
    failed: Fault | None
    seconds: float
    at: float
    asked: str
    status: int = 0
    key: int = 0
    model: str = ""

    @property
    def ok(self) -> bool:
        """Whether all was well."""
        return self.failed is None
