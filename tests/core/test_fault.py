import re
from pathlib import Path

import pytest

from outwait.core.fault import FAULTS, Clock, Refusal, Side, Stage, fault

FACTS = (Path(__file__).parents[2] / "docs/facts.md").read_text("utf-8")


@pytest.fixture(scope="module")
def causes() -> set[str]:
    """The taxonomy that the toolkit, the metrics and the panel share (FACTS 4)."""
    listed = re.search(r"^## 4\. [^`]*`([a-z_\s]+)`", FACTS, re.MULTILINE)
    assert listed
    return set(listed[1].split())


@pytest.mark.parametrize("code", FAULTS)
def test_every_row_can_be_told(code: str, causes: set[str]) -> None:
    kind = FAULTS[code]
    assert 400 <= kind.status <= 599
    assert kind.cause in causes
    assert kind.message.endswith(".")
    assert kind.type


@pytest.mark.parametrize("clock", Clock)
def test_every_clock_has_its_fault(clock: Clock) -> None:
    assert FAULTS[f"{clock.value}_timeout"].type == "timeout_error"


def test_only_our_own_bug_is_a_500() -> None:
    assert [code for code, kind in FAULTS.items() if kind.status == 500] == ["internal_error"]


def test_a_fault_takes_from_the_table_what_is_not_given() -> None:
    made = fault("idle_timeout", clock=Clock.IDLE, span=120.0, reason="scenario chat", stage=Stage.CONTENT)
    kind = FAULTS["idle_timeout"]
    assert (made.status, made.cause, made.side, made.type) == (kind.status, kind.cause, kind.side, kind.type)
    assert made.message == kind.message
    assert (made.clock, made.span, made.reason, made.stage) == (Clock.IDLE, 120.0, "scenario chat", Stage.CONTENT)


def test_what_is_given_wins() -> None:
    made = fault("upstream_error", "No.", status=418, cause="content_filtered", side=Side.CLIENT, type="teapot")
    assert (made.message, made.status, made.cause) == ("No.", 418, "content_filtered")
    assert (made.side, made.type) == (Side.CLIENT, "teapot")


def test_an_unknown_code_is_a_bug() -> None:
    with pytest.raises(KeyError):
        fault("no_such_code")


def test_a_refusal_carries_its_fault() -> None:
    refused = fault("rate_limited", retry_after=3.0)
    error = Refusal(refused)
    assert error.fault is refused
    assert str(error) == refused.message
