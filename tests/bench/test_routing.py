"""The simulator of routing: what was promised of it holds, and the machine under it is to be trusted."""

from __future__ import annotations

import json
import math
from pathlib import Path
from random import Random

import pytest
from bench.routing import policies, report, scenarios
from bench.routing.__main__ import main
from bench.routing.figures import Figures, mean, percentile
from bench.routing.report import Found, cells, markdown, plain, spliced, table, told
from bench.routing.run import Run, simulate
from bench.routing.scenarios import CHAT, SCENARIOS, Promise, Scenario
from bench.routing.upstream import Limited, Trouble, Upstream, dead_keys, failing, refusing, silent, slow
from bench.routing.world import World

from outwait.wire.wheel import Alarm

OURS = policies.named(policies.OURS)
ALL_PROMISED = [one.name for one in SCENARIOS if one.promises]
FIGURES = Figures(100, 5, 1, 0.8, 1.8, 2, 0.05, 12.0, 0.5, 0.01)


# ------------------------------------------------------------------------------------------------------- what must hold
@pytest.mark.parametrize("name", ["fast-failing", "outage", "weights"])
def test_what_was_promised(name: str) -> None:
    kept(name, seeds=1)


@pytest.mark.slow
@pytest.mark.parametrize("name", ALL_PROMISED)
def test_what_was_promised_over_several_seeds(name: str) -> None:
    kept(name, seeds=5)


def kept(name: str, seeds: int) -> None:
    scenario = scenarios.named(name)
    found = mean([simulate(scenario, OURS, seed) for seed in range(1, seeds + 1)])
    for promise in scenario.promises:
        assert promise.kept(found), told(promise, promise.value(found), kept=False)


def test_a_failing_channel_gets_a_fraction_of_what_others_send_it() -> None:
    scenario = scenarios.named("fast-failing")
    ours, p2c = (simulate(scenario, policies.named(name), 1) for name in (policies.OURS, "P2C"))
    assert ours.hits * 20 < p2c.hits
    assert p2c.given_up > ours.given_up == 0


@pytest.mark.slow
def test_a_silent_channel_is_left_alone_and_what_runs_there_is_unharmed() -> None:
    scenario = scenarios.named("silent")
    run = Run(scenario, OURS, 1)
    record = run.go()
    begins = scenario.troubles[0].begin
    assert 0 < min(at for at, name in record.shut if name == "a") - begins <= 150
    # Nobody fails but those that were never answered: who ran there when it fell silent had his answer.
    assert record.given_up == record.hits
    assert record.requests == len(record.waits) + record.given_up
    assert set(record.faults) == {"first_byte_timeout"}
    assert record.doubled == 0


@pytest.mark.slow
def test_where_all_are_rate_limited_waiting_beats_refusing() -> None:
    scenario = scenarios.named("all-limited")
    ours, at_once = (simulate(scenario, policies.named(name), 1) for name in (policies.OURS, policies.NO_QUEUE))
    assert ours.given_up == 0 < at_once.given_up
    assert ours.p95 < (scenario.deadline or 0)


@pytest.mark.slow
def test_shares_follow_the_weights_within_three_percent() -> None:
    for name in ("weights", "new-channel"):
        scenario = scenarios.named(name)
        asked: dict[str, int] = {}
        for seed in range(1, 7):
            for channel, count in Run(scenario, OURS, seed).go().asked.items():
                asked[channel] = asked.get(channel, 0) + count
        for channel, weight in zip(scenario.names, scenario.weights, strict=True):
            assert asked[channel] / sum(asked.values()) == pytest.approx(weight / 6, rel=0.03)


def test_a_reasoning_call_is_never_paid_twice() -> None:
    troubles = (Trouble(("a", "b"), failing(500), 0.0, 600.0),)
    scenario = Scenario("x", "x", troubles, kind="reasoning", warm=0.0, end=600.0)
    ours, others = (simulate(scenario, policies.named(name), 1) for name in (policies.OURS, "round robin"))
    assert ours.doubled == 0 < ours.given_up
    assert others.doubled > 100


def test_the_same_seed_gives_the_same_figures_and_another_one_others() -> None:
    scenario = Scenario("x", "x", (Trouble(("a",), refusing, 60.0, 120.0),), warm=30.0, end=180.0)
    first, again, other = (simulate(scenario, OURS, seed) for seed in (1, 1, 2))
    assert first.hits == again.hits
    assert first.p95 == again.p95
    assert first.p95 != other.p95


@pytest.mark.parametrize("policy", [one.name for one in policies.POLICIES])
def test_every_request_is_answered_or_given_up(policy: str) -> None:
    scenario = Scenario("x", "x", (Trouble(("a",), refusing, 60.0, 120.0),), warm=30.0, end=180.0)
    record = Run(scenario, policies.named(policy), 3).go()
    assert record.requests == len(record.waits) + record.given_up > 0
    assert record.attempts == sum(record.asked.values()) >= record.requests


# -------------------------------------------------------------------------------------------------------- the machinery
def test_the_world_keeps_the_order_of_equal_moments_and_forgets_what_is_cancelled() -> None:
    world, seen = World(), list[object]()
    world.after(2, lambda: seen.append("b"))
    world.after(1, lambda: seen.append(world.now))
    world.at(2, lambda: seen.append("c"))
    world.at(2, lambda: seen.append("never")).cancel()
    world.run(2.0)
    assert seen == [1.0]
    world.run(3.0)
    assert seen == [1.0, "b", "c"]
    assert world.clock() == 3.0


def test_an_alarm_rings_when_it_was_set_last() -> None:
    world, rung = World(), list[float]()
    alarm, other = Alarm(rung.append), Alarm(rung.append)
    world.wheel.set(alarm, 5.0)
    world.wheel.set(alarm, 7.0)
    world.wheel.set(other, 1.0)
    world.wheel.clear(other)
    world.run(10.0)
    assert rung == [7.0]
    assert world.wheel.now() == 10.0


