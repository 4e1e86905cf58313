from __future__ import annotations

import pytest

from outwait.core.fault import Clock
from outwait.policy.presets import PRESETS, SEED
from outwait.policy.scenarios import SCENARIOS
from outwait.policy.timeouts import Layer
from outwait.toolkit.timeouts.advice import Advice, Facts, Place, advise


def seconds(advice: Advice, *clocks: str) -> list[float]:
    return [advice.timeouts.of(Clock(clock)).seconds for clock in clocks]


def test_a_model_has_the_spans_of_its_scenario() -> None:
    advice = advise(Facts(model="o3"))
    row = SCENARIOS["reasoning"]
    assert (advice.scenario, advice.why) == ("reasoning", "model table: o[1-9]")
    assert seconds(advice, "connect", "write", "first_byte", "idle", "total") == [
        row.connect,
        row.write,
        row.first_byte,
        row.idle,
        row.total,
    ]
    assert advice.timeouts.total.reason == "scenario reasoning"
    assert advice.both
    assert not advice.notes


def test_a_scenario_by_name_overrules_the_model() -> None:
    advice = advise(Facts(model="o3", scenario="chat"))
    assert (advice.scenario, advice.why) == ("chat", "named")


def test_effort_makes_a_chat_model_think() -> None:
    assert advise(Facts(model="gpt-4o", effort="high")).scenario == "reasoning"


def test_a_reply_that_is_not_streamed_waits_for_its_last_word() -> None:
    whole, streamed = advise(Facts(model="gpt-4o", stream=False)), advise(Facts(model="gpt-4o"))
    assert seconds(whole, "first_byte") == [SCENARIOS["chat"].whole]
    assert seconds(streamed, "first_byte") == [SCENARIOS["chat"].first_byte]
    assert not whole.both
    assert not streamed.both


def test_an_unknown_model_waits_long_and_is_told_so() -> None:
    advice = advise(Facts(model="mixtrel-8x7b"))
    assert advice.scenario == "unknown"
    (note,) = advice.notes
    assert "mixtrel-8x7b" in note.en
    assert "mixtral" in note.en
    assert "mixtral" in note.zh


@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("scenario", SCENARIOS)
def test_every_scenario_of_every_preset(scenario: str, preset: str) -> None:
    advice = advise(Facts(scenario=scenario, preset=preset))
    assert advice.timeouts.growth == PRESETS[preset].growth
    assert advice.retry.attempts == PRESETS[preset].attempts.get(scenario, 3)
    assert advice.retries == advice.retry.attempts - 1
    assert advice.retry.paid == SCENARIOS[scenario].paid
    assert advice.drain == advice.timeouts.total.seconds


def test_the_classic_preset_pauses_as_it_says() -> None:
    assert advise(Facts(scenario="chat", preset="seed")).retry.base_overload == SEED.base
    assert advise(Facts(scenario="chat")).retry.base_transport == 0.05


def test_nobody_is_there_for_what_does_not_exist() -> None:
    with pytest.raises(KeyError):
        advise(Facts(scenario="coffee"))
    with pytest.raises(KeyError):
        advise(Facts(model="o3", preset="none"))


def test_what_was_measured_wins_and_is_rounded_up() -> None:
    learned = (Layer("learned at a/o3 from 512 waits", {"first_byte": 1003.2, "idle": 0.2004}),)
    advice = advise(Facts(model="o3", learned=learned))
    assert seconds(advice, "first_byte", "first_token", "idle", "total") == [1004, 1004, 0.201, 3600]
    assert advice.timeouts.first_byte.reason == "learned at a/o3 from 512 waits"


def test_total_makes_room_for_what_was_measured() -> None:
    advice = advise(Facts(model="gpt-4o", learned=(Layer("measured", {"first_byte": 3000}),)))
    assert seconds(advice, "total") == [3000 + 10 + 10 + 30]
    assert advice.timeouts.total.reason == "room for the longest wait"
    assert advice.chain.gateway.total == 3050


def test_heartbeats_fit_three_times_into_the_shortest_silence() -> None:
    plain = advise(Facts(model="o3")).heartbeat
    assert (plain.after, plain.json_after, plain.every) == (10, 20, 15)
    tight = advise(Facts(model="o3", behind=("heroku",))).heartbeat
    assert (tight.after, tight.json_after, tight.every) == (10, 10, 10)
    assert "a third of the 30s of silence that heroku allows" in tight.reason
    assert advise(Facts(model="o3", behind=("api-gateway",))).heartbeat.every == 15  # heartbeats do not help there
    asked = advise(Facts(model="o3", every=5.0)).heartbeat
    assert (asked.after, asked.json_after, asked.every) == (5, 5, 5)
    assert not advise(Facts(model="o3", beats=False)).heartbeat.enabled


def test_scaled_down_everything_but_the_shortest_heartbeat_shrinks_alike() -> None:
    advice = advise(Facts(model="o3", scale=1 / 60))
    assert seconds(advice, "first_byte", "idle", "total") == [15, 5, 60]
    assert advice.chain.margin == 0.5
    assert advice.heartbeat.every == 1.0


def test_a_gateway_is_stopped_within_a_day() -> None:
    advice = advise(Facts(model="o3", learned=(Layer("measured", {"first_byte": 200_000}),)))
    assert advice.drain == 86_400


def test_places_are_passed_on_and_an_edge_can_be_looked_at() -> None:
    place = Place("10.0.0.1:1", 2, "https://llm.example.com")
    advice = advise(Facts(model="o3", place=place, behind=("haproxy", "nginx")))
    assert advice.place is place
    assert advice.at("haproxy").chain.edge.name == "haproxy"
    assert (advice.at("nginx").place.gateway, advice.at("nginx").place.listen) == ("10.0.0.1:1", 2)
    assert (advice.at("haproxy").place.gateway, advice.at("haproxy").place.listen) == ("127.0.0.1:2", 3)
    assert advice.kept == 75
    assert advise(Facts(model="o3", behind=("cloudflare",))).kept == 915


def test_a_cloud_listens_on_no_port_of_this_machine() -> None:
    advice = advise(Facts(model="o3", behind=("nginx", "cloudflare", "caddy")))
    assert advice.at("nginx").place == Place("127.0.0.1:8080", 8081)


def test_what_was_measured_of_streams_is_not_said_of_whole_replies() -> None:
    learned = (Layer("measured", {"first_byte": 30, "first_token": 30}),)
    assert not advise(Facts(model="gpt-4o", learned=learned)).both
    assert advise(Facts(model="o3", learned=learned)).both  # its whole replies are streamed upstream


@pytest.mark.parametrize(
    "glob, scenario",
    [("o3*", "reasoning"), ("openai/o3-pro-*", "deep"), ("claude-*", "chat"), ("gpt-4?", "chat"), ("*", "unknown")],
)
def test_a_glob_is_judged_by_the_name_it_begins_with(glob: str, scenario: str) -> None:
    made = advise(Facts(model=glob))
    assert made.scenario == scenario
    assert any("Every model that" in note.en for note in made.notes) is (scenario != "unknown")
    assert advise(Facts(model=glob, scenario="deep")).scenario == "deep"
