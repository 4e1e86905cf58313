"""What is told of an exchange is the same whether it is in memory or in the store."""

from __future__ import annotations

import msgspec
import pytest
from tests.exchange.archive import CALL, FINISH, Archive, with_store
from tests.exchange.test_recall import TOLD, row_of

from outwait.core.fault import Clock, UpstreamError, fault
from outwait.core.reply import Head
from outwait.exchange import story
from outwait.store.rows import ResultRow, State
from outwait.store.store import Store
from outwait.testing.rig import Rig, scene
from outwait.testing.scripted import Upstream, answers, hangs


@pytest.mark.parametrize(
    "told",
    [
        story.Story(),
        TOLD,
        story.Story(fault=fault("idle_timeout", clock=Clock.IDLE, span=30.0, reason="rule of idle")),
        story.Story(fault=fault("upstream_error", upstream=UpstreamError(502, "text/html", b"\xff<html>"))),
    ],
)
def test_what_is_packed_is_unpacked(told: story.Story) -> None:
    assert story.story_of(row_of(told=told)) == told


def test_a_lost_one_says_so_unless_it_said_why() -> None:
    assert story.story_of(row_of(State.LOST, TOLD)).fault is story.LOST
    cut = story.Story(fault=fault("gateway_draining"))
    assert story.story_of(row_of(State.LOST, cut)) == cut
    assert story.story_of(row_of(State.LOST, None)) == story.Story(fault=story.LOST)
    assert story.story_of(row_of(State.FAILED, None)) == story.Story()


@scene
async def test_the_story_grows_with_the_exchange() -> None:
    rig = Rig(Upstream(hangs))
    exchange = rig.make(CALL, FINISH)
    assert (story.story(exchange).channel, story.story(exchange).attempts) == (None, 0)
    rig.serve(exchange)
    told = story.story(exchange)
    assert (told.channel, told.upstream_dialect, told.upstream_model, told.attempts) == ("a", "plain", "model-a", 1)
    assert (told.scenario, told.phase) == ("chat", "sent")


@scene
async def test_how_a_running_one_stands() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", every=5)))
    exchange = rig.ask(FINISH).exchange
    await rig.until(1)
    told = story.state(exchange)
    assert list(told)[:5] == ["id", "object", "status", "phase", "created"]
    assert (told["status"], told["readers"], told["bytes"], told["complete"], told["fault"]) == (
        "running",
        1,
        6,
        True,
        None,
    )
    reader = exchange.join(lambda: None)
    await rig.until(11)
    told = story.state(exchange)
    assert (told["status"], told["phase"], told["bytes"]) == ("completed", "settled", 8)
    assert reader.behind


@with_store
async def test_the_store_tells_the_same(store: Store) -> None:
    here = Archive(store)
    visit = here.ask()
    visit.client.blocked = True
    here.finish(b"hello\n")
    visit.client.go()
    await here.keeper.quiet()
    row = await here.row(visit.exchange)
    stored = story.state_of(row) | story.answer_of(await store.results.find(row.id))
    here_now = story.state(visit.exchange)
    assert list(story.state_of(row)) == [name for name in here_now if name not in ("bytes", "complete")]
    as_json = msgspec.json.decode(msgspec.json.encode(stored))
    assert as_json == msgspec.json.decode(msgspec.json.encode(here_now))


@scene
async def test_what_is_not_kept_is_told_as_it_was() -> None:
    rig = Rig(Upstream(answers(b"hello\n", b".\n", after=10)))
    exchange = rig.ask(FINISH).exchange
    await rig.until(12)
    (entry,) = rig.entries
    then = story.state_then(entry)
    here = story.state(exchange) | {"bytes": 0, "complete": False}
    assert msgspec.json.encode(then) == msgspec.json.encode(here)


def test_a_stored_one_that_runs_is_where_only_its_owner_knows() -> None:
    told = story.state_of(row_of(State.RUNNING, TOLD))
    assert (told["status"], told["phase"], told["attempts"]) == ("running", "unknown", 2)


def test_why_it_failed() -> None:
    failed = fault("idle_timeout", clock=Clock.IDLE, span=30.0)
    told = story.state_of(row_of(State.FAILED, story.Story(fault=failed)))["fault"]
    assert (told["code"], told["clock"], told["side"], told["status"]) == ("idle_timeout", "idle", "upstream", 504)
    assert "30" in told["message"]
    lost = story.state_of(row_of(State.LOST, None))["fault"]
    assert (lost["code"], lost["clock"]) == ("exchange_lost", None)


def test_a_failure_has_its_diagnosis() -> None:
    failed = fault("idle_timeout", clock=Clock.IDLE, span=30.0, reason="rule of idle")
    known = story.Story(fault=failed, silence=30.0, upstream_model="m")
    told = story.state_of(row_of(State.FAILED, known))["diagnosis"]
    assert (told["cause"], told["side"], told["confidence"]) == ("idle_timeout", "upstream", "high")
    assert [each["why"] for each in told["evidence"]] == [
        "the clock `idle` ran out after 30s, set by: rule of idle",
        "the upstream was silent for up to 30s",
    ]
    assert told["confirm"] == ["outwait explain --model m"]
    assert story.state_of(row_of(State.COMPLETED, story.Story()))["diagnosis"] is None


@pytest.mark.parametrize("partial", [True, False])
def test_what_there_is_of_an_answer(partial: bool) -> None:
    assert story.answer_of(None) == {"bytes": 0, "complete": False}
    result = ResultRow("ow_1", Head(200, "x"), 7, 1.0, partial)
    assert story.answer_of(result) == {"bytes": 7, "complete": not partial}
