"""Anthropic Messages as a provider says them: events, JSON replies and errors in the right shape.

Promises: every event and reply validates against the anthropic SDK's types; thoughts, text and calls are blocks in this
order, each opened and closed; usage tells the cached words apart from the others, as this provider does.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, ToolCall, signature
from outwait.toolkit.simulate.anthropic_request import ask, ask_count
from outwait.toolkit.simulate.dialect import Envelope, Speech, bearer, nothing, wrapped

Fields = dict[str, object]

_STOPS: Final[Mapping[str, str]] = {"stop": "end_turn", "length": "max_tokens", "tool_calls": "tool_use"}
# Status -> type of an error.
_ERRORS: Final[Mapping[int, str]] = {
    400: "invalid_request_error", 401: "authentication_error", 402: "billing_error", 403: "permission_error",
    404: "not_found_error", 409: "conflict_error", 413: "request_too_large", 429: "rate_limit_error",
    500: "api_error", 504: "timeout_error", 529: "overloaded_error",
}  # fmt: skip
# What this provider says where OpenAI has a code; it has none.
_CODES: Final[Mapping[str, str]] = {
    "context_length_exceeded": "prompt is too long: 208310 tokens > 200000 maximum",
    "insufficient_quota": "Your credit balance is too low to access the API.",
    "unsupported_value": "stream: streaming is not supported with this model",
}


def _event(kind: str, **fields: object) -> bytes:
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), msgspec.json.encode({"type": kind, **fields}))


def _usage(answer: Answer, *, done: bool) -> Fields:
    said = answer.said if done else min(answer.said, 1)
    return {
        "input_tokens": answer.question.words - answer.cached,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": answer.cached,
        "output_tokens": said,
        "output_tokens_details": {"thinking_tokens": answer.reasoned if done else 0},
    }


def _stop(answer: Answer) -> Fields:
    choice = answer.choices[0]
    if not choice.refusal:
        return {"stop_reason": _STOPS[choice.finish], "stop_sequence": None, "stop_details": None}
    details = {"type": "refusal", "category": None, "explanation": "This request was declined by a classifier."}
    return {"stop_reason": "refusal", "stop_sequence": None, "stop_details": details}


def _message(answer: Answer, *, done: bool) -> Fields:
    usage = {
        **_usage(answer, done=done),
        "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
        "service_tier": "standard",
    }
    stop = _stop(answer) if done else {"stop_reason": None, "stop_sequence": None}
    return {
        "id": answer.id,
        "type": "message",
        "role": "assistant",
        "model": answer.question.model,
        "content": _blocks(answer) if done else [],
        **stop,
        "usage": usage,
    }


def _blocks(answer: Answer) -> list[Fields]:
    choice, thought = answer.choices[0], "".join(answer.reasoning)
    blocks: list[Fields] = []
    if thought:
        blocks.append({"type": "thinking", "thinking": thought, "signature": signature(thought)})
    if text := "".join(choice.pieces or choice.refusal):
        blocks.append({"type": "text", "text": text})
    return blocks + [_call(tool, "".join(tool.pieces)) for tool in choice.tools]


def _call(tool: ToolCall, arguments: str) -> Fields:
    ident = f"toolu_{tool.id.removeprefix('call_')}"
    return {"type": "tool_use", "id": ident, "name": tool.name, "input": json.loads(arguments or "{}")}


def whole(answer: Answer) -> bytes:
    """The answer as one message."""
    return msgspec.json.encode(_message(answer, done=True))


def counted(answer: Answer) -> bytes:
    """How many tokens the question has: its words."""
    return msgspec.json.encode({"input_tokens": answer.question.words})


# -- the stream


def opening(answer: Answer) -> Iterator[bytes]:
    """The message without content, then the ping that this provider sends early in each stream."""
    yield _event("message_start", message=_message(answer, done=False))
    yield _event("ping")


def _block(index: int, block: Fields, deltas: Iterator[Fields], last: Fields | None = None) -> Iterator[bytes]:
    before = _event("content_block_start", index=index, content_block=block)
    after = _event("content_block_stop", index=index)
    if last is not None:
        after = _event("content_block_delta", index=index, delta=last) + after
    yield from wrapped(before, (_event("content_block_delta", index=index, delta=each) for each in deltas), after)


def thinking(answer: Answer) -> Iterator[bytes]:
    """The thoughts, and their signature behind the last of them."""
    if not answer.reasoning:
        return
    deltas: Iterator[Fields] = ({"type": "thinking_delta", "thinking": piece} for piece in answer.reasoning)
    last: Fields = {"type": "signature_delta", "signature": signature("".join(answer.reasoning))}
    yield from _block(0, {"type": "thinking", "thinking": "", "signature": ""}, deltas, last)


def telling(answer: Answer) -> Iterator[bytes]:
    """The text, a refusal's too, then the calls: each a block, whose first piece opens and whose last one closes it."""
    choice, index = answer.choices[0], 1 if answer.reasoning else 0
    if pieces := choice.pieces or choice.refusal:
        yield from _block(
            index, {"type": "text", "text": ""}, ({"type": "text_delta", "text": each} for each in pieces)
        )
        index += 1
    for number, tool in enumerate(choice.tools):
        deltas: Iterator[Fields] = ({"type": "input_json_delta", "partial_json": each} for each in ("", *tool.pieces))
        yield from _block(index + number, _call(tool, ""), deltas)


def closing(answer: Answer) -> Iterator[bytes]:
    """Why it stopped and what was used, then the end."""
    yield _event("message_delta", delta=_stop(answer), usage=_usage(answer, done=True))
    yield _event("message_stop")


# -- errors


def _error(status: int, code: str | None, message: str) -> Fields:
    kind = _ERRORS.get(status, "api_error" if status >= 500 else "invalid_request_error")
    if code in _ERRORS.values():
        kind = str(code)
    return {"type": kind, "message": _CODES.get(code or "", message)}


def error(status: int, code: str | None, message: str, _: str | None = None) -> bytes:
    """A failure as a body."""
    return msgspec.json.encode({"type": "error", "error": _error(status, code, message), "request_id": None})


def error_event(status: int, code: str | None, message: str, _: Answer | None = None) -> bytes:
    """A failure inside a stream that has begun."""
    return _event("error", error=_error(status, code, message))


def _identity(ident: str) -> bytes:
    return f"request-id: req_{ident}\r\n".encode()


def _key(envelope: Envelope) -> str | None:
    return envelope.headers.get("x-api-key") or bearer(envelope)


ANTHROPIC: Final = Speech(
    ask=ask,
    opening=opening,
    thinking=thinking,
    telling=telling,
    closing=closing,
    whole=whole,
    error=error,
    error_event=error_event,
    ping=_event("ping"),
    early=False,
    prefix="msg_",
    identity=_identity,
    key=_key,
    wrong_key=(401, None, "invalid x-api-key"),
)
ANTHROPIC_COUNT: Final = Speech(
    ask=ask_count,
    opening=nothing,
    thinking=nothing,
    telling=nothing,
    closing=nothing,
    whole=counted,
    error=error,
    error_event=error_event,
    prefix="msg_",
    identity=_identity,
    key=_key,
    wrong_key=(401, None, "invalid x-api-key"),
)
