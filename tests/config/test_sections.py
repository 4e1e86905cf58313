from typing import Any

import pytest
from pydantic import Field, ValidationError

from outwait.config.sections import (
    MOST_FALLBACKS,
    ChannelSection,
    Fallbacks,
    HeartbeatSection,
    KeySection,
    Match,
    RetrySection,
    Rule,
    Section,
    Sticks,
    TimeoutsSection,
)
from outwait.dialects.providers import PROVIDERS
from outwait.policy.scenarios import SCENARIOS


def channel(**fields: object) -> ChannelSection:
    return ChannelSection.model_validate({"name": "a", "base_url": "http://h/v1", **fields})


def refused(**fields: object) -> Any:
    with pytest.raises(ValidationError) as caught:
        channel(**fields)
    return caught.value.errors()[0]


def test_yaml_words_that_yaml_reads_as_booleans_are_words() -> None:
    assert HeartbeatSection.model_validate({"mode": False}).mode == "off"
    with pytest.raises(ValidationError):
        HeartbeatSection.model_validate({"mode": True})


@pytest.mark.parametrize("value, enabled", [(False, False), (True, True), ("off", False), ("On", True), ({}, True)])
def test_a_heartbeat_section_can_be_a_switch(value: object, enabled: bool) -> None:
    key = KeySection.model_validate({"name": "a", "key": "k", "heartbeat": value})
    assert key.heartbeat.enabled is enabled


def test_a_field_without_value_is_left_out_but_an_unknown_one_is_not() -> None:
    assert channel(api_key=None, timeouts=None).credentials() == ()
    with pytest.raises(ValidationError):
        channel(apikey=None)


def test_one_key_or_several_but_not_both() -> None:
    assert channel(api_key="a").credentials() == ("a",)
    assert channel(api_keys=["a", "b"]).credentials() == ("a", "b")
    with pytest.raises(ValidationError):
        channel(api_key="a", api_keys=["b"])


def test_upstream_stream_is_one_word_or_a_table() -> None:
    assert channel(upstream_stream="never").upstream_stream == {"*": "never"}
    assert channel(upstream_stream={"o3*": "always"}).upstream_stream == {"o3*": "always"}


def test_a_dialect_is_one_of_the_providers() -> None:
    assert channel(dialect=" Anthropic ").dialect == "anthropic"
    assert "'azure'" in refused(dialect="antropic")["ctx"]["expected"]
    assert refused(dialect=5)["loc"] == ("dialect",)


@pytest.mark.parametrize("name", sorted(PROVIDERS))
def test_every_provider_can_be_configured(name: str) -> None:
    provider = PROVIDERS[name]
    made = ChannelSection.model_validate(
        {"name": "a", "dialect": name, "endpoints": list(provider.ways)}
        | ({} if provider.base_url else {"base_url": "https://h"})
        | ({"region": "us-east-1"} if "{region}" in (provider.base_url or "") else {})
    )
    assert made.endpoints == tuple(provider.ways)
    assert made.base_url == (provider.base_url or "https://h").replace("{region}", "us-east-1")


def test_a_base_url_is_needed_where_there_is_no_usual_one() -> None:
    assert refused(base_url=None, dialect="vllm")["ctx"]["at"] == ("base_url",)
    assert refused(base_url=None, dialect="bedrock")["ctx"]["what"] == "is missing, and `region` too"
    assert refused(base_url=None, dialect="bedrock", region=5)["loc"] == ("region",)
    assert refused(base_url=None, dialect="no")["loc"] == ("dialect",)
    assert channel(base_url=None, dialect="vertex").base_url == "https://aiplatform.googleapis.com/v1"
    assert (
        channel(base_url=None, dialect="vertex", region="eu").base_url == "https://aiplatform.eu.rep.googleapis.com/v1"
    )


def test_endpoints_are_those_the_provider_has() -> None:
    assert channel(dialect="deepseek", endpoints="messages").endpoints == ("messages",)
    wrong = refused(dialect="deepseek", endpoints=["messages", "embeddings"])["ctx"]
    assert (wrong["what"], wrong["at"]) == ("deepseek has no `embeddings`", ("endpoints", 1))


