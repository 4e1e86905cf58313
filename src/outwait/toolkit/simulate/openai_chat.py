"""OpenAI chat completions as a provider says them: requests read, chunks, JSON replies and errors in the right shape.

Promises: every chunk and reply validates against the openai SDK's types; usage comes in its own last chunk when
`stream_options.include_usage` asks for it (and is null in the others then), in a JSON reply always.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, Choice, likelihood
from outwait.toolkit.simulate.dialect import Speech, taking_turns
from outwait.toolkit.simulate.openai_chat_request import ask
from outwait.toolkit.simulate.openai_errors import error, error_event

_DONE: Final = b"data: [DONE]\n\n"

# -- the stream


def _event(answer: Answer, choices: Sequence[dict[str, object]], used: dict[str, object] | None = None) -> bytes:
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
        chunk["usage"] = used
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
    """The pieces of all choices."""
    return taking_turns(_told(answer, index, choice) for index, choice in enumerate(answer.choices))


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
        yield _event(answer, [], usage(answer))
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
            "usage": usage(answer),
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


def usage(answer: Answer) -> dict[str, object]:
    """What was used, in words."""
    asked, said = answer.question.words, answer.said
    return {
        "prompt_tokens": asked,
        "completion_tokens": said,
        "total_tokens": asked + said,
        "prompt_tokens_details": {"cached_tokens": answer.cached, "audio_tokens": 0},
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
    first, *alternatives = (
        {"token": text, "logprob": logprob, "bytes": list(text.encode())} for text, logprob in likelihood(piece, tops)
    )
    return {**first, "top_logprobs": alternatives}


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
