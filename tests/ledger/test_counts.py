from __future__ import annotations

import pytest
from prometheus_client import CollectorRegistry, generate_latest

from outwait.exchange.ties import Kept
from outwait.ledger import counts
from outwait.ledger.counts import Counts, Totals
from outwait.ledger.metrics import Metrics

SERIES = {
    counts.ANSWER: "outwait_kept_answers_total",
    counts.REFUSED: "outwait_unkept_answers_total",
    counts.ERROR: "outwait_store_errors_total",
    counts.LOST_PROCESS: 'outwait_lost_requests_total{reason="process"}',
    counts.LOST_DRAIN: 'outwait_lost_requests_total{reason="drain"}',
    counts.DELIVERED: 'outwait_webhooks_total{result="delivered"}',
    counts.FAILED: 'outwait_webhooks_total{result="failed"}',
    counts.GIVEN_UP: 'outwait_webhooks_total{result="given_up"}',
}


def page(rendered: bytes) -> dict[str, float]:
    lines = [line.rpartition(" ") for line in rendered.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, _, value in lines}


def test_it_counts_and_its_copy_stays() -> None:
    made = Counts()
    before = made.totals()
    made.add("answer")
    made.add("answer")
    made.add("error")
    after = made.totals()
    made.add("answer")
    assert (dict(before), dict(after)) == ({}, {"answer": 2, "error": 1})


@pytest.mark.parametrize("what", SERIES)
def test_each_total_has_its_series_which_stands_at_0_before(what: str) -> None:
    registry = CollectorRegistry()
    totals, made = Totals(registry), Counts()
    before = page(generate_latest(registry))
    assert [before[name] for name in SERIES.values()] == [0.0] * len(SERIES)
    made.add(what)
    made.add(what)
    totals.tell(made.totals())
    totals.tell(made.totals())  # nothing came since
    made.add(what)
    totals.tell(made.totals())
    told = page(generate_latest(registry))
    assert {name for name in SERIES.values() if told[name]} == {SERIES[what]}
    assert told[SERIES[what]] == 3


def test_a_total_without_a_metric_is_a_bug() -> None:
    with pytest.raises(KeyError):
        Totals(CollectorRegistry()).tell({"something": 1})


def test_all_that_exchanges_and_webhooks_count_is_known() -> None:
    assert {each.value for each in Kept} <= SERIES.keys()
    Totals(CollectorRegistry()).tell(dict.fromkeys(SERIES, 1))


def test_the_metrics_tell_them_with_every_flush() -> None:
    metrics, made = Metrics(), Counts()
    made.add(counts.ANSWER)
    metrics.absorb([])
    assert page(metrics.render())[SERIES[counts.ANSWER]] == 0
    metrics.watch(counts=made.totals)
    metrics.absorb([])
    made.add(counts.GIVEN_UP)
    metrics.absorb([])
    told = page(metrics.render())
    assert (told[SERIES[counts.ANSWER]], told[SERIES[counts.GIVEN_UP]]) == (1, 1)
