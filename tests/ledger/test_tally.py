import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

from outwait.ledger.tally import BOUNDS, Count, Spread


def histogram(registry: CollectorRegistry) -> Histogram:
    return Histogram("h", "h", ("a",), buckets=BOUNDS, registry=registry).labels("x")


def test_bounds_rise_to_an_hour() -> None:
    assert list(BOUNDS) == sorted(set(BOUNDS))
    assert BOUNDS[-1] == 3600


@given(st.lists(st.one_of(st.sampled_from(BOUNDS), st.integers(0, 8000).map(float))), st.integers(1, 3))
def test_a_spread_tells_what_observe_would(observed: list[float], rounds: int) -> None:
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    spread, plain = Spread(histogram(ours)), histogram(theirs)
    for _ in range(rounds):
        for value in observed:
            spread.add(value)
            plain.observe(value)
        spread.tell()
    samples = [[sample for metric in each.collect() for sample in metric.samples] for each in (ours, theirs)]
    told = [{(s.name, s.labels.get("le")): s.value for s in each if "created" not in s.name} for each in samples]
    assert told[0] == pytest.approx(told[1])


def test_a_count_tells_sums_and_shows_what_has_not_happened() -> None:
    registry = CollectorRegistry()
    count = Count(Counter("c", "c", ("a",), registry=registry), [("never",)])
    count.add(("x",))
    count.add(("x",), 4)
    count.tell()
    count.tell()
    text = generate_latest(registry).decode()
    assert 'c_total{a="never"} 0.0' in text
    assert 'c_total{a="x"} 5.0' in text
