from __future__ import annotations

import json
import math
import re

from tests.pages import plain, table
from tests.toolkit.check.rows import about, bad, good, header, run

from outwait.core.tongue import Tongue
from outwait.toolkit.check.report import as_data, report
from outwait.toolkit.check.words import Remark

QUICK = [good("a", 0.5 + n / 100) for n in range(10)]
SLOW = [good("b", 0.9 + n / 100) for n in range(10)]
BOTH = header(about("a"), about("b"))


def test_everything_that_follows_stands_in_one_object() -> None:
    told = report(BOTH, [*QUICK, *SLOW], earlier=run(*QUICK))
    data = json.loads(json.dumps(as_data(told, Tongue.EN), allow_nan=False))
    assert (data["well"], data["fail_below"], data["started"]) == (True, 0.9, "2026-11-01T10:00:00Z")
    first = data["endpoints"][0]
    assert (first["name"], first["model"], first["success_rate"], first["probes"]) == ("a", "gpt-4o", 1.0, 10)
    assert first["figures"]["ttft"] == {"n": 10, "p50": 0.54, "p95": 0.59, "max": 0.59}
    assert first["figures"]["rate"] == {"n": 10, "p50": 40.0, "p5": 40.0, "min": 40.0}
    assert (data["recommendation"]["endpoint"], data["recommendation"]["sure"]) == ("a", True)
    assert data["timeouts"]["endpoint"] == "a"
    assert [each["clock"] for each in data["timeouts"]["clocks"]][:2] == ["connect", "first_byte"]
    assert {change["verdict"] for change in data["comparison"]["changes"]} == {"same"}
    assert len(data["comparison"]["remarks"]) == 1


def test_keys_are_the_same_in_both_languages() -> None:
    told = report(BOTH, [*QUICK, bad("b")])
    english, chinese = as_data(told, Tongue.EN), as_data(told, Tongue.ZH)
    assert english.keys() == chinese.keys()
    assert english["endpoints"][0] == chinese["endpoints"][0]
    ours, theirs = (told["endpoints"][1]["failures"][0] for told in (english, chinese))
    assert ours.keys() == theirs.keys()
    assert ours["cause"] == theirs["cause"]
    assert ours["meaning"] != theirs["meaning"]
    assert english["recommendation"]["reasons"] != chinese["recommendation"]["reasons"]


def test_one_endpoint_that_is_ill_is_bad_news() -> None:
    assert not report(BOTH, [*QUICK, bad("b")]).well
    assert report(BOTH, [*QUICK, bad("b")], at_least=0.0).well
    assert not report(BOTH, []).well


def test_nothing_measured_is_still_an_object() -> None:
    data = as_data(report(header(about()), [bad()] * 3), Tongue.EN)
    assert data["recommendation"]["endpoint"] is None
    assert data["endpoints"][0]["failures"][0]["count"] == 3
    assert not any(isinstance(value, float) and math.isinf(value) for value in data["endpoints"][0].values())


def test_the_only_endpoint_gets_its_clocks_though_it_is_ill() -> None:
    told = report(header(about()), [*QUICK[:5], *[bad()] * 5])
    assert told.recommendation.best is None
    assert told.suggested_for == "a"
    assert told.suggestions


def test_what_others_warn_of_comes_first() -> None:
    careful = Remark("no_key", {"variable": "X"}, "a")
    assert report(header(about()), QUICK, careful=[careful]).warnings[0] is careful


def test_the_page_describes_every_key() -> None:
    rows = table("check.md", "key", "what it is")
    data = as_data(report(BOTH, [*QUICK, bad("b")], earlier=run(*QUICK)), Tongue.EN)
    assert [plain(row["key"]) for row in rows] == list(data)
    told = {plain(row["key"]): set(re.findall(r"`(\w+)`", row["what it is"])) for row in rows}
    assert data["endpoints"][1]["failures"][0].keys() <= told["endpoints"]
    assert {"figures", "failures", "retry_after", "ok", "errors"} <= told["endpoints"]
    assert data["comparison"]["changes"][0].keys() <= told["comparison"]
