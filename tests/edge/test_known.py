"""A client is admitted and planned for once per head, as long as the configuration stays."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest
from tests.edge.conftest import CHANNEL, KEYS, house, story

from outwait.core.fault import Refusal
from outwait.core.request import Call
from outwait.dialects.table import DIALECTS
from outwait.edge.known import meet
from outwait.plan.planner import Planner
from outwait.wire.request import Request

OPENAI, GEMINI = DIALECTS["openai"], DIALECTS["gemini"]


def request(secret: str, **headers: str) -> Request:
    """A request as far as `meet` looks at one."""
    shown = {"authorization": f"Bearer {secret}", **headers}
    return cast("Request", SimpleNamespace(headers=shown, query="", memo=dict[str, Any]()))


def call(model: str, *, stream: bool = False) -> Call:
    return Call("openai", "chat.completions", model, stream, b"{}")


@story
async def test_the_same_head_is_met_once() -> None:
    async with house(CHANNEL + KEYS) as at:
        asked = request("ow-small")
        known = meet(at.gateway.door, OPENAI, asked)
        assert known.principal.name == "small"
        assert meet(at.gateway.door, OPENAI, asked) is known
        assert known.plan(call("m1")) is known.plan(call("m1"))
        assert known.plan(call("m1", stream=True)) is not known.plan(call("m1"))


@story
async def test_a_new_configuration_is_met_anew() -> None:
    async with house(CHANNEL + KEYS) as at:
        asked = request("ow-small")
        door = at.gateway.door
        known = meet(door, OPENAI, asked)
        door.planner = Planner(door.catalog)
        assert meet(door, OPENAI, asked) is not known


@story
async def test_what_is_refused_is_not_kept() -> None:
    async with house(CHANNEL + KEYS) as at:
        asked = request("nobody's")
        for _ in range(2):
            with pytest.raises(Refusal):
                meet(at.gateway.door, OPENAI, asked)
        known = meet(at.gateway.door, OPENAI, request("ow-small"))
        for _ in range(2):
            with pytest.raises(Refusal):
                known.plan(call("gpt-4o"))


@story
async def test_many_models_do_not_grow_the_memo() -> None:
    async with house(CHANNEL + KEYS) as at:
        known = meet(at.gateway.door, OPENAI, request("ow-" + "test" * 6))
        plans = [known.plan(call(f"gpt-{number}")) for number in range(40)]
        assert [plan.candidates[0].model for plan in plans[::39]] == ["gpt-0", "gpt-39"]
        assert len(known._plans) == 16


@pytest.mark.parametrize("query", ["key=ow-small", "alt=sse&key=ow%2Dsmall"])
@story
async def test_geminis_clients_may_give_their_key_in_the_query(query: str) -> None:
    async with house(CHANNEL + KEYS) as at:
        asked = cast("Request", SimpleNamespace(headers={}, query=query, memo=dict[str, Any]()))
        assert meet(at.gateway.door, GEMINI, asked).principal.name == "small"
        other = cast("Request", SimpleNamespace(headers={}, query=query, memo=dict[str, Any]()))
        with pytest.raises(Refusal):
            meet(at.gateway.door, OPENAI, other)


@story
async def test_a_query_without_a_key_gives_none() -> None:
    async with house(CHANNEL + KEYS) as at:
        asked = cast("Request", SimpleNamespace(headers={}, query="monkey=1&key=", memo=dict[str, Any]()))
        with pytest.raises(Refusal):
            meet(at.gateway.door, GEMINI, asked)
