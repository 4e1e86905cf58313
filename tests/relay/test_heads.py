"""The header blocks of replies."""

from __future__ import annotations

import math

import pytest

from outwait.core.fault import Fault, Stage, UpstreamError, fault
from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.relay import heads
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream


def fields(block: bytes) -> dict[str, str]:
    assert block.endswith(b"\r\n")
    return dict(line.split(": ", 1) for line in block.decode("latin-1").split("\r\n") if line)


@scene
async def test_an_answer_tells_who_gave_it_and_is_not_held_back() -> None:
    rig = Rig(Upstream())
    exchange = rig.ask(plan_of("a")).exchange
    assert fields(heads.answer(exchange, Head(200, "text/event-stream", (("openai-version", "1"),)))) == {
        "content-type": "text/event-stream",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-outwait-exchange": "ow_1",
        "x-outwait-channel": "a",
        "x-outwait-model": "model-a",
        "x-outwait-attempts": "1",
        "x-request-id": "ow_1",
        "request-id": "ow_1",
        "openai-version": "1",
    }
    assert "openai-version" not in fields(heads.answer(exchange, Head(200, "application/json")))


@scene
async def test_another_name_than_the_clients_is_told_as_far_as_a_header_can() -> None:
    rig = Rig(Upstream())
    for model, told in (("model", None), ("o3-2025\r\nx: y", "o3-2025??x: y"), ("m" * 999, "m" * 80)):
        exchange = rig.ask(plan_of(Candidate("a", "plain", model))).exchange
        assert fields(heads.identity(exchange)).get("x-outwait-model") == told


@scene
async def test_before_the_first_attempt_there_is_no_channel() -> None:
    rig = Rig(Upstream(), limits={"a": 0})
    exchange = rig.ask(plan_of("a")).exchange
    assert fields(heads.identity(exchange)) == {
        "x-outwait-exchange": "ow_1",
        "x-request-id": "ow_1",
        "request-id": "ow_1",
    }


def answered(status: int, retry_after: float | None = None) -> Fault:
    return fault("upstream_error", status=status, retry_after=retry_after, upstream=UpstreamError(status, "", b""))


@pytest.mark.parametrize(
    "failed, told, again",
    [
        (fault("upstream_connect"), False, "true"),
        (fault("upstream_connect"), True, "false"),
        (fault("upstream_reset", stage=Stage.SENT), False, "false"),
        (answered(400), False, "false"),
        (answered(429), False, "true"),
        (fault("insufficient_quota"), False, "false"),
    ],
)
def test_sdks_are_told_whether_a_retry_is_safe(failed: Fault, told: bool, again: str) -> None:
    block = fields(heads.failure(failed, told=told))
    assert (block["content-type"], block["x-should-retry"]) == ("application/json", again)


def test_after_content_no_retry_is_safe() -> None:
    assert fields(heads.failure(fault("upstream_connect"), told=False, committed=True))["x-should-retry"] == "false"


@pytest.mark.parametrize(
    "failed, seconds",
    [
        (answered(429, 30.0), 30),
        (answered(429, 29.01), 30),
        (answered(429, 0.2), 1),
        (answered(429, 0.0), 1),
        (answered(429, -5.0), 1),
        (answered(429, 120.0), 120),
        (answered(429, 3600.0), 120),
        (answered(429), 1),
        (answered(503), 1),
        (answered(500, 7.0), 7),
        (answered(500), None),
        (answered(400), None),
    ],
)
def test_retry_after_is_whole_seconds_up_to_two_minutes(failed: Fault, seconds: int | None) -> None:
    assert heads.retry_after(failed) == seconds
    assert fields(heads.failure(failed, told=False)).get("retry-after") == (None if seconds is None else str(seconds))
    assert seconds is None or seconds <= math.ceil(heads.RETRY_AFTER_MAX)


def test_an_answer_without_an_exchange_is_told_like_one() -> None:
    assert fields(heads.lasting("application/json", "ow_1")) == {
        "content-type": "application/json",
        "cache-control": "no-cache, no-transform",
        "x-accel-buffering": "no",
        "x-outwait-exchange": "ow_1",
        "x-request-id": "ow_1",
        "request-id": "ow_1",
    }


def test_who_lacks_a_key_is_told_how_to_show_one() -> None:
    assert fields(heads.failure(fault("invalid_api_key"), told=False))["www-authenticate"] == "Bearer"
    assert "www-authenticate" not in fields(heads.failure(fault("model_not_found"), told=False))
