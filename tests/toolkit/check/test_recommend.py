from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.check.rows import free, good, summary

from outwait.core.tongue import Tongue
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.recommend import recommend, well_enough
from outwait.toolkit.check.summary import Summary, summarize

QUICK = [0.30 + n / 100 for n in range(10)]
SLOW = [0.60 + n / 100 for n in range(10)]


def told(*found: Summary, at_least: float = 0.9) -> tuple[str | None, bool, list[str]]:
    advice = recommend(found, at_least=at_least)
    return advice.best, advice.sure, [remark.name for remark in advice.reasons]


def test_the_quicker_of_two_is_surely_the_best() -> None:
    found = (summary("slow", SLOW), summary("quick", QUICK))
    assert told(*found) == ("quick", True, ["surely_faster"])
    (reason,) = recommend(found).reasons
    assert reason.told(Tongue.EN) == "median TTFT is 340ms against 640ms of slow; that is more than chance (p < 0.001)."


def test_what_chance_could_have_done_is_not_sure() -> None:
    almost = [value + 0.03 for value in QUICK]
    assert told(summary("a", almost), summary("b", QUICK)) == ("b", False, ["hardly_faster"])


def test_what_nobody_would_notice_is_even_however_sure_it_is() -> None:
    quick, slower = [0.010 + n / 1e6 for n in range(10)], [0.014 + n / 1e6 for n in range(10)]
    assert told(summary("a", quick), summary("b", slower)) == ("a", False, ["even"])
    assert told(summary("a", [9.8 + n / 1e3 for n in range(10)]), summary("b", [10.0] * 10))[2] == ["even"]


def test_one_quick_answer_does_not_make_a_quick_endpoint() -> None:
    assert told(summary("a", [0.01]), summary("b", [5.0])) == ("a", False, ["hardly_faster"])


def test_who_does_not_answer_is_out_however_quick() -> None:
    advice = recommend((summary("quick", QUICK[:5], failed=5), summary("slow", SLOW)))
    assert (advice.best, advice.sure, [remark.name for remark in advice.reasons]) == ("slow", True, ["only_one_well"])
    assert [(remark.name, remark.about) for remark in advice.out] == [("unwell", "quick")]
    assert "50%" in advice.out[0].told(Tongue.EN)
    assert "upstream_error" in advice.out[0].told(Tongue.ZH)


def test_who_answers_more_for_sure_is_better_though_both_are_well() -> None:
    quick = summary("quick", [0.1] * 85, failed=15)
    safe = summary("safe", [0.2] * 100)
    assert told(quick, safe, at_least=0.8) == ("safe", True, ["surely_safer"])


def test_nobody_is_recommended_where_nobody_answers() -> None:
    assert told(summary("a", failed=3), summary("b", failed=3)) == (None, False, ["all_unwell"])
    assert told(summary("a", failed=3)) == (None, False, ["all_unwell"])
    assert told(summarize(free(), [])) == (None, False, ["all_unwell"])
    assert [remark.name for remark in recommend([summarize(free(), [])]).out] == ["unheard"]


def test_who_never_answers_is_not_recommended_though_nothing_is_asked_of_it() -> None:
    assert told(summary("a", QUICK), summary("b", failed=1), at_least=0.0) == ("a", True, ["only_one_well"])


def test_one_alone_is_just_well() -> None:
    assert told(summary("a", QUICK)) == ("a", True, ["well"])


def test_different_questions_are_not_compared() -> None:
    listed = summarize(free("b"), [Probe(endpoint="b", total=0.1)] * 10)
    assert told(summary("a", QUICK), listed) == (None, False, ["unlike"])
    assert told(summary("a", QUICK), summary("b", SLOW, stream=False))[2] == ["unlike"]
    door = summarize(free("c", asked="GET /"), [Probe(endpoint="c", total=0.1)] * 10)
    assert told(listed, door)[2] == ["unlike"]
    assert told(listed)[2] == ["well"]


def test_who_begins_later_and_writes_faster_is_named() -> None:
    fast = summarize(summary("fast", SLOW).about, [good("fast", wait, rate=90.0 + wait) for wait in SLOW])
    slow = summarize(summary("slow", QUICK).about, [good("slow", wait, rate=40.0 + wait) for wait in QUICK])
    advice = recommend((fast, slow))
    assert (advice.best, [remark.name for remark in advice.reasons]) == ("slow", ["surely_faster", "faster_writer"])
    assert "fast may be better" in advice.reasons[1].told(Tongue.EN)


def test_exactly_enough_is_enough() -> None:
    assert well_enough(summary("a", [0.1] * 9, failed=1), 0.9)
    assert not well_enough(summary("a", [0.1] * 8, failed=2), 0.9)


_found = st.lists(st.floats(0.001, 100), max_size=12).flatmap(
    lambda waits: st.integers(0, 12).map(lambda failed: (waits, failed))
)


@given(st.lists(_found, min_size=1, max_size=4))
def test_who_is_recommended_is_well_and_nobody_well_is_quicker(rows: list[tuple[list[float], int]]) -> None:
    found = [summary(f"e{number}", waits, failed) for number, (waits, failed) in enumerate(rows)]
    advice = recommend(found)
    well = [each for each in found if well_enough(each, 0.9)]
    assert (advice.best is None) == (not well)
    assert len(advice.out) == len(found) - len(well)
    if advice.best is not None:
        best = next(each for each in found if each.about.name == advice.best)
        assert best in well
        assert best.wait is not None
        assert all(best.wait.p50 <= each.wait.p50 for each in well if each.wait and each.success >= best.success)
    for remark in (*advice.reasons, *advice.out):
        assert remark.told(Tongue.EN)
        assert remark.told(Tongue.ZH)
