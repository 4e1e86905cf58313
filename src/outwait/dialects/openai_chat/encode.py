"""An answer written for a chat client: as the chunks of a stream, or as one completion.

Beyond OpenAI's own fields stand those in which compatible providers tell the same things, since clients know them:
`reasoning_content`, `reasoning_details` (with the proofs that must come back), `images`, and Gemini's signature of a
tool call in `extra_content`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document, openai_media
from outwait.dialects.openai_chat.tables import ENDS
from outwait.dialects.openai_chat.thoughts import entry_of
from outwait.dialects.openai_errors import DONE

Members = dict[str, Any]


@dataclass(slots=True)
class _Told:
    """What one choice has been told so far. `length`: of its text; `mark`: where the words to be cited began;
    `cited`: words that follow are others. `thought`: the text of the thought that has no end yet. `declined`: a refusal
    was told in words.
    """

    length: int = 0
    mark: int = 0
    cited: bool = False
    declined: bool = False
    thought: list[str] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=dict)

    def indexed(self, key: str, item: Members) -> Members:
        """`item` with its place in the list `key`: SDKs put lists together by it."""
        place = self.counts[key] = self.counts.get(key, -1) + 1
        return {"index": place, **item}

    def say(self, text: str) -> None:
        if self.cited:
            self.mark, self.cited = self.length, False
        self.length += len(text)

    def annotation(self, citation: Citation) -> Members | None:
        """The source of the words said last; None if it has no address, without which a chat client knows none."""
        self.cited = True
        if citation.url is None:
            return None
        start = self.mark if citation.start is None else citation.start
        end = self.length if citation.end is None else citation.end
        place = {"start_index": start, "end_index": end, "url": citation.url, "title": citation.title or citation.url}
        return {"type": "url_citation", "url_citation": place}


class Encoder:
    """See `dialect.Encoder`."""

    __slots__ = ("_began", "_created", "_include_usage", "_model", "_told", "_usage")

    def __init__(self, call: Call) -> None:
        self._began = Began()
        self._created = call.created
        self._include_usage = call.include_usage
        self._model = call.model
        self._told: dict[int, _Told] = {}
        self._usage: Usage | None = None

    def feed(self, delta: Delta) -> bytes:
        """The chunks that say `delta`."""
        if isinstance(delta, Began):
            self._began = delta
            return b""
        if isinstance(delta, Counted):
            self._usage = delta.usage
            return b""
        opening = b""
        if delta.choice not in self._told:
            self._told[delta.choice] = _Told()
            opening = self._chunk(delta.choice, {"role": "assistant", "content": "", "refusal": None})
        told = self._told[delta.choice]
        return opening + b"".join(
            self._chunk(delta.choice, said, **beside) for said, beside in _PIECES[type(delta)](delta, told)
        )

    def end(self) -> bytes:
        """The usage, if it was asked for, and `[DONE]`."""
        if not self._include_usage or self._usage is None:
            return DONE
        return self._event({"choices": [], "usage": _usage(self._usage)}) + DONE

    def _chunk(self, choice: int, delta: Members, **beside: Any) -> bytes:
        told = {"index": choice, "delta": delta, "logprobs": None, "finish_reason": None, **beside}
        return self._event({"choices": [told], **({"usage": None} if self._include_usage else {})})

    def _event(self, rest: Members) -> bytes:
        began = self._began
        head = {
            "id": began.id,
            "object": "chat.completion.chunk",
            "created": began.created or self._created,
            "model": began.model or self._model,
        }
        return b"data: " + document.dumps(head | rest) + b"\n\n"


Piece = tuple[Members, Members]


def _said(delta: Said, told: _Told) -> Iterator[Piece]:
    told.say(delta.text)
    yield {"content": delta.text}, _logprobs(delta.logprobs) if delta.logprobs else {}


def _cited(delta: Cited, told: _Told) -> Iterator[Piece]:
    if (annotation := told.annotation(delta.citation)) is not None:
        yield {"annotations": [told.indexed("annotations", annotation)]}, {}


def _mused(delta: Mused, told: _Told) -> Iterator[Piece]:
    if delta.text:
        told.thought.append(delta.text)
        yield {"reasoning_content": delta.text}, {}
    if delta.signature is not None or delta.sealed is not None:
        thought = Thought("".join(told.thought), delta.signature, delta.sealed, delta.ident, delta.dialect)
        told.thought.clear()
        if (entry := entry_of(thought)) is not None:
            yield {"reasoning_details": [told.indexed("reasoning_details", entry)]}, {}


def _declined(delta: Declined, told: _Told) -> Iterator[Piece]:
    told.declined = True
    yield {"refusal": delta.text}, {}


def _called(delta: Called, told: _Told) -> Iterator[Piece]:
    del told
    kind, key = ("custom", "input") if delta.custom else ("function", "arguments")
    inner = {key: delta.arguments}
    head: Members = {"index": delta.index}
    if delta.id or delta.name:
        head |= {"id": delta.id, "type": kind}
        inner = {"name": delta.name, **inner}
    yield {"tool_calls": [{**head, kind: inner, **_signed(delta.signature)}]}, {}


def _showed(delta: Showed, told: _Told) -> Iterator[Piece]:
    if delta.media.kind == "audio":
        yield {"audio": _audio(delta.media)}, {}
    elif (image := _image(delta.media)) is not None:
        yield {"images": [told.indexed("images", image)]}, {}


def _stopped(delta: Stopped, told: _Told) -> Iterator[Piece]:
    yield {}, {"finish_reason": _end(delta.reason, declined=told.declined)}


def _end(reason: str, *, declined: bool) -> str:
    """OpenAI's word for `reason`. A refusal that was told in words is an answer like others; one without is a filter's
    work."""
    return "stop" if reason == "refusal" and declined else ENDS.get(reason, "stop")


_PIECES: dict[type, Callable[[Any, _Told], Iterator[Piece]]] = {
    Said: _said,
    Cited: _cited,
    Mused: _mused,
    Declined: _declined,
    Called: _called,
    Showed: _showed,
    Stopped: _stopped,
}


def whole(call: Call, answer: Answer) -> bytes:
    """The completion that says `answer`."""
    told: Members = {
        "id": answer.id,
        "object": "chat.completion",
        "created": answer.created or call.created,
        "model": answer.model or call.model,
        "choices": [_choice(index, choice) for index, choice in enumerate(answer.choices)],
    }
    if answer.usage is not None:
        told["usage"] = _usage(answer.usage)
    return document.dumps(told)


def _choice(index: int, choice: Choice) -> Members:
    return {
        "index": index,
        "message": _message(choice.parts),
        **_logprobs(choice.logprobs),
        "finish_reason": _end(choice.reason, declined=any(isinstance(part, Denial) for part in choice.parts)),
    }


def _message(parts: tuple[Part, ...]) -> Members:
    told = _Told()
    words: list[str] = []
    thoughts: list[str] = []
    refusals: list[str] = []
    lists: dict[str, list[Members]] = {}
    sound: Members = {}
    for part in parts:
        if isinstance(part, Text):
            words.append(part.text)
            told.cited = True  # each part's sources are its own
            told.say(part.text)
            _add(lists, "annotations", *(told.annotation(citation) for citation in part.citations))
        elif isinstance(part, Thought):
            thoughts.append(part.text)
            _add(lists, "reasoning_details", entry_of(part))
        elif isinstance(part, Denial):
            refusals.append(part.text)
        elif isinstance(part, ToolCall):
            _add(lists, "tool_calls", _call(part))
        elif isinstance(part, Media) and part.kind == "audio":
            sound = {"audio": _audio(part)}
        elif isinstance(part, Media):
            _add(lists, "images", _image(part))
    content = "".join(words)
    silent = not content and (refusals or "tool_calls" in lists or sound)
    message: Members = {
        "role": "assistant",
        "content": None if silent else content,
        "refusal": "".join(refusals) if refusals else None,
    }
    if reasoning := "".join(thoughts):
        message["reasoning_content"] = reasoning
    return message | lists | sound


def _add(lists: dict[str, list[Members]], key: str, *items: Members | None) -> None:
    for item in items:
        if item is not None:
            lists.setdefault(key, []).append(item)


def _call(call: ToolCall) -> Members:
    if call.custom:
        told: Members = {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
    else:
        told = {"type": "function", "function": {"name": call.name, "arguments": call.arguments}}
    return {"id": call.id, **told, **_signed(call.signature)}


def _signed(signature: str | None) -> Members:
    return {} if signature is None else {"extra_content": {"google": {"thought_signature": signature}}}


def _audio(sound: Media) -> Members:
    return {"id": sound.name or "", "data": sound.data or "", "transcript": sound.text or "", "expires_at": 0}


def _image(shown: Media) -> Members | None:
    url = openai_media.url_of(shown)
    return {"type": "image_url", "image_url": {"url": url}} if shown.kind == "image" and url is not None else None


def _logprobs(entries: tuple[Members, ...]) -> Members:
    return {"logprobs": {"content": list(entries), "refusal": None} if entries else None}


def _usage(usage: Usage) -> Members:
    prompt = {"cached_tokens": usage.cached}
    if usage.cache_write:
        prompt["cache_write_tokens"] = usage.cache_write
    return {
        "prompt_tokens": usage.input,
        "completion_tokens": usage.output,
        "total_tokens": usage.input + usage.output,
        "prompt_tokens_details": prompt,
        "completion_tokens_details": {"reasoning_tokens": usage.reasoning},
    }
