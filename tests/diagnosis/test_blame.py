from __future__ import annotations

import pytest

from outwait.diagnosis import causes
from outwait.diagnosis.blame import side_of
from outwait.diagnosis.causes import CLIENT, GATEWAY, MIDDLEBOX, NETWORK, NOBODY, UPSTREAM
from outwait.diagnosis.sign import Sign
from outwait.diagnosis.teller import Teller

ALONE = Teller("", page=False, local=False, public=False, relayed=False, signer="", mark="")
RELAY = ALONE._replace(gateway="relay error")
PAGE = ALONE._replace(page=True, signer="nginx")
RELAYED = ALONE._replace(relayed=True)
LOCAL = ALONE._replace(local=True)
PUBLIC = ALONE._replace(public=True)


def sign(cause: str, side: str | None = None, weight: int = 80, status: int = 0) -> Sign:
    return Sign(weight, cause, side, "quote", "", status=status)


@pytest.mark.parametrize(
    "found, told, status, side",
    [
        # a clock is on the side of who called
        (sign(causes.FIRST_BYTE), ALONE, None, CLIENT),
        (sign(causes.FIRST_BYTE), RELAY, None, GATEWAY),
        (sign(causes.TOTAL, CLIENT), RELAY, None, GATEWAY),
        (sign(causes.IDLE, UPSTREAM), RELAY, None, UPSTREAM),
        (sign(causes.PROXY), RELAY, None, GATEWAY),
        (sign(causes.IDLE), RELAYED, 500, GATEWAY),
        (sign(causes.PROXY), RELAYED, 500, CLIENT),
        (sign(causes.TLS, UPSTREAM), RELAY, None, UPSTREAM),
        # a key is the client's, unless a channel's
        (sign(causes.AUTH), ALONE, 401, CLIENT),
        (sign(causes.AUTH), RELAY, 401, GATEWAY),
        (sign(causes.AUTH, CLIENT), RELAY, 401, CLIENT),
        # a 504 is on the side of who signed it
        (sign(causes.GATEWAY_TIMEOUT), ALONE, 504, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT, weight=65), RELAY, 504, GATEWAY),  # in words of its own: its own clock
        (sign(causes.GATEWAY_TIMEOUT, weight=65), RELAYED, 504, GATEWAY),
        (sign(causes.GATEWAY_TIMEOUT, weight=65, status=504), RELAY, 504, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT, weight=65), ALONE, 504, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT), PAGE, 504, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT), RELAY._replace(local=True), 504, GATEWAY),
        (sign(causes.GATEWAY_TIMEOUT), RELAY, 504, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT), RELAY, 500, GATEWAY),
        (sign(causes.GATEWAY_TIMEOUT), RELAYED, 500, GATEWAY),
        (sign(causes.GATEWAY_TIMEOUT), RELAY, 524, MIDDLEBOX),
        (sign(causes.GATEWAY_TIMEOUT, UPSTREAM), PAGE, 504, UPSTREAM),
        # a refusal of the request: its size is refused on the way
        (sign(causes.BAD_REQUEST), ALONE, 400, CLIENT),
        (sign(causes.BAD_REQUEST), ALONE, None, CLIENT),
        (sign(causes.BAD_REQUEST), ALONE, 500, GATEWAY),
        (sign(causes.BAD_REQUEST), PAGE, 413, MIDDLEBOX),
        (sign(causes.BAD_REQUEST), RELAY, 413, GATEWAY),
        (sign(causes.BAD_REQUEST), ALONE, 413, CLIENT),
        (sign(causes.BAD_REQUEST, UPSTREAM), PAGE, 413, UPSTREAM),
        # pages
        (sign(causes.PERMISSION, weight=48, status=403), PAGE, 403, MIDDLEBOX),
        (sign(causes.PERMISSION, weight=94), PAGE, 403, UPSTREAM),
        (sign(causes.RATE, weight=64, status=429), PAGE, 429, MIDDLEBOX),
        (sign(causes.RATE, weight=88), PAGE._replace(signer="nginx"), 429, MIDDLEBOX),
        (sign(causes.RATE, weight=88), PAGE._replace(signer=""), 429, UPSTREAM),
        # the rest
        (sign(causes.RESET), LOCAL, None, GATEWAY),
        (sign(causes.RESET, UPSTREAM), LOCAL, None, UPSTREAM),
        (sign(causes.RESET), ALONE, None, NETWORK),
        (sign(causes.RESET, NETWORK), RELAYED, 500, GATEWAY),
        (sign(causes.RESET, NETWORK), LOCAL, None, NETWORK),
        (sign(causes.REFUSED, weight=56), RELAY, None, GATEWAY),
        (sign(causes.REFUSED, weight=90), RELAY, None, UPSTREAM),
        # no connection to a host of the internet, and no reason told: the way may be shut
        (sign(causes.REFUSED, weight=56), PUBLIC, None, NETWORK),
        (sign(causes.REFUSED, weight=56), PUBLIC._replace(local=True), None, UPSTREAM),
        (sign(causes.REFUSED, UPSTREAM, weight=56), PUBLIC, None, UPSTREAM),
        (sign(causes.REFUSED, weight=56), ALONE, None, UPSTREAM),
        (sign(causes.REFUSED, weight=90), PUBLIC, None, UPSTREAM),
        (sign(causes.UNKNOWN), RELAY, None, GATEWAY),
        (sign(causes.UNKNOWN), ALONE, 502, GATEWAY),
        (sign(causes.UNKNOWN, CLIENT), ALONE, None, CLIENT),
        (sign(causes.UNKNOWN), ALONE, None, NOBODY),
        (sign(causes.DNS), RELAY, 500, NETWORK),
    ],
)
def test_whose_side_it_is(found: Sign, told: Teller, status: int | None, side: str) -> None:
    assert side_of(found, told, status) == side
