"""Every number of a plan comes out as a row with its reason."""

from __future__ import annotations

from dataclasses import replace

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Clock
from outwait.core.plan import Heartbeat, Hedge, Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.explain import Row, explain
from outwait.plan.facts import Facts
from outwait.plan.planner import Planner


def _plan(model: str = "gpt-4o", headers: dict[str, str] | None = None, **catalog: object) -> Plan:
    channels = (
        Channel("one", "openai", "http://127.0.0.1/v1"),
        Channel("two", "openai", "http://127.0.0.1/v1", priority=1, timeouts={"first_byte": 5, "total": 5}),
    )
    call = Call("openai", "chat.completions", model, stream=True, body=b"", headers=headers or {})
    return Planner(Catalog(**({"channels": channels} | catalog))).plan(Facts(call, Principal("dev")))  # type: ignore[arg-type]


def _by_name(plan: Plan) -> dict[str, Row]:
    return {f"{row.group} {row.name}": row for row in explain(plan)}


def test_every_clock_has_a_row_and_every_row_a_reason() -> None:
    rows = _by_name(_plan(headers={"x-stainless-read-timeout": "600"}))
    assert {f"clock {clock.value}" for clock in Clock} <= set(rows)
    assert all(row.reason for row in rows.values())
    assert rows["clock first_byte"] == Row("clock", "first_byte", "2m", "scenario chat", 120)
    assert rows["exchange scenario"].value == "chat"
    assert rows["exchange on_disconnect"].value == "linger:1m"
    assert rows["exchange patience"].seconds == 600
    assert rows["route 1"] == Row("route", "1", "one", "gpt-4o, streamed as asked (tier 0, weight 1)")
    assert rows["heartbeat every"].seconds == 15


def test_other_candidates_show_what_differs() -> None:
    rows = _by_name(_plan())
    assert rows["clock first_byte (two)"] == Row("clock", "first_byte (two)", "5s", "channel two", 5)
    assert "clock total (two)" not in rows  # the total runs over all attempts
    assert "clock idle (two)" not in rows


def test_a_plan_with_nothing_special() -> None:
    plan = _plan("o3-pro", preset="seed", heartbeat=Heartbeat(limit=600))
    bare = replace(plan, candidates=tuple(replace(item, timeouts=None) for item in plan.candidates), why={})
    rows = _by_name(bare)
    assert rows["exchange on_disconnect"] == Row("exchange", "on_disconnect", "finish", "")
    assert rows["clock growth"].value == "× 2, ..."
    assert rows["heartbeat limit"].seconds == 600
    assert rows["route 2"].reason == "o3-pro (tier 1, weight 1)"


def test_no_heartbeat() -> None:
    rows = _by_name(_plan(headers={"x-outwait-heartbeat": "off"}))
    assert rows["heartbeat mode"].value == "off"
    assert "heartbeat every" not in rows


def test_keys_tiers_and_fallbacks_are_told() -> None:
    channels = (
        Channel("one", "openai", "http://h", models=("gpt-*", "o3"), api_keys=("a", "b"), weight=2),
        Channel("two", "openai", "http://h", models=("gpt-4o",)),
    )
    call = Call("openai", "chat.completions", "gpt-4o", stream=True, body=b"")
    catalog = Catalog(channels=channels, fallback={"*": ("gone", "o3")}, sticky={"*": "conversation"})
    rows = _by_name(Planner(catalog).plan(Facts(call, Principal("dev"))))
    assert (rows["route 1"].value, rows["route 2"].value) == ("one", "two")
    assert rows["route 1"].reason == "gpt-4o, streamed as asked (tier 0, weight 2, 2 keys)"
    assert rows["route 2"].reason == "gpt-4o, streamed as asked (tier 0, weight 1)"
    assert rows["route 3"] == Row("route", "3", "one", "fallback 2, o3, streamed as asked (tier 1, weight 2, 2 keys)")
    assert rows["route gone"] == Row("route", "gone", "skipped", "No channel serves the model 'gone'.")
    assert rows["route sticky"] == Row("route", "sticky", "conversation", "config: *")
    assert rows["clock idle (one/o3)"].seconds == 300


def test_whether_it_is_hedged_is_told_where_that_is_switched_on() -> None:
    assert "exchange hedge" not in _by_name(_plan())
    told = _by_name(_plan(hedge=Hedge()))["exchange hedge"]
    assert told == Row("exchange", "hedge", "off", "none: no two endpoints are of the same tier")
    pair = tuple(Channel(name, "openai", "http://127.0.0.1/v1") for name in ("one", "two"))
    told = _by_name(_plan(hedge=Hedge(2), channels=pair))["exchange hedge"]
    assert told == Row("exchange", "hedge", "on", "one, beside an attempt without content after 2s")
