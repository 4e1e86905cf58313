from __future__ import annotations

from google.genai import types

from outwait.core.ask import Ask, Sampling
from outwait.dialects.gemini import tables


def test_fields_are_those_of_the_neutral_request() -> None:
    fields = {*Ask.__struct_fields__, *(f"sampling.{name}" for name in Sampling.__struct_fields__)}
    outer = {name for name in tables.NAMES if name in fields}
    assert outer - {"model", "messages"} == tables.TAKES
    assert {name.partition(".")[0] for name in tables.NAMES.keys() - outer} <= fields
    assert tables.NAMES.keys() - outer <= tables.DROPS.keys() | {
        "reasoning.effort", "reasoning.show", "messages.failed", "messages.signatures",
    }  # fmt: skip


def test_words_are_googles() -> None:
    assert set(tables.REASONS) <= {reason.value for reason in types.FinishReason}
    assert set(tables.FINISHES.values()) <= {reason.value for reason in types.FinishReason}
    assert set(tables.EFFORTS) | set(tables.LEVELS.values()) <= {level.value for level in types.ThinkingLevel}


def test_each_reason_for_an_end_has_a_word() -> None:
    ours = {"stop", "length", "tool_calls", "content_filter", "refusal", "pause", "context_length"}
    assert tables.FINISHES.keys() == ours
    assert set(tables.REASONS.values()) <= ours
