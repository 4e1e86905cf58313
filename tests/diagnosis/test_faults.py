from __future__ import annotations

from time import process_time

import pytest

from outwait.core.fault import FAULTS, Clock, Stage, UpstreamError, fault
from outwait.core.tongue import Tongue
from outwait.diagnosis.causes import UNKNOWN, UPSTREAM_ERROR
from outwait.diagnosis.diagnosis import Confidence
from outwait.diagnosis.faults import of_fault


@pytest.mark.parametrize("code", FAULTS)
@pytest.mark.parametrize("tongue", Tongue)
def test_what_outwait_saw_itself_is_sure(code: str, tongue: Tongue) -> None:
    failed = fault(code)
    found = of_fault(failed, tongue)
    assert (found.cause, found.side) == (failed.cause, failed.side)
    sure = {UNKNOWN: Confidence.LOW, UPSTREAM_ERROR: Confidence.MEDIUM}
    assert found.confidence is sure.get(failed.cause, Confidence.HIGH)
    assert found.evidence
    assert found.advice
    assert found.now
    assert found.change


def test_a_clock_tells_its_span_its_rule_and_how_to_raise_it() -> None:
    failed = fault("idle_timeout", clock=Clock.IDLE, span=300.0, reason="scenario reasoning", stage=Stage.CONTENT)
    found = of_fault(failed, silence=300.0, model="o3")
    assert [each.why for each in found.evidence] == [
        "the clock `idle` ran out after 5m, set by: scenario reasoning",
        "so far the attempt had come: content",
        "the upstream was silent for up to 5m",
    ]
    assert "x-outwait-timeout-idle" in found.change[0]
    assert found.confirm == ("outwait explain --model o3",)
    bare = of_fault(fault("idle_timeout", clock=Clock.IDLE), model="two words")
    assert bare.evidence[0].why == "the clock `idle` ran out after ?, set by: ?"
    assert bare.confirm == ("outwait explain --model MODEL",)


def test_an_upstreams_words_say_what_its_status_does_not() -> None:
    answered = UpstreamError(500, "application/json", b'{"error": {"message": "The engine is currently overloaded"}}')
    found = of_fault(fault("upstream_error", upstream=answered))
    assert (found.cause, found.side, found.confidence) == ("overloaded", "upstream", Confidence.HIGH)
    assert found.evidence[0].quote.startswith('{"error"')
    assert "status 500" in found.evidence[0].why


@pytest.mark.parametrize("body", [b"", b"\xff\xfe", b"something went wrong"])
def test_words_that_say_nothing_change_nothing(body: bytes) -> None:
    found = of_fault(fault("upstream_error", upstream=UpstreamError(500, "", body)))
    assert (found.cause, found.side, found.confidence) == ("upstream_error", "upstream", Confidence.MEDIUM)


def test_a_known_cause_is_not_read_again() -> None:
    answered = UpstreamError(429, "", b"CERTIFICATE_VERIFY_FAILED sk-abcdefgh12345678")
    found = of_fault(fault("upstream_error", cause="rate_limited", upstream=answered))
    assert (found.cause, found.confidence) == ("rate_limited", Confidence.HIGH)
    assert "sk-" not in str(found)


def test_of_a_long_answer_only_the_beginning_is_read_beside_other_calls() -> None:
    words = b'{"error": {"message": "The engine is currently overloaded"}}'
    read, left = (
        of_fault(fault("upstream_error", upstream=UpstreamError(500, "", body)))
        for body in (b"1" * 1900 + words, b"1" * 4096 + words)
    )
    assert (read.cause, left.cause) == ("overloaded", "upstream_error")
    before = process_time()
    of_fault(fault("upstream_error", upstream=UpstreamError(500, "", b"1" * 65_536 + b" s timeout")))
    assert process_time() - before < 0.3
