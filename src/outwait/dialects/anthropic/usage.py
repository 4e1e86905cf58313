"""Token counts as Anthropic tells them, and as everybody else counts them.

Anthropic's `input_tokens` leave out what was read from a cache and what was written to one; `Usage.input` has it all.
"""

from __future__ import annotations

from typing import Any

from outwait.core.reply import Usage
from outwait.dialects import lenient


def usage_of(value: object) -> Usage | None:
    """The counts in a `usage` object; what is missing or not a count is 0. None if it is no object."""
    if not isinstance(value, dict):
        return None
    cached, written = (
        lenient.count(value, "cache_read_input_tokens"),
        lenient.count(value, "cache_creation_input_tokens"),
    )
    return Usage(
        input=lenient.count(value, "input_tokens") + cached + written,
        output=lenient.count(value, "output_tokens"),
        cached=cached,
        reasoning=lenient.count(value.get("output_tokens_details"), "thinking_tokens"),
        cache_write=written,
    )


def told_of(usage: Usage | None) -> dict[str, Any]:
    """The `usage` object that tells `usage`; zeros where nothing is known."""
    known = usage or Usage()
    told: dict[str, Any] = {
        "input_tokens": max(known.input - known.cached - known.cache_write, 0),
        "cache_creation_input_tokens": known.cache_write,
        "cache_read_input_tokens": known.cached,
        "output_tokens": known.output,
    }
    if known.reasoning:
        told["output_tokens_details"] = {"thinking_tokens": known.reasoning}
    return told


def merged(known: dict[str, Any], later: object) -> dict[str, Any]:
    """`known` as `later` corrects it. Counts of one stream are cumulative, but a later event may leave some out, or
    tell a zero for what it does not count."""
    if not isinstance(later, dict):
        return known
    return known | {key: value for key, value in later.items() if value or key not in known}
