from __future__ import annotations

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.notify.conftest import NOW, SECRET, counter, webhook

from outwait.config.webhooks import EVENTS
from outwait.notify import event
from outwait.notify.event import Unreadable, events_for, opened
from outwait.notify.schedule import KEPT


def test_each_webhook_that_wants_it_has_a_row_of_its_own() -> None:
    told = [webhook(name="a"), webhook(name="b", events="response.failed"), webhook(name="c", keys="app")]
    rows = events_for(told, "app", event.COMPLETED, "resp_1", NOW + 0.7, counter())
    assert [row.id for row in rows] == ["wh_0002", "wh_0003"]
    assert [opened(row)[0] for row in rows] == ["a", "c"]
    for row in rows:
        assert json.loads(opened(row)[1]) == {
            "id": "evt_0001",
            "object": "event",
            "created_at": int(NOW),
            "type": "response.completed",
            "data": {"id": "resp_1"},
        }
        assert row.url == "http://127.0.0.1:9/hook"
        assert (row.type, row.attempts, row.created) == ("response.completed", 0, NOW + 0.7)
        assert (row.next, row.expires) == (NOW + 0.7, NOW + 0.7 + KEPT)


def test_nobody_wants_it() -> None:
    def never() -> str:
        raise AssertionError

    assert events_for([], "app", event.FAILED, "resp_1", NOW, never) == ()
    assert events_for([webhook(keys="other")], "app", event.FAILED, "resp_1", NOW, never) == ()


def test_no_secret_is_in_a_row() -> None:
    (row,) = events_for([webhook(headers={"x": "hidden"})], "app", event.CANCELLED, "resp_1", NOW, counter())
    assert SECRET.removeprefix("whsec_").encode() not in msgspec.json.encode(row)
    assert b"hidden" not in msgspec.json.encode(row)


def test_the_names_are_those_of_the_configuration() -> None:
    assert {event.COMPLETED, event.FAILED, event.CANCELLED, event.INCOMPLETE} == set(EVENTS)


@given(st.text(st.characters(codec="utf-8")))
def test_the_body_is_kept_byte_for_byte(ident: str) -> None:
    (row,) = events_for([webhook()], "app", event.INCOMPLETE, ident, NOW, counter())
    body = opened(row)[1]
    assert body == opened(row)[1]
    assert json.loads(body)["data"]["id"] == ident


@pytest.mark.parametrize("payload", [b"", b"{}", b'{"webhook":1,"body":{}}', b'{"webhook":"a"}', b"\xff"])
def test_a_row_of_another_kind(payload: bytes) -> None:
    (row,) = events_for([webhook()], "app", event.COMPLETED, "resp_1", NOW, counter())
    with pytest.raises(Unreadable, match="cannot be read"):
        opened(msgspec.structs.replace(row, payload=payload))
