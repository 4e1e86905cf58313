from __future__ import annotations

import re

from outwait.diagnosis.causes import CAUSES, GATEWAY_TIMEOUT, REFUSED
from outwait.diagnosis.refine import CASES, refined


def test_the_first_case_that_fits_counts() -> None:
    said = refined(REFUSED, "connect econnrefused 127.0.0.1:11434")
    assert said is not None
    assert "host.docker.internal" in said.change.en
    assert said.now is None
    said = refined(GATEWAY_TIMEOUT, "<center>nginx</center>")
    assert said is not None
    assert "proxy_read_timeout" in said.change.zh


def test_nothing_particular_is_none() -> None:
    assert refined(REFUSED, "connect econnrefused 192.0.2.1:11434") is None


def test_cases_are_well_formed() -> None:
    for case in CASES:
        assert set(case.found) <= set(CAUSES)
        re.compile(case.words)
        assert case.words == case.words.lower()
        for said in filter(None, (case.change, case.now)):
            assert said.en.isascii()
            assert not said.zh.isascii()
