"""OpenAI Responses as a provider says them: events, JSON replies and errors in the right shape.

Promises: every event and reply validates against the openai SDK's types; sequence numbers count all events of a stream,
keep-alives too; deltas, the items that are done and the completed response say the same.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

import msgspec

from outwait.toolkit.simulate import openai_errors
from outwait.toolkit.simulate.answer import Answer, ToolCall, likelihood, signature
from outwait.toolkit.simulate.dialect import Speech, wrapped
from outwait.toolkit.simulate.openai_responses_request import ask

Fields = dict[str, object]

# The beginning of an event's data; a text cannot look like it, since JSON has no bare line ends.
_NUMBER: Final = re.compile(rb'(\ndata: {"type":"[a-z_.]+","sequence_number":)0')
# The codes that a failed response may carry; others are told as server_error.
_FAILED: Final = frozenset({"server_error", "rate_limit_exceeded", "invalid_prompt"})


def _event(kind: str, **fields: object) -> bytes:
    data = msgspec.json.encode({"type": kind, "sequence_number": 0, **fields})
    return b"event: %b\ndata: %b\n\n" % (kind.encode(), data)


def numbered() -> Callable[[bytes], bytes]:
    """Gives the events of one stream their numbers, from 0 on."""
    numbers = count()
    return lambda events: _NUMBER.sub(lambda start: b"%b%d" % (start[1], next(numbers)), events)


# -- items of the output


def _ident(answer: Answer, prefix: str, number: int = 0) -> str:
    return f"{prefix}_{answer.id.removeprefix('resp_')}{number:02x}"


def _reasoning(answer: Answer, *, done: bool = True) -> Fields:
    ident = _ident(answer, "rs")
    summary = [{"type": "summary_text", "text": "".join(answer.reasoning)}] if done else []
    # Providers hand the sealed thoughts out with the item that is done.
    sealed = {"encrypted_content": signature(ident)} if done and _sealed(answer) else {}
    return {"id": ident, "type": "reasoning", "summary": summary, **sealed}


def _sealed(answer: Answer) -> bool:
    include = answer.question.body.get("include")
    return isinstance(include, list) and "reasoning.encrypted_content" in include


def _message(answer: Answer, *, done: bool = True) -> Fields:
    return {
        "id": _ident(answer, "msg"),
        "type": "message",
        "status": _status(answer) if done else "in_progress",
        "role": "assistant",
        "content": [_part(answer)] if done else [],
    }


def _part(answer: Answer, *, done: bool = True) -> Fields:
    choice = answer.choices[0]
    if choice.refusal:
        return {"type": "refusal", "refusal": "".join(choice.refusal) if done else ""}
    pieces = choice.pieces if done else ()
    logprobs = [_token(answer, piece) for piece in pieces] if answer.logprobs else []
    return {"type": "output_text", "annotations": [], "logprobs": logprobs, "text": "".join(pieces)}


def _token(answer: Answer, piece: str) -> Fields:
    first, *others = (
        {"token": text, "bytes": list(text.encode()), "logprob": logprob}
        for text, logprob in likelihood(piece, answer.question.tops)
    )
    return {**first, "top_logprobs": others}


def _call(answer: Answer, number: int, tool: ToolCall, *, done: bool = True) -> Fields:
    return {
        "id": _ident(answer, "fc", number),
        "type": "function_call",
        "status": "completed" if done else "in_progress",
        "arguments": "".join(tool.pieces) if done else "",
        "call_id": tool.id,
        "name": tool.name,
    }


def _items(answer: Answer) -> list[Fields]:
    choice = answer.choices[0]
    items = [_reasoning(answer)] if answer.reasoning else []
    if choice.pieces or choice.refusal:
        items.append(_message(answer))
    return items + [_call(answer, number, tool) for number, tool in enumerate(choice.tools)]


# -- the response


def _status(answer: Answer) -> str:
    return "incomplete" if answer.choices[0].finish == "length" else "completed"


def _response(answer: Answer, status: str, *, output: Sequence[Fields] = (), failure: Fields | None = None) -> Fields:
    asked = answer.question.body
    ended = status in ("completed", "incomplete")
    background = asked.get("background") is True
    return {
        "id": answer.id,
        "object": "response",
        "created_at": answer.created,
        "status": status,
        "background": background,
        "completed_at": answer.created if status == "completed" else None,
        "error": failure,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "instructions": asked.get("instructions"),
        "max_output_tokens": asked.get("max_output_tokens"),
        "max_tool_calls": asked.get("max_tool_calls"),
        "model": answer.question.model,
        "output": output,
        "parallel_tool_calls": asked.get("parallel_tool_calls") is not False,
        "previous_response_id": asked.get("previous_response_id"),
        "prompt_cache_key": asked.get("prompt_cache_key"),
        "reasoning": {"effort": None, "summary": None, **_object(asked.get("reasoning"))},
        "safety_identifier": asked.get("safety_identifier"),
        "service_tier": "default",
        "store": asked.get("store") is not False,
        "temperature": _or(asked.get("temperature"), 1.0),
        "text": {"format": {"type": "text"}, "verbosity": "medium", **_object(asked.get("text"))},
        "tool_choice": _or(asked.get("tool_choice"), "auto"),
        "tools": [_tool(tool) for tool in _list(asked.get("tools"))],
        "top_logprobs": answer.question.tops,
        "top_p": _or(asked.get("top_p"), 1.0),
        "truncation": _or(asked.get("truncation"), "disabled"),
        "usage": _usage(answer) if ended else None,
        "user": asked.get("user"),
        "metadata": _object(asked.get("metadata")),
    }


def _tool(tool: object) -> Fields:
    """A tool as the response repeats it: with the fields that the caller left out."""
    filled = {"strict": True, "parameters": None} if _object(tool).get("type") == "function" else {}
    return {**filled, **_object(tool)}


def _object(value: object) -> Fields:
    return {name: each for name, each in value.items() if each is not None} if isinstance(value, dict) else {}


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _or(value: object, usual: object) -> object:
    return usual if value is None else value


def _usage(answer: Answer) -> Fields:
    asked, said = answer.question.words, answer.said
    return {
        "input_tokens": asked,
        "input_tokens_details": {"cached_tokens": answer.cached, "cache_write_tokens": 0},
        "output_tokens": said,
        "output_tokens_details": {"reasoning_tokens": answer.reasoned},
        "total_tokens": asked + said,
    }


def whole(answer: Answer) -> bytes:
    """The answer as one response object."""
    return msgspec.json.encode(_response(answer, _status(answer), output=_items(answer)))


# -- the stream


def opening(answer: Answer) -> Iterator[bytes]:
    """The response is there, and in progress."""
    for kind in ("response.created", "response.in_progress"):
        yield _event(kind, response=_response(answer, "in_progress"))


def thinking(answer: Answer) -> Iterator[bytes]:
    """The summary of the reasoning, as an item of its own."""
    if not answer.reasoning:
        return
    item = _reasoning(answer, done=False)
    where: Fields = {"item_id": item["id"], "output_index": 0, "summary_index": 0}
    name, text = "response.reasoning_summary", "".join(answer.reasoning)
    before = _event("response.output_item.added", output_index=0, item=item)
    before += _event(f"{name}_part.added", **where, part={"type": "summary_text", "text": ""})
    after = _event(f"{name}_text.done", **where, text=text)
    after += _event(f"{name}_part.done", **where, part={"type": "summary_text", "text": text})
    after += _event("response.output_item.done", output_index=0, item=_reasoning(answer))
    yield from wrapped(before, (_event(f"{name}_text.delta", **where, delta=each) for each in answer.reasoning), after)


def telling(answer: Answer) -> Iterator[bytes]:
    """The text or the refusal, then the calls: each an item, whose first piece opens and whose last one closes it."""
    choice, index = answer.choices[0], 1 if answer.reasoning else 0
    if choice.pieces or choice.refusal:
        yield from _told(answer, index)
        index += 1
    for number, tool in enumerate(choice.tools):
        yield from _called(answer, number, tool, index + number)


def _told(answer: Answer, index: int) -> Iterator[bytes]:
    choice = answer.choices[0]
    kind = "refusal" if choice.refusal else "output_text"
    part, item = _part(answer), _message(answer)
    where: Fields = {"item_id": item["id"], "output_index": index, "content_index": 0}
    logprobs: Fields = {} if choice.refusal else {"logprobs": part["logprobs"]}
    text: Fields = {"refusal": part["refusal"]} if choice.refusal else {"text": part["text"]}
    before = _event("response.output_item.added", output_index=index, item=_message(answer, done=False))
    before += _event("response.content_part.added", **where, part=_part(answer, done=False))
    after = _event(f"response.{kind}.done", **where, **text, **logprobs)
    after += _event("response.content_part.done", **where, part=part)
    after += _event("response.output_item.done", output_index=index, item=item)
    yield from wrapped(before, _deltas(answer, kind, where), after)


def _deltas(answer: Answer, kind: str, where: Fields) -> Iterator[bytes]:
    choice = answer.choices[0]
    for piece in choice.refusal:
        yield _event(f"response.{kind}.delta", **where, delta=piece)
    for piece in choice.pieces:
        logprobs = [_token(answer, piece)] if answer.logprobs else []
        yield _event(f"response.{kind}.delta", **where, delta=piece, logprobs=logprobs)


def _called(answer: Answer, number: int, tool: ToolCall, index: int) -> Iterator[bytes]:
    item = _call(answer, number, tool)
    where: Fields = {"item_id": item["id"], "output_index": index}
    name = "response.function_call_arguments"
    before = _event("response.output_item.added", output_index=index, item=_call(answer, number, tool, done=False))
    after = _event(f"{name}.done", **where, arguments=item["arguments"], name=tool.name)
    after += _event("response.output_item.done", output_index=index, item=item)
    yield from wrapped(before, (_event(f"{name}.delta", **where, delta=piece) for piece in tool.pieces), after)


def closing(answer: Answer) -> Iterator[bytes]:
    """The whole response once more."""
    status = _status(answer)
    yield _event(f"response.{status}", response=_response(answer, status, output=_items(answer)))


def waiting(answer: Answer) -> bytes:
    """A background response that has not begun, as an object."""
    return msgspec.json.encode(_response(answer, "queued"))


def queueing(answer: Answer) -> Iterator[bytes]:
    """The same as events."""
    for kind in ("response.created", "response.queued"):
        yield _event(kind, response=_response(answer, "queued"))


def _beginning(answer: Answer) -> Iterator[bytes]:
    yield _event("response.in_progress", response=_response(answer, "in_progress"))


def cancelled_event(response: Fields) -> bytes:
    """The end of a background response that was cancelled: there is no event of that name."""
    return _event("response.failed", response=response)


def error_event(status: int, code: str | None, message: str, answer: Answer | None = None) -> bytes:
    """An `error`, flat as the SDK's types have it and nested as it is sent, then the failed response."""
    told = openai_errors.told(status, code, message, None)["error"]
    fields = _object(told)
    events = _event("error", code=fields.get("code"), message=message, param=None, error=told)
    if answer is not None:
        named = fields.get("code") if fields.get("code") in _FAILED else "server_error"
        failed = _response(answer, "failed", failure={"code": named, "message": message})
        events += _event("response.failed", response=failed)
    return events


OPENAI_RESPONSES: Final = Speech(
    ask=ask,
    opening=opening,
    thinking=thinking,
    telling=telling,
    closing=closing,
    whole=whole,
    error=openai_errors.error,
    error_event=error_event,
    ping=_event("keepalive"),
    early=False,
    thread=numbered,
    prefix="resp_",
)


def _failing(status: int, code: str | None, message: str, answer: Answer | None = None) -> bytes:
    return (
        b"event: response.failed" + error_event(status, code, message, answer).partition(b"event: response.failed")[2]
    )


# Of a background response: its numbers are given where its events are kept.
BACKGROUND: Final = replace(OPENAI_RESPONSES, opening=_beginning, error_event=_failing, thread=None)
