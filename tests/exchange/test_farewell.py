"""The cancellation of a job: one try, ten seconds, and a word in the log where it failed."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.exchange.job_desk import BROKEN, Desk

from outwait.exchange.farewell import FAREWELL
from outwait.testing.rig import scene
from outwait.testing.scripted import Line


def cancelled() -> tuple[Desk, Line]:
    desk = Desk()
    exchange, _ = desk.started(b"0 @job-1\n2 one\n")
    exchange.cancel()
    return desk, desk.lines[1]


@pytest.mark.parametrize("status,warned", [(200, 0), (400, 0), (404, 0), (409, 0), (401, 1), (500, 1)])
def test_what_comes_too_late_is_no_failure(status: int, warned: int, caplog: pytest.LogCaptureFixture) -> None:
    @scene
    async def story() -> None:
        desk, line = cancelled()
        line.reach()
        line.wrote(0)
        line.head(status)
        line.body(b"whatever")
        assert line.state == "left"
        await desk.rig.until(60)
        assert len(desk.lines) == 2

    story()
    assert len(caplog.records) == warned
    assert all("the job of ow_1 at a may run on" in record.message for record in caplog.records)


def test_no_answer_in_time_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    @scene
    async def story() -> None:
        desk, line = cancelled()
        line.reach()
        await desk.rig.until(FAREWELL - 0.1)
        assert line.state == "open"
        await desk.rig.until(FAREWELL)
        assert line.state == "cancelled"

    story()
    assert "no answer within 10 s" in caplog.text


def test_a_dead_pooled_connection_is_repaired_once(caplog: pytest.LogCaptureFixture) -> None:
    @scene
    async def story() -> None:
        desk, line = cancelled()
        line.fail(replace(BROKEN, hint="stale"))
        again = desk.lines[2]
        assert again.fresh
        assert not caplog.records
        again.fail(replace(BROKEN, hint="stale"))
        assert len(desk.lines) == 3

    story()
    assert "upstream_reset" in caplog.text


@scene
async def test_one_that_is_over_before_it_is_here_leaves_nothing_behind() -> None:
    desk = Desk()
    exchange, _ = desk.started(b"0 @job-1\n2 one\n")

    def at_once(line: Line) -> object:
        line.reach()
        line.head(200)
        yield 0.0
        line.end()

    desk.upstream._scripts.append(at_once)  # type: ignore[arg-type]  # a script all the same
    exchange.cancel()
    assert desk.lines[1].state == "left"
    await desk.rig.until(60)
