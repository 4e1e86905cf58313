"""Neutral turns worded as the items of a Responses request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from outwait.core.ask import Message
from outwait.core.fault import Refusal, fault
from outwait.core.part import Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import openai_media
from outwait.dialects.openai_responses import response
from outwait.dialects.openai_responses.proofs import OWN

_ID_LIMIT = 64  # characters of a call's id, by OpenAI
_FORMS = frozenset({"mp3", "wav"})
_FUNCTION, _CUSTOM = ("function_call", "fc"), ("custom_tool_call", "ctc")


class Retelling:
    """Words turns; `dropped` gathers what was left out. `sealed`: thoughts of OpenAI's own were among them."""

    __slots__ = ("dropped", "sealed")

    def __init__(self) -> None:
        self.dropped: list[str] = []
        self.sealed = False

    def request(self, turns: tuple[Message, ...]) -> dict[str, Any]:
        """The `instructions` and the `input` that say `turns`."""
        first = turns[0] if turns else None
        if first is not None and first.role == "system" and len(first.parts) == 1:
            part = first.parts[0]
            if isinstance(part, Text):
                self._note(first, part)
                return {"instructions": part.text, "input": self._items(turns[1:])}
        return {"input": self._items(turns)}

    def _items(self, turns: Iterable[Message]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for turn in turns:
            if turn.role == "assistant":
                self._note(turn, *turn.parts)
                items += self._answer(turn.parts)
            elif turn.role == "tool":
                items += [self._result(part) for part in turn.parts]
            else:
                self._note(turn, *turn.parts)
                items.append(_message(turn.role, [self._part(part) for part in turn.parts]))
        return items

    def _note(self, turn: Message, *parts: Part) -> None:
        """Remember what of `parts` has no place here."""
        if turn.name is not None:
            self.dropped.append("messages.name")
        if any(getattr(part, "cache", None) is not None for part in parts):
            self.dropped.append("messages.cache")

    def _answer(self, parts: Iterable[Part]) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = []
        for part in parts:
            if isinstance(part, Text | Denial):
                if not items or items[-1]["type"] != "message":
                    items.append(_message("assistant", []))
                items[-1]["content"].append(self._said(part))
            elif isinstance(part, Thought):
                items += self._thought(part)
            elif isinstance(part, ToolCall):
                items.append(self._call(part))
            else:
                _refuse(f"{_named(part)} in the history of the model's answers")
        return items

    def _said(self, part: Text | Denial) -> dict[str, Any]:
        if isinstance(part, Denial):
            return {"type": "refusal", "refusal": part.text}
        own = [dict(each.raw) for each in part.citations if each.dialect == OWN and each.raw is not None]
        if len(own) < len(part.citations):
            self.dropped.append("messages.citations")
        return {"type": "output_text", "text": part.text, "annotations": own}

    def _thought(self, thought: Thought) -> list[dict[str, Any]]:
        if thought.dialect != OWN or (thought.sealed is None and thought.ident is None):
            self.dropped.append("messages.thoughts")
            return []
        summary = [{"type": "summary_text", "text": thought.text}] if thought.text else []
        item: dict[str, Any] = {"type": "reasoning", "summary": summary}
        if thought.ident is not None:
            item["id"] = thought.ident
        if thought.sealed is not None:
            item["encrypted_content"] = thought.sealed
            self.sealed = True
        return [item]

    def _call(self, call: ToolCall) -> dict[str, Any]:
        if call.signature is not None:
            self.dropped.append("messages.signatures")
        kind, prefix = _CUSTOM if call.custom else _FUNCTION
        item: dict[str, Any] = {"type": kind, "call_id": _call_id(call.id), "name": call.name}
        item |= {"input": call.arguments} if call.custom else {"arguments": call.arguments or "{}"}
        if call.ident is not None and call.ident.startswith(prefix):
            item["id"] = call.ident
        return item

    def _result(self, result: Part) -> dict[str, Any]:
        if not isinstance(result, ToolResult):
            _refuse(f"{_named(result)} among the results of tools")
        if result.failed:
            self.dropped.append("messages.failed")
        if result.cache is not None or any(getattr(part, "cache", None) is not None for part in result.parts):
            self.dropped.append("messages.cache")
        told = [self._part(part) for part in result.parts]
        words = [part["text"] for part in told if part["type"] == "input_text"]
        output = "".join(words) if len(told) < 2 and len(words) == len(told) else told
        kind = "custom_tool_call_output" if result.custom else "function_call_output"
        return {"type": kind, "call_id": _call_id(result.id), "output": output}

    def _part(self, part: Part) -> dict[str, Any]:
        """A part of what is said to the model."""
        if isinstance(part, Text):
            if part.citations:
                self.dropped.append("messages.citations")
            return {"type": "input_text", "text": part.text}
        if not isinstance(part, Media):
            _refuse(f"{_named(part)} in what is said to the model")
        if part.text is not None:
            self.dropped += ["messages.name"] * (part.name is not None)
            return {"type": "input_text", "text": part.text}
        detail = {} if part.detail is None else {"detail": part.detail}
        if part.kind == "image":
            return {"type": "input_image", **_image(part), **detail}
        if part.kind == "document":
            return {"type": "input_file", **_file(part), **detail}
        self.dropped += ["messages.detail"] * (part.detail is not None)
        form = None if part.mime is None else openai_media.form_of(part.mime)
        if part.kind != "audio" or part.data is None or form not in _FORMS:
            _refuse(f"{_named(part)} other than sound as wav or mp3 data")
        return {"type": "input_audio", "input_audio": {"data": part.data, "format": form}}


def _message(role: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    return {"type": "message", "role": role, "content": content}


def _image(media: Media) -> dict[str, Any]:
    if media.file is not None:
        return {"file_id": media.file}
    return {"image_url": openai_media.url_of(media)}


def _file(media: Media) -> dict[str, Any]:
    name = {} if media.name is None else {"filename": media.name}
    if media.file is not None:
        return {"file_id": media.file, **name}
    if media.data is None:
        return {"file_url": media.url, **name}
    if media.mime is None:
        return {"file_data": media.data, **name}
    return {"filename": openai_media.name_for(media.mime), "file_data": openai_media.url_of(media), **name}


def _call_id(ident: str) -> str:
    """The id of a call, in both its places: as it is, unless it is longer than OpenAI takes."""
    return ident if len(ident) <= _ID_LIMIT else f"call_{response.key_of(ident.encode(errors='surrogatepass'))}"


def _named(part: Part) -> str:
    return part.kind if isinstance(part, Media) else type(part).__name__.lower()


def _refuse(what: str) -> NoReturn:
    told = f"This cannot be expressed in the Responses API, which is what this model's channel speaks: {what}."
    raise Refusal(fault("not_expressible", told, param="messages"))
