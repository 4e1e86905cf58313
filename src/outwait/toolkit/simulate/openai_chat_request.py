"""Chat completion requests as OpenAI takes them: the question in a body, or what is wrong with it.

Promises: a body that the provider would refuse for its shape is refused with the field named; among the messages, every
tool result answers a call of the assistant's message before it, and every call is answered.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any, Final

from outwait.toolkit.simulate.answer import Question
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope

_MOST_CHOICES = 128
_MOST_TOPS = 20
_ROLES: Final = ("system", "assistant", "user", "function", "tool", "developer")
_PARTS: Final = ("text", "image_url", "input_audio", "file", "refusal")


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    model = named(body, envelope)
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise BadCallError("'messages' must be an array with at least one message.", "messages")
    stream, usage = streamed(body)
    _conversation(messages)
    asked = [_text(each) for each in messages if each.get("role") == "user"]
    most = number(body, "max_completion_tokens", 1, None) or number(body, "max_tokens", 1, None)
    return Question(
        model=model,
        stream=stream,
        text=asked[-1] if asked else "",
        words=sum(len(_text(each).split()) for each in messages),
        count=number(body, "n", 1, _MOST_CHOICES) or 1,
        most=most,
        usage=usage,
        logprobs=body.get("logprobs") is True,
        tops=number(body, "top_logprobs", 0, _MOST_TOPS) or 0,
        tools=_tools(body.get("tools")),
        results=tuple(_text(each) for each in _last_results(messages)),
        body=body,
    )


def named(body: Mapping[str, object], envelope: Envelope) -> str:
    """The model: the deployment of Azure's paths, else the body's."""
    model = envelope.model or body.get("model")
    if not isinstance(model, str) or not model:
        raise BadCallError("you must provide a model parameter", "model")
    return model


def streamed(body: Mapping[str, object]) -> tuple[bool, bool]:
    """Whether a stream is wanted, and its usage."""
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadCallError("'stream' must be a boolean.", "stream")
    options = body.get("stream_options")
    if options is not None and not stream:
        raise BadCallError("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    return bool(stream), isinstance(options, dict) and options.get("include_usage") is True


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def number(body: Mapping[str, object], name: str, least: int, most: int | None) -> int | None:
    """The integer in field `name`, None if there is none."""
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < least or (most is not None and value > most):
        limits = f"at least {least}" if most is None else f"from {least} to {most}"
        raise BadCallError(f"'{name}' must be an integer {limits}.", name)
    return value


def _tools(tools: object) -> tuple[str, ...]:
    if not isinstance(tools, list):
        return ()
    functions = [tool.get("function") for tool in tools if isinstance(tool, dict)]
    names = [function.get("name") for function in functions if isinstance(function, dict)]
    return tuple(name for name in names if isinstance(name, str))


# -- the conversation


def _conversation(messages: Sequence[Mapping[str, Any]]) -> None:
    """Refuse messages that do not fit one after the other."""
    waiting: list[str] = []  # calls of the last assistant's message that are not answered yet
    calling = False  # whether a tool's message may stand here
    for index, message in enumerate(messages):
        role = message.get("role")
        if role not in _ROLES:
            raise _bad(f"Invalid value: {role!r}. Supported values are: {_ROLES}.", f"messages[{index}].role")
        _content(message, index)
        if role == "tool":
            _answered(message, index, waiting, calling=calling)
            continue
        _all_answered(waiting)
        calls = message.get("tool_calls")
        waiting = _calls(calls, index) if role == "assistant" and calls is not None else []
        calling = bool(waiting)
    _all_answered(waiting)


def _content(message: Mapping[str, Any], index: int) -> None:
    content = message.get("content")
    if isinstance(content, list):
        for number_, part in enumerate(content):
            if not isinstance(part, dict) or part.get("type") not in _PARTS:
                raise _bad(f"Supported types of parts are: {_PARTS}.", f"messages[{index}].content[{number_}].type")
    elif content is not None and not isinstance(content, str):
        raise _bad("Expected a string or an array of parts.", f"messages[{index}].content")


def _answered(message: Mapping[str, Any], index: int, waiting: list[str], *, calling: bool) -> None:
    if not calling:
        text = "Messages with role 'tool' must be a response to a preceding message with 'tool_calls'."
        raise _bad(text, f"messages[{index}].role")
    ident = message.get("tool_call_id")
    if not isinstance(ident, str):
        raise _bad("Missing required parameter.", f"messages[{index}].tool_call_id")
    if ident not in waiting:
        text = f"'tool_call_id' of '{ident}' not found in 'tool_calls' of the previous message, or answered twice."
        raise _bad(text, f"messages[{index}].tool_call_id")
    if message.get("content") is None:
        raise _bad("Missing required parameter.", f"messages[{index}].content")
    waiting.remove(ident)


def _calls(calls: object, index: int) -> list[str]:
    if not isinstance(calls, list) or not calls:
        raise _bad("Expected an array with at least one call.", f"messages[{index}].tool_calls")
    idents = []
    for number_, call in enumerate(calls):
        where = f"messages[{index}].tool_calls[{number_}]"
        if not isinstance(call, dict) or not isinstance(call.get("id"), str):
            raise _bad("Missing required parameter.", f"{where}.id")
        kind = str(call.get("type"))
        function = call.get(kind)
        needed = {"function": "arguments", "custom": "input"}.get(kind)
        if needed is None:
            raise _bad("Supported values are: 'function' and 'custom'.", f"{where}.type")
        for name in ("name", needed):
            if not isinstance(function, dict) or not isinstance(function.get(name), str):
                raise _bad("Expected a string.", f"{where}.{kind}.{name}")
        idents.append(call["id"])
    if len(set(idents)) < len(idents):
        raise _bad("Duplicate value.", f"messages[{index}].tool_calls")
    return idents


def _all_answered(waiting: list[str]) -> None:
    if waiting:
        text = (
            "An assistant message with 'tool_calls' must be followed by tool messages responding to each "
            f"'tool_call_id'. The following tool_call_ids did not have response messages: {', '.join(waiting)}"
        )
        raise BadCallError(text, "messages")


def _last_results(messages: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    """The tools' messages since the assistant spoke last."""
    last = takewhile(lambda message: message.get("role") != "assistant", reversed(messages))
    return [message for message in reversed(list(last)) if message.get("role") == "tool"]


def _bad(text: str, where: str) -> BadCallError:
    return BadCallError(f"Invalid '{where}': {text}", "messages")
