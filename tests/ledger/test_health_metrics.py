from __future__ import annotations

import math

from prometheus_client import CollectorRegistry

from outwait.ledger.health_metrics import ENDPOINTS, HealthMetrics

Gauges = dict[tuple[str, str], float]


class Page:
    """What Prometheus would see."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.metrics = HealthMetrics(self.registry)

    def value(self, name: str, **labels: str) -> float | None:
        return self.registry.get_sample_value(f"outwait_{name}", labels)


def test_gauges_are_set_and_counters_grow_by_what_is_new() -> None:
    page = Page()
    gauges: Gauges = {("channel_up", "c"): 1.0, ("endpoint_outstanding", "c/m"): 3, ("queue_length", ""): 2}
    page.metrics.tell(gauges, {("ejections", "c/m"): 2})
    page.metrics.tell(gauges, {("ejections", "c/m"): 3, ("channel_probe_failures", "c"): 1})
    assert page.value("channel_up", channel="c") == 1
    assert page.value("endpoint_outstanding", endpoint="c/m") == 3
    assert page.value("queue_length") == 2
    assert page.value("ejections_total", endpoint="c/m") == 3
    assert page.value("channel_probe_failures_total", channel="c") == 1


def test_what_is_gone_is_neither_summed_nor_thought_to_be_down() -> None:
    page = Page()
    page.metrics.tell({("channel_up", "c"): 1.0, ("endpoint_limit", "c/m"): 32}, {})
    page.metrics.tell({}, {})
    assert math.isnan(page.value("channel_up", channel="c") or 0)
    assert page.value("endpoint_limit", endpoint="c/m") == 0
    page.metrics.tell({("channel_up", "c"): 0.0}, {})
    assert page.value("channel_up", channel="c") == 0


def test_clients_cannot_make_series_without_end() -> None:
    page = Page()
    names = [f"c/m{number}" for number in range(ENDPOINTS + 3)]
    gauges: Gauges = {("endpoint_outstanding", name): 1.0 for name in names}
    gauges |= {("endpoint_up", name): float(name != names[-1]) for name in names}
    page.metrics.tell(gauges, {("suspicions", name): 1 for name in names})
    series = {
        sample.labels["endpoint"] for metric in page.registry.collect() for sample in metric.samples if sample.labels
    }
    assert len(series) == ENDPOINTS + 1
    assert page.value("endpoint_outstanding", endpoint="other") == 3
    assert page.value("endpoint_up", endpoint="other") == 0
    assert page.value("endpoint_up", endpoint="c/m0") == 1
    assert page.value("suspicions_total", endpoint="other") == 3
