"""OpenAI chat completions as a provider says them: requests read, chunks, JSON replies and errors in the right shape.

Promises: every chunk and reply validates against the openai SDK's types; usage comes in its own last chunk when
`stream_options.include_usage` asks for it (and is null in the others then), in a JSON reply always.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, Choice, Question
from outwait.toolkit.simulate.dialect import BadCallError, Speech

_MOST_CHOICES = 128
_MOST_TOPS = 20
_DONE: Final = b"data: [DONE]\n\n"

# Status -> type and code of an error, as OpenAI tells them.
_ERRORS: Final[Mapping[int, tuple[str, str | None]]] = {
    400: ("invalid_request_error", None),
    401: ("invalid_request_error", "invalid_api_key"),
    403: ("invalid_request_error", "unsupported_country_region_territory"),
    404: ("invalid_request_error", "model_not_found"),
    408: ("timeout", "request_timeout"),
    409: ("invalid_request_error", "conflict"),
    413: ("invalid_request_error", "request_too_large"),
    422: ("invalid_request_error", None),
    429: ("requests", "rate_limit_exceeded"),
    500: ("server_error", None),
    503: ("service_unavailable_error", None),
    504: ("timeout", None),
    529: ("overloaded_error", "overloaded"),
}
# Codes that have a type of their own.
_TYPES: Final[Mapping[str, str]] = {
    "insufficient_quota": "insufficient_quota",
    "context_length_exceeded": "invalid_request_error",
    "content_filter": "invalid_request_error",
}


def ask(body: Mapping[str, object]) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    model = body.get("model")
    if not isinstance(model, str) or not model:
        raise BadCallError("you must provide a model parameter", "model")
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(each, dict) for each in messages):
        raise BadCallError("'messages' must be an array with at least one message.", "messages")
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise BadCallError("'stream' must be a boolean.", "stream")
    options = body.get("stream_options")
    if options is not None and not stream:
        raise BadCallError("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options")
    asked = [_text(each) for each in messages if each.get("role") == "user"]
    most = _number(body, "max_completion_tokens", 1, None) or _number(body, "max_tokens", 1, None)
    return Question(
        model=model,
        stream=bool(stream),
        text=asked[-1] if asked else "",
        words=sum(len(_text(each).split()) for each in messages),
        count=_number(body, "n", 1, _MOST_CHOICES) or 1,
        most=most,
        usage=isinstance(options, dict) and options.get("include_usage") is True,
        logprobs=body.get("logprobs") is True,
        tops=_number(body, "top_logprobs", 0, _MOST_TOPS) or 0,
        tools=_tools(body.get("tools")),
    )


def _text(message: Mapping[str, Any]) -> str:
    content = message.get("content")
    if isinstance(content, str):
        return content
    if not isinstance(content, list):
        return ""
    texts = [part.get("text") for part in content if isinstance(part, dict)]
    return "\n".join(text for text in texts if isinstance(text, str))


def _number(body: Mapping[str, object], name: str, least: int, most: int | None) -> int | None:
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


# -- the stream


def _event(answer: Answer, choices: Sequence[dict[str, object]], usage: dict[str, object] | None = None) -> bytes:
    chunk: dict[str, object] = {
        "id": answer.id,
        "object": "chat.completion.chunk",
        "created": answer.created,
        "model": answer.question.model,
        "service_tier": "default",
        "system_fingerprint": answer.fingerprint,
        "choices": choices,
    }
    if answer.question.usage:
        chunk["usage"] = usage
    return b"data: " + msgspec.json.encode(chunk) + b"\n\n"


def _delta(answer: Answer, index: int, delta: dict[str, object], **more: object) -> bytes:
    choice = {"index": index, "delta": delta, "logprobs": None, "finish_reason": None}
    return _event(answer, [choice | more])


def opening(answer: Answer) -> Iterator[bytes]:
    """One chunk with the role for each choice."""
    for index, choice in enumerate(answer.choices):
        content = None if choice.tools or choice.refusal else ""
        yield _delta(answer, index, {"role": "assistant", "content": content, "refusal": None})


def thinking(answer: Answer) -> Iterator[bytes]:
    """The reasoning, as DeepSeek and most compatible servers stream it."""
    for piece in answer.reasoning:
        yield _delta(answer, 0, {"reasoning_content": piece})


def telling(answer: Answer) -> Iterator[bytes]:
    """The pieces of all choices, taking turns as real streams do."""
    turns = [_told(answer, index, choice) for index, choice in enumerate(answer.choices)]
    while turns:
        for turn in tuple(turns):
            event = next(turn, None)
            if event is None:
                turns.remove(turn)
            else:
                yield event


def _told(answer: Answer, index: int, choice: Choice) -> Iterator[bytes]:
    for piece in choice.pieces:
        logprobs = _logprobs(answer, (piece,), "content")
        yield _delta(answer, index, {"content": piece}, logprobs=logprobs)
    for piece in choice.refusal:
        yield _delta(answer, index, {"refusal": piece}, logprobs=_logprobs(answer, (piece,), "refusal"))
    for number, tool in enumerate(choice.tools):
        named = {"index": number, "id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": ""}}
        yield _delta(answer, index, {"tool_calls": [named]})
        for piece in tool.pieces:
            yield _delta(answer, index, {"tool_calls": [{"index": number, "function": {"arguments": piece}}]})


def closing(answer: Answer) -> Iterator[bytes]:
    """The finish reasons, the usage if it was asked for, the end."""
    for index, choice in enumerate(answer.choices):
        yield _delta(answer, index, {}, finish_reason=choice.finish)
    if answer.question.usage:
        yield _event(answer, [], _usage(answer))
    yield _DONE


# -- the JSON reply


def whole(answer: Answer) -> bytes:
    """The answer as one chat.completion object."""
    return msgspec.json.encode(
        {
            "id": answer.id,
            "object": "chat.completion",
            "created": answer.created,
            "model": answer.question.model,
            "choices": [_choice(answer, index, choice) for index, choice in enumerate(answer.choices)],
            "usage": _usage(answer),
            "service_tier": "default",
            "system_fingerprint": answer.fingerprint,
        }
    )


def _choice(answer: Answer, index: int, choice: Choice) -> dict[str, object]:
    message: dict[str, object] = {
        "role": "assistant",
        "content": None if choice.tools or choice.refusal else "".join(choice.pieces),
        "refusal": "".join(choice.refusal) or None,
        "annotations": [],
    }
    if answer.reasoning and index == 0:
        message["reasoning_content"] = "".join(answer.reasoning)
    if choice.tools:
        message["tool_calls"] = [
            {"id": tool.id, "type": "function", "function": {"name": tool.name, "arguments": "".join(tool.pieces)}}
            for tool in choice.tools
        ]
    if choice.refusal:
        logprobs = _logprobs(answer, choice.refusal, "refusal")
    else:
        logprobs = None if choice.tools else _logprobs(answer, choice.pieces, "content")
    return {"index": index, "message": message, "logprobs": logprobs, "finish_reason": choice.finish}


def _usage(answer: Answer) -> dict[str, object]:
    asked, said = answer.question.words, answer.said
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
        "completion_tokens_details": {
            "reasoning_tokens": answer.reasoned,
            "audio_tokens": 0,
            "accepted_prediction_tokens": 0,
            "rejected_prediction_tokens": 0,
        },
    }


def _logprobs(answer: Answer, pieces: Sequence[str], kind: str) -> dict[str, object] | None:
    if not answer.logprobs:
        return None
    other = "refusal" if kind == "content" else "content"
    return {kind: [_token(piece, answer.question.tops) for piece in pieces], other: None}


def _token(piece: str, tops: int) -> dict[str, object]:
    def told(text: str, rank: int) -> dict[str, object]:
        # The longer the word, the less sure; alternatives are half as likely as what stands before them.
        logprob = round(-0.01 * len(piece) - rank * math.log(2), 6)
        return {"token": text, "logprob": logprob, "bytes": list(text.encode())}

    alternatives = [told(piece if rank == 0 else f"{piece}{rank}", rank) for rank in range(tops)]
    return {**told(piece, 0), "top_logprobs": alternatives}


# -- errors


def _error(status: int, code: str | None, message: str, param: str | None) -> dict[str, object]:
    kind, usual = _ERRORS.get(status, ("server_error" if status >= 500 else "invalid_request_error", None))
    if code is not None:
        kind = _TYPES.get(code, kind)
    return {"error": {"message": message, "type": kind, "param": param, "code": code or usual}}


def error(status: int, code: str | None, message: str, param: str | None = None) -> bytes:
    """A failure as a body."""
    return msgspec.json.encode(_error(status, code, message, param))


def error_event(status: int, code: str | None, message: str) -> bytes:
    """A failure inside a stream that has begun."""
    return b"data: " + msgspec.json.encode(_error(status, code, message, None)) + b"\n\n"


OPENAI_CHAT: Final = Speech(
    ask=ask,
    opening=opening,
    thinking=thinking,
    telling=telling,
    closing=closing,
    whole=whole,
    error=error,
    error_event=error_event,
)