@pytest.mark.parametrize(
    "fields, at",
    [
        ({"api_version": "2024-10-21"}, "api_version"),
        ({"region": "eu"}, "region"),
        ({"dialect": "bedrock", "project": "p"}, "project"),
        ({"credentials_file": __file__}, "credentials_file"),
        ({"dialect": "vertex", "credentials_file": __file__, "api_key": "k"}, "credentials_file"),
    ],
)
def test_what_means_nothing_to_a_provider_is_refused(fields: dict[str, object], at: str) -> None:
    assert refused(**fields)["ctx"]["at"] == (at,)


def test_the_parts_of_a_key_are_secrets_too() -> None:
    assert channel(dialect="bedrock", api_key="AK:secret:session").secrets() == (
        "AK:secret:session",
        "secret",
        "session",
    )


def test_spans_tell_only_what_was_given() -> None:
    assert channel(timeouts={"first_byte": "30m", "idle": 5}).timeouts.spans() == {"first_byte": 1800, "idle": 5}


def test_a_rule_sets_a_clock() -> None:
    with pytest.raises(ValidationError):
        Rule.model_validate({"match": {"model": "o3*"}})


def test_a_match_is_one_value_or_several() -> None:
    match = Match.model_validate({"model": ["o3*", "o4*"], "scenario": "Deep", "stream": "false"})
    assert match.given() == {"model": ("o3*", "o4*"), "scenario": "deep", "stream": False}
    assert Match().given() == {}


def test_the_floor_is_below_the_ceiling() -> None:
    TimeoutsSection.model_validate({"floor": {"idle": 5, "total": 9}, "ceiling": {"idle": 5}})
    with pytest.raises(ValidationError):
        TimeoutsSection.model_validate({"floor": {"idle": 6}, "ceiling": {"idle": 5}})


@pytest.mark.parametrize(
    "fields", [{"attempts": 0}, {"attempts": 11}, {"attempts": 1.5}, {"paid": {"chat": 2}}, {"paid": {"x": 0}}]
)
def test_what_is_no_retry_section(fields: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        RetrySection.model_validate(fields)


@pytest.mark.parametrize("attempts, fits", [(0, True), (1, True), (-1, False), (1.5, False)])
def test_attempts_in_flight_are_a_number_and_0_is_any(attempts: object, fits: bool) -> None:
    if fits:
        assert channel(max_in_flight=attempts).max_in_flight == attempts
    else:
        with pytest.raises(ValidationError):
            channel(max_in_flight=attempts)


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf")])
def test_weights_are_positive(weight: float) -> None:
    with pytest.raises(ValidationError):
        channel(weight=weight)


def test_the_scenarios_are_those_of_the_table() -> None:
    assert RetrySection.model_validate({"paid": dict.fromkeys(SCENARIOS, 0)}).paid == dict.fromkeys(SCENARIOS, 0)
    known = RetrySection.model_json_schema()["properties"]["paid"]["propertyNames"]["enum"]
    assert set(known) == set(SCENARIOS)


class Routed(Section):
    fallback: Fallbacks = Field(default_factory=dict)
    sticky: Sticks = Field(default_factory=dict)


def routed(**fields: object) -> Routed:
    return Routed.model_validate(fields)


def test_a_fallback_is_one_model_or_a_list_of_them() -> None:
    assert routed(fallback={"gpt-5": "o3", "c*": ["a", "b"]}).fallback == {"gpt-5": ("o3",), "c*": ("a", "b")}


@pytest.mark.parametrize(
    "models", [[], ["m"] * (MOST_FALLBACKS + 1), ["gpt-*"], ["x" * 257], [""], ["a b"], 5, {"a": "b"}]
)
def test_what_is_no_fallback(models: object) -> None:
    with pytest.raises(ValidationError):
        routed(fallback={"gpt-5": models})


@pytest.mark.parametrize(
    "value, told",
    [
        ("conversation", {"*": "conversation"}),
        (False, {"*": "off"}),
        ({"claude*": "Conversation", "*": False}, {"claude*": "conversation", "*": "off"}),
    ],
)
def test_sticky_is_one_word_or_a_table(value: object, told: dict[str, str]) -> None:
    assert routed(sticky=value).sticky == told


@pytest.mark.parametrize("value", ["user", True, {"a b": "off"}, ["off"]])
def test_what_is_not_sticky(value: object) -> None:
    with pytest.raises(ValidationError):
        routed(sticky=value)
