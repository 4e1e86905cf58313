from __future__ import annotations

from collections.abc import Sequence

from tests.toolkit.check.rows import about, bad, good, run

from outwait.toolkit.check.compare import compare
from outwait.toolkit.check.probe import Probe
from outwait.toolkit.check.saved import About
from outwait.toolkit.check.summary import summarize

NOISE = [0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09]


def answers(base: float, count: int = 10) -> list[Probe]:
    return [good(ttft=base + NOISE[number % 10]) for number in range(count)]


def verdicts(then: Sequence[Probe], now: Sequence[Probe], of: About | None = None) -> dict[str, str]:
    found = compare([summarize(of or about(), now)], run(*then))
    return {change.metric: change.verdict for change in found.changes}


def test_the_same_is_the_same() -> None:
    assert set(verdicts(answers(0.5), answers(0.5)).values()) == {"same"}
    assert set(verdicts(answers(0.5), answers(0.51)).values()) == {"same"}


def test_slower_is_worse_and_quicker_is_better() -> None:
    assert verdicts(answers(0.5), answers(0.8))["ttft"] == "worse"
    assert verdicts(answers(0.8), answers(0.5))["ttft"] == "better"


def test_more_tokens_a_second_are_better() -> None:
    slow, fast = [good(rate=40.0 + n) for n in NOISE], [good(rate=60.0 + n) for n in NOISE]
    assert verdicts(slow, fast)["rate"] == "better"
    assert verdicts(fast, slow)["rate"] == "worse"


def test_what_nobody_would_notice_is_the_same_however_sure_it_is() -> None:
    quick = [good(connect=0.0010 + number / 1e7) for number in range(100)]
    slower = [good(connect=0.0030 + number / 1e7) for number in range(100)]
    assert verdicts(quick, slower)["connect"] == "same"


def test_few_answers_say_nothing() -> None:
    assert verdicts(answers(0.5, 4), answers(5.0))["ttft"] == "unclear"


def test_answers_that_are_missing_are_worse() -> None:
    assert verdicts(answers(0.5), [*answers(0.5, 2), *[bad()] * 8])["success"] == "worse"
    assert verdicts(answers(0.5), [*answers(0.5, 9), bad()])["success"] == "same"


def test_what_was_not_measured_is_not_compared() -> None:
    assert set(verdicts([bad()] * 10, answers(0.5))) == {"success"}
    assert verdicts([], answers(0.5)) == {}


def test_an_endpoint_is_found_by_its_url_and_model_where_its_name_is_another() -> None:
    assert set(verdicts(answers(0.5), [good("b")] * 10, about("b", url="https://a.test/v1"))) != set()


def test_an_endpoint_that_was_not_there_is_said_to_be_new() -> None:
    found = compare([summarize(about("b"), [good("b")])], run(good()))
    assert found.changes == ()
    assert [(remark.name, remark.about) for remark in found.remarks] == [("not_then", "b")]


def test_other_settings_are_named() -> None:
    found = compare([summarize(about(model="o3", max_tokens=1024), answers(0.5))], run(*answers(0.5)))
    assert [remark.values["fields"] for remark in found.remarks] == ["model, max_tokens"]
    assert found.started == "2026-11-01T10:00:00Z"
