from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.net import cases
from tests.toolkit.net.cases import NOW, OPEN, WELL, heard, replied, shaken, shut, through, tried, unnamed

from outwait.core.fault import FAULTS, Side
from outwait.core.tongue import Tongue
from outwait.toolkit.net.findings import (
    Answered,
    Findings,
    Heard,
    Hop,
    Loss,
    Mtu,
    Problem,
    Reached,
    Shook,
    Talk,
    Trace,
    Tunnel,
)
from outwait.toolkit.net.judge import RULES, WHERE, WORDS, judge
from outwait.toolkit.net.target import parse

# FACTS 4
CAUSES = set(
    "dns_failure connect_refused connect_timeout connect_reset network_unreachable tls_failure proxy_misconfigured "
    "write_timeout first_byte_timeout idle_timeout total_timeout client_gave_up middlebox_idle_cut "
    "gateway_timeout_upstream stream_truncated empty_response bad_response rate_limited overloaded quota_exhausted "
    "auth_failed permission_denied model_not_found bad_request context_too_long content_filtered upstream_error "
    "gateway_no_channel resource_exhausted_local unknown".split()
)
OLD = replace(cases.LEAF, not_after=NOW - 5 * cases.DAY, not_before=NOW - 95 * cases.DAY)
HERE = replace(OPEN, own=True)
FAR = Trace(cases.ADDRESS, (Hop(1, "10.0.0.1", 0.001, "udp"), Hop(2, None, None)), reached=False)
UDP_ONLY = Trace(cases.ADDRESS, (Hop(1, cases.ADDRESS, 0.001, "udp", last=True),), reached=True)
HOLE = Mtu(1500, 1500, hole=True)
PLAIN = replace(WELL, target=parse("http://api.example.com"))


def untrusted(*problems: Problem, **more: Any) -> Findings:
    return shaken(shook=Shook.UNTRUSTED, problems=problems, **more)


def here(found: Findings) -> Findings:
    return replace(found, attempts=tuple(replace(each, own=True) for each in found.attempts))


