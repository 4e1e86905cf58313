from __future__ import annotations

from pathlib import Path

from bench.contenders import CANDIDATE, CONTENDERS, before


def test_another_checkout_runs_as_this_one_does_but_from_its_own_source() -> None:
    ours = next(one for one in CONTENDERS if one.name == CANDIDATE)
    other = before(Path("/there"))
    assert other.name == "outwait-before"
    assert other.command("outwait", Path("f")) == ["env", "PYTHONPATH=/there/src", *ours.command("outwait", Path("f"))]
