"""Messages requests as Anthropic takes them: the question in a body, or what is wrong with it.

Promises: a body that the provider would refuse for its shape is refused with the field named; turns of one role count
as one; the results of tools come first in the turn right after their calls, all of them; thoughts come back as they
were signed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from outwait.toolkit.simulate import shape
from outwait.toolkit.simulate.answer import Question, signature
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope
from outwait.toolkit.simulate.shape import (
    ANY,
    BOOLEAN,
    OBJECT,
    STRING,
    Either,
    Many,
    Misshapen,
    Plain,
    Record,
    Tagged,
    Word,
)  # fmt: skip

NEWEST: Final = "2026-10-21"  # the first version without sampling parameters
VERSIONS: Final = ("2023-01-01", "2023-06-01", NEWEST)
_SAMPLING: Final = ("temperature", "top_p", "top_k")
_LEAST_BUDGET = 1024
_IDENT: Final = Plain("string", pattern="[a-zA-Z0-9_-]+")

_CACHE: Final[Mapping[str, shape.Shape]] = {"cache_control": Tagged({"ephemeral": Record({"ttl": Word(("5m", "1h"))})})}
_TEXT: Final = Record({"text": STRING, "citations": Many(OBJECT), **_CACHE}, ("text",))
_BASE64: Final = {"media_type": STRING, "data": STRING}
_IMAGE_TYPES: Final = Word(("image/jpeg", "image/png", "image/gif", "image/webp"))
_IMAGE: Final = Record(
    {
        "source": Tagged(
            {
                "base64": Record(_BASE64 | {"media_type": _IMAGE_TYPES}, ("media_type", "data")),
                "url": Record({"url": STRING}, ("url",)),
                "file": Record({"file_id": STRING}, ("file_id",)),
            }
        ),
        **_CACHE,
    },
    ("source",),
)
_DOCUMENT: Final = Record(
    {
        "source": Tagged(
            {
                "base64": Record(_BASE64 | {"media_type": Word(("application/pdf",))}, ("media_type", "data")),
                "text": Record(_BASE64 | {"media_type": Word(("text/plain",))}, ("media_type", "data")),
                "content": Record({"content": Either(Many(Tagged({"text": _TEXT, "image": _IMAGE})))}, ("content",)),
                "url": Record({"url": STRING}, ("url",)),
                "file": Record({"file_id": STRING}, ("file_id",)),
            }
        ),
        "title": STRING, "context": STRING, "citations": Record({"enabled": BOOLEAN}), **_CACHE,
    },
    ("source",),
)  # fmt: skip
_SEARCH: Final = Record(
    {"content": Many(Tagged({"text": _TEXT})), "source": STRING, "title": STRING, "citations": OBJECT, **_CACHE},
    ("content", "source", "title"),
)
_SHOWN: Final = {"text": _TEXT, "image": _IMAGE, "document": _DOCUMENT, "search_result": _SEARCH}
_OPEN: Final = Record({}, loose=True)
_BLOCK: Final = Tagged(
    {
        **_SHOWN,
        "tool_use": Record(
            {"id": _IDENT, "name": Plain("string", 1, 200, _IDENT.pattern), "input": OBJECT, "caller": OBJECT,
             "toolset_name": STRING, **_CACHE},
            ("id", "name", "input"),
        ),
        "tool_result": Record(
            {"tool_use_id": _IDENT, "content": Either(Many(Tagged(_SHOWN))), "is_error": BOOLEAN,
             "toolset_name": STRING, **_CACHE},
            ("tool_use_id",),
        ),
        "thinking": Record({"thinking": STRING, "signature": STRING}, ("thinking", "signature")),
        "redacted_thinking": Record({"data": STRING}, ("data",)),
        **dict.fromkeys(
            ("server_tool_use", "web_search_tool_result", "web_fetch_tool_result", "code_execution_tool_result",
             "bash_code_execution_tool_result", "text_editor_code_execution_tool_result", "tool_search_tool_result",
             "container_upload", "mcp_tool_use", "mcp_tool_result"), _OPEN),
    }
)  # fmt: skip
_NO_PARALLEL: Final = {"disable_parallel_tool_use": BOOLEAN}
_TOOL: Final = Record(
    {"name": Plain("string", 1, 128, _IDENT.pattern), "description": STRING,
     "input_schema": Record({"type": Word(("object",))}, ("type",), loose=True), "strict": BOOLEAN,
     "allowed_callers": Many(STRING), "defer_loading": BOOLEAN,
     "eager_input_streaming": BOOLEAN, "input_examples": Many(OBJECT), **_CACHE},
    ("name", "input_schema"),
)  # fmt: skip
_THINKING: Final = Tagged(
    {
        "enabled": Record({"budget_tokens": Plain("integer", _LEAST_BUDGET), "display": STRING}, ("budget_tokens",)),
        "adaptive": Record({"display": STRING}),
        "between_tools": Record({}),
        "disabled": Record({}),
    }
)
_PROVIDED: Final = re.compile(r"[a-z_]+_\d{8}|mcp_toolset")
_ROLE: Final = Word(("user", "assistant", "system"))
_COUNTED: Final[Mapping[str, shape.Shape]] = {
    "model": Plain("string", 1),
    "messages": Many(
        Record({"role": _ROLE, "content": Either(Many(_BLOCK))}, ("role", "content")), least=1
    ),
    "system": Either(Many(Tagged({"text": _TEXT}))),
    "tools": Many(ANY),
    "tool_choice": Tagged(
        {"auto": Record(_NO_PARALLEL), "any": Record(_NO_PARALLEL), "none": Record({}),
         "tool": Record({"name": STRING, **_NO_PARALLEL}, ("name",))}
    ),
    "thinking": _THINKING,
    "output_config": Record({"effort": Word(("low", "medium", "high", "xhigh", "max")), "format": Tagged(
        {"json_schema": Record({"schema": OBJECT}, ("schema",))})}),
    "cache_control": _CACHE["cache_control"], "mcp_servers": ANY, "context_management": ANY, "speed": STRING,
}  # fmt: skip
_BODY: Final = Record(
    {
        **_COUNTED, "max_tokens": Plain("integer", 0), "stream": BOOLEAN, "temperature": Plain("number", 0, 1),
        "top_p": Plain("number", 0, 1), "top_k": Plain("integer", 0), "stop_sequences": Many(Plain("string", 1)),
        "metadata": Record({"user_id": STRING}), "service_tier": Word(("auto", "standard_only")), "container": ANY,
        "inference_geo": STRING, "diagnostics": ANY, "user_profile_id": STRING, "workspace_id": STRING,
    },
    ("model", "messages", "max_tokens"),
)  # fmt: skip
_COUNT_BODY: Final = Record(_COUNTED, ("model", "messages"))


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    return _asked(body, envelope, _BODY)


def ask_count(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question whose tokens are to be counted. Raises BadCallError."""
    return _asked(body, envelope, _COUNT_BODY)


