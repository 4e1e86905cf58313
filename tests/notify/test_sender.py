from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping

import msgspec
import pytest
from tests.notify.conftest import HOUR, KEY, NOW, Stage, clock, play, webhook

from outwait.notify import sign
from outwait.notify.post import Answer, Unanswered
from outwait.notify.schedule import SPAN
from outwait.notify.sender import IDLE, LEASE, SLOTS, Means
from outwait.notify.webhook import Webhook
from outwait.store.rows import EventRow


def test_an_event_is_sent_at_once_signed_and_done() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        sender = stage.sender()
        await asyncio.sleep(10)
        row = stage.event()
        sender.wake()
        await asyncio.sleep(1)
        ((moment, headers, body),) = stage.sent
        assert moment == 10
        assert headers == sign.headers(row.id, NOW + 10, body, [KEY])
        assert stage.outbox.ended == [row.id]
        assert stage.counts == ["delivered"]
        await sender.close()

    play(stage, scenario)


def test_a_failed_one_is_tried_again_later_and_later_signed_anew() -> None:
    replies: list[Answer | Exception] = [
        Answer(500),
        Unanswered("connect_refused"),
        Answer(302),
        Answer(404),
        Answer(204),
    ]
    stage = Stage(lambda number: replies[number - 1])

    async def scenario() -> None:
        sender = stage.sender()
        row = stage.event()
        await asyncio.sleep(HOUR)
        assert stage.times == [0, 5, 15, 35, 75]
        assert {headers["webhook-id"] for _, headers, _ in stage.sent} == {row.id}
        assert {body for _, _, body in stage.sent} == {stage.sent[0][2]}
        stamps = [headers["webhook-timestamp"] for _, headers, _ in stage.sent]
        assert stamps == [str(int(NOW + moment)) for moment in stage.times]
        assert stage.counts == ["failed"] * 4 + ["delivered"]
        await sender.close()

    play(stage, scenario)


def test_after_three_days_it_is_given_up(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(503))

    async def scenario() -> None:
        sender = stage.sender()
        row = stage.event()
        await asyncio.sleep(10 * 24 * HOUR)
        assert stage.times[-1] == SPAN
        assert stage.outbox.ended == [row.id]
        assert stage.counts[-2:] == ["failed", "given_up"]
        await sender.close()

    play(stage, scenario)
    assert "is given up after" in caplog.messages[-1]
    assert "it answered 503, and its time is over" in caplog.messages[-1]


def test_retry_after_is_respected() -> None:
    stage = Stage(lambda number: Answer(429, "120") if number == 1 else Answer(200))

    async def scenario() -> None:
        sender = stage.sender()
        stage.event()
        await asyncio.sleep(HOUR)
        assert stage.times == [0, 125]
        await sender.close()

    play(stage, scenario)


def test_gone_is_for_good(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(410))

    async def scenario() -> None:
        sender = stage.sender()
        stage.event()
        await asyncio.sleep(HOUR)
        assert stage.times == [0]
        assert stage.counts == ["given_up"]
        assert stage.outbox.rows == {}
        await sender.close()

    play(stage, scenario)
    assert "410" in caplog.text


