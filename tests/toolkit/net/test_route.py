from __future__ import annotations

from dataclasses import replace

from tests.toolkit.net import cases
from tests.toolkit.net.cases import NOW, OPEN, WELL, heard, replied, shaken, shut, through, tried

from outwait.toolkit.net import route
from outwait.toolkit.net.findings import Heard, Problem, Reached, Talk, Tunnel


def test_the_way_is_the_one_that_clients_take() -> None:
    other = Talk("198.51.100.1", None, None)
    proxied = replace(WELL, proxied=replace(cases.PROXIED, talk=other))
    assert route.said(proxied) is other
    assert route.said(WELL) is WELL.talk
    assert route.proxied(through(Tunnel.NOT_SPOKEN)) is None
    assert (route.tls(replace(WELL, talk=None)), route.reply(replace(WELL, talk=None))) == (None, None)


def test_an_address_without_a_way_is_no_evidence_beside_others() -> None:
    lost = tried(Reached.NO_ROUTE, "2001:db8::1")
    assert route.tried(shut(lost, tried(Reached.TIMEOUT))) == (tried(Reached.TIMEOUT),)
    assert route.tried(shut(lost)) == (lost,)
    assert route.dead(shut(lost)) == ()
    assert route.opened(replace(WELL, attempts=(lost, OPEN))) == (OPEN,)
    assert route.every((), Reached.OPEN) is False


def test_this_machine() -> None:
    own = replace(WELL, attempts=(replace(OPEN, own=True),))
    assert route.here(own) is True
    assert route.here(replace(own, proxied=cases.PROXIED)) is False
    assert route.here(WELL) is False


def test_names_that_are_of_no_use() -> None:
    assert route.lost_name(replace(WELL, names=replace(cases.NAMES, system=("0.0.0.0", "::")))) is True
    assert route.lost_name(replace(WELL, names=replace(cases.NAMES, system=("0.0.0.0", "192.0.2.1")))) is False
    assert route.lost_name(replace(WELL, names=None)) is False
    sick = replace(WELL, names=replace(cases.NAMES, asked=(heard(Heard.SILENT), heard(Heard.NXDOMAIN))))
    assert [one.heard for one in route.sick(sick)] == [Heard.SILENT]
    assert route.heard(replace(WELL, names=None)) == ()
    assert route.differ(replace(WELL, names=None)) == ()


def test_clocks() -> None:
    assert route.skew(replace(WELL, talk=None)) is None
    assert route.skew(replied(date=None)) is None
    assert route.skew(replied(date=NOW - 100, at=NOW, info=None)) == 99.0
    assert route.clock_off(replied(date=NOW - 50, at=NOW)) is False
    assert route.clock_off(replied(date=NOW - 100, at=NOW)) is True
    assert route.clock_to_blame(WELL) is False
    assert route.clock_to_blame(replace(WELL, talk=None)) is False


def test_a_clock_is_to_blame_only_when_the_dates_would_be_right_without_it() -> None:
    old = replace(cases.LEAF, not_after=NOW - 5 * cases.DAY, not_before=NOW - 50 * cases.DAY)
    tls = replace(cases.TLS, problems=(Problem.EXPIRED,), chain=(old,))

    def dated(date: float) -> bool:
        return route.clock_to_blame(
            replace(WELL, talk=Talk(cases.ADDRESS, tls, replace(cases.REPLY, date=date, at=NOW)))
        )

    assert dated(NOW - 10 * cases.DAY) is True
    assert dated(NOW) is False
    assert dated(NOW - 100 * cases.DAY) is False  # for the peer, too, the certificate is wrong


def test_certificates() -> None:
    assert route.covered(WELL) is True
    assert route.covered(shaken(chain=())) is None
    called = shaken(chain=(replace(cases.LEAF, names=(), common_names=("api.example.com",)),))
    assert (route.covered(called), route.only_called(called), route.only_called(WELL)) == (True, True, False)
    assert route.wrong(WELL, Problem.EXPIRED) is False
    assert route.wrong(replace(WELL, talk=None), Problem.EXPIRED) is False
