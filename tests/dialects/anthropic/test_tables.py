from __future__ import annotations

from outwait.core.ask import Ask, Sampling
from outwait.dialects.anthropic import tables


def test_names_are_fields_of_the_neutral_request() -> None:
    fields = {*Ask.__struct_fields__, *(f"sampling.{name}" for name in Sampling.__struct_fields__)}
    outer = {name for name in tables.NAMES if name in fields}
    assert outer == tables.TAKES
    assert {name.partition(".")[0] for name in tables.NAMES.keys() - outer} <= fields
    inner = {name for name in tables.DROPS if not name.startswith(("messages.", "tools."))}
    assert inner <= fields
    assert all(why.strip() and not why.endswith(".") for why in (*tables.DROPS.values(), *tables.LOSABLE.values()))


def test_reasons_come_back() -> None:
    for theirs, ours in tables.REASONS.items():
        again = tables.TOLD_REASONS[ours]
        assert theirs in {again, "stop_sequence"}
    assert set(tables.TIERS.values()) <= set(tables.TOLD_TIERS)
    assert all(tables.TOLD_TIERS[ours] == theirs for theirs, ours in tables.TIERS.items())
