"""Whatever the facts are, the emitted settings fit one another: read back out of their text."""

from __future__ import annotations

import math

import yaml
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.timeouts.reading import READERS, Read

from outwait.config.sections import HeartbeatSection, RetrySection, TimeoutsSection, switch
from outwait.config.settings import ServerSection
from outwait.core.fault import Clock
from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import SCENARIOS
from outwait.policy.timeouts import Layer
from outwait.toolkit.timeouts import boxes
from outwait.toolkit.timeouts.advice import Advice, Facts, advise
from outwait.toolkit.timeouts.chain import MARGIN
from outwait.toolkit.timeouts.emit import TARGETS, emit
from outwait.toolkit.timeouts.emit_clients import CLIENTS
from outwait.toolkit.timeouts.emit_servers import EDGES
from outwait.toolkit.timeouts.measured import LONGEST

MAX_MILLISECONDS = 2**31 - 1  # of HAProxy
CLOUDS = ("alb", "cloudflare")

spans = st.floats(min_value=0.0005, max_value=LONGEST, allow_nan=False)
layers = st.lists(
    st.builds(
        Layer,
        st.sampled_from(["learned at openai/o3 from 512 waits", "run, a: x"]),
        st.dictionaries(st.sampled_from(["connect", "first_byte", "first_token", "idle"]), spans, max_size=4),
    ),
    max_size=3,
).map(tuple)
ways = st.lists(st.sampled_from(sorted({*EDGES.values(), "gcp-lb", "heroku", "api-gateway"})), unique=True, max_size=4)
models = st.sampled_from(["", "o3", "gpt-4o", "dall-e-3", "nobody-knows-1", "a/[b]*?", 'x"y:{z', "模型"])
facts = st.builds(
    Facts,
    model=models,
    scenario=st.sampled_from(sorted(SCENARIOS)),
    preset=st.sampled_from(sorted(PRESETS)),
    stream=st.booleans(),
    learned=layers,
    beats=st.booleans(),
    every=st.none() | st.floats(min_value=1, max_value=300),
    behind=ways.map(tuple),
)


def read(target: str, advice: Advice) -> Read:
    return READERS[target](emit(target, advice).text)


def test_every_target_that_is_not_a_client_is_read() -> None:
    assert set(READERS) == set(TARGETS) - set(CLIENTS)


@given(facts)
def test_the_gateway_gives_up_before_every_edge(known: Facts) -> None:
    advice = advise(known)
    total = read("outwait", advice)["total"]
    for target, edge in EDGES.items():
        found, hop = read(target, advice), advice.at(edge).chain.edge
        if "idle" in found and not hop.held_idle:
            assert found["idle"] >= total + MARGIN
        if "total" in found:
            assert found["total"] >= total + MARGIN


@given(facts)
def test_each_hop_gives_up_before_the_next_one_outwards(known: Facts) -> None:
    advice = advise(known)
    outwards = [read("outwait", advice)["total"]]
    for name in reversed(known.behind):
        targets = [target for target, edge in EDGES.items() if edge == name]
        held = advice.chain.at(name).edge
        found = [read(target, advice)["idle"] for target in targets if target != "traefik-static"]
        if found and not held.held_idle:
            assert len(set(found)) == 1  # in every language the same
            assert found[0] > outwards[-1]
            outwards.append(found[0])
    assert advice.chain.client.idle == advice.chain.client.total > outwards[-1]
    assert advice.chain.upstream.idle <= advice.chain.upstream.total < advice.chain.gateway.total


@given(facts)
def test_the_gateways_clocks_fit_into_its_total_and_a_stop_lets_answers_finish(known: Facts) -> None:
    advice = advise(known)
    found, stop = read("outwait", advice), read("systemd", advice)["stop"]
    assert all(0 < found[clock.value] <= found["total"] for clock in Clock)
    if known.learned:
        before = found["queue"] + found["connect"] + found["write"]
        assert before + max(found["first_byte"], found["first_token"], found["idle"]) <= found["total"] + 0.01
    assert stop > found["drain"] == min(found["total"], 86_400)


@given(facts)
def test_the_gateway_takes_what_is_emitted(known: Facts) -> None:
    plain = yaml.safe_load(emit("outwait", advise(known)).text)
    TimeoutsSection.model_validate(plain["timeouts"])
    HeartbeatSection.model_validate(switch(plain["heartbeat"]))
    RetrySection.model_validate(plain["retry"])
    ServerSection.model_validate(plain["server"])


@given(facts)
def test_who_accepts_a_connection_keeps_it_longer_than_who_made_it(known: Facts) -> None:
    advice = advise(known)
    reuse = advice.chain.edges[-1].reuse
    assert read("outwait", advice)["kept"] > reuse
    for target, edge in EDGES.items():
        found = read(target, advice)
        if "kept" in found:
            hops = list(advice.at(edge).chain.edges)
            place = hops.index(advice.at(edge).chain.edge)
            assert found["kept"] > (hops[place - 1].reuse if place else boxes.REUSED)
        if "reuse" in found:
            assert found["reuse"] == boxes.REUSED


@given(facts)
def test_nothing_is_above_what_a_product_can_be_set_to(known: Facts) -> None:
    advice = advise(known)
    assert read("haproxy", advice)["idle"] * 1000 <= MAX_MILLISECONDS
    for target in ("alb-cli", "alb-terraform", "alb-cloudformation"):
        found = read(target, advice)
        assert 1 <= found["idle"] <= 4000
        assert 0 <= found["drain"] <= 3600
    assert 100 <= read("cloudflare", advice)["enterprise"] <= 6000 or advice.chain.gateway.total < 100


@given(facts)
def test_what_holds_an_answer_is_said(known: Facts) -> None:
    """An edge that cannot wait long enough is in the notes, and heartbeats come three times within its silence."""
    advice = advise(known)
    told = " ".join(note.en for note in advice.notes)
    for hop in advice.chain.edges:
        if hop.held_idle or hop.held_total:
            assert (boxes.box(hop.name).product or hop.name) in told
        beat = advice.heartbeat
        if beat.enabled and 3 <= hop.idle < hop.total:
            assert 3 * max(beat.after, beat.json_after, beat.every) <= hop.idle + 1e-6


@given(facts, st.floats(min_value=0.001, max_value=1))
def test_scaled_down_the_order_is_the_same(known: Facts, scale: float) -> None:
    advice = advise(
        Facts(known.model, known.scenario, known.preset, known.stream, behind=("haproxy", "nginx"), scale=scale)
    )
    total = read("outwait", advice)["total"]
    nginx, haproxy = read("nginx", advice)["idle"], read("haproxy", advice)["idle"]
    assert total < nginx < haproxy < advice.chain.client.idle
    assert math.isclose(advice.chain.margin, MARGIN * scale)


@given(st.sampled_from(sorted(TARGETS)), facts)
def test_snippets_are_plain_ascii(target: str, known: Facts) -> None:
    snippet = emit(target, advise(known))
    assert snippet.target == target
    assert snippet.text.isascii() or target in CLIENTS
    assert snippet.text.endswith("\n")
    assert not snippet.text.endswith("\n\n")
    assert all((snippet.file, snippet.language, snippet.title.en))
    assert not snippet.title.zh.isascii()
    assert "{" not in snippet.check.replace("{file}", "")
