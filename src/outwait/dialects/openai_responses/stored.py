"""What a response was asked with, as a list of items, and one page of it: `GET /responses/{id}/input_items`.

Each item has an id, so that the next page can begin behind it: its own, or one that is always the same for the same
response and place. What a request may leave out and a stored item has not, is put in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from outwait.core.fault import Refusal, fault
from outwait.dialects.openai_responses import response

LIMIT = 100
_DEFAULT = 20
_ORDERS = frozenset({"asc", "desc"})

# Type of an item -> the prefix of its id.
_PREFIXES: Mapping[str, str] = MappingProxyType({
    "message": "msg",
    "reasoning": "rs",
    "compaction": "cmp",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "computer_call": "cu",
    "computer_call_output": "cuo",
    "local_shell_call": "lsh",
    "local_shell_call_output": "lsho",
    "shell_call": "sh",
    "shell_call_output": "sho",
    "apply_patch_call": "apc",
    "apply_patch_call_output": "apco",
    "mcp_approval_response": "mcpr",
})  # fmt: skip
# Types that have a status when they are stored.
_STANDING = frozenset({
    "message", "function_call", "function_call_output", "custom_tool_call", "custom_tool_call_output",
    "computer_call_output", "shell_call", "shell_call_output", "local_shell_call_output",
})  # fmt: skip


def input_items(body: bytes, ident: str) -> list[dict[str, Any]]:
    """The `input` of a request as stored items, in their order. `ident`: of its response."""
    given = response.asked(body).get("input")
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    items = given if isinstance(given, list) else []
    return [_stored(item, ident, place) for place, item in enumerate(items) if isinstance(item, dict)]


def _stored(item: dict[str, Any], ident: str, place: int) -> dict[str, Any]:
    kind = item.get("type")
    if kind is None:
        kind = "message" if "role" in item else "item_reference"
    known = item.get("id")
    key = response.key_of(ident.encode(errors="surrogatepass"), b"%d" % place)
    made = {**item, "id": known if isinstance(known, str) and known else f"{_prefix(kind)}_{key}", "type": kind}
    if isinstance(kind, str) and kind in _STANDING:
        made["status"] = made.get("status") or "completed"
    if kind == "message" and isinstance(made.get("content"), str):
        said = made.get("role") == "assistant"
        part = {"type": "output_text" if said else "input_text", "text": made["content"]}
        made["content"] = [part | {"annotations": [], "logprobs": []} if said else part]
    return made


def _prefix(kind: object) -> str:
    return _PREFIXES.get(kind, "item") if isinstance(kind, str) else "item"


def page(
    items: Sequence[Mapping[str, Any]],
    *,
    limit: str | None = None,
    order: str | None = None,
    after: str | None = None,
    before: str | None = None,
) -> dict[str, Any]:
    """One page of `items` (oldest first) as a list object; the parameters as they stand in the query.

    `after`, `before`: ids of items, in the order that is asked for; the page lies behind the one and in front of the
    other. Raises Refusal for a parameter that is wrong, naming it.
    """
    most, turned = _limit(limit), (order or "desc") == "desc"
    if order is not None and order not in _ORDERS:
        _refuse("order", "must be asc or desc")
    rows = list(reversed(items)) if turned else list(items)
    first = 0 if after is None else _place(rows, "after", after) + 1
    behind = len(rows) if before is None else _place(rows, "before", before)
    rows = rows[first:behind]
    # Without a beginning, the page in front of `before` is the one that ends there.
    shown = rows[-most:] if before is not None and after is None else rows[:most]
    return {
        "object": "list",
        "data": shown,
        "first_id": shown[0].get("id") if shown else None,
        "last_id": shown[-1].get("id") if shown else None,
        "has_more": len(shown) < len(rows),
    }


def _limit(told: str | None) -> int:
    if told is None:
        return _DEFAULT
    limit = int(told) if told.isascii() and told.isdigit() and len(told) <= len(str(LIMIT)) else 0
    if not 1 <= limit <= LIMIT:
        _refuse("limit", f"must be a number from 1 to {LIMIT}")
    return limit


def _place(rows: Sequence[Mapping[str, Any]], name: str, ident: str) -> int:
    found = next((place for place, row in enumerate(rows) if row.get("id") == ident), None)
    if found is None:
        _refuse(name, "names no item of this response")
    return found


def _refuse(name: str, told: str) -> NoReturn:
    raise Refusal(fault("invalid_value", f"{name!r} {told}.", param=name))