def test_a_webhook_that_is_not_configured_any_more_ends_its_events(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        sender = stage.sender(webhook(name="other"))
        stage.event()
        await asyncio.sleep(HOUR - 1)
        assert stage.counts == []
        await asyncio.sleep(60)
        assert stage.sent == []
        assert stage.counts == ["given_up"]
        assert stage.outbox.rows == {}
        await sender.close()

    play(stage, scenario)
    assert "webhook a:" in caplog.text
    assert "not in the configuration any more" in caplog.text


def test_an_event_is_left_to_a_worker_that_knows_its_webhook() -> None:
    """A reload that one worker has heard of and another has not."""
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        sender = stage.sender(webhook(name="other"))
        stage.event()
        await asyncio.sleep(45)
        sender.use([webhook()])
        await asyncio.sleep(60)
        assert stage.times == [60]
        assert stage.counts == ["delivered"]
        await sender.close()

    play(stage, scenario)


def test_an_event_that_cannot_be_read_is_ended(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        stage.outbox.put(msgspec.structs.replace(stage.event(), payload=b"?"))
        sender = stage.sender()
        await asyncio.sleep(1)
        assert stage.counts == ["given_up"]
        assert stage.outbox.rows == {}
        await sender.close()

    play(stage, scenario)
    assert "cannot be read" in caplog.text


def test_a_reload_says_where_the_next_attempt_goes() -> None:
    stage = Stage(lambda number: Answer(500) if number == 1 else Answer(200))

    async def scenario() -> None:
        sender = stage.sender()
        stage.event()
        await asyncio.sleep(1)
        sender.use([webhook(url="http://127.0.0.1:9/new", secret="whsec_" + "A" * 32)])
        await asyncio.sleep(HOUR)
        assert stage.to == ["http://127.0.0.1:9/hook", "http://127.0.0.1:9/new"]
        moment, headers, body = stage.sent[1]
        assert headers == sign.headers("wh_0002", NOW + moment, body, [bytes(24)])
        await sender.close()

    play(stage, scenario)


def test_no_more_are_leased_than_run() -> None:
    stage = Stage(lambda _: Answer(200), takes=10)

    async def scenario() -> None:
        for _ in range(20):
            stage.event()
        sender = stage.sender()
        await asyncio.sleep(5)
        assert sender.running == SLOTS
        await asyncio.sleep(60)
        assert sender.running == 0
        assert stage.most == SLOTS
        assert len(stage.outbox.ended) == 20
        assert stage.times == [0.0] * 8 + [10.0] * 8 + [20.0] * 4
        assert all(limit <= SLOTS for limit in stage.outbox.limits)
        await sender.close()

    play(stage, scenario)


def test_what_other_workers_left_is_found_without_being_told() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        sender = stage.sender()
        await asyncio.sleep(1)
        row = stage.event()
        (leased,) = await stage.outbox.lease(clock(), clock() + LEASE, 1)  # by a worker that dies now
        assert leased.id == row.id
        await asyncio.sleep(5 * IDLE)
        assert stage.times == [1 + LEASE]
        assert stage.outbox.asked < 10
        await sender.close()

    play(stage, scenario)


def test_an_event_far_away_does_not_hide_what_others_put() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        stage.event(NOW + 5 * HOUR)
        sender = stage.sender()
        await asyncio.sleep(1)
        stage.event()  # by another worker, which wakes its own sender only
        await asyncio.sleep(6 * HOUR)
        assert stage.times == [IDLE, 5 * HOUR]
        await sender.close()

    play(stage, scenario)


def test_what_is_due_but_cannot_be_had_makes_no_busy_loop() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        stage.outbox.put(msgspec.structs.replace(stage.event(), expires=NOW))
        sender = stage.sender()
        await asyncio.sleep(60)
        assert stage.sent == []
        assert stage.outbox.asked <= 31
        await sender.close()

    play(stage, scenario)


@pytest.mark.parametrize("reads", [True, False])
def test_a_broken_store_is_told_once_and_asked_ever_less(reads: bool, caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        stage.event()
        stage.outbox.no_reads, stage.outbox.no_writes = not reads, True
        sender = stage.sender()
        await asyncio.sleep(10 * 60)
        assert stage.outbox.asked < 20
        assert len([record for record in caplog.records if record.levelno >= logging.ERROR]) == 1
        stage.outbox.no_reads = stage.outbox.no_writes = False
        await asyncio.sleep(61)
        assert stage.counts == ["delivered"]
        await sender.close()

    with caplog.at_level(logging.INFO, "outwait"):
        play(stage, scenario)
    assert len([text for text in caplog.messages if text.startswith("it is over")]) == 1


def test_what_became_of_an_event_is_told_until_the_store_takes_it() -> None:
    stage = Stage(lambda _: Answer(200), takes=1)

    async def scenario() -> None:
        sender = stage.sender()
        stage.event()
        await asyncio.sleep(0.5)
        stage.outbox.no_writes = True
        await asyncio.sleep(5)
        stage.outbox.no_writes = False
        await asyncio.sleep(HOUR)
        assert stage.times == [0]
        assert len(stage.outbox.ended) == 1
        await sender.close()

    play(stage, scenario)


def test_what_the_store_never_heard_of_is_sent_again() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        sender = stage.sender()
        await asyncio.sleep(1)
        row = stage.event()

        async def send(hook: Webhook, headers: Mapping[str, str], body: bytes) -> Answer:
            stage.outbox.no_writes = len(stage.sent) == 0
            return await stage.send(hook, headers, body)

        sender._means = Means(send, clock, lambda: 0.5, stage.counts.append)
        sender.wake()
        await asyncio.sleep(LEASE + 1)
        stage.outbox.no_writes = False
        await asyncio.sleep(HOUR)
        assert len(stage.sent) == 2
        assert stage.outbox.ended == [row.id]
        await sender.close()

    play(stage, scenario)


def test_a_round_that_fails_as_it_should_not_is_not_the_last(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        whole = stage.outbox.rows
        stage.outbox.rows = None  # type: ignore[assignment]  # what no outbox does
        sender = stage.sender()
        await asyncio.sleep(1)
        stage.outbox.rows = whole
        stage.event()
        await asyncio.sleep(120)
        assert stage.counts == ["delivered"]
        await sender.close()

    play(stage, scenario)
    assert "a round failed in a way it should not" in caplog.text


def test_close_gives_running_attempts_a_moment() -> None:
    stage = Stage(lambda _: Answer(200), takes=3)

    async def scenario() -> None:
        sender = stage.sender()
        stage.event()
        await asyncio.sleep(1)
        await sender.close()
        assert clock() - NOW == 3
        assert len(stage.outbox.ended) == 1
        stage.event()
        sender.wake()
        await asyncio.sleep(HOUR)
        assert len(stage.sent) == 1

    play(stage, scenario)


def test_close_does_not_wait_for_ever_and_the_lease_runs_out() -> None:
    stage = Stage(lambda _: Answer(200), takes=14)

    async def scenario() -> None:
        sender = stage.sender()
        row = stage.event()
        await asyncio.sleep(1)
        await sender.close(grace=2)
        assert clock() - NOW == 3
        assert stage.outbox.ended == []
        assert stage.outbox.rows[row.id].next == NOW + LEASE

    play(stage, scenario)


def test_what_is_leased_while_it_closes_is_left_to_others() -> None:
    stage = Stage(lambda _: Answer(200))

    async def scenario() -> None:
        stage.event()
        lease = stage.outbox.lease

        async def slow(now: float, until: float, limit: int = 10) -> list[EventRow]:
            await asyncio.sleep(2)
            return await lease(now, until, limit)

        stage.outbox.lease = slow  # type: ignore[method-assign]  # a store that takes its time
        sender = stage.sender()
        await asyncio.sleep(1)
        await sender.close()
        assert stage.sent == []
        assert len(stage.outbox.rows) == 1

    play(stage, scenario)
