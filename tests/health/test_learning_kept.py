"""What outlives the process: it comes back as it was, with its age, or it is refused whole."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outwait.core.fault import Clock
from outwait.health import learning_kept
from outwait.health.learned import Key
from outwait.health.learning_kept import Kept, nothing, read
from outwait.health.learning_rules import LearningRules
from outwait.policy.adaptive import CLOCKS
from outwait.policy.sketch import HALF

RULES = LearningRules()
KEY = Key("openai/gpt-5", "chat", whole=False)
WAITS = st.tuples(
    st.sampled_from([KEY, KEY._replace(whole=True), KEY._replace(endpoint="azure/gpt-5")]),
    st.sampled_from(CLOCKS),
    st.booleans(),
    st.floats(0, 20_000),
)


def _kept() -> Kept:
    made = nothing()
    subject = made.subject(KEY, RULES, 0)
    subject.own.add(5, 0)
    subject.shared.add(5, 0)
    subject.learners[Clock.IDLE].cut(7, 0)
    made.frozen["azure/gpt-5"] = True
    return made


def test_it_comes_back_with_its_age() -> None:
    plain = json.loads(json.dumps(_kept().dump(100)))
    assert plain["version"] == learning_kept.VERSION == 1
    after = read(plain, RULES, 5000, 60)
    subject = after.subjects[KEY]
    assert subject.key == KEY
    assert subject.shared is after.shared["chat", False]
    assert subject.own.counts(5000) == subject.shared.counts(5000) == (1, 0)
    assert subject.learners[Clock.IDLE].waits.counts(5000) == (0, 1)
    assert after.frozen == {None: False, "azure/gpt-5": True}
    assert subject.own.counts(5000 + 2 * HALF - 161) == (1, 0)
    assert subject.own.counts(5000 + 2 * HALF - 159) == (0, 0)


@given(st.lists(WAITS, max_size=30))
def test_whatever_was_seen_comes_back(seen: list[tuple[Key, Clock, bool, float]]) -> None:
    made = nothing()
    for key, clock, answered, seconds in seen:
        subject = made.subject(key, RULES, 0)
        (subject.learners[clock].add if answered else subject.learners[clock].cut)(seconds, 0)
        (subject.own.add if answered else subject.own.cut)(seconds, 0)
    plain = json.loads(json.dumps(made.dump(0)))
    assert json.loads(json.dumps(read(plain, RULES, 0, 0).dump(0))) == plain


def test_subjects_are_made_once_and_frozen_if_their_endpoint_is() -> None:
    made = _kept()
    assert made.subject(KEY, RULES, 0) is made.subject(KEY, RULES, 0)
    other = made.subject(KEY._replace(endpoint="azure/gpt-5"), RULES, 0)
    assert (other.frozen, made.subject(KEY, RULES, 0).frozen) == (True, False)
    assert other.shared is made.subjects[KEY].shared
    assert made.subject(KEY._replace(whole=True), RULES, 0).shared is not other.shared
    assert made.of("azure/gpt-5") == [other]
    assert len(made.of(None)) == 3


def test_no_more_than_there_is_room_for() -> None:
    made = nothing()
    for at in range(5):
        made.subject(KEY._replace(endpoint=f"a/{at}"), RULES, 0)
    assert len(read(made.dump(0), LearningRules(subjects=3), 0, 0).subjects) == 3


@pytest.mark.parametrize(
    "change, field",
    [
        ({"version": 2}, "version"),
        ({"shared": None}, "shared: a list"),
        ({"shared": [7]}, r"shared\[0\]: a row"),
        ({"shared": [{"scenario": "", "whole": True}]}, r"shared\[0\]: scenario"),
        ({"shared": [{"scenario": "chat", "whole": True}]}, r"shared\[0\]: waits: waits are"),
        ({"subjects": {}}, "subjects: a list"),
        ({"subjects": [7]}, r"subjects\[0\]: a row"),
        ({"subjects": [{"endpoint": "a/b", "scenario": "chat", "whole": False}]}, r"subjects\[0\]: clocks"),
        ({"frozen": 1}, "frozen: a list"),
        ({"frozen": [["a/b", 1]]}, r"frozen\[0\]: an endpoint"),
        ({"frozen": [[1, True]]}, r"frozen\[0\]: an endpoint"),
        ({"frozen": ["a/b"]}, r"frozen\[0\]: an endpoint"),
    ],
)
def test_bad_data_names_its_field(change: dict[str, Any], field: str) -> None:
    with pytest.raises(ValueError, match=f"^{field}"):
        read(_kept().dump(0) | change, RULES, 0, 0)


@pytest.mark.parametrize("plain", [None, [], {}, "x"])
def test_what_is_no_dump_is_refused(plain: object) -> None:
    with pytest.raises(ValueError, match="version"):
        read(plain, RULES, 0, 0)


@pytest.mark.parametrize("age", [-1, float("nan"), float("inf")])
def test_an_age_is_a_length_of_time(age: float) -> None:
    with pytest.raises(ValueError, match="age"):
        read(_kept().dump(0), RULES, 0, age)


def _spoilt(plain: Any, path: list[int], value: object) -> Any:
    """`plain` with something else in one place."""
    if not path or not isinstance(plain, dict | list) or not plain:
        return value
    keys = list(plain) if isinstance(plain, dict) else list(range(len(plain)))
    at = keys[path[0] % len(keys)]
    if isinstance(plain, dict):
        return {**plain, at: _spoilt(plain[at], path[1:], value)}
    return [_spoilt(item, path[1:], value) if place == at else item for place, item in enumerate(plain)]


ODD = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5), st.just([]), st.just({}), st.just([[1]])
)


@given(st.lists(st.integers(0, 9), min_size=1, max_size=8), ODD)
def test_anything_else_is_read_or_refused(path: list[int], value: object) -> None:
    with suppress(ValueError):  # and nothing but that
        found = read(_spoilt(json.loads(json.dumps(_kept().dump(0))), path, value), RULES, 0, 0)
        assert json.dumps(found.dump(0))
