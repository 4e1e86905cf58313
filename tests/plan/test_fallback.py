"""Which models a call may go to: in the order of the list, never round in a circle, never beyond the key's rights."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Refusal
from outwait.core.principal import Principal
from outwait.core.request import Call
from outwait.plan.facts import Facts
from outwait.plan.fallback import Step, listed, offered, owner, steps
from outwait.plan.planner import Planner
from outwait.plan.routes import serves
from outwait.policy import globs

DEV = Principal("dev")
ALL = Channel("all", "openai", "http://h")


def _call(model: str, endpoint: str = "chat.completions") -> Call:
    return Call("openai", endpoint, model, stream=True, body=b"")


def _steps(
    model: str, *channels: Channel, principal: Principal = DEV, **fallback: tuple[str, ...]
) -> tuple[tuple[Step, ...], dict[str, str]]:
    return steps(_call(model), principal, Catalog(channels=channels, fallback=fallback))


def _models(found: tuple[Step, ...]) -> list[str]:
    return [step.call.model for step in found]


def test_without_a_list_there_is_the_asked_model_only() -> None:
    found, skipped = _steps("a", ALL, b=("c",))
    assert [(step.number, step.said, step.call.model) for step in found] == [(0, "", "a")]
    assert not skipped


def test_the_first_glob_that_fits_has_the_list() -> None:
    catalog = Catalog(fallback={"o3*": ("x", "y"), "o3-pro": ("z",)})
    assert listed("o3-pro", catalog) == ("x", "y")
    assert listed("gpt", catalog) == ()


def test_names_come_once_without_the_asked_one() -> None:
    assert listed("a", Catalog(fallback={"*": ("b", "a", "c", "b")})) == ("b", "c")


def test_lists_are_not_chained() -> None:
    found, _ = _steps("a", ALL, a=("b",), b=("c", "a"), c=("a",))
    assert _models(found) == ["a", "b"]


def test_each_step_is_judged_by_its_own_model() -> None:
    catalog = Catalog(channels=(ALL,), fallback={"gpt-*": ("o3", "claude-x")})
    found, _ = steps(_call("gpt-4o"), DEV, catalog)
    assert [(step.said, step.judged.scenario.name) for step in found] == [
        ("", "chat"),
        ("fallback 1", "reasoning"),
        ("fallback 2", "chat"),
    ]


def test_a_fallback_serves_where_the_asked_model_is_not_known() -> None:
    found, skipped = _steps("smart", replace(ALL, models=("b",)), smart=("a", "b"))
    assert [(step.number, step.call.model) for step in found] == [(2, "b")]
    assert list(skipped) == ["smart", "a"]


def test_a_fallback_serves_where_the_asked_model_has_no_such_endpoint() -> None:
    channels = (Channel("claude", "anthropic", "http://h", models=("a",)), replace(ALL, models=("b",)))
    catalog = Catalog(channels=channels, fallback={"a": ("b",)})
    found, skipped = steps(_call("a", "embeddings"), DEV, catalog)
    assert _models(found) == ["b"]
    assert "nothing for embeddings" in skipped["a"]


def test_a_key_without_the_right_to_the_asked_model_gets_no_fallback() -> None:
    with pytest.raises(Refusal) as told:
        _steps("a", ALL, principal=Principal("p", models=("b",)), a=("b",))
    assert told.value.fault.code == "permission_denied"


def test_a_fallback_that_the_key_may_not_use_is_passed_over() -> None:
    found, skipped = _steps("a", ALL, principal=Principal("p", models=("a", "c")), a=("b", "c"))
    assert _models(found) == ["a", "c"]
    assert skipped == {"b": "The key 'p' may not use the model 'b'."}


def test_when_nobody_is_served_the_refusal_is_that_of_the_asked_model() -> None:
    with pytest.raises(Refusal) as told:
        _steps("a", replace(ALL, models=("x",)), principal=Principal("p", models=("a", "c")), a=("b", "c"))
    assert told.value.fault.code == "model_not_found"
    assert "'a'" in told.value.fault.message


OFFER = Catalog(
    channels=(replace(ALL, models=("gpt-4o", "o3*")), Channel("two", "anthropic", "http://h", models=("claude",))),
    fallback={
        "smart": ("gone", "o3", "claude"),
        "wise": ("claude",),
        "lost": ("gone",),
        "s*": ("o3",),
        "gpt-4o": ("o3",),
    },
)


def test_a_name_that_only_a_fallback_serves_is_offered_too() -> None:
    assert offered(DEV, OFFER) == ("claude", "gpt-4o", "smart", "wise")
    assert offered(Principal("p", models=("smart", "wise", "o3")), OFFER) == ("smart",)
    assert offered(Principal("p", models=("o3",)), OFFER) == ()


def test_what_providers_list_is_offered_beside_it() -> None:
    told = {"all": ("o3", "o3-mini", "gpt-5"), "two": ("claude-2",)}
    assert offered(DEV, OFFER, told) == ("claude", "gpt-4o", "o3", "o3-mini", "smart", "wise")
    for name in offered(DEV, OFFER, told):
        owner(name, DEV, OFFER)
    open_to_all = replace(OFFER, channels=(replace(ALL, models=()),))
    assert offered(Principal("p", models=("wise", "g*")), open_to_all, {"all": ("wise", "gpt-5")}) == ("gpt-5", "wise")


def test_who_answers_for_a_name() -> None:
    assert owner("gpt-4o", DEV, OFFER).name == "all"
    assert owner("smart", DEV, OFFER).name == "all"
    assert owner("wise", DEV, OFFER).name == "two"


@pytest.mark.parametrize(
    "model, rights, code",
    [("lost", ("*",), "model_not_found"), ("wise", ("o3",), "permission_denied"), ("", ("*",), "invalid_value")],
)
def test_for_some_names_nobody_answers(model: str, rights: tuple[str, ...], code: str) -> None:
    with pytest.raises(Refusal) as told:
        owner(model, Principal("p", models=rights), OFFER)
    assert told.value.fault.code == code


NAMES = st.sampled_from(["a", "a1", "b", "c", "o3", "gpt-4o", "claude-x"])
GLOBS = st.sampled_from(["*", "a*", "b", "o3", "[ab]"])
TABLES = st.dictionaries(GLOBS, st.lists(NAMES, max_size=8).map(tuple), max_size=4)
RIGHTS = st.lists(GLOBS | NAMES, max_size=3).map(tuple)
CHANNELS = st.lists(
    st.builds(
        Channel,
        st.sampled_from(["one", "two", "three"]),
        st.sampled_from(["openai", "anthropic", "gemini"]),
        st.just("http://h"),
        models=st.lists(GLOBS | NAMES, max_size=2).map(tuple),
        model_map=st.dictionaries(NAMES, st.sampled_from(["m1", "m2"]), max_size=2),
        priority=st.integers(0, 2),
        weight=st.sampled_from([0.5, 1.0, 2.0]),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda channel: channel.name,
).map(tuple)


@given(NAMES, TABLES, RIGHTS, CHANNELS)
def test_order_rights_and_no_circles(
    model: str, table: dict[str, tuple[str, ...]], rights: tuple[str, ...], channels: tuple[Channel, ...]
) -> None:
    catalog = Catalog(channels=channels, fallback=table)
    principal = Principal("p", models=rights)
    wanted = (model, *listed(model, catalog))
    assert len(set(wanted)) == len(wanted)
    try:
        found, skipped = steps(_call(model), principal, catalog)
    except Refusal:
        usable = [name for name in wanted if globs.first(rights, name) is not None]
        assert model not in usable or not any(serves(channel, name) for channel in channels for name in usable)
        return
    models = _models(found)
    assert models
    assert models == [name for name in wanted if name in models]
    assert set(models) | set(skipped) == set(wanted)
    assert not set(models) & set(skipped)
    assert globs.first(rights, model) is not None
    assert all(globs.first(rights, name) is not None for name in models)
    for step in found:
        assert (step.number == 0) == (step.call.model == model)
        assert wanted[step.number] == step.call.model


@given(NAMES, TABLES, CHANNELS)
def test_tiers_are_dense_and_each_is_one_model_priority_and_way(
    model: str, table: dict[str, tuple[str, ...]], channels: tuple[Channel, ...]
) -> None:
    catalog = Catalog(channels=channels, fallback=table)
    try:
        plan = Planner(catalog).plan(Facts(_call(model), DEV))
    except Refusal:
        return
    tiers = [each.tier for each in plan.candidates]
    assert tiers == sorted(tiers)
    assert set(tiers) == set(range(tiers[-1] + 1))
    assert len({each.name for each in plan.candidates}) == len(tiers)
    priorities = {channel.name: channel.priority for channel in channels}
    for tier in set(tiers):
        group = [each for each in plan.candidates if each.tier == tier]
        assert len({(priorities[each.channel], each.dialect == "openai") for each in group}) == 1
        assert [each.weight for each in group] == sorted((each.weight for each in group), reverse=True)
