from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import stamina
import structlog
from stamina.instrumentation import RetryDetails, set_on_retry_hooks
from structlog.testing import capture_logs

from outwait.client import switches
from outwait.client.evidence import evidence
from outwait.client.retry import retrying

SECRET = "sk-secret"


@pytest.fixture(autouse=True)
def own() -> Iterator[None]:
    """As stamina and structlog are when nobody has set anything."""
    structlog.reset_defaults()
    set_on_retry_hooks(None)
    yield
    structlog.reset_defaults()
    set_on_retry_hooks(None)


def once() -> None:
    """One retry."""
    for attempt in retrying("gpt-4o", base=(0, 0)):
        with attempt:
            if attempt.number == 1:
                raise ConnectionRefusedError(SECRET)


def test_nothing_is_printed_and_the_log_is_told(
    capsys: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO, "outwait.client"):
        once()
    assert capsys.readouterr() == ("", "")
    told = "attempt 1 failed: builtins.ConnectionRefusedError, connect_refused; tried again in 0s"
    assert caplog.record_tuples == [
        ("outwait.client", logging.INFO, f"{told} (safe: the upstream did nothing)"),
    ]
    assert SECRET not in caplog.text


def test_nothing_is_printed_where_no_logging_is_set_up() -> None:
    logger = logging.getLogger("outwait.client")
    assert (logger.level, logger.handlers) == (logging.NOTSET, [])


def test_stamina_is_left_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    once()
    for attempt in stamina.retry_context(on=ValueError, wait_initial=0, wait_jitter=0):
        with attempt:
            if attempt.num == 1:
                raise ValueError
    assert "stamina.retry_scheduled" in capsys.readouterr().out


def test_structlog_that_somebody_configured_is_told() -> None:
    structlog.configure(processors=[])
    with capture_logs() as told:
        once()
    assert [each["event"] for each in told] == ["stamina.retry_scheduled"]


def test_hooks_are_told_what_stamina_tells_them() -> None:
    told: list[Any] = []

    @contextmanager
    def hook(details: RetryDetails) -> Iterator[None]:
        told.append(details)
        yield
        told.append("closed")

    error = KeyError("a")
    set_on_retry_hooks([hook])
    with switches.told(error, 2, 0.5, 3.0):
        assert told == [RetryDetails("<context block>", (), {}, 2, 0.5, 3.0, error)]
    assert told[1:] == ["closed"]


def test_a_status_is_told(caplog: pytest.LogCaptureFixture) -> None:
    class RefusedError(Exception):
        status_code = 429

    error = RefusedError(SECRET)
    known = evidence(error)
    assert known is not None
    with caplog.at_level(logging.INFO, "outwait.client"):
        switches.log(known, error, 3, 0.25, "why")
    assert caplog.messages == ["attempt 3 failed: tests.RefusedError, rate_limited 429; tried again in 250ms (why)"]


def test_the_switches_of_stamina() -> None:
    assert (switches.limit(3), switches.pause(2.0)) == (3, 2.0)
    with stamina.set_testing(testing=True, attempts=2):
        assert (switches.limit(3), switches.limit(1), switches.pause(2.0)) == (2, 2, 0.0)
    with stamina.set_testing(testing=True, attempts=2, cap=True):
        assert (switches.limit(3), switches.limit(1)) == (2, 1)
    stamina.set_active(False)
    try:
        assert switches.limit(3) == 1
    finally:
        stamina.set_active(True)
