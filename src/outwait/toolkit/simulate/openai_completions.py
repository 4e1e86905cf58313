"""OpenAI's plain completions as a provider says them: chunks and JSON replies.

Promises: chunks and replies have the shape of the openai SDK's types (in a stream `finish_reason` is null until the
end, as it is sent); usage is streamed only if it was asked for. Calls of tools do not exist here: they become no text.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, Choice, Question, likelihood
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope, Speech, nothing
from outwait.toolkit.simulate.openai_chat import usage
from outwait.toolkit.simulate.openai_chat_request import named, number, streamed
from outwait.toolkit.simulate.openai_errors import error, error_event

Fields = dict[str, object]

_MOST_CHOICES = 128
_MOST_LOGPROBS = 5


def ask(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The question in a decoded request body. Raises BadCallError."""
    prompt = body.get("prompt")
    prompts = prompt if isinstance(prompt, list) else [prompt]
    if not prompts or not all(isinstance(each, str | int) and not isinstance(each, bool) for each in prompts):
        raise BadCallError("'prompt' must be a string, or an array of strings or of tokens.", "prompt")
    tokens = all(isinstance(each, int) for each in prompts)
    texts = [" ".join(map(str, prompts))] if tokens else [str(each) for each in prompts]
    stream, wanted = streamed(body)
    logprobs = number(body, "logprobs", 0, _MOST_LOGPROBS)
    return Question(
        model=named(body, envelope),
        stream=stream,
        text=texts[-1],
        words=sum(len(text.split()) for text in texts),
        count=(number(body, "n", 1, _MOST_CHOICES) or 1) * len(texts),
        most=number(body, "max_tokens", 1, None),
        usage=wanted,
        logprobs=logprobs is not None,
        tops=logprobs or 0,
        body=body,
    )


def _pieces(choice: Choice) -> tuple[str, ...]:
    return choice.pieces or choice.refusal


def _finish(choice: Choice) -> str:
    return "length" if choice.finish == "length" else "stop"


def _choice(answer: Answer, index: int, pieces: Sequence[str], finish: str | None, at: int = 0) -> Fields:
    text = "".join(pieces)
    return {"text": text, "index": index, "logprobs": _logprobs(answer, pieces, at), "finish_reason": finish}


def _logprobs(answer: Answer, pieces: Sequence[str], at: int) -> Fields | None:
    if not answer.logprobs or not pieces:
        return None
    ranked = [likelihood(piece, answer.question.tops) for piece in pieces]
    return {
        "tokens": list(pieces),
        "token_logprobs": [first[1] for first, *_ in ranked],
        "top_logprobs": [dict(each) for each in ranked],
        "text_offset": list(accumulate((len(piece) for piece in pieces[:-1]), initial=at)),
    }


def _completion(answer: Answer, choices: Sequence[Fields], **more: object) -> bytes:
    return msgspec.json.encode(
        {
            "id": answer.id,
            "object": "text_completion",
            "created": answer.created,
            "model": answer.question.model,
            "system_fingerprint": answer.fingerprint,
            "choices": choices,
            **more,
        }
    )


def whole(answer: Answer) -> bytes:
    """The answer as one object."""
    choices = [_choice(answer, index, _pieces(each), _finish(each)) for index, each in enumerate(answer.choices)]
    return _completion(answer, choices, usage=usage(answer))


def _event(answer: Answer, choices: Sequence[Fields], used: Fields | None = None) -> bytes:
    more: Fields = {"usage": used} if answer.question.usage else {}
    return b"data: %b\n\n" % _completion(answer, choices, **more)


def telling(answer: Answer) -> Iterator[bytes]:
    """The pieces of one choice after the other."""
    for index, choice in enumerate(answer.choices):
        at = 0
        for piece in _pieces(choice):
            yield _event(answer, [_choice(answer, index, (piece,), None, at)])
            at += len(piece)


def closing(answer: Answer) -> Iterator[bytes]:
    """Why each stopped, the usage if it was asked for, the end."""
    for index, choice in enumerate(answer.choices):
        yield _event(answer, [_choice(answer, index, (), _finish(choice))])
    if answer.question.usage:
        yield _event(answer, [], usage(answer))
    yield b"data: [DONE]\n\n"


OPENAI_COMPLETIONS: Final = Speech(
    ask=ask,
    opening=nothing,
    thinking=nothing,
    telling=telling,
    closing=closing,
    whole=whole,
    error=error,
    error_event=error_event,
    prefix="cmpl-",
)
