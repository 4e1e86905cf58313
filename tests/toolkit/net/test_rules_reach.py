from __future__ import annotations

from dataclasses import replace

from tests.toolkit.net import cases
from tests.toolkit.net.cases import WELL, heard, shut, tried, unnamed
from tests.toolkit.net.test_judge import UDP_ONLY, WHAT

from outwait.toolkit.net.findings import Findings, Heard, Reached
from outwait.toolkit.net.rules_reach import RULES


def first(found: Findings) -> str:
    return next((rule.name for rule in RULES if rule.when(found)), "")


def test_each_rule_has_a_case_that_it_decides() -> None:
    for rule in RULES:
        assert [first(found) for found in WHAT[rule.name]] == [rule.name] * len(WHAT[rule.name])


def test_what_is_reached_is_left_to_the_rules_of_talking() -> None:
    assert first(WELL) == ""
    assert first(replace(WELL, talk=None)) == ""
    assert first(replace(WELL, attempts=(cases.OPEN, tried(Reached.TIMEOUT, "192.0.2.8")))) == ""


def test_an_answer_counts_over_silence() -> None:
    assert first(unnamed(heard(Heard.SILENT), heard(Heard.SERVFAIL))) == "dns_servfail"
    assert first(unnamed(heard(Heard.CLOSED), heard(Heard.SILENT))) == "dns_silent"


def test_a_host_that_answers_by_tcp_elsewhere_is_no_filter() -> None:
    by_tcp = replace(UDP_ONLY, hops=(replace(UDP_ONLY.hops[0], how="tcp+udp"),))
    assert first(shut(tried(Reached.TIMEOUT), trace=by_tcp)) == "tcp_dropped"
    assert first(shut(tried(Reached.TIMEOUT), trace=UDP_ONLY)) == "tcp_filtered"


def test_a_mix_is_told_by_what_says_most() -> None:
    assert first(shut(tried(Reached.REFUSED), tried(Reached.TIMEOUT, "192.0.2.8"))) == "tcp_dropped"
    assert first(shut(tried(Reached.LOCAL), tried(Reached.NO_ROUTE, "2001:db8::1"))) == "tcp_local"
