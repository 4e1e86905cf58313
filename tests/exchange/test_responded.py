"""What is kept of a response, and what is told of it meanwhile."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import fault
from outwait.core.plan import Candidate
from outwait.core.request import Call, State
from outwait.exchange import responded
from outwait.exchange.effects import Outcome
from outwait.exchange.handle import Handle
from outwait.exchange.story import Story, pack
from outwait.store import rows
from outwait.store.rows import ExchangeRow, Owner, ResponseEnd, ResponseRow

HEX = "05abcd0123456789abcdef"
OURS, IDENT = f"resp_{HEX}", f"ow_{HEX}"
NATIVE = Candidate("sim", "responses", "m", key=1, provider="openai")
ANSWER = json.dumps({"id": "resp_theirs", "object": "response", "status": "completed", "output": []}).encode()


def exchange(
    outcome: Outcome | None = Outcome.COMPLETED, *, state: State | None = None, body: str = "", **fields: Any
) -> Any:
    """An exchange as far as it is looked at."""
    asked = f'{{"model":"m","input":"Hi"{body}}}'.encode()
    call = Call("responses", "responses", "m", stream=False, body=asked, state=state or State(OURS))
    plain = {
        "id": IDENT,
        "key": "dev",
        "call": call,
        "started": 7.5,
        "fault": None,
        "announced": None,
        "candidate": NATIVE,
        "handle": None,
        "settled": outcome is not None,
        "machine": SimpleNamespace(outcome=outcome, number=1),
    }
    return SimpleNamespace(**(plain | fields))


def background(outcome: Outcome | None = Outcome.COMPLETED, **fields: Any) -> Any:
    return exchange(outcome, state=State(OURS, background=True), body=',"background":true', **fields)


def stored(**fields: Any) -> ResponseRow:
    row = responded.asked_row(background(None), 9.0)
    return msgspec.structs.replace(row, **fields)


def made(state: rows.State, **fields: Any) -> ExchangeRow:
    plain: dict[str, Any] = {"key": "dev", "fingerprint": b"", "dialect": "responses", "endpoint": "responses"}
    times = {"model": "m", "stream": False, "created": 7.0, "updated": 7.0, "expires": 9.0, "on_disconnect": "finish"}
    return ExchangeRow(IDENT, Owner(0, ""), **(plain | times | {"state": state} | fields))


@given(st.from_regex(r"ow_[0-9a-f]{22}", fullmatch=True))
def test_the_ids_lead_to_each_other(ident: str) -> None:
    assert responded.exchange_id(responded.response_id(ident)) == ident


@pytest.mark.parametrize("ident", ["resp_68af4030592c8190", f"{OURS}0", f"{OURS}\n", HEX, "", "resp_" + "G" * 22])
def test_an_id_that_somebody_else_gave_leads_nowhere(ident: str) -> None:
    assert responded.exchange_id(ident) is None


def test_a_background_response_is_queued_before_it_begins() -> None:
    asked = background(None)
    asked.call = msgspec.structs.replace(asked.call, body=b'{"input":"Hi","previous_response_id":"resp_0"}')
    row = responded.asked_row(asked, 9.0)
    assert (row.id, row.exchange, row.key, row.status, row.expires) == (OURS, IDENT, "dev", "queued", 9.0)
    assert (row.previous, row.request, row.output, row.created) == ("resp_0", asked.call.body, None, 7.5)
    (item,) = json.loads(row.input)
    assert (item["type"], item["content"]) == ("message", [{"type": "input_text", "text": "Hi"}])
    assert (stored().background, stored().stream) == (True, False)


def test_the_end_of_a_background_response_has_our_id() -> None:
    end = responded.ended_row(background(), ANSWER, 9.0)
    assert isinstance(end, ResponseEnd)
    assert (end.id, end.status, json.loads(end.output)["id"], end.handle) == (OURS, "completed", OURS, None)
    job = responded.ended_row(background(handle=Handle("sim", "resp_theirs", 17, 1)), ANSWER, 9.0)
    assert isinstance(job, ResponseEnd)
    assert msgspec.json.decode(job.handle or "", type=Handle) == Handle("sim", "resp_theirs", -1, 1)
    cancelled = responded.ended_row(background(Outcome.CANCELLED, fault=fault("cancelled")), b"", 9.0)
    assert isinstance(cancelled, ResponseEnd)
    assert (cancelled.status, json.loads(cancelled.output)["output"]) == ("cancelled", [])
    cut = responded.ended_row(background(Outcome.CANCELLED, fault=fault("gateway_draining")), b"", 9.0)
    assert isinstance(cut, ResponseEnd)
    assert cut.status == "failed"
    failed = responded.ended_row(background(Outcome.FAILED, fault=fault("upstream_reset")), b"", 9.0)
    assert isinstance(failed, ResponseEnd)
    assert (failed.status, json.loads(failed.output)["error"]["code"]) == ("failed", "server_error")


def test_an_answer_that_was_too_long_to_be_kept_is_a_failure_and_says_so() -> None:
    end = responded.ended_row(background(), b"", 9.0)
    assert isinstance(end, ResponseEnd)
    assert "too long" in json.loads(end.output)["error"]["message"]


def test_any_other_response_is_kept_whole_under_the_id_it_has() -> None:
    row = responded.ended_row(exchange(), ANSWER, 9.0)
    assert isinstance(row, ResponseRow)
    assert (row.id, row.exchange, row.status, row.background) == ("resp_theirs", IDENT, "completed", False)
    assert json.loads(row.output or b"")["id"] == "resp_theirs"
    assert responded.handle_of(row) == Handle("sim", "resp_theirs", key=1)


@pytest.mark.parametrize(
    "candidate, answer",
    [
        (None, ANSWER),
        (Candidate("sim", "openai", "m", provider="openai"), ANSWER),
        (Candidate("sim", "responses", "m", provider="vllm"), ANSWER),
        (NATIVE, ANSWER.replace(b'"resp_theirs"', b"null")),
    ],
)
def test_where_no_upstream_keeps_it_there_is_no_handle(candidate: Candidate | None, answer: bytes) -> None:
    row = responded.ended_row(exchange(candidate=candidate), answer, 9.0)
    assert isinstance(row, ResponseRow)
    assert responded.handle_of(row) is None


@pytest.mark.parametrize(
    "theirs, handle", [("resp_theirs", Handle("sim", "resp_theirs", key=1)), ("", None), (OURS, None)]
)
def test_under_an_id_that_a_heartbeat_told_it_still_leads_to_the_upstreams(theirs: str, handle: Handle | None) -> None:
    answer = ANSWER.replace(b"resp_theirs", OURS.encode())
    row = responded.ended_row(exchange(announced=SimpleNamespace(handle=theirs)), answer, 9.0)
    assert isinstance(row, ResponseRow)
    assert (row.id, row.exchange, json.loads(row.output or b"")["id"]) == (OURS, IDENT, OURS)
    assert responded.handle_of(row) == handle


@pytest.mark.parametrize(
    "given, body",
    [
        (exchange(Outcome.FAILED, fault=fault("upstream_reset")), b""),
        (exchange(Outcome.CANCELLED, fault=fault("cancelled")), ANSWER),
        (exchange(body=',"store":false'), ANSWER),
        (exchange(), b""),
        (exchange(), b"no JSON at all"),
    ],
)
def test_what_is_no_response_is_not_kept(given: Any, body: bytes) -> None:
    assert responded.ended_row(given, body, 9.0) is None


def test_a_response_whose_process_is_gone_has_failed_once() -> None:
    end = responded.lost_end(stored(), fault("exchange_lost"))
    assert end is not None
    assert (end.id, end.status, json.loads(end.output)["status"]) == (OURS, "failed", "failed")
    assert responded.lost_end(stored(status="completed"), fault("exchange_lost")) is None


@pytest.mark.parametrize("status", ["completed", "failed", "cancelled", "incomplete"])
def test_events_tell_of_background_responses_only(status: str) -> None:
    assert responded.event_type(background(), status) == f"response.{status}"
    assert responded.event_type(exchange(), status) is None
    plain = exchange()
    plain.call = msgspec.structs.replace(plain.call, state=None)
    assert responded.event_type(plain, status) is None


def test_what_runs_is_told_as_it_stands() -> None:
    running = background(None)
    assert json.loads(responded.told_now(running, b""))["status"] == "in_progress"
    running.machine.number = 0
    told = json.loads(responded.told_now(running, b""))
    assert (told["id"], told["status"], told["created_at"]) == (OURS, "queued", 7)
    assert json.loads(responded.told_now(background(), ANSWER))["status"] == "completed"


def test_what_came_back_from_the_store_is_told_under_its_id() -> None:
    back = background(Outcome.FAILED, fault=fault("upstream_reset"))
    back.call = msgspec.structs.replace(back.call, state=None)
    told = json.loads(responded.told_now(back, b""))
    assert (told["id"], told["background"]) == (OURS, True)


@pytest.mark.parametrize(
    "maker, status, word",
    [
        (made(rows.State.RUNNING), "queued", None),
        (made(rows.State.LOST), "failed", fault("exchange_lost").message),
        (None, "failed", fault("exchange_lost").message),
        (made(rows.State.COMPLETED), "failed", "no room to keep it"),
        (made(rows.State.FAILED, story=pack(Story(fault=fault("upstream_dns")))), "failed", "name could not be"),
        (made(rows.State.CANCELLED), "cancelled", None),
    ],
)
def test_a_row_without_an_answer_is_told_by_its_exchange(
    maker: ExchangeRow | None, status: str, word: str | None
) -> None:
    told = json.loads(responded.told_of(stored(), maker))
    assert (told["id"], told["status"]) == (OURS, status)
    assert responded.status_of(stored(), maker) == status
    assert (told["error"] is None) == (word is None)
    assert word is None or word in told["error"]["message"]


def test_a_row_with_an_answer_needs_nobody() -> None:
    row = stored(status="incomplete", output=b'{"id":"x"}')
    assert (responded.told_of(row, None), responded.status_of(row, None)) == (b'{"id":"x"}', "incomplete")


def test_the_call_of_a_stored_response_is_asked_again_under_its_id() -> None:
    call = responded.call_of(stored())
    assert (call.state, call.stream, call.body) == (State(OURS, background=True), False, stored().request)
