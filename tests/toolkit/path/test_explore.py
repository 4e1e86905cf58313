"""The whole toolkit side against a gateway on loopback, through a middlebox that cuts after a second."""

from __future__ import annotations

from typing import Any

import pytest
from tests.edge.conftest import CHANNEL, KEYS, house, story
from tests.toolkit.path.findings import limit_of

from outwait.testing.middlebox import Middlebox
from outwait.toolkit.path.advice import Verdict
from outwait.toolkit.path.explore import Errand, explore
from outwait.toolkit.path.judge import Outcome
from outwait.toolkit.path.line import Way
from outwait.toolkit.path.question import Form, Part, Question, target
from outwait.toolkit.path.told import NoGateway

KEY = "ow-" + "test" * 6


def errand(port: int, key: str = KEY, **more: Any) -> Errand:
    url = f"http://127.0.0.1:{port}/v1"
    return Errand(url, Way(target(url), key), more.get("forms", (Form.JSON,)), more.get("up_to", 1.5))


@story
async def test_a_limit_is_found_through_a_middlebox() -> None:
    told: list[Question] = []

    def watch(question: Question, outcome: Outcome | None) -> None:
        if outcome is None:
            told.append(question)

    async with house() as door:
        box = Middlebox("127.0.0.1", door.port, 0.7)
        port = await box.start()
        try:
            run = await explore(errand(port), watch)
        finally:
            await box.stop()
    assert limit_of(run.findings, Form.JSON, Part.FIRST_BYTE) == pytest.approx(0.7, abs=0.3)
    assert limit_of(run.findings, Form.JSON, Part.IDLE) == pytest.approx(0.7, abs=0.3)
    assert run.advice.verdict is Verdict.HOPELESS
    assert run.bounds.per_key == 16
    assert run.bounds.version
    assert len(told) >= 5
    assert run.seconds >= 1.0


@story
async def test_nothing_is_cut_without_one() -> None:
    async with house() as door:
        run = await explore(errand(door.port, forms=(Form.UPLOAD,), up_to=1.0))
    (found,) = run.findings.found
    assert (found.limit, run.advice.verdict) == (None, Verdict.CLEAR)
    assert found.longest is not None
    assert found.longest.waited == pytest.approx(1.0, abs=0.3)


@story
async def test_a_key_that_is_none_of_the_gateways() -> None:
    async with house() as door:
        with pytest.raises(NoGateway) as raised:
            await explore(errand(door.port, key="ow-nobody"))
    assert raised.value.kind == "key"


@story
async def test_probes_that_are_switched_off() -> None:
    async with house(CHANNEL + KEYS + "server: {probe: off}\n") as door:
        with pytest.raises(NoGateway) as raised:
            await explore(errand(door.port))
    assert raised.value.kind == "off"