def _asked(body: Mapping[str, object], envelope: Envelope, form: Record) -> Question:
    version = _version(envelope)
    try:
        shape.check(body, form)
        _tools(body)
        if version == NEWEST:
            _newest(body)
    except Misshapen as wrong:
        raise BadCallError(_worded(wrong), wrong.dotted()) from wrong
    given: dict[str, Any] = dict(body)
    turns = _turns(given["messages"])
    _conversation(turns)
    _limits(given, turns)
    asked = [_text(blocks) for role, blocks, _ in turns if role == "user"]
    results = tuple(_text(block) for block in turns[-1][1] if block["type"] == "tool_result")
    told = [_text(each["content"]) for each in given["messages"] if each["role"] == "system"]
    prompt = (_text(given.get("system")), *told, *(_text(blocks) for _, blocks, _ in turns), *results)
    return Question(
        model=given["model"],
        stream=given.get("stream") is True,
        text=asked[-1] if asked else "",
        words=sum(len(text.split()) for text in prompt),
        most=given.get("max_tokens"),
        tools=tuple(tool["name"] for tool in given.get("tools") or () if "input_schema" in tool),
        results=results,
        body=given,
    )


def _version(envelope: Envelope) -> str:
    version = envelope.headers.get("anthropic-version")
    if version is None:
        raise BadCallError("anthropic-version: header is required", "anthropic-version")
    if version not in VERSIONS:
        raise BadCallError(f'anthropic-version: "{version}" is not a valid version', "anthropic-version")
    return version


def _newest(body: Mapping[str, Any]) -> None:
    """What the newest version no longer takes."""
    for name in _SAMPLING:
        if name in body:
            raise Misshapen((name,), shape.UNKNOWN)
    for index, message in enumerate(body["messages"]):
        for number, block in enumerate(message["content"] if isinstance(message["content"], list) else ()):
            where: shape.Path = ("messages", index, "content", number)
            if message["role"] == "assistant" and block["type"] == "document":
                raise Misshapen((*where, "type"), shape.VALUE, "no `document` in assistant messages")
            if message["role"] == "user" and block["type"] == "text" and block.get("citations"):
                raise Misshapen((*where, "citations"), shape.UNKNOWN)


def _tools(body: Mapping[str, Any]) -> None:
    """A tool without a type is the caller's own; the provider's have a type and fields of their own."""
    for index, tool in enumerate(body.get("tools") or ()):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if kind not in ("custom", None):
            if not isinstance(kind, str) or not _PROVIDED.fullmatch(kind):
                raise Misshapen(("tools", index, "type"), shape.VALUE, "'custom' or a tool of the provider")
            continue
        told = {name: each for name, each in tool.items() if name != "type"} if isinstance(tool, dict) else tool
        shape.check(told, _TOOL, ("tools", index))


# -- the conversation

Turn = tuple[str, list[dict[str, Any]], int]


