"""The contents of a Gemini request read into neutral messages.

Gemini puts the results of functions among the user's parts; they become messages of their own. Calls and results
without ids, as most clients send them, get ids by their order, and a result belongs to the first open call of its name.
"""

from __future__ import annotations

import binascii
from collections.abc import Callable
from typing import Any

from outwait.core.ask import Message
from outwait.core.part import Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import document
from outwait.dialects.gemini import proof
from outwait.dialects.gemini.fields import Fields, unsaid, wrong

_ROLES = {None: "user", "user": "user", "function": "user", "tool": "user", "model": "assistant"}
# What a part may be, and what may stand beside it.
_KINDS = ("text", "inlineData", "fileData", "functionCall", "functionResponse")
_BESIDE = frozenset({"thought", "thoughtSignature"})
_MORE = frozenset({"videoMetadata", "mediaResolution"})
_STORES = ("gs://", "https://generativelanguage.googleapis.com/", "files/")


class Contents:
    """Reads contents one after the other (`add`) into `messages`."""

    __slots__ = ("_count", "_open", "_taken", "messages")

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self._open: list[ToolCall] = []  # calls that have no result yet
        self._taken: set[str] = set()  # ids of calls
        self._count = 0

    def add(self, value: object, path: str) -> None:
        """The content `value` at `path` of the request."""
        fields = Fields(value, path)
        role = fields.text("role") or None
        if role not in _ROLES:
            wrong(fields.at("role"), "user or model")
        for name, _ in fields.others({"role", "parts"}):
            unsaid(fields.at(name))
        parts = [part for item, at in fields.items("parts") for part in self._part(item, at, _ROLES[role])]
        self._say(_ROLES[role], _gathered(parts))

    def _say(self, role: str, parts: list[Part]) -> None:
        """Messages of `parts`, in their order: results apart from the rest."""
        group: list[Part] = []
        for part in parts:
            if group and isinstance(part, ToolResult) != isinstance(group[0], ToolResult):
                self._close(role, group)
                group = []
            group.append(part)
        self._close(role, group)

    def _close(self, role: str, group: list[Part]) -> None:
        if group:
            self.messages.append(Message("tool" if isinstance(group[0], ToolResult) else role, tuple(group)))

    def _part(self, value: object, path: str, role: str) -> list[Part]:
        fields = Fields(value, path)
        kinds = [kind for kind in _KINDS if kind in fields]
        for name, _ in fields.others({*_KINDS, *_BESIDE, *_MORE}):
            unsaid(fields.at(name))
        if len(kinds) > 1:
            wrong(path, "one of " + ", ".join(_KINDS))
        signature = fields.text("thoughtSignature")
        foreign = proof.carried(signature) if signature else None
        kind = kinds[0] if kinds else "text"
        own = None if foreign is not None else signature or None
        if kind == "text":
            return _words(fields, own, foreign)
        if role != "assistant" and kind == "functionCall":
            wrong(path, "none of the user's: functionCall is the model's")
        if role == "assistant" and kind == "functionResponse":
            wrong(path, "none of the model's: functionResponse is the user's")
        made = self._made(kind, fields, own)
        return [made] if foreign is None else [foreign, made]

    def _made(self, kind: str, fields: Fields, signature: str | None) -> Part:
        if kind == "functionCall":
            return self._call(fields, signature)
        if kind == "functionResponse":
            return self._result(fields)
        more = {name: fields.raw(name) for name in sorted(_MORE) if name in fields}
        if signature is not None:
            more["thoughtSignature"] = signature
        return media(kind, fields, more)

    def _call(self, fields: Fields, signature: str | None) -> ToolCall:
        call = fields.object("functionCall") or fields
        for name, _ in call.others({"id", "name", "args"}):
            unsaid(call.at(name))
        name = call.text("name") or wrong(call.at("name"), "the name of a function")
        arguments = document.dumps(call.mapping("args") or {}).decode()
        made = ToolCall(call.text("id") or self._fresh(), name, arguments, signature=signature)
        self._open.append(made)
        self._taken.add(made.id)
        return made

    def _fresh(self) -> str:
        while True:
            self._count += 1
            made = f"call_{self._count}"
            if made not in self._taken:
                return made

    def _result(self, fields: Fields) -> ToolResult:
        result = fields.object("functionResponse") or fields
        for name, _ in result.others({"id", "name", "response", "parts"}):
            unsaid(result.at(name))
        name = result.text("name") or wrong(result.at("name"), "the name of a function")
        call = self._called(result.text("id"), name, result.path)
        response = result.mapping("response") or {}
        said, failed = _told(response)
        parts: list[Part] = [Text(said)] if said else []
        for item, path in result.items("parts"):
            part = Fields(item, path)
            kind = next((kind for kind in ("inlineData", "fileData") if kind in part), None)
            if kind is None:
                wrong(path, "inlineData or fileData")
            parts.append(media(kind, part, {}))
        return ToolResult(call.id, tuple(parts), name, failed)

    def _called(self, ident: str | None, name: str, path: str) -> ToolCall:
        """The open call that a result with this id or name answers."""
        fits: tuple[Callable[[ToolCall], bool], ...] = (
            lambda call: call.id == ident,
            lambda call: call.name == name,
        )
        for fit in fits:
            found = next((call for call in self._open if fit(call)), None)
            if found is not None:
                self._open.remove(found)
                return found
        return wrong(path, "the result of a functionCall before it that has none yet")


