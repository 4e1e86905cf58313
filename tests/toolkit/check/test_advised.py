from __future__ import annotations

import re

import pytest
from tests.pages import table

from outwait.core.tongue import Tongue
from outwait.diagnosis.advice import ADVICE
from outwait.toolkit.check.advised import RULES, advice
from outwait.toolkit.check.summary import Failure
from outwait.toolkit.net.judge import RULES as NET
from outwait.toolkit.net.judge import WORDS


def failure(cause: str, rule: str | None = None) -> Failure:
    return Failure(cause, "client", None, None, None, 1, "", rule)


def test_a_rule_says_more_than_its_cause() -> None:
    assert "http:// there" in advice(failure("tls_failure", "tls_not_spoken")).en
    assert advice(failure("tls_failure")) == ADVICE["tls_failure"].now
    assert advice(failure("tls_failure", "tls_failed")) == ADVICE["tls_failure"].now
    assert advice(failure("never_heard_of")) == ADVICE["unknown"].now


@pytest.mark.parametrize("rule", RULES)
def test_rules_are_those_of_net_in_both_languages(rule: str) -> None:
    assert rule in WORDS
    said = [RULES[rule].told(tongue) for tongue in Tongue]
    assert all(said)
    if rule.startswith("proxy_"):
        assert "nothing was charged" in RULES[rule].en
    else:
        assert "certificate that is really shown" not in RULES[rule].en


def test_every_way_a_proxy_fails_has_its_own() -> None:
    assert {rule for rule in WORDS if rule.startswith("proxy_")} - set(RULES) == {"proxy_bad_url"}  # said before


@pytest.mark.parametrize("head", ["what was seen", "what the proxy did"])
def test_the_page_says_what_net_decides(head: str) -> None:
    rules = {rule.name: rule for rule in NET}
    told = 0
    for row in table("check.md", head, "cause", "side", "`rule`"):
        for name in re.findall(r"`(\w+)`", row["`rule`"]):
            told += 1
            assert rules[name].cause in row["cause"]
            assert str(rules[name].side) in row["side"]
    assert told >= 7
