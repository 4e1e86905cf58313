"""What chat completions and Responses ask in the same words: the end user, how hard to think, which tool to call."""

from __future__ import annotations

from outwait.core.ask import ToolChoice
from outwait.dialects.effort import BUDGETS
from outwait.dialects.fields import Fields, Strange, unknown, wrong

EFFORTS = frozenset(BUDGETS)
VERBOSITY = frozenset({"low", "medium", "high"})
SUMMARIES = frozenset({"auto", "concise", "detailed"})
KINDS = frozenset({"function", "custom"})  # of tools that are the client's own
_MODES = frozenset({"none", "auto", "required"})
_ALLOWED = frozenset({"auto", "required"})
_USERS = ("user", "safety_identifier")  # the newer one replaces the older


def user(fields: Fields, strange: Strange) -> str | None:
    """The end user's id; a second one is kept as strange."""
    found = [ident for key in _USERS if (ident := fields.text(key)) is not None]
    if len(found) > 1:
        strange.rest["safety_identifier"] = found[1]
    return found[0] if found else None


def choice(fields: Fields, strange: Strange, *, nested: bool) -> ToolChoice | None:
    """Which tool to call. `nested`: what belongs to a type stands in an object of its name, as in chat completions."""
    parallel = fields.flag("parallel_tool_calls")
    value = fields.raw("tool_choice")
    if value is None:
        return None if parallel is None else ToolChoice(parallel=parallel)
    if isinstance(value, str):
        if value not in _MODES:
            wrong("tool_choice", "must be none, auto, required or an object")
        return ToolChoice(value, parallel=parallel)
    chosen = Fields(value, "tool_choice")
    kind = chosen.need("type")
    if kind not in KINDS and kind != "allowed_tools":
        unknown("tool_choice.type", f"a tool choice of type {kind!r}")
    inner = chosen.need_inner(kind) if nested else chosen
    if kind in KINDS:
        made = ToolChoice("named", (inner.need("name"),), parallel)
    else:
        mode = inner.one_of("mode", _ALLOWED) or "auto"
        made = ToolChoice(mode, tuple(_name(tool, nested=nested) for tool in inner.each("tools")), parallel)
    strange.keep(chosen, "tool_choice")
    return made


def _name(tool: Fields, *, nested: bool) -> str:
    kind = tool.need("type")
    if kind not in KINDS:
        unknown(tool.at("type"), f"a tool of type {kind!r}")
    return (tool.need_inner(kind) if nested else tool).need("name")
