from __future__ import annotations

import pytest

from outwait.core.tongue import Said, Tongue
from outwait.toolkit.net.remark import Remark, day, days, iso, remark, shown, spent

HELLO = Said("hello {who}", "你好 {who}")


def test_values_are_told_in_the_same_language() -> None:
    inner = Remark(Said("all", "各位"))
    assert remark(HELLO, who=inner).told(Tongue.ZH) == "你好 各位"
    assert remark(HELLO, who=Said("all", "各位")).told(Tongue.EN) == "hello all"


def test_lists_have_their_commas() -> None:
    words, sentences = (Said("a", "甲"), "b"), (Remark(Said("a, b", "甲、乙")), Remark(Said("c", "丙")))
    assert remark(HELLO, who=words).told(Tongue.EN) == "hello a, b"
    assert remark(HELLO, who=words).told(Tongue.ZH) == "你好 甲、b"
    assert remark(HELLO, who=sentences).told(Tongue.EN) == "hello a, b; c"
    assert remark(HELLO, who=sentences).told(Tongue.ZH) == "你好 甲、乙；丙"


@pytest.mark.parametrize(
    "seconds, told",
    [(0.00004, "0.04 ms"), (0.0004, "0.4 ms"), (0.0123, "12 ms"), (0.999, "999 ms"), (1.2, "1.20 s"), (0.0, "0.00 ms")],
)
def test_durations(seconds: float, told: str) -> None:
    assert spent(seconds) == told


@pytest.mark.parametrize(
    "seconds, told",
    [(-90.0, "90 s"), (600.0, "10 minutes"), (-9000.0, "2.5 hours"), (864_000.0, "10 days")],
)
def test_long_durations(seconds: float, told: str) -> None:
    assert days(seconds).en == told
    assert not days(seconds).zh.isascii()


def test_what_others_wrote_cannot_move_the_cursor() -> None:
    assert shown("a\x1b[2J\nb" + "c" * 500) == "a.[2J.b" + "c" * 293
    assert remark(HELLO, who="x\x1by").told(Tongue.EN) == "hello x.y"


def test_dates() -> None:
    assert (day(0.0), iso(0.0)) == ("1970-01-01", "1970-01-01T00:00:00+00:00")
    assert (day(1e18), iso(1e18)) == ("-", None)
