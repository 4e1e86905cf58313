from __future__ import annotations

from dataclasses import replace

import pytest
from tests.toolkit.net import cases
from tests.toolkit.net.cases import WELL, replied, shaken
from tests.toolkit.net.test_judge import WHAT

from outwait.toolkit.net.findings import Answered, Findings, Loss, Problem, Shook
from outwait.toolkit.net.rules_talk import RULES, inspected


def first(found: Findings) -> str:
    return next(rule.name for rule in RULES if rule.when(found))


def test_each_rule_has_a_case_that_it_decides() -> None:
    for rule in RULES:
        if rule.name != "unfinished":
            assert [first(found) for found in WHAT[rule.name]] == [rule.name] * len(WHAT[rule.name])


def test_there_is_always_a_rule() -> None:
    assert first(replace(WELL, talk=None, attempts=())) == "unfinished"


def test_an_expired_certificate_counts_over_who_signed_it() -> None:
    found = shaken(shook=Shook.UNTRUSTED, problems=(Problem.EXPIRED, Problem.SELF_SIGNED, Problem.WRONG_HOST))
    assert first(found) == "tls_expired"


@pytest.mark.parametrize("status", [200, 204, 301, 400, 401, 403, 404, 405, 422])
def test_an_answer_of_the_server_is_well(status: int) -> None:
    assert first(replied(status=status)) == "well"


@pytest.mark.parametrize("status", [500, 501, 505, 507])
def test_a_failing_server(status: int) -> None:
    assert first(replied(status=status)) == "http_failing"


def test_slow_is_a_matter_of_the_limit() -> None:
    late = replied(first_byte=1.5)
    assert first(late) == "well"
    assert first(replace(late, slow=1.0)) == "slow_server"
    assert first(replied(answered=Answered.SILENT, first_byte=9.0)) == "http_silent"


def test_few_connects_prove_no_loss() -> None:
    assert first(replace(WELL, loss=Loss(cases.ADDRESS, (0.1, 0.1), 1, 0))) == "well"
    assert first(replace(WELL, loss=Loss(cases.ADDRESS, (0.1, 0.1, 0.1), 1, 0))) == "lossy"
    assert first(replace(WELL, loss=Loss(cases.ADDRESS, (0.1,) * 9, 1, 0))) == "well"


def test_boxes() -> None:
    assert inspected(WELL) == ""
    assert inspected(replace(WELL, talk=None)) == ""
    assert inspected(shaken(chain=(cases.LEAF, replace(cases.LEAF, issuer="Zscaler Root CA")))) == "Zscaler"
