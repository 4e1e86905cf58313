from __future__ import annotations

import math

from tests.toolkit.check.rows import about, bad, good, summary

from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.statistics import Figures
from outwait.toolkit.check.summary import summaries, summarize


def test_rates_and_figures_of_one_endpoint() -> None:
    probes = [good(ttft=0.5), good(ttft=0.7), bad(connect=0.9), good("other")]
    timeout = Probe(endpoint="a", outcome="timeout", cause="idle_timeout", side="upstream", clock="idle", span=3.0)
    found = summarize(about(), [*probes, timeout])
    assert (found.ok, found.timeouts, found.errors, found.success) == (2, 1, 1, 0.5)
    assert found.figures["ttft"] == Figures(2, 0.5, 0.7, 0.7)
    assert found.waits == [0.5, 0.7, math.inf, math.inf]
    assert found.wait == Figures(2, 0.5, 0.7, 0.7)


def test_connections_count_though_the_answer_failed() -> None:
    found = summarize(about(), [good(connect=0.1), bad(connect=0.9, total=5.0)])
    assert found.figures["connect"] == Figures(2, 0.1, 0.9, 0.9)
    assert found.figures["total"].n == 1


def test_of_the_rate_the_slowest_is_the_worst() -> None:
    found = summarize(about(), [good(rate=float(rate)) for rate in range(1, 21)])
    assert found.figures["rate"] == Figures(20, 10.0, 2.0, 1.0)


def test_failures_are_counted_by_kind_and_the_first_is_quoted() -> None:
    rows = [
        bad(status=500, detail="first"),
        bad(cause="rate_limited", status=429, retry_after=2.0),
        bad(status=500, detail="second"),
        bad(cause="rate_limited", status=429, retry_after=7.0),
        bad(status=500),
    ]
    found = summarize(about(), rows)
    assert [(each.cause, each.status, each.count, each.detail) for each in found.failures] == [
        ("upstream_error", 500, 3, "first"),
        ("rate_limited", 429, 2, "x"),
    ]
    assert found.retry_after == 7.0


def test_an_endpoint_without_probes_has_nothing() -> None:
    found = summarize(about(), [])
    assert (found.success, found.figures, found.failures, found.wait) == (0.0, {}, (), None)


def test_each_endpoint_has_its_own() -> None:
    found = summaries((about("a"), about("b")), [good("a"), bad("b")])
    assert [each.success for each in found] == [1.0, 0.0]


def test_tokens_and_waits_of_what_did_not_stream() -> None:
    found = summarize(about(stream=False), [Probe(endpoint="a", total=2.0, tokens=9)])
    assert found.waits == [2.0]
    assert "ttft" not in found.figures
    assert summary(waits=[1.0]).figures["silence"].p50 == 0.05
