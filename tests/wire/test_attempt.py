from __future__ import annotations

import asyncio

import pytest

from outwait.testing import virtual
from outwait.wire.attempt import OpenAttempt
from outwait.wire.tasks import spawn


class Carrier:
    def __init__(self) -> None:
        self.told: list[str] = []

    def hold(self) -> None:
        self.told.append("hold")

    def release(self) -> None:
        self.told.append("release")

    def drop(self) -> None:
        self.told.append("drop")

    def leave(self) -> None:
        self.told.append("leave")

    def left(self) -> int:
        return 7


def test_steering_reaches_the_carrier_once() -> None:
    attempt, carrier = OpenAttempt(), Carrier()
    attempt.carry(carrier)
    assert attempt.left() == 7
    for _ in range(2):
        attempt.pause()
    for _ in range(2):
        attempt.resume()
    for _ in range(2):
        attempt.cancel()
    assert carrier.told == ["hold", "release", "drop"]
    assert attempt.over


@pytest.mark.parametrize("how", ["pause", "resume", "cancel", "leave"])
def test_a_settled_attempt_steers_nothing(how: str) -> None:
    attempt, carrier = OpenAttempt(), Carrier()
    attempt.carry(carrier)
    attempt.settle()
    getattr(attempt, how)()
    assert carrier.told == []
    assert attempt.left() == 0


@pytest.mark.parametrize("how", ["cancel", "leave"])
def test_an_attempt_that_is_dialing_ends_its_dial(how: str) -> None:
    async def scenario() -> None:
        attempt = OpenAttempt()
        task = attempt.dialing = spawn(asyncio.sleep(3600), "dial")
        attempt.pause()
        getattr(attempt, how)()
        await asyncio.wait([task])
        assert task.cancelled()
        assert attempt.over

    virtual.run(scenario())


def test_leaving_hands_the_rest_to_the_carrier() -> None:
    attempt, carrier = OpenAttempt(), Carrier()
    attempt.carry(carrier)
    attempt.leave()
    attempt.leave()
    attempt.cancel()
    assert carrier.told == ["leave"]