def _words(fields: Fields, signature: str | None, foreign: Thought | None) -> list[Part]:
    """A part that is text or thought, or only a signature."""
    text = fields.text("text") or ""
    if fields.flag("thought"):
        if foreign is not None:
            return [foreign if foreign.text else Thought(text, *_proofs(foreign))]
        return [Thought(text, signature, dialect=proof.OWN if signature else "")]
    parts: list[Part] = [Text(text)] if text or (signature is None and foreign is None) else []
    if foreign is not None:
        parts.insert(0, foreign)
    elif signature is not None:
        parts.append(Thought("", signature, dialect=proof.OWN))
    return parts


def _proofs(thought: Thought) -> tuple[str | None, str | None, str | None, str]:
    return thought.signature, thought.sealed, thought.ident, thought.dialect


def _gathered(parts: list[Part]) -> list[Part]:
    """`parts` with the pieces of a thought joined: clients give back the parts of a stream as they came."""
    made: list[Part] = []
    for part in parts:
        last = made[-1] if made else None
        if isinstance(part, Thought) and isinstance(last, Thought) and not last.dialect and part.dialect != proof.OWN:
            # One that was carried with its text needs no pieces of it.
            text = part.text if part.dialect and part.text.startswith(last.text) else last.text + part.text
            made[-1] = Thought(text, *_proofs(part))
        else:
            made.append(part)
    return made


def _told(response: dict[str, Any]) -> tuple[str, bool]:
    """What a function gave, as text, and whether it failed. `output` and `error` are Google's names for one value."""
    if len(response) == 1:
        key, value = next(iter(response.items()))
        if isinstance(value, str) and key == "error":
            return value, True
        if isinstance(value, str) and key == "output" and not is_object(value):
            return value, False
    return document.dumps(response).decode(), False


def is_object(text: str) -> bool:
    """Whether `text` is a JSON object."""
    try:
        return text.lstrip().startswith("{") and isinstance(document.loads(text.encode()), dict)
    except ValueError:
        return False


def media(kind: str, fields: Fields, more: dict[str, Any]) -> Media:
    """The neutral form of `inlineData` or `fileData`."""
    data = fields.object(kind) or fields
    for name, _ in data.others({"mimeType", "displayName", "data" if kind == "inlineData" else "fileUri"}):
        unsaid(data.at(name))
    mime, label = data.text("mimeType") or None, data.text("displayName") or None
    if kind == "inlineData":
        if mime is None:
            wrong(data.at("mimeType"), "a media type")
        text = data.text("data")
        if text is None or not _is_base64(text):
            wrong(data.at("data"), "base64")
        text = text.replace("-", "+").replace("_", "/")
        return Media(kind_of(mime), mime, text, name=label, more=more or None)
    uri = data.text("fileUri") or wrong(data.at("fileUri"), "an address")
    if uri.startswith(_STORES):
        return Media(kind_of(mime), mime, file=uri, name=label, more=more or None)
    if not uri.startswith(("https://", "http://")):
        wrong(data.at("fileUri"), "an address")
    return Media(kind_of(mime), mime, url=uri, name=label, more=more or None)


def _is_base64(text: str) -> bool:
    packed = text.replace("-", "+").replace("_", "/")
    try:
        binascii.a2b_base64(packed + "=" * (-len(packed) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return True


def kind_of(mime: str | None) -> str:
    """The kind of `core.part.Media` for a media type."""
    kind = (mime or "").partition("/")[0].lower()
    return kind if kind in {"image", "audio", "video"} else "document"