def upstream(*troubles: Trouble) -> Upstream:
    return Upstream("a", CHAT, troubles, Random(1))


def test_what_is_wrong_with_a_channel() -> None:
    well = upstream().ask(0, 0.0)
    assert not well.bad
    refused = upstream(Trouble(("a",), refusing, 0, 10)).ask(0, 5.0)
    assert refused.failed is not None
    assert not refused.charged
    assert upstream(Trouble(("a",), refusing, 0, 10)).ask(0, 10.0) == well
    failed = upstream(Trouble(("a",), failing(500), 0, 10)).ask(0, 5.0)
    assert failed.failed is not None
    assert (failed.failed.status, failed.charged) == (500, True)
    assert upstream(Trouble(("a",), silent, 0, 10)).ask(0, 5.0).first == math.inf
    assert upstream(Trouble(("a",), slow(5), 0, 10)).ask(0, 5.0).first == pytest.approx(5 * well.first)


def test_a_channel_flaps() -> None:
    flapping = upstream(Trouble(("a",), refusing, 0, 100, flaps=20))
    assert [flapping.ask(0, at).bad for at in (1.0, 11.0, 21.0, 31.0)] == [True, False, True, False]


def test_a_rate_limit_counts_by_key_and_window_and_tells() -> None:
    limited = upstream(Trouble(("a",), Limited(2, 10.0, "all"), 0, 100))
    told_of = [limited.ask(key, at) for key, at in ((0, 1.0), (0, 2.0), (0, 3.0), (1, 3.0), (0, 11.0))]
    assert [one.bad for one in told_of] == [False, False, True, False, False]
    assert told_of[1].headers["x-ratelimit-remaining-requests"] == "0"
    refused = told_of[2].failed
    assert refused is not None
    assert (refused.cause, refused.retry_after) == ("rate_limited", 7.0)
    mute = upstream(Trouble(("a",), Limited(0, 10.0, "nothing"), 0, 100)).ask(0, 1.0).failed
    assert mute is not None
    assert mute.retry_after is None


def test_a_dead_key_is_one_of_several() -> None:
    channel = upstream(Trouble(("a",), dead_keys(1), 0, 100))
    assert [channel.ask(key, 1.0).bad for key in (0, 1, 2)] == [False, True, False]


def test_percentiles_and_means() -> None:
    assert percentile([3.0, 1.0, 2.0], 0.5) == 2.0
    assert math.isnan(percentile([], 0.5))
    never = Figures(100, 15, 0, 0.8, 1.8, 2, 0.05, math.nan, 0.5, 0.01)
    both = mean([FIGURES, never])
    assert (both.hits, both.worst.hits, both.noticed, both.worst.noticed) == (10, 15, 12.0, math.inf)
    assert math.isnan(mean([never]).noticed)


# ----------------------------------------------------------------------------------------------------------- the report
def found() -> Found:
    scenario = Scenario("one", "one of two", (), promises=(Promise("hits", 4), Promise("given_up", 1, worst=True)))
    return Found(scenario, {"P2C": [FIGURES, FIGURES], policies.OURS: [FIGURES]})


def test_a_row_shows_what_happened_and_what_never_did() -> None:
    assert cells(mean([FIGURES])) == ["5", "1", "0.8", "1.8", "2", "+5.0 %", "12 s", "0.5", "1.0 %"]
    nothing = Figures(100, 0, 0, math.nan, math.nan, 0, 0.0, math.nan, 0.0, 0.0)
    assert cells(mean([nothing])) == ["-", "-", "-", "-", "-", "+0.0 %", "-", "-", "0.0 %"]


def test_promises_are_kept_or_missed() -> None:
    assert [ok for _, _, ok in found().promises] == [False, True]
    assert not Promise("noticed", 9).kept(mean([Figures(1, 0, 0, 1, 1, 0, 0, math.nan, 0, 0)]))
    assert "hits 5 (mean), at most 4: MISSED" in markdown("x", 1, [found()])


def test_the_tables_for_the_terminal_the_page_and_programs() -> None:
    assert table(found()).row_count == 2
    block = markdown("python -m bench.routing", 2, [found()])
    assert "| **outwait** | 5 |" in block
    assert "the mean of 2 runs" in block
    (row,) = plain([found()])
    assert json.loads(json.dumps(row, allow_nan=False))["policies"][0]["runs"][1]["hits"] == 5


def test_the_generated_block_is_replaced_and_the_rest_stays(tmp_path: Path) -> None:
    block = markdown("x", 1, [found()])
    page = spliced("# Title\n\nWords.\n", block)
    assert page.startswith("# Title")
    assert spliced(page + "\nAfter.\n", block.replace("one of two", "TWO")).count("TWO") == 0
    assert spliced(page + "\nAfter.\n", block).endswith("\nAfter.\n")
    path = tmp_path / "page.md"
    report.write_docs(block, path)
    assert path.read_text("utf-8") == block


def test_the_command_prints_a_table_and_writes_the_figures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "figures.json"
    assert main(["--only", "fast-failing", "--seeds", "1", "--jobs", "1", "--json", str(file), "--check"]) == 0
    assert "outwait, no queue" in capsys.readouterr().out
    (only,) = json.loads(file.read_text("utf-8"))
    assert only["scenario"] == "fast-failing"
    assert all(promise["kept"] for promise in only["promises"])


def test_an_unknown_scenario_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--only", "nonsense"])
    assert ended.value.code == 2
    assert "no scenario 'nonsense'; there are fast-failing" in capsys.readouterr().err
