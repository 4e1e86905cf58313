"""On whose side a cause is: where it usually is, unless who tells it says otherwise."""

from __future__ import annotations

from typing import Final

from outwait.diagnosis.causes import (
    AUTH,
    BAD_REQUEST,
    CLIENT,
    EXHAUSTED,
    FIRST_BYTE,
    GATEWAY,
    GATEWAY_TIMEOUT,
    IDLE,
    MIDDLEBOX,
    NETWORK,
    NOBODY,
    PERMISSION,
    PROXY,
    RATE,
    REFUSED,
    RESET,
    TLS,
    TOTAL,
    UNKNOWN,
    UNREACHABLE,
    USUAL,
    WRITE,
)
from outwait.diagnosis.sign import Sign
from outwait.diagnosis.teller import Teller

_CALLERS: Final = frozenset((FIRST_BYTE, IDLE, TOTAL, WRITE, EXHAUSTED, PROXY, TLS, UNREACHABLE))
"""Whose clock, machine, route or trust it was: that of who called the upstream."""

_SEEN: Final = frozenset((FIRST_BYTE, IDLE, TOTAL, WRITE, UNREACHABLE))
"""What a caller sees of its own call, and tells as a reply's body only if it was called itself."""

_WORDS: Final = 67
"""Up to this weight, it is the page's number and plain words that say it, not an API."""
_WORDED: Final = 65
"""The weight of a timeout that a 5xx reply tells in plain words (`outwait.diagnosis.read`)."""
_CHANNELS: Final = ("channel", "渠道", "relay")
"""Whoever says so calls with a key of its own."""
_NAMED: Final = 60
"""Below this weight, words name no certain place that refused."""
_REASONED: Final = 80
"""Below this weight, words do not say why there was no connection: to a host of the internet, the way may be shut."""


def side_of(sign: Sign, told: Teller, status: int | None) -> str:
    """The side of the cause that `sign` speaks for, in a text told by `told` with a reply of `status`."""
    cause = sign.cause
    side = sign.side or USUAL[cause]
    if cause in _CALLERS and sign.side in (None, CLIENT):
        return GATEWAY if told.gateway or (told.relayed and sign.cause in _SEEN) else side
    if cause == GATEWAY_TIMEOUT and sign.side is None:
        return _of_a_timeout_told(sign, told, status)
    if cause == BAD_REQUEST and sign.side is None:
        return _of_a_refusal(told, status)
    if cause in (PERMISSION, RATE) and told.page and (sign.weight <= _WORDS or (cause == RATE and told.signer)):
        return MIDDLEBOX
    if _is_the_gateways_own(sign, told, status):
        return GATEWAY
    if cause == REFUSED and sign.side is None and sign.weight < _REASONED and told.public and not told.local:
        return NETWORK
    return side if cause != UNKNOWN or sign.side else NOBODY


def _is_the_gateways_own(sign: Sign, told: Teller, status: int | None) -> bool:
    """Whether a failure to reach or to please the upstream is that of the gateway in between."""
    if sign.cause == RESET:
        return sign.side in (None, NETWORK) and (told.relayed or (told.local and sign.side is None))
    if sign.cause == REFUSED:
        return bool(told.gateway) and sign.weight < _NAMED
    if sign.cause == AUTH:
        return sign.side is None and any(word in told.gateway.lower() for word in _CHANNELS)
    return sign.cause == UNKNOWN and (bool(told.gateway) or (status or 0) >= 500)


def _of_a_timeout_told(sign: Sign, told: Teller, status: int | None) -> str:
    """Who signed the page; of a reply that a gateway words itself, the gateway, whose own clock it tells of."""
    if told.signer or told.page or status in (524, None):
        return MIDDLEBOX
    worded = sign.status == 0 and sign.weight == _WORDED
    return GATEWAY if (told.gateway or told.relayed) and (told.local or worded or status != 504) else MIDDLEBOX


def _of_a_refusal(told: Teller, status: int | None) -> str:
    """A proxy refuses sizes and headers before an API sees them; a gateway refuses what it cannot pass on."""
    if status in (413, 414, 431):
        return GATEWAY if told.gateway else MIDDLEBOX if told.page or told.signer else CLIENT
    return GATEWAY if (status or 0) >= 500 else CLIENT
