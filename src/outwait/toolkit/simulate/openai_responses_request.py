"""Responses requests as OpenAI takes them: the question in a body, or what is wrong with it.

Promises: a body that the provider would refuse for its shape is refused with the field named; every output of a
function answers a call before it, every call is answered, reasoning stands before what it led to and is what was
handed out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from outwait.toolkit.simulate import shape
from outwait.toolkit.simulate.answer import Question, signature
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope
from outwait.toolkit.simulate.shape import (
    ANY,
    BOOLEAN,
    INTEGER,
    NUMBER,
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


def _begins(prefix: str) -> Plain:
    """An id of this kind of item."""
    return Plain("string", 1, 64, f"{prefix}.*")


_NAME: Final = Plain("string", 1, 128, "[a-zA-Z0-9_-]+")
_IMAGE: Final = Record({"image_url": STRING, "file_id": STRING, "detail": STRING, "prompt_cache_breakpoint": OBJECT})
_FILE: Final = Record(
    {"file_data": STRING, "file_id": STRING, "file_url": STRING, "filename": STRING, "detail": STRING,
     "prompt_cache_breakpoint": OBJECT}
)  # fmt: skip
_INPUT_TEXT: Final = Record({"text": STRING, "prompt_cache_breakpoint": OBJECT}, ("text",))
_SAID: Final = Many(
    Tagged(
        {"input_text": _INPUT_TEXT, "input_image": _IMAGE, "input_file": _FILE, "input_audio": Record({}, loose=True)}
    )
)
_ANSWERED: Final = Many(
    Tagged(
        {
            "output_text": Record({"text": STRING, "annotations": Many(OBJECT), "logprobs": Many(OBJECT)}, ("text",)),
            "refusal": Record({"refusal": STRING}, ("refusal",)),
        }
    )
)
_STATUS: Final = Word(("in_progress", "completed", "incomplete"))
_MESSAGE: Final[Mapping[str, shape.Shape]] = {
    "id": _begins("msg"),
    "status": _STATUS,
    "phase": STRING,
    "content": Either(_SAID),
}
_FROM_USER: Final = Tagged(
    dict.fromkeys(("user", "system", "developer"), Record(_MESSAGE, ("content",)))
    | {"assistant": Record({**_MESSAGE, "content": Either(_ANSWERED)}, ("content",))},
    tag="role",
)
_OPEN: Final = Record({}, loose=True)
_ITEM: Final = Tagged(
    {
        "message": _OPEN,  # its fields depend on its role: `_FROM_USER`
        "function_call": Record(
            {"id": _begins("fc"), "call_id": Plain("string", 1, 64), "name": _NAME, "arguments": STRING,
             "status": _STATUS, "namespace": STRING},
            ("call_id", "name", "arguments"),
        ),
        "function_call_output": Record(
            {"id": STRING, "call_id": Plain("string", 1, 64), "output": Either(_SAID), "status": _STATUS},
            ("call_id", "output"),
        ),
        "reasoning": Record(
            {"id": _begins("rs"), "summary": Many(Tagged({"summary_text": Record({"text": STRING}, ("text",))})),
             "content": Many(Tagged({"reasoning_text": Record({"text": STRING}, ("text",))})),
             "encrypted_content": STRING, "status": _STATUS},
            ("id", "summary"),
        ),
        "item_reference": Record({"id": STRING}, ("id",)),
        **dict.fromkeys(
            ("file_search_call", "computer_call", "computer_call_output", "web_search_call", "image_generation_call",
             "code_interpreter_call", "local_shell_call", "local_shell_call_output", "shell_call", "shell_call_output",
             "apply_patch_call", "apply_patch_call_output", "mcp_list_tools", "mcp_approval_request",
             "mcp_approval_response", "mcp_call", "custom_tool_call", "custom_tool_call_output", "compaction"),
            _OPEN,
        ),
    },
    usual="message",
)  # fmt: skip
_FUNCTION: Final = Record(
    {"name": _NAME, "parameters": OBJECT, "strict": BOOLEAN, "description": STRING,
     "output_schema": OBJECT, "defer_loading": BOOLEAN},
    ("name",),
)  # fmt: skip
_TOOL: Final = Tagged(
    {"function": _FUNCTION, **dict.fromkeys(
        ("file_search", "computer", "computer_use_preview", "web_search", "web_search_preview", "mcp",
         "code_interpreter", "image_generation", "local_shell", "shell", "custom", "apply_patch", "tool_search",
         "namespace"), _OPEN)}
)  # fmt: skip
_CHOICE: Final = Tagged(
    {"function": Record({"name": STRING}, ("name",)), "allowed_tools": _OPEN, "custom": _OPEN, "mcp": _OPEN,
     "file_search": _OPEN, "web_search": _OPEN, "web_search_preview": _OPEN, "image_generation": _OPEN,
     "code_interpreter": _OPEN, "computer": _OPEN, "apply_patch": _OPEN, "shell": _OPEN}
)  # fmt: skip
_FORMAT: Final = Tagged(
    {"text": Record({}), "json_object": Record({}), "json_schema": Record(
        {"name": Plain("string", 1, 64), "schema": OBJECT, "strict": BOOLEAN, "description": STRING},
        ("name", "schema"))}
)  # fmt: skip
_EFFORT: Final = Word(("none", "minimal", "low", "medium", "high", "xhigh", "max"))
_SUMMARY: Final = Word(("auto", "concise", "detailed"))
_BODY: Final = Record(
    {
        "model": STRING, "input": Either(Many(_ITEM)), "instructions": STRING, "stream": BOOLEAN,
        "stream_options": Record({"include_obfuscation": BOOLEAN}), "max_output_tokens": Plain("integer", 16),
        "max_tool_calls": INTEGER, "temperature": Plain("number", 0, 2), "top_p": Plain("number", 0, 1),
        "top_logprobs": Plain("integer", 0, 20), "tools": Many(_TOOL), "parallel_tool_calls": BOOLEAN,
        "tool_choice": Either(_CHOICE, Word(("none", "auto", "required"))),
        "text": Record({"format": _FORMAT, "verbosity": Word(("low", "medium", "high"))}),
        "reasoning": Record({"effort": _EFFORT, "summary": _SUMMARY, "generate_summary": _SUMMARY, "mode": STRING,
                             "context": STRING, "encrypted_content": STRING}),
        "include": Many(STRING), "metadata": OBJECT, "store": BOOLEAN, "background": BOOLEAN,
        "previous_response_id": STRING, "conversation": Either(OBJECT), "prompt": OBJECT, "user": STRING,
        "safety_identifier": STRING, "prompt_cache_key": STRING, "prompt_cache_retention": STRING,
        "prompt_cache_options": OBJECT, "service_tier": STRING, "truncation": Word(("auto", "disabled")),
        "access_programs": ANY, "background_options": ANY, "context_management": ANY, "image": ANY, "moderation": ANY,
        "seed": NUMBER,
    },
    ("model", "input"),
)  # fmt: skip
_ANSWERS: Final = {"function_call_output": "function_call", "custom_tool_call_output": "custom_tool_call"}


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    given: dict[str, Any] = {**body, "model": envelope.model or body.get("model")}
    try:
        shape.check(given, _BODY)
        items = _items(given)
    except Misshapen as wrong:
        raise BadCallError(_worded(wrong), wrong.bracketed(), code=_CODES.get(wrong.fault)) from wrong
    if given.get("background") and given.get("store") is False:
        text = "Background responses are stored: 'background' cannot be true where 'store' is false."
        raise BadCallError(text, "background", code="unsupported_parameter")
    _conversation(items)
    texts = [(item.get("role"), _text(item.get("content"))) for item in items if item.get("role")]
    asked = [text for role, text in texts if role == "user"]
    results = tuple(_results(items))
    prompt = (given.get("instructions") or "", *(text for _, text in texts), *results)
    return Question(
        model=given["model"],
        stream=given.get("stream") is True,
        text=asked[-1] if asked else "",
        words=sum(len(text.split()) for text in prompt),
        most=given.get("max_output_tokens"),
        logprobs="message.output_text.logprobs" in (given.get("include") or ()),
        tops=given.get("top_logprobs") or 0,
        tools=tuple(tool["name"] for tool in given.get("tools") or () if tool["type"] == "function"),
        results=results,
        body=given,
        told=tuple(f"{role}: {text}" for role, text in texts),
    )


def _items(given: Mapping[str, Any]) -> list[dict[str, Any]]:
    if isinstance(given["input"], str):
        return [{"role": "user", "content": given["input"]}]
    items: list[dict[str, Any]] = given["input"]
    for index, item in enumerate(items):
        if item.get("type", "message") == "message":
            told = {name: value for name, value in item.items() if name != "type"}
            shape.check(told, _FROM_USER, ("input", index))
    return items


def _text(content: object) -> str:
    if isinstance(content, str):
        return content
    parts = content if isinstance(content, list) else []
    return "\n".join(part["text"] for part in parts if isinstance(part.get("text"), str))


def _conversation(items: Sequence[Mapping[str, Any]]) -> None:
    calls: dict[str, str] = {}  # call_id -> type, of calls that are not answered yet
    for index, item in enumerate(items):
        kind = item.get("type", "message")
        where = f"input[{index}]"
        if kind in _ANSWERS.values():
            if item.get("call_id") in calls:
                raise BadCallError(f"Duplicate call_id '{item['call_id']}'.", f"{where}.call_id")
            calls[str(item.get("call_id"))] = kind
        elif kind in _ANSWERS and calls.pop(str(item.get("call_id")), "") != _ANSWERS[kind]:
            text = f"No tool call found for function call output with call_id {item.get('call_id')}."
            raise BadCallError(text, "input")
        elif kind == "reasoning":
            _reasoned(items, index)
        elif kind == "item_reference":
            raise BadCallError(f"Item with id '{item['id']}' not found.", "input", status=404)
    if calls:
        raise BadCallError(f"No tool output found for function call {next(iter(calls))}.", "input")


def _reasoned(items: Sequence[Mapping[str, Any]], index: int) -> None:
    item = items[index]
    following = items[index + 1] if index + 1 < len(items) else {"role": "user"}
    if following.get("role", "assistant") != "assistant" or following.get("type") in _ANSWERS:
        text = f"Item '{item['id']}' of type 'reasoning' was provided without its required following item."
        raise BadCallError(text, "input")
    sealed = item.get("encrypted_content")
    if sealed is not None and sealed != signature(item["id"]):
        text = f"The encrypted content for item {item['id']} could not be verified."
        raise BadCallError(text, f"input[{index}].encrypted_content", code="invalid_encrypted_content")


def _results(items: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The outputs since the model spoke last, in their order."""
    last = takewhile(
        lambda item: item.get("role") not in (None, "assistant") or item.get("type") in _ANSWERS, items[::-1]
    )
    for item in reversed(list(last)):
        if item.get("type") in _ANSWERS:
            yield _text(item["output"])


_CODES: Final[Mapping[str, str]] = {
    shape.MISSING: "missing_required_parameter", shape.UNKNOWN: "unknown_parameter", shape.TYPE: "invalid_type",
    shape.VALUE: "invalid_value",
}  # fmt: skip


def _worded(wrong: Misshapen) -> str:
    where = wrong.bracketed()
    if wrong.fault == shape.MISSING:
        return f"Missing required parameter: '{where}'."
    if wrong.fault == shape.UNKNOWN:
        return f"Unknown parameter: '{where}'."
    if wrong.fault == shape.TYPE:
        return f"Invalid type for '{where}': expected {wrong.expected}."
    return f"Invalid value for '{where}': expected {wrong.expected}."
