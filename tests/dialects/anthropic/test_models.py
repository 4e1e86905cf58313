from __future__ import annotations

import re

import pytest

from outwait.dialects.anthropic import models
from outwait.dialects.anthropic.models import OTHER, ROWS, traits_of


@pytest.mark.parametrize(
    "name, limit, thinking, off, sampling, forced, schema",
    [
        ("claude-fable-5-2", 128_000, "adaptive", "", "none", False, True),
        ("claude-mythos-5-1", 128_000, "adaptive", "", "none", False, True),
        ("claude-fable-5", 128_000, "adaptive", "", "none", True, True),
        ("claude-mythos-preview", 128_000, "adaptive", "", "none", True, True),
        ("claude-opus-5-5", 128_000, "adaptive", "", "none", False, True),
        ("anthropic/claude-opus-5.5", 128_000, "adaptive", "", "none", False, True),
        ("claude-opus-5-20260724", 128_000, "adaptive", "disabled", "none", True, True),
        ("claude-sonnet-5-5", 128_000, "adaptive", "between_tools", "none", False, True),
        ("claude-sonnet-5", 128_000, "adaptive", "disabled", "none", True, True),
        ("claude-haiku-5-5", 128_000, "adaptive", "disabled", "none", True, True),
        ("claude-opus-4-8", 128_000, "adaptive", "disabled", "none", True, True),
        ("claude-opus-4-7@20260416", 128_000, "adaptive", "disabled", "none", True, True),
        ("us.anthropic.claude-opus-4-6-v1:0", 128_000, "adaptive", "disabled", "one", True, True),
        ("claude-sonnet-4-6", 64_000, "adaptive", "disabled", "one", True, True),
        ("claude-opus-4-5-20251101", 64_000, "budget", "disabled", "one", True, True),
        ("claude-haiku-4-5", 64_000, "budget", "disabled", "one", True, True),
        ("claude-opus-4-1-20250805", 32_000, "budget", "disabled", "one", True, False),
        ("claude-opus-4-20250514", 32_000, "budget", "disabled", "all", True, False),
        ("claude-4-opus-20250514", 32_000, "budget", "disabled", "all", True, False),
        ("claude-sonnet-4@20250514", 64_000, "budget", "disabled", "all", True, False),
        ("claude-3-7-sonnet-latest", 64_000, "budget", "disabled", "all", True, False),
        ("claude-3-5-haiku-20241022", 8_192, "none", "", "all", True, False),
        ("claude-3-haiku-20240307", 4_096, "none", "", "all", True, False),
        ("anthropic.claude-v2:1", 4_096, "none", "", "all", True, False),
        ("claude-future-9", 128_000, "adaptive", "disabled", "none", True, True),
        ("kimi-k2", None, "budget", "disabled", "all", True, True),
    ],
)
def test_rows(name: str, limit: int | None, thinking: str, off: str, sampling: str, forced: bool, schema: bool) -> None:
    traits = traits_of(name)
    assert (traits.limit, traits.thinking, traits.off) == (limit, thinking, off)
    assert (traits.sampling, traits.forced, traits.schema) == (sampling, forced, schema)


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
