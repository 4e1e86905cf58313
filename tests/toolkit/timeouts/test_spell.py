from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.toolkit.timeouts.reading import span

from outwait.core.tongue import Said
from outwait.toolkit.timeouts.advice import Facts, advise
from outwait.toolkit.timeouts.spell import aligned, plain, proto, said, unit, whole, why


@pytest.mark.parametrize(
    "seconds, text", [(3630, "3630s"), (20.5, "20500ms"), (0.167, "167ms"), (0.1671, "168ms"), (86_400.0, "86400s")]
)
def test_a_unit_is_named_and_nothing_is_lost(seconds: float, text: str) -> None:
    assert unit(seconds) == text


@pytest.mark.parametrize("seconds, text", [(3630, "3630s"), (20.5, "20.5s"), (0.167, "0.167s"), (100, "100s")])
def test_protobuf_durations(seconds: float, text: str) -> None:
    assert proto(seconds) == text


@pytest.mark.parametrize("seconds, number", [(3630.0, 3630), (20.5, 21), (0.01, 1), (2.0000001, 2)])
def test_whole_seconds_are_rounded_up(seconds: float, number: int) -> None:
    assert whole(seconds) == number


@given(st.floats(min_value=0.001, max_value=700_000))
def test_what_is_written_is_never_shorter(seconds: float) -> None:
    assert span(unit(seconds)) >= seconds - 0.001
    assert span(unit(seconds)) <= seconds + 0.0015
    assert abs(span(proto(seconds)) - seconds) <= 0.0006
    assert seconds - 0.001 <= whole(seconds) < seconds + 1


def test_a_comment_is_one_line_of_ascii() -> None:
    assert plain("a\nrm -rf / # 模型") == "a?rm -rf / # ??"
    assert len(plain("x" * 500)) == 120


def test_both_languages_are_filled() -> None:
    assert said(Said("{a} s", "{a} 秒"), a=3) == Said("3 s", "3 秒")


def test_comments_stand_in_one_column() -> None:
    text = "# a # b\nshort; # one\n    a_longer_setting 30s;      # two\nplain;\n"
    assert aligned(text) == "# a # b\nshort;                      # one\n    a_longer_setting 30s;   # two\nplain;\n"


def test_why_an_edge_waits_so_long_names_who_is_behind_it() -> None:
    chain = advise(Facts(model="o3", behind=("alb", "nginx"))).chain
    assert why(chain.at("nginx")) == "longer than the gateway, which gives up after 3600s"
    assert why(chain.at("alb")) == "longer than nginx, which gives up after 3630s"
    deep = advise(Facts(scenario="deep", behind=("alb", "nginx"))).chain
    assert why(deep.at("alb")) == "all alb can: nginx goes on for 7230s, so heartbeats must come"
