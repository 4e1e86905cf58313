"""Gemini as a provider says it: chunks over SSE or in a JSON array, replies and errors in the right shape.

Promises: every chunk and reply validates against the google-genai SDK's types; a call of a function is a part of its
own, whole; each chunk tells the usage so far; the array is one JSON document when the stream ends, with an error in it
or not.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, Choice, Question, likelihood
from outwait.toolkit.simulate.dialect import JSON, PLAIN, Envelope, Speech, bearer, nothing, taking_turns
from outwait.toolkit.simulate.gemini_request import SIGNED, ask

Fields = dict[str, object]

_FINISHES: Final[Mapping[str, str]] = {"stop": "STOP", "length": "MAX_TOKENS", "tool_calls": "STOP"}
_STATUSES: Final[Mapping[int, str]] = {
    400: "INVALID_ARGUMENT", 401: "UNAUTHENTICATED", 403: "PERMISSION_DENIED", 404: "NOT_FOUND", 409: "ABORTED",
    429: "RESOURCE_EXHAUSTED", 499: "CANCELLED", 500: "INTERNAL", 501: "UNIMPLEMENTED", 503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}  # fmt: skip
# What this provider says where OpenAI has a code; it has none.
_CODES: Final[Mapping[str, str]] = {
    "context_length_exceeded": "The input token count (1200000) exceeds the maximum number of tokens allowed 1048576.",
    "insufficient_quota": "You exceeded your current quota, please check your plan and billing details.",
    "unsupported_value": "This model does not support streamGenerateContent.",
}
_HARMS: Final = ("HARASSMENT", "HATE_SPEECH", "SEXUALLY_EXPLICIT", "DANGEROUS_CONTENT")


def _reply(answer: Answer, candidates: Sequence[Fields], said: int) -> Fields:
    asked = answer.question.words
    usage: Fields = {
        "promptTokenCount": asked,
        "candidatesTokenCount": max(said - answer.reasoned, 0),
        "totalTokenCount": asked + said,
        "promptTokensDetails": [{"modality": "TEXT", "tokenCount": asked}],
    }
    if answer.cached:
        usage["cachedContentTokenCount"] = answer.cached
        usage["cacheTokensDetails"] = [{"modality": "TEXT", "tokenCount": answer.cached}]
    if answer.reasoned:
        usage["thoughtsTokenCount"] = min(answer.reasoned, said)
    return {
        "candidates": candidates,
        "usageMetadata": usage,
        "modelVersion": answer.question.model,
        "responseId": answer.id,
    }


def _candidate(index: int, parts: Sequence[Fields], **more: object) -> Fields:
    content: Fields = {"parts": parts, "role": "model"} if parts else {"role": "model"}
    return {"content": content, **more, "index": index}


def _finish(choice: Choice) -> Fields:
    if not choice.refusal:
        return {"finishReason": _FINISHES[choice.finish]}
    ratings = [
        {"category": f"HARM_CATEGORY_{harm}", "probability": "NEGLIGIBLE" if number < 3 else "HIGH",
         "blocked": number == 3}
        for number, harm in enumerate(_HARMS)
    ]  # fmt: skip
    return {"finishReason": "SAFETY", "finishMessage": "The answer was stopped for safety.", "safetyRatings": ratings}


def _calls(answer: Answer, choice: Choice) -> list[Fields]:
    """The calls as parts; the first of parallel ones carries the signature of the thoughts before them."""
    parts: list[Fields] = []
    for number, tool in enumerate(choice.tools):
        part: Fields = {"functionCall": {"name": tool.name, "args": json.loads("".join(tool.pieces))}}
        parts.append(part | _sealed(answer) if number == 0 else part)
    return parts


def _sealed(answer: Answer) -> Fields:
    return {"thoughtSignature": SIGNED} if answer.reasoning else {}


def _logprobs(answer: Answer, pieces: Sequence[str]) -> Fields:
    if not answer.logprobs or not pieces:
        return {}
    ranked = [
        [{"token": text, "tokenId": len(text), "logProbability": logprob} for text, logprob in each]
        for each in (likelihood(piece, answer.question.tops) for piece in pieces)
    ]
    result: Fields = {"chosenCandidates": [first for first, *_ in ranked]}
    if answer.question.tops:
        result["topCandidates"] = [{"candidates": others} for _, *others in ranked]
    sure = [likelihood(piece, 0)[0][1] for piece in pieces]
    return {"avgLogprobs": sum(sure) / len(sure), "logprobsResult": result}


def whole(answer: Answer) -> bytes:
    """The answer as one reply."""
    candidates = []
    for index, choice in enumerate(answer.choices):
        parts: list[Fields] = []
        if answer.reasoning and index == 0:
            parts.append({"text": "".join(answer.reasoning), "thought": True})
        if text := "".join(choice.pieces or choice.refusal):
            parts.append({"text": text} | _sealed(answer))
        parts += _calls(answer, choice)
        candidates.append(_candidate(index, parts, **_finish(choice), **_logprobs(answer, choice.pieces)))
    return msgspec.json.encode(_reply(answer, candidates, answer.said))


# -- the stream


def thinking(answer: Answer) -> Iterator[bytes]:
    """The thoughts, as parts that say what they are."""
    for number, piece in enumerate(answer.reasoning):
        part: Fields = {"text": piece, "thought": True}
        yield msgspec.json.encode(_reply(answer, [_candidate(0, [part])], number + 1))


def telling(answer: Answer) -> Iterator[bytes]:
    """The pieces of all candidates; a call is one piece."""
    pieces = taking_turns(_told(answer, index, choice) for index, choice in enumerate(answer.choices))
    for said, candidate in enumerate(pieces, answer.reasoned + 1):
        yield msgspec.json.encode(_reply(answer, [candidate], min(said, answer.said)))


def _told(answer: Answer, index: int, choice: Choice) -> Iterator[Fields]:
    for piece in choice.pieces:
        yield _candidate(index, [{"text": piece}], **_logprobs(answer, (piece,)))
    for piece in choice.refusal:
        yield _candidate(index, [{"text": piece}])
    for part in _calls(answer, choice):
        yield _candidate(index, [part])


def closing(answer: Answer) -> Iterator[bytes]:
    """Why it stopped, for all candidates in one chunk, with an empty text."""
    candidates = []
    for index, choice in enumerate(answer.choices):
        sealed = {} if choice.tools else _sealed(answer)
        candidates.append(_candidate(index, [{"text": "", **sealed}], **_finish(choice)))
    yield msgspec.json.encode(_reply(answer, candidates, answer.said))


def _data(chunk: bytes) -> bytes:
    return b"data: %b\r\n\r\n" % chunk


def _events(chunks: Callable[[Answer], Iterator[bytes]]) -> Callable[[Answer], Iterator[bytes]]:
    return lambda answer: map(_data, chunks(answer))


def _closing_array(answer: Answer) -> Iterator[bytes]:
    yield from closing(answer)
    yield b"]"


def _array() -> Callable[[bytes], bytes]:
    """Puts what stands between the elements of an array before each; a comma before the first would be none."""
    between = b"["

    def joined(element: bytes) -> bytes:
        nonlocal between
        if element in (b"]", b"\n"):
            return element
        element, between = between + element, b",\r\n"
        return element

    return joined


# -- errors


def _error(status: int, code: str | None, message: str) -> Fields:
    usual = "INTERNAL" if status >= 500 else "INVALID_ARGUMENT"
    told = _CODES.get(code or "", message)
    return {"error": {"code": status, "message": told, "status": _STATUSES.get(status, usual)}}


def error(status: int, code: str | None, message: str, _: str | None = None) -> bytes:
    """A failure as a body."""
    return msgspec.json.encode(_error(status, code, message))


def error_event(status: int, code: str | None, message: str, _: Answer | None = None) -> bytes:
    """A failure inside a stream of events that has begun."""
    return _data(error(status, code, message))


def _array_error(status: int, code: str | None, message: str, _: str | None = None) -> bytes:
    return b"[%b\n]" % error(status, code, message)


def _array_error_event(status: int, code: str | None, message: str, _: Answer | None = None) -> bytes:
    return error(status, code, message) + b"\n]"


def _ask_stream(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    return replace(ask(body, envelope), stream=True)


def identity(_: str) -> bytes:
    """The headers of a reply; this provider names calls in bodies only."""
    return b"x-gemini-service-tier: standard\r\n"


def key(envelope: Envelope) -> str | None:
    """The key, in a header or in the query."""
    return envelope.headers.get("x-goog-api-key") or envelope.query.get("key") or bearer(envelope)


WRONG_KEY: Final = (400, None, "API key not valid. Please pass a valid API key.")

GEMINI: Final = Speech(
    ask=ask,
    opening=nothing,
    thinking=thinking,
    telling=telling,
    closing=closing,
    whole=whole,
    error=error,
    error_event=error_event,
    ping=b"",
    prefix="",
    identity=identity,
    key=key,
    wrong_key=WRONG_KEY,
)
GEMINI_SSE: Final = replace(
    GEMINI,
    ask=_ask_stream,
    thinking=_events(thinking),
    telling=_events(telling),
    closing=_events(closing),
    ping=b"\r\n",
    content_type="text/event-stream",
)
GEMINI_ARRAY: Final = replace(
    GEMINI,
    ask=_ask_stream,
    closing=_closing_array,
    error=_array_error,
    error_event=_array_error_event,
    ping=b"\n",
    content_type=f"{JSON}; charset=UTF-8",
    thread=_array,
)