WHAT: dict[str, list[Findings]] = {
    "proxy_bad_url": [through(Tunnel.BAD_URL)],
    "proxy_unreached": [through(Tunnel.UNREACHED)],
    "proxy_wants_login": [through(Tunnel.REFUSED, status=407)],
    "proxy_forbids": [through(Tunnel.REFUSED, status=403)],
    "proxy_timed_out": [through(Tunnel.REFUSED, status=504)],
    "proxy_failed": [through(Tunnel.REFUSED, status=502)],
    "proxy_silent": [through(Tunnel.SILENT)],
    "proxy_broken": [through(Tunnel.BROKEN)],
    "dns_blocked": [unnamed(heard(Heard.ANSWER), system=("0.0.0.0",)), unnamed(system=("::",))],
    "dns_known_elsewhere": [unnamed(heard(Heard.NXDOMAIN), heard(Heard.ANSWER, configured=False))],
    "dns_own_trouble": [unnamed(heard(Heard.ANSWER))],
    "dns_nxdomain": [unnamed(heard(Heard.NXDOMAIN)), unnamed(heard(Heard.SILENT), heard(Heard.NXDOMAIN))],
    "dns_no_data": [unnamed(heard(Heard.NO_DATA))],
    "dns_servfail": [unnamed(heard(Heard.SERVFAIL))],
    "dns_refused": [unnamed(heard(Heard.REFUSED))],
    "dns_silent": [unnamed(heard(Heard.SILENT), error="timeout")],
    "dns_closed": [unnamed(heard(Heard.CLOSED))],
    "dns_garbled": [unnamed(heard(Heard.GARBLED))],
    "dns_no_family": [unnamed(heard(Heard.ANSWER), system=("192.0.2.9",), error="")],
    "dns_unconfigured": [unnamed(), unnamed(heard(Heard.NXDOMAIN, configured=False))],
    "tcp_filter_refused": [shut(tried(Reached.REFUSED, icmp_from="10.0.0.1"))],
    "tcp_refused_here": [shut(tried(Reached.REFUSED, own=True))],
    "tcp_refused": [shut(tried(Reached.REFUSED)), shut(tried(Reached.REFUSED), tried(Reached.NO_ROUTE, "2001:db8::1"))],
    "tcp_prohibited": [shut(tried(Reached.PROHIBITED, icmp_from="10.0.0.1"), tried(Reached.TIMEOUT, "192.0.2.8"))],
    "tcp_no_route": [shut(tried(Reached.NO_ROUTE))],
    "tcp_local": [shut(tried(Reached.LOCAL, detail="Operation not permitted"))],
    "tcp_filtered": [shut(tried(Reached.TIMEOUT), trace=UDP_ONLY)],
    "tcp_dropped": [shut(tried(Reached.TIMEOUT)), shut(tried(Reached.TIMEOUT), trace=FAR)],
    "tcp_unreachable": [
        shut(tried(Reached.UNREACHABLE, icmp_from="10.0.0.1")),
        shut(tried(Reached.TIMEOUT), trace=replace(FAR, hops=(Hop(1, "10.0.0.1", 0.1, note="unreachable"),))),
    ],
    "tcp_mixed": [
        shut(tried(Reached.REFUSED), tried(Reached.LOCAL, "192.0.2.8")),
        shut(tried(Reached.REFUSED), tried(Reached.UNREACHABLE, "192.0.2.8")),
    ],
    "clock_wrong": [
        replace(untrusted(Problem.EXPIRED, chain=(OLD,)), talk=Talk(
            cases.ADDRESS, replace(cases.TLS, shook=Shook.UNTRUSTED, problems=(Problem.EXPIRED,), chain=(OLD,)),
            replace(cases.REPLY, date=OLD.not_after - cases.DAY),
        ))
    ],
    "tls_inspected": [untrusted(Problem.UNKNOWN_CA, chain=(replace(cases.LEAF, issuer="Zscaler Root CA"),))],
    "tls_expired": [untrusted(Problem.EXPIRED, chain=(OLD,)), untrusted(Problem.EXPIRED, Problem.SELF_SIGNED)],
    "tls_not_yet_valid": [untrusted(Problem.NOT_YET_VALID)],
    "tls_wrong_host": [untrusted(Problem.WRONG_HOST, chain=(replace(cases.LEAF, names=()),))],
    "tls_self_signed": [untrusted(Problem.SELF_SIGNED)],
    "tls_incomplete": [untrusted(Problem.INCOMPLETE_CHAIN)],
    "tls_unknown_ca": [untrusted(Problem.UNKNOWN_CA)],
    "tls_untrusted": [untrusted(Problem.OTHER, detail="CA key too weak"), untrusted(chain=())],
    "tls_not_spoken": [shaken(shook=Shook.NOT_TLS, spoken="HTTP/1.1 400 Bad Request")],
    "tls_wants_certificate": [
        replied(answered=Answered.GARBLED, detail="[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert"),
        shaken(shook=Shook.ALERT, detail="TLSV13_ALERT_CERTIFICATE_REQUIRED"),
        replied(status=400, detail="CERTIFICATE_REQUIRED"),
    ],
    "tls_declined": [shaken(shook=Shook.ALERT, detail="TLSV1_ALERT_PROTOCOL_VERSION")],
    "tls_reset_here": [here(shaken(shook=Shook.RESET))],
    "tls_name_blocked": [shaken(shook=kind, without_name=True) for kind in (Shook.RESET, Shook.CLOSED, Shook.SILENT)],
    "tls_reset": [shaken(shook=Shook.RESET, without_name=False)],
    "tls_closed_here": [here(shaken(shook=Shook.CLOSED))],
    "tls_closed": [shaken(shook=Shook.CLOSED)],
    "tls_lost": [shaken(shook=Shook.SILENT, acknowledged=False)],
    "tls_black_hole": [replace(shaken(shook=Shook.SILENT), mtu=HOLE)],
    "http_black_hole": [replace(replied(answered=Answered.SILENT, first_byte=12.0), mtu=HOLE)],
    "tls_silent": [shaken(shook=Shook.SILENT), shaken(shook=Shook.SILENT, acknowledged=None)],
    "tls_failed": [shaken(shook=Shook.FAILED, detail="WEIRD")],
    "http_wants_tls": [replace(replied(status=400, wants_tls=True), target=parse("http://api.example.com"))],
    "http_reset_here": [here(replied(answered=Answered.RESET))],
    "http_reset": [replied(answered=Answered.RESET)],
    "http_closed": [replied(answered=Answered.CLOSED)],
    "http_lost": [replied(answered=Answered.SILENT, first_byte=12.0, acknowledged=False)],
    "http_silent_briefly": [replied(answered=Answered.SILENT, first_byte=1.9)],
    "http_silent": [replied(answered=Answered.SILENT, first_byte=12.0)],
    "http_silent_unseen": [replied(answered=Answered.SILENT, first_byte=12.0, acknowledged=None, info=None)],
    "http_garbled": [replied(answered=Answered.GARBLED, detail="SSH-2.0")],
    "http_captive": [replied(status=511)],
    "http_proxy_login": [replied(status=407)],
    "http_filtered": [replied(status=403, signed="squid")],
    "http_rate_limited": [replied(status=429)],
    "http_gateway_timeout": [replied(status=504), replied(status=524)],
    "http_overloaded": [replied(status=503)],
    "http_bad_gateway": [replied(status=502)],
    "http_failing": [replied(status=500)],
    "slow_network": [replied(first_byte=3.0, info=replace(cases.INFO, retransmits=2))],
    "slow_server": [replied(first_byte=3.0), replied(first_byte=3.0, info=None)],
    "address_dropped": [replace(WELL, attempts=(OPEN, tried(Reached.TIMEOUT, "2001:db8::1")))],
    "address_refused": [replace(WELL, attempts=(OPEN, tried(Reached.REFUSED, "2001:db8::1")))],
    "address_prohibited": [replace(WELL, attempts=(OPEN, tried(Reached.PROHIBITED, "2001:db8::1")))],
    "address_unreachable": [replace(WELL, attempts=(OPEN, tried(Reached.UNREACHABLE, "2001:db8::1")))],
    "lossy": [replace(WELL, loss=Loss(cases.ADDRESS, (0.02, 1.02, 0.02), 1, 1))],
    "slow_dns": [replace(WELL, names=replace(cases.NAMES, seconds=5.0))],
    "well": [
        WELL,
        replace(WELL, mtu=HOLE),
        PLAIN,
        replied(status=404),
        replied(status=403),
        replied(info=None, date=None, server=""),
        replace(WELL, names=None, target=parse("192.0.2.7")),
        replace(WELL, attempts=(OPEN, tried(Reached.NO_ROUTE, "2001:db8::1"))),
        replace(WELL, loss=Loss(cases.ADDRESS, (0.02,), 1, 0)),
        replace(WELL, loss=None, mtu=None, trace=None),
        replace(WELL, proxied=cases.PROXIED, attempts=(), names=replace(cases.NAMES, system=())),
        through(Tunnel.NOT_SPOKEN, detail="socks5"),
    ],
    "unfinished": [
        replace(WELL, talk=None),
        replace(WELL, talk=Talk(cases.ADDRESS, cases.TLS, None)),
        replace(WELL, names=None, attempts=(), talk=None),
    ],
}  # fmt: skip


