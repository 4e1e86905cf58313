"""Neutral turns worded as the messages of a chat request.

A tool's result can only be words here: images and the like in it follow in a message of the user's, right behind the
results, where models look for them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from outwait.core.ask import Message
from outwait.core.fault import Refusal, fault
from outwait.core.part import Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import openai_media
from outwait.dialects.openai_chat.tables import ID_LENGTH, IDS
from outwait.dialects.openai_chat.thoughts import own_entry

_REASONING = "reasoning_content"
_FOLLOWS = "(The result follows in the next message.)"


@dataclass(frozen=True, slots=True)
class Style:
    """How a provider takes messages. `developer`: it knows that role. `thoughts`: the field that takes earlier
    reasoning back, or None. `signing`: it takes Gemini's signatures of tool calls; `marking`: cache marks. `ids`: what
    an id of a tool call must look like.
    """

    developer: bool = True
    thoughts: str | None = None
    signing: bool = False
    marking: bool = False
    ids: re.Pattern[str] = IDS


class Retelling:
    """Words turns in a style; `dropped` gathers what was left out."""

    __slots__ = ("_style", "_waiting", "dropped")

    def __init__(self, style: Style) -> None:
        self._style = style
        self._waiting: list[Media] = []  # of tool results, to follow behind them
        self.dropped: list[str] = []

    def messages(self, turns: Iterable[Message]) -> list[dict[str, Any]]:
        """The messages that say `turns`."""
        told: list[dict[str, Any]] = []
        for turn in turns:
            if turn.role == "tool":
                told += [self._result(part) for part in turn.parts]
                continue
            self._catch_up(told)
            made = self._answer(turn) if turn.role == "assistant" else self._spoken(turn)
            if turn.name:
                made["name"] = turn.name
            told.append(made)
        self._catch_up(told)
        return told

    def _catch_up(self, told: list[dict[str, Any]]) -> None:
        if self._waiting:
            told.append({"role": "user", "content": [self._media(item) for item in self._waiting]})
            self._waiting = []

    def _spoken(self, turn: Message) -> dict[str, Any]:
        role = "system" if turn.role == "developer" and not self._style.developer else turn.role
        return {"role": role, "content": self._content([self._part(part) for part in turn.parts])}

    def _part(self, part: Part) -> dict[str, Any]:
        if isinstance(part, Text):
            return self._text(part)
        if isinstance(part, Media):
            return self._media(part)
        raise _refusal("a message can hold only text, images, sound and files")

    @staticmethod
    def _content(parts: list[dict[str, Any]]) -> str | list[dict[str, Any]]:
        """A plain string where it says the same: every provider takes that."""
        if len(parts) > 1 or (parts and parts[0].keys() != {"type", "text"}):
            return parts
        return parts[0]["text"] if parts else ""

    def _text(self, part: Text) -> dict[str, Any]:
        if part.citations:
            self.dropped.append("messages.citations")
        return self._marked({"type": "text", "text": part.text}, part)

    def _marked(self, told: dict[str, Any], part: Text | Media) -> dict[str, Any]:
        if part.cache is not None:
            if self._style.marking:
                return {**told, "cache_control": part.cache}
            self.dropped.append("messages.cache")
        return told

    def _media(self, part: Media) -> dict[str, Any]:
        if part.text is not None:
            if part.name:
                self.dropped.append("messages.name")
            return self._marked({"type": "text", "text": part.text}, part)
        if part.detail is not None and part.kind != "image":
            self.dropped.append("messages.detail")
        return self._marked(_shown(part), part)

    def _answer(self, turn: Message) -> dict[str, Any]:
        words: list[dict[str, Any]] = []
        calls: list[dict[str, Any]] = []
        thoughts: list[Thought] = []
        for part in turn.parts:
            if isinstance(part, Text):
                words.append(self._text(part))
            elif isinstance(part, Denial):
                words.append({"type": "refusal", "refusal": part.text})
            elif isinstance(part, ToolCall):
                calls.append(self._call(part))
            elif isinstance(part, Thought):
                thoughts.append(part)
            else:
                raise _refusal("the history of the model's answers can hold only text, thoughts and tool calls")
        made: dict[str, Any] = {"role": "assistant", **self._thoughts(thoughts)}
        if calls and self._style.thoughts == _REASONING:
            made.setdefault(_REASONING, "")  # DeepSeek and Moonshot refuse calls without it
        if len(words) == 1 and "refusal" in words[0]:
            made |= {"content": None, "refusal": words[0]["refusal"]}
        elif words or not calls:
            made["content"] = self._content(words)
        else:
            made["content"] = None
        if calls:
            made["tool_calls"] = calls
        return made

    def _thoughts(self, thoughts: list[Thought]) -> dict[str, Any]:
        field = self._style.thoughts
        if field is None:
            self.dropped += ["messages.thoughts"] * bool(thoughts)
            return {}
        entries = [entry for thought in thoughts if (entry := own_entry(thought)) is not None]
        text = "".join(thought.text for thought in thoughts)
        if len(entries) < sum(thought.signature is not None or thought.sealed is not None for thought in thoughts):
            self.dropped.append("messages.signatures")
        made: dict[str, Any] = {field: text} if text else {}
        return made | ({"reasoning_details": entries} if entries else {})

    def _call(self, call: ToolCall) -> dict[str, Any]:
        made: dict[str, Any] = {"id": self._ident(call.id)}
        if call.custom:
            made |= {"type": "custom", "custom": {"name": call.name, "input": call.arguments}}
        else:
            made |= {"type": "function", "function": {"name": call.name, "arguments": call.arguments or "{}"}}
        if call.cache is not None:
            self.dropped.append("messages.cache")
        if call.signature is not None:
            if self._style.signing:
                made["extra_content"] = {"google": {"thought_signature": call.signature}}
            else:
                self.dropped.append("messages.signatures")
        return made

    def _ident(self, ident: str) -> str:
        """The id of a call, the same for its result; one that the provider would refuse becomes another."""
        if self._style.ids.fullmatch(ident):
            return ident
        return hashlib.sha256(ident.encode(errors="replace")).hexdigest()[:ID_LENGTH]

    def _result(self, result: Part) -> dict[str, Any]:
        if not isinstance(result, ToolResult):
            raise _refusal("a tool's message can hold only results")
        if result.failed:
            self.dropped.append("messages.failed")
        if result.cache is not None:
            self.dropped.append("messages.cache")
        words: list[dict[str, Any]] = []
        shown: list[Media] = []
        for part in result.parts:
            if isinstance(part, Media) and part.text is None:
                shown.append(part)
            else:
                words.append(self._part(part))
        self._waiting += shown
        content = self._content(words)
        return {
            "role": "tool",
            "tool_call_id": self._ident(result.id),
            "content": content or (_FOLLOWS if shown else ""),
        }


def _shown(part: Media) -> dict[str, Any]:
    """The content part for something that is no text."""
    kind = part.kind
    if kind in {"image", "video"} and (url := openai_media.url_of(part)) is not None:
        place = {"url": url} if part.detail is None or kind == "video" else {"url": url, "detail": part.detail}
        return {"type": f"{kind}_url", f"{kind}_url": place}
    if kind == "audio" and part.data is not None:
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": openai_media.form_of(part.mime)}}
    if kind not in {"image", "audio"} and (held := openai_media.file_of(part)) is not None:
        return {"type": "file", "file": held}
    source = "file id" if part.file is not None else "URL"
    raise _refusal(f"a part of the kind {kind!r} cannot be given by {source}")


def _refusal(told: str) -> Refusal:
    message = f"This cannot be expressed in chat completions, which is what this model's channel speaks: {told}."
    return Refusal(fault("not_expressible", message, param="messages"))