def _turns(messages: Sequence[Mapping[str, Any]]) -> list[Turn]:
    """The messages with those of one role joined: role, blocks, the index of the first message."""
    turns: list[Turn] = []
    for index, message in enumerate(messages):
        if message["role"] == "system":
            continue
        content = message["content"]
        blocks = [{"type": "text", "text": content}] if isinstance(content, str) else list(content)
        for number, block in enumerate(blocks):
            if block["type"] == "text" and not block["text"].strip():
                final = message["role"] == "assistant" and index == len(messages) - 1 and block["text"] == ""
                if not final:
                    _refuse(
                        f"messages.{index}.content.{number}", "text content blocks must contain non-whitespace text"
                    )
        if not blocks and not (message["role"] == "assistant" and index == len(messages) - 1):
            _refuse(f"messages.{index}", "all messages must have non-empty content except for the optional final "
                    "assistant message")  # fmt: skip
        if turns and turns[-1][0] == message["role"]:
            turns[-1][1].extend(blocks)
        else:
            turns.append((message["role"], blocks, index))
    if not turns or turns[0][0] != "user":
        _refuse("messages", "first message must use the user role")
    return turns


def _conversation(turns: Sequence[Turn]) -> None:
    called: list[str] = []
    for role, blocks, index in turns:
        kinds = [block["type"] for block in blocks]
        answered = [block["tool_use_id"] for block in blocks if block["type"] == "tool_result"]
        _paired(called, answered, index)
        if answered and "tool_result" in kinds[len(answered) :]:
            _refuse(f"messages.{index}", "`tool_result` blocks must come first in the content that follows `tool_use`")
        called = [block["id"] for block in blocks if block["type"] == "tool_use"]
        if len(set(called)) < len(called):
            _refuse(f"messages.{index}.content", "`tool_use` ids must be unique")
        wrong = {"user": ("tool_use", "thinking", "redacted_thinking"), "assistant": ("tool_result",)}[role]
        for number, block in enumerate(blocks):
            where = f"messages.{index}.content.{number}"
            if block["type"] in wrong:
                _refuse(where, f"`{block['type']}` blocks can not be in {role} messages")
            if block["type"] == "thinking" and block["signature"] != signature(block["thinking"]):
                _refuse(where, "Invalid `signature` in `thinking` block")
    role, blocks, index = turns[-1]
    if called:
        _paired(called, [], index + 1)
    if role == "assistant" and blocks and blocks[-1].get("text", "").endswith((" ", "\n", "\t")):
        _refuse(f"messages.{index}", "final assistant content cannot end with trailing whitespace")


def _paired(called: Sequence[str], answered: Sequence[str], index: int) -> None:
    left = [ident for ident in called if ident not in answered]
    if left:
        text = (
            f"`tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(left)}. "
            "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        )
        _refuse(f"messages.{index - 1}", text)
    for number, ident in enumerate(answered):
        where = f"messages.{index}.content.{number}"
        if ident in answered[:number]:
            _refuse(
                where, f"each tool_use must have a single result. Found multiple `tool_result` blocks with id: {ident}"
            )
        if ident not in called:
            text = (
                f"unexpected `tool_use_id` found in `tool_result` blocks: {ident}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
            _refuse(where, text)


def _limits(given: Mapping[str, Any], turns: Sequence[Turn]) -> None:
    """What thinking excludes, and asks for."""
    thinking = given.get("thinking") or {}
    if thinking.get("type") != "enabled":
        return
    if "max_tokens" in given and thinking["budget_tokens"] >= given["max_tokens"]:
        _refuse("max_tokens", "`max_tokens` must be greater than `thinking.budget_tokens`")
    if given.get("temperature") not in (None, 1):
        _refuse("temperature", "`temperature` may only be set to 1 when thinking is enabled")
    if given.get("top_k") is not None:
        _refuse("top_k", "`top_k` must be unset when thinking is enabled")
    if (given.get("tool_choice") or {}).get("type") in ("any", "tool"):
        _refuse("tool_choice", "Thinking may not be enabled when tool_choice forces tool use")
    if turns[-1][1] and turns[-1][1][0]["type"] == "tool_result":
        _, blocks, index = turns[-2]
        if blocks[0]["type"] not in ("thinking", "redacted_thinking"):
            text = (
                f"Expected `thinking` or `redacted_thinking`, but found `{blocks[0]['type']}`. When `thinking` is "
                "enabled, a final `assistant` message must start with a thinking block"
            )
            _refuse(f"messages.{index}.content.0.type", text)


def _text(content: object) -> str:
    """The text in a system prompt, in blocks, or in a tool's result."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return _text(content.get("content")) if content["type"] == "tool_result" else str(content.get("text") or "")
    blocks = content if isinstance(content, list) else []
    return "\n".join(block["text"] for block in blocks if block["type"] == "text")


def _refuse(where: str, text: str) -> None:
    raise BadCallError(f"{where}: {text}", where)


def _worded(wrong: Misshapen) -> str:
    where = wrong.dotted()
    if wrong.fault == shape.MISSING:
        return f"{where}: Field required"
    if wrong.fault == shape.UNKNOWN:
        return f"{where}: Extra inputs are not permitted"
    if wrong.fault == shape.TYPE:
        return f"{where}: Input should be a valid {wrong.expected}"
    return f"{where}: Input should be {wrong.expected}"
