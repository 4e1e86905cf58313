from __future__ import annotations

import re

import pytest

from outwait.dialects.anthropic import models
from outwait.dialects.anthropic.models import OTHER, ROWS, traits_of


@pytest.mark.parametrize(
    "name, limit, thinking, sampling, refuses",
    [
        ("claude-fable-5-2", 128_000, "adaptive -", "none", "forced"),
        ("claude-mythos-5-1", 128_000, "adaptive -", "none", "forced"),
        ("claude-fable-5", 128_000, "adaptive -", "none", ""),
        ("claude-mythos-preview", 128_000, "adaptive -", "none", ""),
        ("claude-opus-5-5", 128_000, "adaptive -", "none", "forced"),
        ("anthropic/claude-opus-5.5", 128_000, "adaptive -", "none", "forced"),
        ("claude-opus-5-20260724", 128_000, "adaptive disabled", "none", ""),
        ("claude-sonnet-5-5", 128_000, "adaptive between_tools", "none", "forced"),
        ("claude-sonnet-5", 128_000, "adaptive disabled", "none", ""),
        ("claude-haiku-5-5", 128_000, "adaptive disabled", "none", ""),
        ("claude-opus-4-8", 128_000, "adaptive disabled", "none", ""),
        ("claude-opus-4-7@20260416", 128_000, "adaptive disabled", "none", ""),
        ("us.anthropic.claude-opus-4-6-v1:0", 128_000, "adaptive disabled", "one", ""),
        ("claude-sonnet-4-6", 64_000, "adaptive disabled", "one", ""),
        ("claude-opus-4-5-20251101", 64_000, "budget disabled", "one", ""),
        ("claude-haiku-4-5", 64_000, "budget disabled", "one", ""),
        ("claude-opus-4-1-20250805", 32_000, "budget disabled", "one", "schema"),
        ("claude-opus-4-20250514", 32_000, "budget disabled", "all", "schema"),
        ("claude-4-opus-20250514", 32_000, "budget disabled", "all", "schema"),
        ("claude-sonnet-4@20250514", 64_000, "budget disabled", "all", "schema"),
        ("claude-3-7-sonnet-latest", 64_000, "budget disabled", "all", "schema"),
        ("claude-3-5-haiku-20241022", 8_192, "none -", "all", "schema"),
        ("claude-3-haiku-20240307", 4_096, "none -", "all", "schema"),
        ("anthropic.claude-v2:1", 4_096, "none -", "all", "schema"),
        ("claude-future-9", 128_000, "adaptive disabled", "none", ""),
        ("kimi-k2", None, "budget disabled", "all", ""),
    ],
)
def test_rows(name: str, limit: int | None, thinking: str, sampling: str, refuses: str) -> None:
    traits = traits_of(name)
    assert (traits.limit, f"{traits.thinking} {traits.off or '-'}", traits.sampling) == (limit, thinking, sampling)
    assert [field for field in ("forced", "schema") if not getattr(traits, field)] == refuses.split()


def test_what_is_asked_for_when_nobody_said() -> None:
    assert models.limit_of(traits_of("claude-opus-5")) == 32_000
    assert models.limit_of(traits_of("claude-3-5-haiku-20241022")) == 8_192
    assert models.limit_of(OTHER) == 8_192


def test_rows_hold_together() -> None:
    for pattern, traits in ROWS:
        assert re.compile(pattern).pattern == pattern.lower()
        assert traits.thinking in {"none", "budget", "adaptive"}
        assert traits.sampling in {"all", "one", "none"}
        assert traits.off in {"", "disabled", "between_tools"}
        assert traits.thinking != "adaptive" or traits.efforts
