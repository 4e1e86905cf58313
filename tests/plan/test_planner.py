"""The whole plan: every decision, who made it, and that remembering plans changes none."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Catalog, Channel, RetryRule, TimeoutRule
from outwait.core.fault import Refusal
from outwait.core.plan import Heartbeat, Hedge, OnDisconnect, Plan
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan import planner as room
from outwait.plan.facts import Facts
from outwait.plan.planner import Planner

ONE = Channel("one", "openai", "http://127.0.0.1/v1")
TWO = Channel("two", "openai", "http://127.0.0.1/v1", priority=1, timeouts={"first_byte": 5, "total": 7})
DEV = Principal("dev")


def _facts(model: str = "gpt-4o", headers: dict[str, str] | None = None, **changes: Any) -> Facts:
    principal = changes.pop("principal", DEV)
    client, shape = changes.pop("client", ""), changes.pop("shape", {})
    call = Call("openai", "chat.completions", model, stream=True, body=b"", headers=headers or {})
    return Facts(msgspec.structs.replace(call, **changes), principal, client, shape)


def _plan(facts: Facts, **catalog: object) -> Plan:
    return Planner(Catalog(**({"channels": (ONE,)} | catalog))).plan(facts)  # type: ignore[arg-type]


def test_a_plain_chat() -> None:
    plan = _plan(_facts())
    assert plan.scenario == "chat"
    assert [(item.channel, item.model, item.streamed) for item in plan.candidates] == [("one", "gpt-4o", False)]
    assert plan.candidates[0].timeouts == plan.timeouts
    assert plan.timeouts.first_byte.seconds == 120
    assert (plan.retry.attempts, plan.retry.paid) == (3, 0.02)
    assert (plan.on_disconnect, plan.linger, plan.patience) == (OnDisconnect.LINGER, 60, None)
    assert plan.heartbeat == Heartbeat()
    assert plan.why == {
        "scenario": "model table: gpt-4*",
        "endpoint one/gpt-4o": "gpt-4o, streamed as asked",
        "retry": "3 attempts (config); up to 2.00% of requests may be risked twice (scenario chat)",
        "on_disconnect": "scenario chat",
    }


def test_a_slow_json_call_is_streamed_upstream() -> None:
    plan = _plan(_facts("o3", stream=False))
    assert plan.candidates[0].streamed
    assert plan.why["endpoint one/o3"] == "o3, streamed and folded: scenario reasoning is slow"
    assert plan.on_disconnect is OnDisconnect.FINISH
    assert plan.retry.paid == 0
    assert "never risked twice" in plan.why["retry"]


@pytest.mark.parametrize(
    "model, channel, changes, streamed, word",
    [
        ("gpt-4o", {}, {}, False, "scenario chat is quick"),
        ("gpt-4o", {"upstream_stream": "always"}, {}, True, "upstream_stream is always"),
        ("o3", {"upstream_stream": "never"}, {}, False, "upstream_stream is never"),
        ("o3", {"upstream_stream_models": {"o3*": "never"}}, {}, False, "upstream_stream of o3* is never"),
        ("o3", {"upstream_stream": "never", "upstream_stream_models": {"o3": "auto"}}, {}, True, "is slow"),
        ("o3", {"upstream_stream": "always"}, {"foldable": False}, False, "could not be folded"),
        ("o3", {}, {"stream": True}, False, "streamed as asked"),
    ],
)
def test_upstream_stream(model: str, channel: dict, changes: dict, streamed: bool, word: str) -> None:
    plan = _plan(_facts(model, **({"stream": False} | changes)), channels=(replace(ONE, **channel),))
    assert plan.candidates[0].streamed is streamed
    assert word in plan.why[f"endpoint one/{model}"]


def test_a_streamed_chat_reply_is_timed_as_a_stream() -> None:
    whole = _plan(_facts(stream=False))
    folded = _plan(_facts(stream=False), channels=(replace(ONE, upstream_stream="always"),))
    assert (whole.timeouts.first_byte.seconds, folded.timeouts.first_byte.seconds) == (600, 120)


def test_each_candidate_has_its_channels_spans() -> None:
    plan = _plan(_facts(), channels=(TWO, ONE))
    assert [item.channel for item in plan.candidates] == ["one", "two"]
    spans = [item.timeouts for item in plan.candidates]
    assert [item.first_byte.seconds for item in spans if item] == [120, 5]
    assert plan.timeouts.total.seconds == 900  # one total for all attempts: the first candidate's


def test_rules_channel_key_and_header_in_that_order() -> None:
    key = Principal("dev", timeouts={"first_byte": 40, "idle": 40})
    plan = _plan(
        _facts(headers={"x-outwait-timeout-idle": "50s"}, principal=key),
        channels=(replace(TWO, timeouts={"first_byte": 30, "idle": 30, "write": 30.5}),),
        rules=(TimeoutRule("r", {"scenario": "chat"}, {"first_byte": 20, "idle": 20, "write": 20, "connect": 20}),),
        ceiling={"idle": 45},
    )
    spans = plan.timeouts
    assert [spans.connect.reason, spans.write.reason, spans.first_byte.reason] == ["rule r", "channel two", "key dev"]
    assert spans.idle.seconds == 45
    assert "held to the ceiling" in spans.idle.reason


def test_the_heartbeat_of_key_client_and_header() -> None:
    key = Principal("dev", heartbeat={"after": 5.0})
    plan = _plan(
        _facts(
            headers={"x-outwait-heartbeat": "every=4s", "x-stainless-read-timeout": "9"},
            principal=key,
            client="okhttp",
            shape={"json_after": 5.0},
        )
    )
    beat = plan.heartbeat
    assert (beat.after, beat.json_after, beat.every) == (3, 3, 3)
    assert beat.reason.startswith("built-in; client okhttp (json_after); key dev (after); header x-outwait-heartbeat")
    assert plan.patience == 9
    assert plan.why["patience"] == "the client gives up after 9s (x-stainless-read-timeout)"


@pytest.mark.parametrize(
    "headers, key, catalog, expected",
    [
        ({}, None, {}, (OnDisconnect.LINGER, 60, "scenario chat")),
        ({}, None, {"chat": "finish"}, (OnDisconnect.FINISH, 60, "config: chat")),
        ({}, None, {"chat": "finish", "gpt-*": "linger:5s"}, (OnDisconnect.LINGER, 5, "config: gpt-*")),
        ({}, None, {"*": "finish", "chat": "cancel"}, (OnDisconnect.CANCEL, 60, "config: chat")),
        ({}, None, {"*": "finish", "gpt-*": "cancel", "chat": "linger"}, (OnDisconnect.CANCEL, 60, "config: gpt-*")),
        ({}, None, {"*": "finish", "deep": "cancel"}, (OnDisconnect.FINISH, 60, "config: *")),
        ({}, None, {"deep": "cancel"}, (OnDisconnect.LINGER, 60, "scenario chat")),
        ({}, "linger:90s", {"chat": "finish"}, (OnDisconnect.LINGER, 90, "key dev")),
        (
            {"x-outwait-on-disconnect": "cancel"},
            "finish",
            {"chat": "finish"},
            (OnDisconnect.CANCEL, 60, "header x-outwait-on-disconnect"),
        ),
        (
            {"x-outwait-on-disconnect": "linger:2m"},
            None,
            {},
            (OnDisconnect.LINGER, 120, "header x-outwait-on-disconnect"),
        ),
    ],
)
def test_on_disconnect(headers: dict, key: str | None, catalog: dict, expected: tuple) -> None:
    plan = _plan(_facts(headers=headers, principal=replace(DEV, on_disconnect=key)), on_disconnect=catalog)
    assert (plan.on_disconnect, plan.linger, plan.why["on_disconnect"]) == expected


@pytest.mark.parametrize(
    "header, value",
    [
        ("x-outwait-on-disconnect", "stay"),
        ("x-outwait-heartbeat", "loud"),
        ("x-outwait-timeout-total", "soon"),
        ("x-outwait-timeout-patience", "5s"),
    ],
)
def test_a_bad_header_is_refused_by_name(header: str, value: str) -> None:
    with pytest.raises(Refusal) as told:
        _plan(_facts(headers={header: value}))
    assert (told.value.fault.code, told.value.fault.param) == ("invalid_value", header)
    assert header in told.value.fault.message


def test_retries_of_configuration_and_preset() -> None:
    plan = _plan(_facts(), retry=RetryRule(attempts=2, paid={"chat": 0.5}))
    assert (plan.retry.attempts, plan.retry.paid) == (2, 0.5)
    assert plan.why["retry"] == "2 attempts (config); up to 50.00% of requests may be risked twice (config)"
    seed = _plan(_facts("o3"), preset="seed")
    assert (seed.retry.attempts, seed.retry.base_transport, seed.retry.base_overload) == (2, 1, 1)
    assert "2 attempts (preset seed)" in seed.why["retry"]
    assert seed.timeouts.growth == 1


def test_the_operators_scenarios() -> None:
    assert _plan(_facts("silent-20s"), scenarios={"silent-*": "deep"}).scenario == "deep"


def test_an_equal_request_gets_the_same_plan_and_a_different_one_does_not() -> None:
    planner = Planner(Catalog(channels=(ONE,)))
    plan = planner.plan(_facts())
    assert planner.plan(_facts(body=b"another", headers={"user-agent": "x"})) is plan
    assert planner.plan(_facts(principal=Principal("dev"))) is not plan  # another key of the same name
    different: list[Facts] = [
        _facts("o3"),
        _facts(stream=False),
        _facts(stream=False, foldable=False),
        _facts(effort="high"),
        _facts(client="okhttp", shape={"after": 5.0}),
        _facts(headers={"x-stainless-read-timeout": "30"}),
        _facts(headers={"x-outwait-heartbeat": "5s"}),
    ]
    plans = [planner.plan(facts) for facts in different]
    assert len({id(item) for item in [plan, *plans]}) == len(plans) + 1


def test_the_memory_is_bounded_and_never_holds_long_strings() -> None:
    planner = Planner(Catalog(channels=(ONE,)))
    for number in range(room.CACHE + 10):
        planner.plan(_facts(f"model-{number}"))
    assert len(planner._kept) == room.CACHE
    first = planner.plan(_facts(headers={"x-outwait-something": "x" * 65}))
    assert planner.plan(_facts(headers={"x-outwait-something": "x" * 65})) is not first
    planner.plan(_facts(effort="x" * 65))
    assert len(planner._kept) == room.CACHE
    assert not any("x" * 65 in repr(key) for key in planner._kept)


REQUESTS = st.builds(
    _facts,
    st.sampled_from(["gpt-4o", "o3", "o3-pro", "mine"]),
    st.dictionaries(
        st.sampled_from(["x-outwait-heartbeat", "x-outwait-timeout-total", "x-stainless-read-timeout", "accept"]),
        st.sampled_from(["5s", "7"]),
    ),
    stream=st.booleans(),
    effort=st.sampled_from([None, "high", "none"]),
    foldable=st.booleans(),
    principal=st.sampled_from([DEV, Principal("other", on_disconnect="cancel")]),
)


@given(st.lists(REQUESTS, max_size=12))
def test_remembering_changes_no_decision(requests: list[Facts]) -> None:
    catalog = Catalog(channels=(ONE, TWO))
    planner = Planner(catalog)
    for facts in requests:
        assert planner.plan(facts) == Planner(catalog).plan(facts)


def test_a_channel_is_one_candidate_with_all_its_keys() -> None:
    first, second = replace(ONE, api_keys=("k1", "k2", "k3"), weight=2.5), TWO
    plan = _plan(_facts(), channels=(first, second))
    assert [(each.name, each.key, each.keys, each.weight) for each in plan.candidates] == [
        ("one/gpt-4o", 0, 3, 2.5),
        ("two/gpt-4o", 0, 1, 1.0),
    ]
    assert plan.public == "gpt-4o"


def test_tiers_are_priorities_and_in_each_those_that_need_no_translation_come_first() -> None:
    channels = (
        Channel("last", "openai", "http://h", priority=7),
        Channel("other", "anthropic", "http://h", weight=9),
        Channel("light", "openai", "http://h"),
        Channel("heavy", "openai", "http://h", weight=3),
        Channel("third", "gemini", "http://h", priority=7),
    )
    plan = _plan(_facts(), channels=channels)
    assert [(each.channel, each.tier) for each in plan.candidates] == [
        ("heavy", 0),
        ("light", 0),
        ("other", 1),
        ("last", 2),
        ("third", 3),
    ]


FALLBACKS = (
    replace(ONE, models=("gpt-*",)),
    Channel("claude", "anthropic", "http://h", models=("claude-*",), timeouts={"idle": 77}),
    Channel("all", "openai", "http://h", priority=3, upstream_stream="never"),
)


def test_a_fallback_has_its_own_model_clocks_and_way_of_being_asked() -> None:
    plan = _plan(_facts(stream=False), channels=FALLBACKS, fallback={"gpt-*": ("claude-opus-4-8", "o3-pro")})
    assert [(each.name, each.tier, each.streamed) for each in plan.candidates] == [
        ("one/gpt-4o", 0, False),
        ("all/gpt-4o", 1, False),
        ("claude/claude-opus-4-8", 2, False),
        ("all/claude-opus-4-8", 3, False),
        ("all/o3-pro", 4, False),
    ]
    spans = {each.name: each.timeouts for each in plan.candidates}
    assert spans["claude/claude-opus-4-8"].idle.seconds == 77  # type: ignore[union-attr]  # every candidate has its own
    assert spans["all/o3-pro"].first_byte.reason == "scenario deep"  # type: ignore[union-attr]
    assert (plan.scenario, plan.public, plan.timeouts.total.seconds) == ("chat", "gpt-4o", 900)
    assert plan.why["endpoint claude/claude-opus-4-8"].startswith(
        "fallback 1, claude-opus-4-8, translated to messages, not streamed"
    )
    assert plan.why["endpoint all/o3-pro"] == (
        "fallback 2, o3-pro, translated to responses, not streamed: upstream_stream is never"
    )


def test_a_slow_fallback_is_streamed_upstream_for_a_quick_model() -> None:
    plan = _plan(_facts(stream=False), channels=(ONE,), fallback={"*": ("o3",)})
    assert [(each.model, each.streamed, each.unstreamed is None) for each in plan.candidates] == [
        ("gpt-4o", False, True),
        ("o3", True, False),
    ]


def test_what_may_be_risked_twice_is_the_strictest_share_of_all_models() -> None:
    strict = _plan(_facts(), fallback={"*": ("o3",)})
    assert (strict.retry.attempts, strict.retry.paid) == (3, 0)
    assert strict.why["retry"] == "3 attempts (config); never risked twice (scenario reasoning of o3)"
    own = _plan(_facts("o3"), fallback={"*": ("gpt-4o",)})
    assert own.retry.paid == 0
    assert own.why["retry"].endswith("(scenario reasoning)")
    told = _plan(_facts(), fallback={"*": ("o3",)}, retry=RetryRule(paid={"reasoning": 0.01}))
    assert told.retry.paid == 0.01
    assert told.why["retry"].endswith("(config of o3)")


def test_the_first_model_that_is_served_has_the_say() -> None:
    plan = _plan(_facts("smart"), channels=FALLBACKS[:2], fallback={"smart": ("gone", "gpt-5", "claude-haiku")})
    assert [each.name for each in plan.candidates] == ["one/gpt-5", "claude/claude-haiku"]
    assert (plan.scenario, plan.public, plan.on_disconnect) == ("reasoning", "smart", OnDisconnect.FINISH)
    assert plan.why["skipped smart"].startswith("No channel serves the model 'smart'.")
    assert "skipped gone" in plan.why


def test_an_endpoint_stands_in_a_plan_once() -> None:
    alias = replace(ONE, model_map={"gpt-latest": "gpt-4o"})
    plan = _plan(_facts(), channels=(alias,), fallback={"gpt-4o": ("gpt-latest", "gpt-4o-mini")})
    assert [(each.name, each.tier) for each in plan.candidates] == [("one/gpt-4o", 0), ("one/gpt-4o-mini", 1)]


@pytest.mark.parametrize(
    "model, endpoint, sticky, why",
    [
        ("gpt-4o", "chat.completions", True, "config: gpt-*"),
        ("o3", "chat.completions", False, None),
        ("other", "chat.completions", False, None),
        ("gpt-4o", "embeddings", False, None),
    ],
)
def test_conversations_stick_where_the_configuration_says_so(
    model: str, endpoint: str, sticky: bool, why: str | None
) -> None:
    plan = _plan(_facts(model, endpoint=endpoint), sticky={"gpt-*": "conversation", "o3": "off"})
    assert (plan.sticky, plan.why.get("sticky")) == (sticky, why)


PAIR = (ONE, replace(ONE, name="pair"))
HEDGED = [
    ("gpt-4o", True, {}, "one, beside an attempt without content after the usual time"),
    ("gpt-4o", False, {}, "none: chat is not hedged as a whole reply"),
    ("o3", True, {}, "none: reasoning is not hedged as a stream"),
    ("text-embedding-3-small", True, {}, "one, beside an attempt without content after the usual time"),
    ("text-embedding-3-small", False, {}, "one, beside an attempt without content after the usual time"),
    ("gpt-4o", True, {"fallback": {"*": ("o3",)}}, "none: reasoning is not hedged as a stream"),
    (
        "gpt-4o",
        True,
        {"fallback": {"*": ("gpt-4o-mini",)}},
        "one, beside an attempt without content after the usual time",
    ),
    ("gpt-4o", True, {"channels": (ONE,)}, "none: no two endpoints are of the same tier"),
    ("gpt-4o", True, {"channels": (ONE, TWO)}, "none: no two endpoints are of the same tier"),
    ("gpt-4o", True, {"retry": RetryRule(paid={"chat": 0.0})}, "none: never risked twice"),
    ("o3", True, {"retry": RetryRule(paid={"reasoning": 1.0})}, "none: reasoning is not hedged as a stream"),
    ("gpt-4o", True, {"hedge": Hedge(1.5)}, "one, beside an attempt without content after 1.5s"),
]


@pytest.mark.parametrize("model, stream, catalog, why", HEDGED)
def test_what_is_hedged(model: str, stream: bool, catalog: dict[str, Any], why: str) -> None:
    catalog = {"channels": PAIR, "hedge": Hedge(), **catalog}
    plan = _plan(_facts(model, stream=stream), **catalog)
    assert plan.why["hedge"] == why
    assert plan.hedge == (catalog["hedge"] if why.startswith("one") else None)


def test_nothing_is_hedged_unless_it_is_switched_on() -> None:
    plan = _plan(_facts(), channels=PAIR)
    assert plan.hedge is None
    assert "hedge" not in plan.why
