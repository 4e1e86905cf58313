from __future__ import annotations

import re
from collections.abc import Mapping
from string import Formatter
from typing import Any

import pytest

from outwait.core.fault import Side
from outwait.core.tongue import Said, Tongue
from outwait.toolkit.check.summary import PHASES
from outwait.toolkit.check.words import KINDS, METRICS, SAYINGS, SIDES, WAITS, Remark, Wrong, chance, seconds, share

TABLES: Mapping[str, Mapping[Any, Said]] = {
    "sayings": SAYINGS,
    "metrics": METRICS,
    "sides": SIDES,
    "kinds": KINDS,
    "waits": WAITS,
}
ALL = [(f"{table}.{name}", said) for table, rows in TABLES.items() for name, said in rows.items()]


@pytest.mark.parametrize("name, said", ALL, ids=[name for name, _ in ALL])
def test_both_languages_have_the_same_places(name: str, said: Said) -> None:
    english, chinese = ({place for _, place, _, _ in Formatter().parse(text) if place} for text in said)
    assert english == chinese, name


def test_every_phase_and_side_has_its_word() -> None:
    assert set(PHASES) | {"success", "timeouts", "errors"} == METRICS.keys()
    assert {side.value for side in Side} == SIDES.keys()


def test_chinese_sentences_are_chinese() -> None:
    assert [name for name, said in SAYINGS.items() if not re.search(r"[\u4e00-\u9fff]", said.zh)] == ["said_so"]


def test_a_remark_is_told_with_its_values_in_its_language() -> None:
    asked = Remark("asked_to_wait", {"span": "2s"})
    remark = Remark("rate_limited", {"n": 3, "asked": asked}, "gw")
    assert remark.told(Tongue.EN).startswith("gw: 3 probes were refused by a rate limit, which asks to wait 2s.")
    assert remark.told(Tongue.ZH).startswith("gw：3 次探测被限流拒绝，要求等待 2s。")
    side = Remark("unwell", {"share": "0%", "limit": "90%", "cause": "x", "side": SIDES["network"]})
    assert "网络" in side.told(Tongue.ZH)


def test_a_sentence_of_its_own_begins_like_one() -> None:
    assert Remark("few", {"n": 3}).told(Tongue.EN).startswith("with so few")
    assert Remark("few", {"n": 3}).sentence(Tongue.EN).startswith("With so few")
    assert Remark("few", {"n": 3}, "gw").sentence(Tongue.EN).startswith("gw: with so few")


@pytest.mark.parametrize(
    "value, text",
    [
        (0.0, "0.0ms"),
        (0.00042, "0.4ms"),
        (0.00994, "9.9ms"),
        (0.00996, "10ms"),
        (0.9994, "999ms"),
        (0.9996, "1.00s"),
        (9.994, "9.99s"),
        (9.996, "10.0s"),
        (99.94, "99.9s"),
        (99.96, "1m40s"),
        (3599.4, "59m59s"),
        (3599.6, "1h00m"),
        (86_400.0, "24h00m"),
    ],
)
def test_times_fit_into_a_column(value: float, text: str) -> None:
    assert seconds(value) == text
    assert len(text) <= 7


@pytest.mark.parametrize(
    "value, text", [(1.0, "100%"), (0.9999, "99.9%"), (0.995, "99.5%"), (0.9, "90%"), (0.0, "0%"), (1 / 3, "33.3%")]
)
def test_shares(value: float, text: str) -> None:
    assert share(value) == text


def test_chances() -> None:
    assert (chance(0.0001), chance(0.0312), chance(1.0)) == ("p < 0.001", "p = 0.031", "p = 1")


def test_what_is_wrong_is_said_in_both_languages() -> None:
    wrong = Wrong("bad_port", url="x")
    assert str(wrong) == "x has port 0"
    assert (wrong.hint, wrong.remark.told(Tongue.ZH)) == ("URL", "x 的端口是 0")
