"""Rows and verdicts from made-up outcomes."""

from __future__ import annotations

from dataclasses import replace

from bench.load.spec import Kind, Order, Outcome
from bench.plan import Thresholds, Workload, workloads
from bench.report import Setting, markdown, spliced
from bench.runs import Run
from bench.summary import HEADINGS, misses, rows

BY_KIND: dict[Kind, Workload] = {one.kind: one for one in workloads(quick=False, rounds=None, streams=None)}
ORDER = Order("w1", 1, (1,), 1, 1, "short", 0.0, 1.0)
SETTING = Setting("python -m bench", "2026-11-22", "two cores", ("CPython 3.11.2",))


def run(kind: Kind, contender: str, number: int, **figures: object) -> Run:
    outcome = Outcome(units=1000, seconds=1.0, cpu=0.5, core_busy=0.6)
    return Run(BY_KIND[kind], contender, number, replace_outcome(outcome, figures))


def replace_outcome(outcome: Outcome, figures: dict[str, object]) -> Outcome:
    known = {name: getattr(outcome, name) for name in outcome.__struct_fields__}
    return Outcome(**(known | figures))


def w3(kib: int, late: float) -> Run:
    return run("w3", "outwait", 0, streams=1024, rss_before=1000, rss_after=1000 + kib * 1024, late=(0.0, late, late))


def test_an_outcome_derives_its_figures() -> None:
    outcome = Outcome(
        units=1000, seconds=2.0, cpu=0.5, core_busy=0.6, streams=10, rss_before=100, rss_after=300, pss_after=100
    )
    assert (outcome.busy, round(outcome.others, 6), outcome.rate) == (0.25, 0.05, 500.0)
    assert (outcome.per_cpu_second, outcome.micros) == (2000.0, 500.0)
    assert (outcome.rss_per_stream, outcome.pss_per_stream) == (20.0, 10.0)


def test_nothing_measured_is_zero_and_no_error() -> None:
    outcome = Outcome(units=0, seconds=1.0, cpu=0.0, core_busy=0.0)
    assert (outcome.per_cpu_second, outcome.micros, outcome.rss_per_stream, outcome.others) == (0.0, 0.0, 0.0, 0.0)


def test_rows_compare_each_contender_with_nginx_of_its_round() -> None:
    runs = [
        run("w1", "nginx", 0, units=1000),
        run("w1", "outwait", 0, units=500),
        run("w1", "nginx", 1, units=2000),
        run("w1", "outwait", 1, units=1200),
        run("w2", "outwait", 0),
    ]
    nginx, outwait = rows("w1", runs)
    assert (nginx.contender, outwait.contender) == ("nginx", "outwait")
    assert str(outwait.ratio) == "0.55 (0.50-0.60)"
    assert rows("w2", runs)[0].ratio is None


def test_thresholds_are_checked_for_outwait_only() -> None:
    kept = rows("w1", [run("w1", "nginx", 0), run("w1", "haproxy", 0, units=10), run("w1", "outwait", 0, units=450)])
    missed = rows("w2", [run("w2", "nginx", 0), run("w2", "outwait", 0, units=599)])
    assert misses(kept, Thresholds()) == []
    assert misses(missed, Thresholds()) == ["w2: 0.599 of nginx, promised is at least 0.60"]
    assert misses(rows("w1", [run("w1", "outwait", 0)]), Thresholds()) == ["w1: no ratio, since nginx did not run"]


def test_memory_and_lateness_are_absolute() -> None:
    assert misses(rows("w3", [w3(22, 0.150)]), Thresholds()) == []
    assert misses(rows("w3", [w3(23, 0.151)]), Thresholds()) == [
        "w3: 23.0 KiB per stream, promised is at most 22",
        "w3: heartbeats 151 ms late (p99), promised is 150",
    ]


def test_the_worst_round_is_judged() -> None:
    runs = [w3(10, 0.0), replace(w3(30, 0.0), round=1), replace(w3(10, 0.0), round=2)]
    assert misses(rows("w3", runs), Thresholds()) == ["w3: 30.0 KiB per stream, promised is at most 22"]


def test_every_row_fills_its_headings() -> None:
    for kind, workload in BY_KIND.items():
        found = rows(kind, [run(kind, "nginx", 0)])
        assert len(found[0].cells()) == len(HEADINGS[kind])
        assert "| nginx |" in markdown(SETTING, [(workload, found)], None)


def test_only_the_generated_block_of_the_page_is_replaced() -> None:
    first = spliced("", markdown(SETTING, [], None))
    assert first.startswith("# Benchmarks")
    page = first.replace("# Benchmarks", "# Our figures") + "\nWritten by hand.\n"
    again = spliced(page, markdown(replace(SETTING, date="2027-01-01"), [], None))
    assert "2026-11-22" not in again
    assert again == page.replace("2026-11-22", "2027-01-01")


def test_quick_and_overrides() -> None:
    quick = workloads(quick=True, rounds=7, streams=100)
    assert [one.rounds for one in quick] == [7, 7, 7]
    assert quick[2].connections == 100
    assert quick[2].seconds < BY_KIND["w3"].seconds
    assert BY_KIND["w3"].connections == 5000
    assert BY_KIND["w3"].descriptors > 10_000
