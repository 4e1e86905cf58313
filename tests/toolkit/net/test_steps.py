from __future__ import annotations

from dataclasses import replace

import pytest
from tests.toolkit.net import cases
from tests.toolkit.net.cases import WELL, shaken, shut, through, tried
from tests.toolkit.net.test_judge import WHAT

from outwait.core.tongue import Tongue
from outwait.toolkit.net.findings import Findings, Hop, Loss, Mtu, Reached, Reply, Shook, Talk, Trace, Tunnel
from outwait.toolkit.net.steps import STAGES, last_hop, steps
from outwait.toolkit.net.target import parse


def state(found: Findings, name: str) -> str:
    return next(step.state for step in steps(found) if step.name == name)


def said(found: Findings, name: str, tongue: Tongue = Tongue.EN) -> str:
    return next(step.seen.told(tongue) for step in steps(found) if step.name == name)


@pytest.mark.parametrize("rule", WHAT)
def test_all_stages_are_told_in_both_languages(rule: str) -> None:
    for found in WHAT[rule]:
        assert tuple(step.name for step in steps(found)) == STAGES
        for step in steps(found):
            assert step.seen.told(Tongue.EN)
            assert step.seen.told(Tongue.ZH)


def test_all_is_well() -> None:
    assert {name: state(WELL, name) for name in STAGES} == dict.fromkeys(STAGES, "ok") | {"proxy": "not_tried"}
    assert said(WELL, "tls") == "TLSv1.3, TLS_AES_256_GCM_SHA384, ALPN h2, valid until 2027-04-05 (80 days left)"
    assert said(WELL, "http") == "GET /v1: 200 OK from nginx; first byte 50 ms, round trip 20 ms"


def test_how_far_one_comes() -> None:
    far = shut(tried(Reached.TIMEOUT, icmp_from="10.0.0.1"))
    assert [state(far, name) for name in ("dns", "tcp", "tls", "http", "clock")] == [
        "ok", "failed", "not_tried", "not_tried", "not_tried"
    ]  # fmt: skip
    assert "(ICMP from 10.0.0.1)" in said(far, "tcp")
    unseen = shaken(shook=Shook.SILENT, acknowledged=False)
    assert (state(unseen, "tcp"), state(unseen, "tls"), state(unseen, "http")) == ("ok", "failed", "not_tried")
    assert "never confirmed" in said(unseen, "tls")


def test_which_address_a_client_takes() -> None:
    several = replace(WELL, attempts=(tried(Reached.TIMEOUT, "2001:db8::1"), cases.OPEN))
    assert said(several, "tcp").endswith(f"a client takes {cases.ADDRESS}")
    assert "takes" not in said(WELL, "tcp")


def test_names_and_addresses() -> None:
    assert "hosts file" in said(replace(WELL, names=replace(cases.NAMES, hosts=("192.0.2.7",))), "dns")
    assert state(replace(WELL, names=None), "dns") == "not_tried"
    blocked = replace(WELL, names=replace(cases.NAMES, system=("0.0.0.0",)))
    assert (state(blocked, "dns"), "0.0.0.0" in said(blocked, "dns")) == ("failed", True)
    assert "did not end" in said(replace(WELL, names=replace(cases.NAMES, system=(), timed_out=True)), "dns")


def test_aliases_and_who_stands_between() -> None:
    aliased = replace(cases.SERVER, aliases=("lb.example.com", "edge.example.net"))
    found = replace(WELL, names=replace(cases.NAMES, asked=(aliased,)))
    assert "alias lb.example.com -> edge.example.net" in said(found, "dns")
    assert "from nginx (Via: 1.1 varnish);" in said(cases.replied(via="1.1 varnish"), "http")


def test_proxies() -> None:
    assert state(through(Tunnel.NOT_SPOKEN), "proxy") == "not_tried"
    assert state(through(Tunnel.SILENT), "proxy") == "failed"
    assert state(replace(WELL, proxied=cases.PROXIED), "proxy") == "ok"
    assert "NO_PROXY" in said(replace(WELL, bypassed="http://p:1 (*)"), "proxy")


def test_plain_http_wants_no_tls() -> None:
    plain = replace(WELL, target=parse("http://a.example"), talk=Talk(cases.ADDRESS, None, cases.REPLY))
    assert (state(plain, "tls"), "http" in said(plain, "tls")) == ("not_tried", True)


def test_the_way() -> None:
    gone = Trace(cases.ADDRESS, (Hop(1, "10.0.0.1", 0.1), Hop(2, None, None)), reached=False)
    assert last_hop(replace(WELL, trace=gone)) == "10.0.0.1 (1)"
    assert last_hop(replace(WELL, trace=None)) == ""
    assert "10.0.0.1 (1)" in said(replace(WELL, trace=gone), "trace")
    failed = replace(gone, error="no permission", by="mtr")
    assert said(replace(WELL, trace=failed), "trace") == "mtr: no permission"
    instead = replace(cases.TRACE, instead="no sockets")
    assert "no sockets" in said(replace(WELL, trace=instead), "trace")
    assert "10.0.0.1 (1)" in said(replace(WELL, trace=replace(gone, instead="no")), "trace")
    here = replace(WELL, trace=None, attempts=(replace(cases.OPEN, own=True),))
    assert "this machine" in said(here, "trace")


def test_loss_and_sizes() -> None:
    assert state(replace(WELL, loss=Loss(cases.ADDRESS, (0.1,), 1, 0)), "loss") == "failed"
    assert "none" in said(replace(WELL, loss=Loss(cases.ADDRESS, (), 3, 0)), "loss")
    assert state(replace(WELL, loss=Loss(cases.ADDRESS, (), 0, 0)), "loss") == "not_tried"
    assert "1400 bytes instead of 1500, says 10.0.0.1" in said(replace(WELL, mtu=Mtu(1400, 1500, "10.0.0.1")), "mtu")
    assert state(replace(WELL, mtu=Mtu(1500, 1500, hole=True)), "mtu") == "failed"


@pytest.mark.parametrize("off, words", [(600.0, "10 minutes ahead"), (-600.0, "10 minutes behind")])
def test_clocks(off: float, words: str) -> None:
    reply: Reply = replace(cases.REPLY, date=cases.NOW - off, at=cases.NOW)
    found = replace(WELL, talk=Talk(cases.ADDRESS, cases.TLS, reply))
    assert state(found, "clock") == "failed"
    assert words in said(found, "clock")
