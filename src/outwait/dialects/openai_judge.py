"""What an upstream said, judged: whether words were said, what they cost, and which fault an error text means.

Providers that call themselves OpenAI-compatible tell errors in many shapes inside a 200 reply; all shapes seen are
understood here and become one `Fault` that carries the upstream's own bytes.
"""

from __future__ import annotations

from outwait.core.fault import Fault
from outwait.core.reply import Usage
from outwait.dialects import document, lenient
from outwait.dialects.told import fault_of, number_of, text_of

_SAYS_DEPTH = 32

# A reply that ends for one of these reasons may have no words.
WORDLESS = frozenset({"content_filter", "length"})

# Data that some servers send to keep a line alive.
PINGS = frozenset({b"", b"{}", b"[]", b"null", b"ping", b"[ping]", b"keepalive", b"keep-alive", b"heartbeat"})
PING_EVENTS = frozenset({b"ping", b"keepalive", b"keep-alive", b"heartbeat"})


def says(value: object, depth: int = 0) -> bool:
    """Whether `value`, a delta or message or a part of one, holds any text; `role` alone says nothing."""
    if isinstance(value, str):
        return value != ""
    if depth > _SAYS_DEPTH:
        return True
    if isinstance(value, dict):
        return any(says(part, depth + 1) for key, part in value.items() if key != "role")
    if isinstance(value, list):
        return any(says(part, depth + 1) for part in value)
    return False


def usage_of(value: object) -> Usage | None:
    """The token counts in a `usage` object; what is missing or not a count is 0. None if it is no object."""
    if not isinstance(value, dict):
        return None
    prompt, completion = value.get("prompt_tokens_details"), value.get("completion_tokens_details")
    return Usage(
        input=lenient.count(value, "prompt_tokens"),
        output=lenient.count(value, "completion_tokens"),
        cached=lenient.count(prompt, "cached_tokens") or lenient.count(value, "prompt_cache_hit_tokens"),
        reasoning=lenient.count(completion, "reasoning_tokens"),
        cache_write=lenient.count(prompt, "cache_write_tokens"),
    )


def error_in(value: object, raw: bytes, *, named: bool = False) -> Fault | None:
    """The fault that a decoded JSON `value` tells, or None if it tells none.

    `raw` is its text. `named`: the upstream itself called it an error (`event: error`), whatever it looks like.
    """
    if not isinstance(value, dict):
        return fault_of(value if isinstance(value, str) else "", {}, raw) if named else None
    error = value.get("error")
    if error:
        if isinstance(error, dict):
            # Without the rest of a chunk, whose choices would tell a client of an end that never was.
            return fault_of(text_of(error), error, raw if len(value) == 1 else document.dumps({"error": error}))
        return fault_of(error if isinstance(error, str) else text_of(value), value, raw)
    base = value.get("base_resp")  # MiniMax
    if isinstance(base, dict) and base.get("status_code") not in (None, 0):
        return fault_of(text_of(base), {"code": base.get("status_code")}, raw)
    if named or value.get("object") == "error" or value.get("type") == "error":
        return fault_of(text_of(value), value, raw)
    if not value.get("choices") and "usage" not in value and (text_of(value) or number_of(value.get("code"))):
        return fault_of(text_of(value), value, raw)
    return None