@pytest.mark.parametrize("rule, found", [(rule, found) for rule, cases_ in WHAT.items() for found in cases_])
def test_each_case_has_its_verdict(rule: str, found: Findings) -> None:
    assert judge(found).rule == rule


def test_every_rule_has_its_case_and_its_words() -> None:
    names = [rule.name for rule in RULES]
    assert len(names) == len(set(names))
    assert set(names) == set(WHAT) == set(WORDS)


def test_causes_and_sides_are_those_of_faults() -> None:
    assert {kind.cause for kind in FAULTS.values()} <= CAUSES
    for rule in RULES:
        assert rule.cause in CAUSES or rule.name == "well"
        assert rule.side is None or rule.side in WHERE
        assert {cause for cause, _ in rule.others} <= CAUSES
        assert Side.GATEWAY not in {side for _, side in rule.others}


def test_slow_is_the_server_and_dropped_is_the_network() -> None:
    slow, dropped = judge(WHAT["http_silent"][0]), judge(WHAT["tcp_dropped"][1])
    assert (slow.where, slow.cause, slow.side) == ("server", "first_byte_timeout", Side.UPSTREAM)
    assert (dropped.where, dropped.cause, dropped.side) == ("network", "connect_timeout", Side.NETWORK)
    assert "10.0.0.1 (1)" in dropped.summary.told(Tongue.EN)


def test_sentences_name_what_they_are_about() -> None:
    expired = judge(WHAT["tls_expired"][0])
    assert "5 days ago" in expired.summary.told(Tongue.EN)
    assert "5 天前" in expired.summary.told(Tongue.ZH)
    assert "openssl s_client -connect 192.0.2.7:443 -servername api.example.com" in expired.advice[-1].told(Tongue.EN)
    assert "HTTPS_PROXY" in judge(through(Tunnel.UNREACHED)).summary.told(Tongue.EN)
    assert "1.01 s" not in judge(WELL).summary.told(Tongue.EN)
    assert "105 ms" in judge(WELL).summary.told(Tongue.EN)  # lookup, connect, handshake, first byte


STRAY = re.compile(r"[{}]|\bNone\b|Remark|Said\(")


@pytest.mark.parametrize("tongue", list(Tongue))
@pytest.mark.parametrize("rule", WHAT)
def test_every_sentence_can_be_told(rule: str, tongue: Tongue) -> None:
    for found in WHAT[rule]:
        verdict = judge(found)
        told = [verdict.summary, *verdict.evidence, *verdict.notes, *verdict.advice]
        for sentence in [each.told(tongue) for each in told]:
            assert sentence.strip()
            assert not STRAY.search(sentence)


