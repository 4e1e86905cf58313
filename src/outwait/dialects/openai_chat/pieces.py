"""One choice of an upstream's answer, read piece by piece into deltas.

Tolerant of what compatible providers send, by the rules of the fold (`dialects.collect`): tool calls without index or
id, the same index for all of them, names sent twice, content as a list of parts. A tool call is told once its name is
whole: when its arguments begin, another call begins, or the choice ends.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import Any

from outwait.core.delta import Called, Cited, Declined, Delta, Mused, Said, Showed, Stopped
from outwait.core.part import Media
from outwait.dialects import document, openai_media
from outwait.dialects.openai_chat.tables import REASONS
from outwait.dialects.openai_chat.thoughts import thought_of
from outwait.dialects.openai_chat.turns import citation_of, signature_of


class _Call:
    """A tool call that is still coming. `told`: its first piece has gone out."""

    __slots__ = ("custom", "id", "name", "place", "signature", "told")

    def __init__(self, place: int) -> None:
        self.place = place
        self.id = self.name = ""
        self.custom = self.told = False
        self.signature: str | None = None


class Strand:
    """Reads the pieces of one choice. `reply`: the reply's id, from which ids of nameless tool calls are made."""

    __slots__ = ("_by_index", "_calls", "_choice", "_declined", "_reply", "_sound", "_thought", "stopped")

    def __init__(self, choice: int, reply: str) -> None:
        self._choice = choice
        self._reply = reply
        self._calls: list[_Call] = []
        self._by_index: dict[int, _Call] = {}
        self._sound: dict[str, list[str]] = {}
        self._thought: list[str] = []  # the text of the thought that has no proof yet
        self._declined = False  # a refusal came in words
        self.stopped = False

    def read(self, choice: dict[str, Any]) -> Iterator[Delta]:
        """The deltas in one choice of a chunk, or of a completion."""
        if self.stopped:
            return
        said = choice.get("delta") or choice.get("message")
        if isinstance(said, str):
            said = {"content": said}
        logprobs = _entries(choice.get("logprobs"))
        if isinstance(said, dict):
            yield from self._thoughts(said)
            yield from self._words(said.get("content"), logprobs)
            if isinstance(refusal := said.get("refusal"), str) and refusal:
                self._declined = True
                yield Declined(refusal, self._choice)
            yield from self._shown(said)
            for call in _dicts(said.get("tool_calls")):
                yield from self._call(call)
            if isinstance(function := said.get("function_call"), dict):
                yield from self._call({"index": 0, "function": function})
            for annotation in _dicts(said.get("annotations")):
                if (citation := citation_of(annotation)) is not None:
                    yield Cited(citation, self._choice)
        if reason := choice.get("finish_reason"):
            yield from self.stop(str(reason))

    def stop(self, told: str = "") -> Iterator[Delta]:
        """The end of the choice, in the upstream's word for it."""
        if self.stopped:
            return
        self.stopped = True
        yield from self._flush()
        if self._sound:
            yield Showed(_whole(self._sound), self._choice)
        reason = REASONS.get(told, "stop")
        if reason == "stop" and self._calls:  # some name the same reason for every end
            reason = "tool_calls"
        elif reason == "stop" and self._declined:
            reason = "refusal"
        yield Stopped(reason, self._choice, told=told)

    def _thoughts(self, said: dict[str, Any]) -> Iterator[Delta]:
        """Plain text and the entries that say the same: beside each other, or the entry once the thought has ended."""
        text = next((text for key in ("reasoning_content", "reasoning") if (text := _text(said.get(key)))), "")
        thoughts = [thought_of(entry) for entry in _dicts(said.get("reasoning_details"))]
        plain = text != "".join(thought.text for thought in thoughts)
        if text and plain:
            yield Mused(text, self._choice)
            self._thought.append(text)
        for told in thoughts:
            words, proven = told.text, told.signature is not None or told.sealed is not None
            if (plain and words in text) or (proven and not text and "".join(self._thought).endswith(words)):
                words = ""
            if words or proven:
                yield Mused(words, self._choice, told.signature, told.sealed, told.ident, told.dialect)
            self._thought.append(words)
            if proven:
                self._thought.clear()

    def _words(self, content: object, logprobs: tuple[dict[str, Any], ...]) -> Iterator[Delta]:
        if isinstance(content, list):  # Mistral: thinking and text in parts
            for part in _dicts(content):
                if part.get("type") == "thinking":
                    told = part.get("thinking")
                    words = [_text(inner.get("text")) for inner in _dicts(told)] or [_text(told)]
                    yield from (Mused(text, self._choice) for text in words if text)
                elif part.get("type") == "image_url":
                    yield from self._shown({"images": [part]})
                elif text := _text(part.get("text")):
                    yield Said(text, self._choice, logprobs)
                    logprobs = ()
        elif (text := _text(content)) or logprobs:
            yield Said(text, self._choice, logprobs)

    def _shown(self, said: dict[str, Any]) -> Iterator[Delta]:
        for image in _dicts(said.get("images")):
            place = image.get("image_url")
            url = _text(place.get("url") if isinstance(place, dict) else place)
            try:
                shown = openai_media.at_url("image", url)
            except ValueError:
                continue
            if url:
                yield Showed(shown, self._choice)
        if isinstance(sound := said.get("audio"), dict):
            for key in ("id", "data", "transcript"):
                if text := _text(sound.get(key)):
                    self._sound.setdefault(key, []).append(text)

    def _call(self, piece: dict[str, Any]) -> Iterator[Delta]:
        kind = "custom" if isinstance(piece.get("custom"), dict) else "function"
        inner = piece.get(kind)
        inner = inner if isinstance(inner, dict) else {}
        name, ident = _text(inner.get("name")), _text(piece.get("id"))
        call = self._find(piece.get("index"), ident, name)
        if call is None:
            yield from self._flush()
            call = _Call(len(self._calls))
            self._calls.append(call)
        if isinstance(index := piece.get("index"), int):
            self._by_index[index] = call
        if not call.told:
            call.id = call.id or ident
            call.name += "" if name == call.name else name
            call.custom = call.custom or kind == "custom"
        signature = signature_of(piece)
        call.signature = call.signature or signature
        arguments = inner.get("arguments" if kind == "function" else "input")
        text = document.dumps(arguments).decode() if isinstance(arguments, dict) and arguments else _text(arguments)
        if call.told:
            if text or signature:
                yield Called(call.place, self._choice, arguments=text, signature=signature)
        elif text:
            yield self._told(call, text)

    def _find(self, index: object, ident: str, name: str) -> _Call | None:
        """The call a piece belongs to: by index, else by id, else the last; None if it begins a new one."""
        if isinstance(index, int):
            call = self._by_index.get(index)
        else:
            call = next((old for old in self._calls if ident and old.id == ident), None)
            if call is None and not ident and not name and self._calls:
                call = self._calls[-1]
        # The same index for all parallel calls: a new id with a new name begins a new call.
        if call is not None and name and ident and call.id not in {"", ident}:
            return None
        return call

    def _told(self, call: _Call, arguments: str = "") -> Called:
        call.told = True
        ident = call.id or f"call_{self._reply or 'x'}_{self._choice}_{call.place}"
        return Called(call.place, self._choice, ident, call.name, arguments, call.custom, call.signature)

    def _flush(self) -> Iterator[Delta]:
        for call in self._calls:
            if not call.told:
                yield self._told(call)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _dicts(value: object) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _entries(logprobs: object) -> tuple[dict[str, Any], ...]:
    return tuple(_dicts(logprobs.get("content"))) if isinstance(logprobs, dict) else ()


def _whole(sound: dict[str, list[str]]) -> Media:
    """Sound whose base64 text came in pieces, each of them padded or not."""
    pieces = sound.get("data", [])
    try:
        data = base64.b64encode(b"".join(base64.b64decode(piece) for piece in pieces)).decode()
    except binascii.Error:
        data = "".join(pieces)
    return Media("audio", data=data, name="".join(sound.get("id", [])[:1]) or None,
                 text="".join(sound.get("transcript", [])) or None)  # fmt: skip
