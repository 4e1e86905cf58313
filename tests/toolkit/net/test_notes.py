from __future__ import annotations

from dataclasses import replace

import pytest
from tests.toolkit.net import cases
from tests.toolkit.net.cases import NOW, OPEN, WELL, heard, replied, through, tried, unnamed

from outwait.core.tongue import Tongue
from outwait.toolkit.net.findings import Answered, Asked, Findings, Heard, Loss, Mtu, Reached, Shook, Talk, Tunnel
from outwait.toolkit.net.notes import notes


def told(found: Findings) -> str:
    return " | ".join(each.told(Tongue.EN) for each in notes(found))


def sealed(**more: object) -> Findings:
    leaf = replace(cases.LEAF, **more)  # type: ignore[arg-type] # fields of a certificate
    return replace(WELL, talk=Talk(cases.ADDRESS, replace(cases.TLS, chain=(leaf,)), cases.REPLY))


NOTED = {
    "Nameservers disagree: 1.1.1.1 says 203.0.113.9": replace(
        WELL,
        names=replace(cases.NAMES, asked=(Asked("1.1.1.1", Heard.ANSWER, 0.1, ("203.0.113.9",), configured=False),)),
    ),
    "10.0.0.53 is of no use (silent)": replace(WELL, names=replace(cases.NAMES, asked=(heard(Heard.SILENT),))),
    "asked of a nameserver directly": replace(unnamed(heard(Heard.ANSWER)), spare=True),
    "no way to 2001:db8::1 (IPv6)": replace(WELL, attempts=(OPEN, tried(Reached.NO_ROUTE, "2001:db8::1"))),
    "one address after the other needs 5.02 s": replace(
        WELL, attempts=(replace(tried(Reached.TIMEOUT, "2001:db8::1"), seconds=5.0), OPEN)
    ),
    "192.0.2.8 takes no connection: refused": replace(WELL, attempts=(OPEN, tried(Reached.REFUSED, "192.0.2.8"))),
    "The certificate ends in 5 days": sealed(not_after=NOW + 5 * cases.DAY),
    "as its common name only": sealed(names=(), common_names=("api.example.com",)),
    "FortiGate opens TLS on the way": sealed(issuer="FortiGate CA"),
    "10 minutes ahead": replied(date=NOW - 600, at=NOW),
    "10 minutes behind": replied(date=NOW + 600, at=NOW),
    "50% of the packets that open connections": replace(WELL, loss=Loss(cases.ADDRESS, (0.1,), 1, 0)),
    "Large packets vanish": replace(WELL, mtu=Mtu(1500, 1500, hole=True)),
    "carries 1400 bytes only": replace(WELL, mtu=Mtu(1400, 1500, "10.0.0.1")),
    "leads to another host, login.hotel.example": replied(status=302, location="http://login.hotel.example/"),
    "Without the proxy it is reached": through(Tunnel.SILENT),
    "Without the proxy it is not reached": replace(WELL, proxied=cases.PROXIED, attempts=(tried(Reached.TIMEOUT),)),
    "looked up by the proxy": replace(WELL, proxied=cases.PROXIED, names=replace(cases.NAMES, system=())),
    "3 packets of the request": replied(info=replace(cases.INFO, retransmits=3)),
}


@pytest.mark.parametrize("words", NOTED)
def test_what_is_worth_a_word(words: str) -> None:
    assert words in told(NOTED[words])
    assert all(not each.told(Tongue.ZH).isascii() for each in notes(NOTED[words]))


def test_nothing_is_noted_where_all_is_well() -> None:
    assert notes(WELL) == ()
    assert notes(replace(WELL, mtu=Mtu(1400, 1400))) == ()  # this machine's own cable says so
    assert notes(replace(WELL, loss=None, mtu=None, talk=None, names=None, attempts=())) == ()


def test_what_proves_nothing_is_not_noted() -> None:
    assert told(replied(status=200, location="http://login.hotel.example/")) == ""
    assert told(replied(answered=Answered.RESET, info=replace(cases.INFO, retransmits=1))) == ""
    assert told(replace(through(Tunnel.SILENT), attempts=())) == ""
    untrusted = replace(cases.TLS, shook=Shook.UNTRUSTED)
    assert told(replace(WELL, talk=Talk(cases.ADDRESS, untrusted, None))) == ""
    hosts = replace(cases.NAMES, hosts=(cases.ADDRESS,), asked=(Asked("1.1.1.1", Heard.ANSWER, 0.1, ("203.0.113.9",)),))
    assert "disagree" not in told(replace(WELL, names=hosts))