def test_a_second_trouble_is_told_beside_the_first() -> None:
    both = replace(WHAT["slow_server"][0], attempts=(OPEN, tried(Reached.TIMEOUT, "192.0.2.8")))
    assert judge(both).rule == "slow_server"
    assert "192.0.2.8 takes no connection" in judge(both).notes[0].told(Tongue.EN)
    assert "192.0.2.8" not in " ".join(each.told(Tongue.EN) for each in judge(WHAT["address_dropped"][0]).notes)


def test_evidence_says_of_which_stage_it_is() -> None:
    told = [each.told(Tongue.EN) for each in judge(WELL).evidence]
    assert "MTU: 1500 bytes" in told
    assert [each.partition(":")[0] for each in told] == ["DNS", "TCP", "TLS", "HTTP", "loss", "MTU", "route", "clock"]


def test_a_url_in_advice_cannot_run_anything() -> None:
    found = replace(WHAT["tcp_dropped"][0], target=parse("https://api.example.com/a?b=1&c=$(date)"))
    assert "'https://api.example.com/a?b=1&c=$(date)'" in judge(found).advice[-1].told(Tongue.EN)


# ------------------------------------------------------------------------------------------------- whatever is found
_reached, _heard, _shook, _answered = (st.sampled_from(list(kind)) for kind in (Reached, Heard, Shook, Answered))
_tries = st.lists(
    st.builds(tried, _reached, st.sampled_from(["192.0.2.7", "2001:db8::1", "fe80::1%eth0"]), own=st.booleans()),
    max_size=3,
)
_tls = st.builds(
    lambda **more: replace(cases.TLS, **more),
    shook=_shook,
    problems=st.lists(st.sampled_from(list(Problem)), unique=True).map(tuple),
    chain=st.sampled_from([(), (cases.LEAF,), (OLD, cases.LEAF)]),
    acknowledged=st.sampled_from([None, True, False]),
    without_name=st.sampled_from([None, True, False]),
)
_reply = st.builds(
    lambda **more: replace(cases.REPLY, **more),
    answered=_answered,
    status=st.integers(200, 599),
    first_byte=st.floats(0, 100),
    acknowledged=st.sampled_from([None, True, False]),
    date=st.one_of(st.none(), st.floats(0, 3e9)),
    info=st.sampled_from([None, cases.INFO]),
)
_talk = st.one_of(
    st.none(), st.builds(Talk, st.just(cases.ADDRESS), st.one_of(st.none(), _tls), st.one_of(st.none(), _reply))
)
_proxied = st.one_of(
    st.none(),
    st.builds(
        lambda tunnel, talk: replace(cases.PROXIED, tunnel=tunnel, talk=talk), st.sampled_from(list(Tunnel)), _talk
    ),
)
_names = st.one_of(
    st.none(),
    st.builds(
        lambda system, asked: replace(cases.NAMES, system=tuple(system), asked=tuple(asked)),
        st.lists(st.sampled_from(["192.0.2.7", "0.0.0.0", "::", "2001:db8::1"]), max_size=2),
        st.lists(st.builds(heard, _heard, configured=st.booleans()), max_size=3),
    ),
)
ANY = st.builds(
    lambda **more: replace(WELL, **more), names=_names, attempts=_tries.map(tuple), talk=_talk, proxied=_proxied
)


@given(ANY)
def test_whatever_is_found_has_one_honest_verdict(found: Findings) -> None:
    verdict = judge(found)
    for tongue in Tongue:
        for each in (verdict.summary, *verdict.evidence, *verdict.notes, *verdict.advice):
            assert not STRAY.search(each.told(tongue))
    assert verdict.ok == (verdict.cause == "") == (verdict.where == "")
    assert verdict.ok or verdict.advice
    through_proxy = found.proxied is not None and found.proxied.tunnel is not Tunnel.NOT_SPOKEN
    talk = found.proxied.talk if through_proxy and found.proxied is not None else found.talk
    answered = talk is not None and talk.reply is not None and talk.reply.answered is Answered.ANSWER
    if verdict.ok:  # nothing is called well that has not answered
        assert answered
        assert talk is not None
        assert talk.tls is None or talk.tls.shook is Shook.OK


def test_the_page_shows_every_rule() -> None:
    page = (Path(__file__).resolve().parents[3] / "docs" / "net.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (\w*) \| (?:`(\w+)`)? ?\| (\w+) \|", page, re.MULTILINE)
    expected = [
        (rule.name, "" if rule.side is None else WHERE[rule.side], rule.cause, rule.confidence) for rule in RULES
    ]
    assert rows == expected
