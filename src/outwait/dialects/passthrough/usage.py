"""What a plain route's reply cost: tokens under the names of several generations of the API, and of rerankers."""

from __future__ import annotations

from outwait.core.reply import Usage


def usage_of(usage: object, meta: object = None) -> Usage | None:
    """The tokens in a reply's `usage`, or in its `meta` as Cohere tells them; None where none are told (a transcription
    may be paid by the second)."""
    counts: list[dict[str, object]] = [usage] if isinstance(usage, dict) else []
    if isinstance(meta, dict):
        counts += [each for key in ("tokens", "billed_units") if isinstance(each := meta.get(key), dict)]
    for told in counts:
        output = _count(told, "completion_tokens", "output_tokens")
        taken = _count(told, "prompt_tokens", "input_tokens")
        if taken is None:
            total = _count(told, "total_tokens")
            taken = None if total is None else max(total - (output or 0), 0)
        if taken is None and output is None:
            continue
        inner = [told.get(f"{name}_details") for name in ("prompt_tokens", "input_tokens", "input_token")]
        spent = [told.get(f"{name}_details") for name in ("completion_tokens", "output_tokens", "output_token")]
        return Usage(
            input=taken or 0,
            output=output or 0,
            cached=_inner(inner, "cached_tokens"),
            reasoning=_inner(spent, "reasoning_tokens"),
        )
    return None


def _inner(details: list[object], key: str) -> int:
    found = (_count(each, key) for each in details if isinstance(each, dict))
    return next((count for count in found if count is not None), 0)


def _count(value: dict[str, object], *keys: str) -> int | None:
    for key in keys:
        number = value.get(key)
        if type(number) is int and 0 <= number < 1 << 53:
            return number
    return None
