"""Neutral messages worded as Gemini's contents.

System prompts are hoisted into one instruction; turns of one side that follow one another are one content, as Gemini
wants the results of parallel calls. A result needs its function's name, which stands with the call it answers.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from outwait.core.ask import Message
from outwait.core.fault import Refusal, fault
from outwait.core.part import Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.core.plan import Candidate
from outwait.dialects import document
from outwait.dialects.gemini.ask_contents import is_object
from outwait.dialects.gemini.models import is_new
from outwait.dialects.gemini.proof import OWN
from outwait.dialects.gemini.tables import TYPES

# Google's documented stand-in where a call of the history has no signature, as one made by another model has none.
PLACEHOLDER = "skip_thought_signature_validator"
_HOISTED = frozenset({"system", "developer"})
_MORE = ("mediaResolution", "thoughtSignature", "videoMetadata")
_STORES = ("gs://", "https://generativelanguage.googleapis.com/", "files/")
_END = re.compile(r"\.([A-Za-z0-9]{1,5})(?:[?#].*)?$")


def refuse(what: str, param: str = "messages") -> NoReturn:
    """Refuse a request that Gemini has no words for."""
    raise Refusal(fault("not_expressible", f"{what} cannot be expressed in the Gemini protocol.", param=param))


class Worder:
    """Words messages one after the other (`add`). `dropped`: names of what was left out."""

    __slots__ = ("_calls", "_new", "_vertex", "contents", "dropped", "system")

    def __init__(self, candidate: Candidate) -> None:
        self.contents: list[dict[str, Any]] = []
        self.system: list[dict[str, Any]] = []
        self.dropped: dict[str, None] = {}
        self._calls: dict[str, str] = {}  # id -> name
        self._new = is_new(candidate.model)
        self._vertex = candidate.provider == "vertex"

    def add(self, messages: Iterable[Message]) -> None:
        """Word `messages`."""
        for message in messages:
            if message.name is not None:
                self.drop("messages.name")
            if message.role in _HOISTED:
                self.system += [self._instruction(part) for part in message.parts]
                continue
            role = "model" if message.role == "assistant" else "user"
            parts = self._parts(message.parts)
            if self.contents and self.contents[-1]["role"] == role:
                self.contents[-1]["parts"] += parts
            elif parts:
                self.contents.append({"role": role, "parts": parts})
        if self._new:
            for content in self.contents:
                _sign(content["parts"])

    def drop(self, name: str) -> None:
        """Remember that something was left out."""
        self.dropped[name] = None

    def _instruction(self, part: Part) -> dict[str, Any]:
        if not isinstance(part, Text):
            refuse("A system prompt that is no text")
        return self._text(part)

    def _parts(self, parts: Sequence[Part]) -> list[dict[str, Any]]:
        made: list[dict[str, Any]] = []
        loose: str | None = None  # a signature that waits for the part it belongs to
        for part in parts:
            if loose is not None:
                if isinstance(part, ToolCall) and part.signature is None:
                    made += [{**worded, "thoughtSignature": loose} for worded in self._part(part)]
                    loose = None
                    continue
                made.append({"text": "", "thoughtSignature": loose})
                loose = None
            if isinstance(part, Thought) and part.dialect == OWN and part.signature is not None and not part.text:
                loose = part.signature
            elif not (isinstance(part, Text) and not part.text and len(parts) > 1):
                made += self._part(part)
        if loose is not None:
            made.append({"text": "", "thoughtSignature": loose})
        return made

    def _part(self, part: Part) -> list[dict[str, Any]]:
        if isinstance(part, Text):
            return [self._text(part)]
        if isinstance(part, Thought):
            return self._thought(part)
        if isinstance(part, ToolCall):
            return [self._call(part)]
        if isinstance(part, ToolResult):
            return self._result(part)
        if isinstance(part, Media):
            return [self._media(part)]
        return [{"text": part.text}]

    def _text(self, part: Text) -> dict[str, Any]:
        if part.citations:
            self.drop("messages.citations")
        self._uncached(part)
        return {"text": part.text}

    def _uncached(self, part: Text | Media | ToolCall | ToolResult) -> None:
        if part.cache is not None:
            self.drop("messages.cache")

    def _thought(self, part: Thought) -> list[dict[str, Any]]:
        if part.dialect not in {"", OWN}:
            self.drop("messages.thoughts")
            return []
        if not part.text:
            return []
        signed = {} if part.signature is None else {"thoughtSignature": part.signature}
        return [{"text": part.text, "thought": True, **signed}]

    def _call(self, part: ToolCall) -> dict[str, Any]:
        if part.custom:
            refuse(f"The call of {part.name!r}, which takes free text,")
        try:
            args = document.loads(part.arguments.encode()) if part.arguments.strip() else {}
        except ValueError:
            args = None
        if not isinstance(args, dict):
            refuse(f"The call of {part.name!r} with arguments that are no JSON object")
        self._uncached(part)
        self._calls[part.id] = part.name
        signed = {} if part.signature is None else {"thoughtSignature": part.signature}
        return {"functionCall": {"id": part.id, "name": part.name, "args": args}, **signed}

    def _result(self, part: ToolResult) -> list[dict[str, Any]]:
        name = self._calls.get(part.id) or part.name
        if not name:
            refuse(f"A tool result without its call ({part.id!r})")
        self._uncached(part)
        text = "\n".join(said.text for said in part.parts if isinstance(said, Text | Denial))
        shown = [self._media(item) for item in part.parts if isinstance(item, Media)]
        response: Any = {"error" if part.failed else "output": text}
        if not part.failed and is_object(text):
            response = document.loads(text.encode())
        made: dict[str, Any] = {"id": part.id, "name": name, "response": response}
        if shown and self._new:
            return [{"functionResponse": {**made, "parts": shown}}]
        return [{"functionResponse": made}, *shown]  # older models look at media beside a result, not in it

    def _media(self, media: Media) -> dict[str, Any]:
        if media.detail is not None:
            self.drop("messages.detail")
        self._uncached(media)
        made = self._where(media)
        if media.name is not None:
            if self._vertex:
                next(iter(made.values()))["displayName"] = media.name
            else:
                self.drop("messages.name")
        more = media.more or {}
        return made | {key: more[key] for key in _MORE if key in more}

    def _where(self, media: Media) -> dict[str, Any]:
        if media.data is not None:
            if media.mime is None:
                refuse(f"Media ({media.kind}) of an unknown type")
            return {"inlineData": {"mimeType": media.mime, "data": media.data}}
        if media.text is not None:
            data = base64.b64encode(media.text.encode(errors="replace")).decode()
            return {"inlineData": {"mimeType": media.mime or "text/plain", "data": data}}
        if media.url is not None:
            return self._address(media.url, media)
        if media.file is None or not media.file.startswith(_STORES):
            refuse("A file in another provider's store")
        return self._address(media.file, media)

    def _address(self, uri: str, media: Media) -> dict[str, Any]:
        found = _END.search(uri)
        mime = media.mime or (TYPES.get(found[1].lower()) if found else None)
        if mime is None and self._vertex:
            refuse(f"Media at an address that does not tell its type ({uri[:80]!r})")
        return {"fileData": ({} if mime is None else {"mimeType": mime}) | {"fileUri": uri}}


def _sign(parts: list[dict[str, Any]]) -> None:
    """Give the first call of a step its stand-in, if it has no signature."""
    call = next((part for part in parts if "functionCall" in part), None)
    if call is not None:
        call.setdefault("thoughtSignature", PLACEHOLDER)
