from __future__ import annotations

from outwait.core.ask import Ask, Sampling
from outwait.dialects.openai_responses import tables

FIELDS = {*Ask.__struct_fields__, *(f"sampling.{name}" for name in Sampling.__struct_fields__)}


def test_each_field_has_a_name() -> None:
    assert FIELDS - {"rest", "sampling"} <= set(tables.NAMES)
    assert {name.partition(".")[0] for name in tables.NAMES.keys() - FIELDS} <= FIELDS


def test_what_is_taken_is_a_field_and_is_not_dropped() -> None:
    assert tables.TAKES <= FIELDS
    assert not tables.TAKES & set(tables.DROPS)


def test_what_changes_the_answer_is_neither_taken_nor_dropped() -> None:
    refused = FIELDS - tables.TAKES - set(tables.DROPS)
    assert {"stop", "count", "sampling.top_k", "sampling.frequency_penalty", "sampling.logit_bias"} <= refused


def test_every_loss_has_a_reason() -> None:
    assert all(reason.strip() for reason in (*tables.DROPS.values(), *tables.LOSABLE.values()))
