from __future__ import annotations

import pytest

from outwait.core.fault import FAULTS, Clock, fault
from outwait.dialects import telling


def test_a_timeout_says_which_clock_how_long_whose_side_and_what_to_do() -> None:
    late = fault("first_byte_timeout", clock=Clock.FIRST_BYTE, span=900.0, reason="scenario reasoning")
    assert telling.message(late) == (
        "The upstream sent no response head in time: first_byte ran out after 900 s"
        " (set by scenario reasoning; upstream side). If this model may think longer, raise first_byte or ask for a"
        " stream. One request can ask with x-outwait-timeout-first-byte."
    )


@pytest.mark.parametrize("clock", Clock)
def test_every_clock_has_its_advice(clock: Clock) -> None:
    told = telling.message(fault(f"{clock.value}_timeout", clock=clock, span=1.5))
    assert f"{clock.value} ran out after 1.5 s (" in told
    assert "set by" not in told


def test_any_other_fault_says_its_message() -> None:
    assert telling.message(fault("upstream_error", "boom")) == "boom"
    assert telling.message(fault("idle_timeout", clock=Clock.IDLE)) == FAULTS["idle_timeout"].message


def test_what_is_private_is_a_fault() -> None:
    assert FAULTS.keys() >= telling.PRIVATE
