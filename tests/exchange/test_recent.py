from __future__ import annotations

from typing import Any

from msgspec.structs import replace
from tests.ledger.conftest import ORDINARY

from outwait.core.entry import Entry
from outwait.exchange.recent import COUNT, SPAN, Recent


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def entry(**changes: Any) -> Entry:
    return replace(ORDINARY, **changes)


def test_an_entry_is_told_for_a_while_to_its_key() -> None:
    clock = Clock()
    recent = Recent(clock)
    one = entry(exchange="ow_1", key="dev")
    recent.put(one)
    assert recent.find("ow_1", "dev") is one
    assert recent.find("ow_1", "other") is None
    assert recent.find("ow_2", "dev") is None
    clock.now += SPAN
    assert recent.find("ow_1", "dev") is one
    clock.now += 1
    assert recent.find("ow_1", "dev") is None


def test_a_later_delivery_takes_the_place_of_the_first() -> None:
    recent = Recent(Clock())
    recent.put(entry(exchange="ow_1", key="dev"))
    second = entry(exchange="ow_1", key="dev", adopted=True)
    recent.put(second)
    assert recent.find("ow_1", "dev") is second
    assert len(recent) == 1


def test_the_oldest_go() -> None:
    recent = Recent(Clock())
    for number in range(COUNT + 3):
        recent.put(entry(exchange=f"ow_{number}", key="dev"))
    assert len(recent) == COUNT
    assert recent.find("ow_2", "dev") is None
    assert recent.find("ow_3", "dev") is not None
