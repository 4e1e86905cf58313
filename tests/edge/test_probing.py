from __future__ import annotations

import pytest

from outwait.core.fault import Fault, Refusal
from outwait.edge.probing import ProbeBounds, Probing


class Probe:
    """Leaves when it is ended, as probes do."""

    def __init__(self, probing: Probing, key: str) -> None:
        self.probing, self.key = probing, key
        self.ended: Fault | None = None
        probing.began(key, self)

    def end(self, failed: Fault) -> None:
        self.ended = failed
        self.probing.ended(self.key, self)


def test_so_many_for_each_key_and_so_many_in_all() -> None:
    probing = Probing(ProbeBounds(per_key=2, total=3))
    one, _, _ = (Probe(probing, key) for key in ("a", "a", "b"))
    with pytest.raises(Refusal) as refused:
        probing.admit("a")
    assert refused.value.fault.code == "rate_limited"
    assert refused.value.fault.retry_after == 5
    with pytest.raises(Refusal) as refused:
        probing.admit("b")
    assert refused.value.fault.code == "gateway_overloaded"
    one.end(refused.value.fault)
    probing.admit("a")
    probing.admit("b")
    assert probing.count == 2


def test_all_end_when_the_worker_leaves() -> None:
    probing = Probing(ProbeBounds())
    probes = [Probe(probing, key) for key in ("a", "a", "b")]
    probing.close()
    assert [each.ended.code for each in probes if each.ended is not None] == ["gateway_draining"] * 3
    assert probing.count == 0
    probing.close()


def test_the_bounds_are_told_by_name() -> None:
    told = ProbeBounds(max_silence=60.0).told()
    assert (told["max_silence"], told["per_key"], told["total"]) == (60.0, 16, 64)
    assert {"body_rate", "body_grace", "body_time", "body_size"} <= set(told)
