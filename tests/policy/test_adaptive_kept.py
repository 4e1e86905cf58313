"""What a learned timeout was, as plain data: it comes back as it was, or it is refused whole."""

from __future__ import annotations

import json

import pytest

from outwait.policy.adaptive import Bounds, Learner
from outwait.policy.sketch import HALF

WIDE = Bounds(configured=600, floor=0.01, ceiling=10_000)


def _learner(values: dict[float, int], cuts: dict[float, int] | None = None) -> Learner:
    """A learner that saw each wait so many times."""
    made = Learner(0)
    for seconds, times in values.items():
        for _ in range(times):
            made.add(seconds, 0)
    for seconds, times in (cuts or {}).items():
        for _ in range(times):
            made.cut(seconds, 0)
    return made


def _dumped(made: Learner, now: float) -> dict[str, object]:
    plain: dict[str, object] = json.loads(json.dumps(made.dump(now)))
    return plain


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("cuts", [{}, {600: 20}])
def test_a_restart_forgets_nothing(cuts: dict[float, int], frozen: bool) -> None:
    before, after = _learner({10: 900}, cuts), Learner(7000)
    span = before.span(WIDE, 0)
    before.frozen = frozen
    before.cut(880, 1)
    after.restore(_dumped(before, 1), 7000, age=5)
    assert after.frozen is frozen
    before.cut(899, 2)
    after.cut(899, 7001)
    assert after.span(WIDE, 7061) == before.span(WIDE, 61)
    if frozen:
        assert before.span(WIDE, 61) == span
    assert after.waits.counts(7000 + 2 * HALF - 6) == (0, 0)


@pytest.mark.parametrize(
    "change, field",
    [
        ({"waits": 7}, "waits: "),
        ({"wanted": -1}, "wanted: "),
        ({"wanted": "x"}, "wanted: "),
        ({"raised": 1}, "raised, frozen: "),
        ({"frozen": None}, "raised, frozen: "),
        ({"reason": None}, "reason: "),
        ({"reason": "x" * 301}, "reason: "),
        ({"cut": None}, "cut: "),
    ],
)
def test_a_bad_dump_is_refused_whole(change: dict[str, object], field: str) -> None:
    kept = _learner({10: 300})
    span = kept.span(WIDE, 0)
    with pytest.raises(ValueError, match=f"^{field}"):
        kept.restore(Learner(0).dump(0) | change, 0)
    assert kept.span(WIDE, 60) == span is not None


def test_only_a_mapping_is_read() -> None:
    with pytest.raises(ValueError, match="mapping"):
        Learner(0).restore([], 0)
