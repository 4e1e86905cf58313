"""How a call goes on with an earlier response: by whom, and with what."""

from __future__ import annotations

import asyncio
import json
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest
from tests.edge.test_responses import HEX, maker, row

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate, Plan, Span, Timeouts
from outwait.core.request import Call
from outwait.edge import continuing
from outwait.edge.continuing import Continued, continued, elsewhere
from outwait.exchange.handle import Handle
from outwait.store.rows import Conversation, ExchangeRow, ResponseRow, State


def spans(seconds: float) -> Timeouts:
    each = Span(seconds, "test")
    return Timeouts(each, each, each, each, each, each, each)


SPANS, LONGER = spans(1.0), spans(2.0)
CHAT = Candidate("chat", "openai", "m", timeouts=LONGER)
NATIVE = Candidate("native", "responses", "m")
OTHER = Candidate("other", "responses", "m", timeouts=LONGER)
BODY = b'{"model":"m","input":"Two","previous_response_id":"resp_x"}'
DONE = json.dumps({"id": "resp_x", "output": [{"type": "message", "role": "assistant", "content": []}]}).encode()
ASKED = b'[{"type":"message","role":"user","content":[{"type":"input_text","text":"One"}]}]'


def plan(*candidates: Candidate) -> Plan:
    return Plan("chat", candidates, SPANS)


def ended(**fields: Any) -> ResponseRow:
    return row(**({"status": "completed", "output": DONE, "input": ASKED} | fields))


def handle(channel: str) -> str:
    return msgspec.json.encode(Handle(channel, "resp_theirs")).decode()


def go_on(found: Conversation, given: Plan, body: bytes = BODY, *, kept: ExchangeRow | None = None) -> Continued:
    async def conversation(ident: str, key: str) -> Conversation:
        assert (ident, key) == ("resp_x", "dev")
        return found

    async def find(ident: str, key: str) -> ExchangeRow | None:
        assert (ident, key) == (f"ow_{HEX}", "dev")
        return kept

    store = SimpleNamespace(responses=SimpleNamespace(conversation=conversation))
    keeper: Any = SimpleNamespace(store=store, find=find)
    return asyncio.run(continued(keeper, "dev", Call("responses", "responses", "m", False, body), given, "resp_x"))


def refused(*given: Any, **more: Any) -> tuple[int, str, str, str | None]:
    with pytest.raises(Refusal) as raised:
        go_on(*given, **more)
    failed = raised.value.fault
    return failed.status, failed.code, failed.message, failed.param


def test_what_is_not_kept_here_is_its_upstreams_to_know() -> None:
    for found in (go_on(Conversation((), "resp_x"), plan(CHAT, OTHER, NATIVE)), elsewhere(plan(CHAT, OTHER), "resp_x")):
        assert found.plan.candidates[0] is OTHER
        assert CHAT not in found.plan.candidates
        assert found.plan.timeouts is LONGER
        assert found[1:] == (None, "", "")
    told = (400, "previous_response_not_found", "Previous response with id 'resp_x' not found.", "previous_response_id")
    assert refused(Conversation((), "resp_x"), plan(CHAT)) == told


def test_what_is_kept_here_is_written_out_for_anybody() -> None:
    given = plan(CHAT, NATIVE)
    found = go_on(Conversation((ended(),)), given)
    assert (found.plan, found.channel, found.upstream) == (given, "", "")
    told = json.loads(found.body or b"")
    assert "previous_response_id" not in told
    assert [item.get("role") for item in told["input"]] == ["user", "assistant", "user"]


def test_the_upstream_that_has_it_comes_first() -> None:
    found = go_on(Conversation((ended(handle=handle("native")),)), plan(CHAT, OTHER, NATIVE))
    assert [candidate.channel for candidate in found.plan.candidates] == ["native", "chat", "other"]
    assert [candidate.tier for candidate in found.plan.candidates] == [0, 1, 1]
    assert found.plan.timeouts is SPANS  # its own are the plan's
    assert (found.channel, found.upstream) == ("native", "resp_theirs")
    assert found.body is not None
    failed = go_on(Conversation((ended(handle=handle("native"), status="failed"),)), plan(CHAT, NATIVE))
    assert (failed.plan.candidates, failed.channel) == ((CHAT, NATIVE), "")
    gone = go_on(Conversation((ended(handle=handle("gone")),)), plan(CHAT, NATIVE))
    assert (gone.plan.candidates, gone.channel) == ((CHAT, NATIVE), "")


def test_of_a_broken_conversation_only_its_upstream_knows_all() -> None:
    broken = Conversation((ended(handle=handle("native")),), "resp_gone")
    found = go_on(broken, plan(CHAT, NATIVE))
    assert (found.plan.candidates, found.body, found.channel) == ((NATIVE,), None, "native")
    for again in (refused(broken, plan(CHAT)), refused(Conversation((ended(),), "resp_gone"), plan(CHAT, NATIVE))):
        status, code, message, param = again
        assert (status, code, param) == (400, "previous_response_not_found", "previous_response_id")
        assert "'resp_gone'" in message


def test_what_is_too_long_goes_where_it_is_known_or_nowhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(continuing, "LARGEST", 100)
    found = go_on(Conversation((ended(handle=handle("native")),)), plan(CHAT, NATIVE))
    assert (found.plan.candidates, found.body) == ((NATIVE,), None)
    status, code, message, _ = refused(Conversation((ended(),)), plan(CHAT, NATIVE))
    assert (status, code) == (400, "context_length_exceeded")
    assert "at most 100" in message


def test_one_that_is_still_being_made_cannot_be_continued() -> None:
    status, _, message, param = refused(Conversation((row(),)), plan(CHAT), kept=maker(State.RUNNING))
    assert (status, param) == (400, "previous_response_id")
    assert "'resp_x' is queued" in message


def test_one_that_was_lost_is_continued_with_what_was_asked() -> None:
    found = go_on(Conversation((row(input=ASKED),)), plan(CHAT), kept=maker(State.LOST))
    assert [item["role"] for item in json.loads(found.body or b"")["input"]] == ["user", "user"]


def test_one_that_cannot_be_read_is_told_so() -> None:
    status, code, message, _ = refused(Conversation((ended(input=b"[", output=b"{}"),)), plan(CHAT))
    assert (status, code) == (400, fault("bad_request").code)
    assert "cannot be read" in message
