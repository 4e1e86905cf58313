from __future__ import annotations

from tests.toolkit.check.rows import summary

from outwait.toolkit.check.trend import Trend, spark


def test_from_the_lowest_to_the_highest() -> None:
    assert spark([1.0, 8.0, 4.5]) == "▁█▅"
    assert spark([1.0, None, 2.0]) == "▁x█"
    assert spark([]) == ""
    assert spark([None]) == "x"


def test_what_hardly_moves_stays_low() -> None:
    assert spark([1.0, 1.01, 1.0]) == "▁▂▁"
    assert spark([0.0, 0.0]) == "▁▁"


def test_the_last_rounds_are_kept() -> None:
    trend = Trend()
    for number in range(50):
        trend.add(summary("a", [float(number + 1)]))
    trend.add(summary("a", failed=3))
    assert len(trend.waits) == 40
    assert str(trend).endswith("█x")
