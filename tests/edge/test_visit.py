"""The ways a call is answered."""

from __future__ import annotations

import pytest
from tests.app.conftest import chat
from tests.edge.conftest import story
from tests.edge.test_serve_call import scene

from outwait.edge.visit import Visit

NAMED = chat("echo", stream=False).replace(b"host:", b"idempotency-key: q\r\nhost:")


@story
async def test_a_call_begins_an_exchange_and_a_second_one_of_its_name_joins_it() -> None:
    async with scene() as (door, model):
        first, second = await door.send(NAMED), await door.send(NAMED)
        assert (first.status, second.status) == (200, 200)
        assert first.headers["x-outwait-exchange"] == second.headers["x-outwait-exchange"]
        assert (first.headers.get("idempotent-replayed"), second.headers["idempotent-replayed"]) == (None, "true")
        assert len(model.calls) == 1


@story
async def test_a_refusal_is_told_in_the_clients_dialect_and_booked() -> None:
    async with scene() as (door, _):
        await door.send(NAMED)
        reply = await door.send(NAMED.replace(b'"echo"', b'"fast"'))
        assert (reply.status, reply.error["code"]) == (422, "idempotency_mismatch")
        assert [(entry.outcome, entry.key) for entry in door.entries] == [("refused", "dev")]


def test_a_call_without_a_name_has_no_use_for_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    begun: list[tuple[object, ...]] = []
    begin = Visit.begin

    def noted(self: Visit, *given: object) -> None:
        begun.append(given)
        begin(self)

    monkeypatch.setattr(Visit, "begin", noted)

    @story
    async def told() -> None:
        async with scene() as (door, _):
            assert (await door.chat("echo")).status == 200
            assert not list(door.gateway.door.registry.names())

    told()
    assert begun == [()]
