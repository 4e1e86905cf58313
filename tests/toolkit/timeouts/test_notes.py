from __future__ import annotations

import pytest

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.notes import near


def notes(**facts: object) -> tuple[Said, ...]:
    return advise(Facts(**facts)).notes  # type: ignore[arg-type] # named as the fields are


def test_nothing_is_said_where_nothing_is_wrong() -> None:
    assert notes(model="o3", behind=("nginx",)) == ()


def test_a_limit_of_silence_that_heartbeats_beat() -> None:
    (note,) = notes(model="o3", behind=("cloudflare", "nginx"))
    assert note.en.startswith("Cloudflare ends an answer after 100s of silence, and 1h1m cannot be had there")
    assert "every 20s" in note.en
    assert "Cloudflare 在静默 100s 后切断回答" in note.zh


def test_a_limit_of_silence_without_heartbeats_loses_answers() -> None:
    (note,) = notes(model="o3", behind=("cloudflare",), beats=False)
    assert "switch them on" in note.en
    assert "请开启心跳" in note.zh


def test_a_limit_of_the_whole_call_is_beaten_by_nothing() -> None:
    (note,) = notes(model="o3", behind=("api-gateway",))
    assert note.en.startswith("AWS API Gateway ends every call after 29s, heartbeats or not")
    assert "background: true" in note.zh


def test_a_maximum_counts_only_where_it_is_too_little() -> None:
    assert notes(model="o3", behind=("alb",)) == ()
    (note,) = notes(scenario="deep", behind=("alb",))
    assert "AWS ALB ends an answer after 1h6m40s" in note.en


def test_a_setting_that_no_snippet_has_is_said() -> None:
    (note,) = notes(model="o3", behind=("gcp-lb",))
    assert note.en == "Google Cloud Load Balancing: set to 1h30s (default 30s): timeoutSec of the backend service."
    assert note.zh.endswith("设为 1h30s（默认 30s）：timeoutSec of the backend service。")


@pytest.mark.parametrize("name", ["lighttpd", "istio", "linux-conntrack", "litellm-proxy"])
def test_what_waits_long_enough_as_it_comes_is_left_alone(name: str) -> None:
    assert notes(model="o3", behind=(name,)) == ()


@pytest.mark.parametrize(
    "name, told",
    [("aws-lambda", "15m (default 3s)"), ("cloud-run", "1h (default 5m)"), ("front-door", "4m (default 1m)")],
)
def test_what_goes_only_so_far_is_to_be_set_so_far(name: str, told: str) -> None:
    held, *settable = notes(model="o3", behind=(name,))
    assert "ends" in held.en
    assert f"set to {told}" in settable[0].en


def test_what_counts_events_is_told_too() -> None:
    (note,) = notes(model="o3", behind=("new-api",))
    assert note.en == "new-api: set to 1h30s (default 5m): STREAMING_TIMEOUT."


def test_a_way_around_is_no_setting() -> None:
    (note,) = notes(model="o3", behind=("firebase-hosting",))
    assert "ends every call after 1m" in note.en


def test_sound_has_no_heartbeats() -> None:
    (note,) = notes(scenario="audio")
    assert "no heartbeats" in note.en
    assert notes(scenario="audio", beats=False) == ()


@pytest.mark.parametrize(
    "model, name", [("gpt4o", "gpt-4"), ("mixtrel-8x7b", "mixtral"), ("grokk", "grok"), ("qwen", "qwen")]
)
def test_names_that_look_like_it(model: str, name: str) -> None:
    assert any(each.startswith(name) for each in near(model))


def test_a_name_like_no_other() -> None:
    assert near("zzzzzzzzzz") == ()
    (note,) = notes(model="zzzzzzzzzz")
    assert "Nearest" not in note.en
