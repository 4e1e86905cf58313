"""The items of a Responses request read into neutral turns.

What the model said stands in items of its own (thoughts, messages, calls); those that follow one another are one turn,
and so are the results of tools.
"""

from __future__ import annotations

from typing import Any

from outwait.core.ask import Message
from outwait.core.part import Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import openai_media
from outwait.dialects.fields import Fields, Strange, unknown, wrong
from outwait.dialects.openai_responses import proofs
from outwait.dialects.openai_responses.cited import citations_of

_SPEAKERS = frozenset({"system", "developer", "user", "assistant"})
_TEXTS = frozenset({"input_text", "output_text", "text"})
_MERGED = frozenset({"assistant", "tool"})


def messages(fields: Fields, strange: Strange) -> tuple[Message, ...]:
    """The turns in `fields`, a request: its instructions, then its input."""
    turns = _Turns(strange)
    if (instructions := fields.text("instructions")) is not None:
        turns.add("system", (Text(instructions),))
    given = fields.raw("input")
    if isinstance(given, str):
        turns.add("user", (Text(given),))
    elif isinstance(given, list):
        for place, item in enumerate(given):
            turns.take(Fields(item, f"input[{place}]"))
    elif given is None:
        wrong("input", "is missing")
    else:
        wrong("input", "must be a string or an array")
    return turns.messages()


class _Turns:
    """Takes items and gives turns."""

    __slots__ = ("_known", "_signature", "_strange", "_turns")

    def __init__(self, strange: Strange) -> None:
        self._strange = strange
        self._turns: list[tuple[str, list[Part]]] = []
        self._known: dict[str, str] = {}  # id of a call -> name of its tool
        self._signature: str | None = None  # of the call that comes next

    def add(self, role: str, parts: tuple[Part, ...]) -> None:
        if role in _MERGED and self._turns and self._turns[-1][0] == role:
            self._turns[-1][1].extend(parts)
        else:
            self._turns.append((role, list(parts)))

    def messages(self) -> tuple[Message, ...]:
        return tuple(Message(role, tuple(parts)) for role, parts in self._turns)

    def take(self, fields: Fields) -> None:
        """One item."""
        kind = fields.text("type")
        if kind is None or kind == "message":
            if kind is None and "role" not in fields.left():
                unknown(fields.at("type"), "a reference to a stored item")
            self._message(fields)
        elif kind in {"function_call", "custom_tool_call"}:
            self._call(fields, custom=kind == "custom_tool_call")
        elif kind in {"function_call_output", "custom_tool_call_output"}:
            self._result(fields, custom=kind == "custom_tool_call_output")
        elif kind == "reasoning":
            self._thought(fields)
        else:
            unknown(fields.at("type"), f"an item of type {kind!r}")
        fields.raw("id")
        fields.raw("status")
        self._strange.keep(fields, "input")

    def _message(self, fields: Fields) -> None:
        role = fields.need("role")
        if role not in _SPEAKERS:
            wrong(fields.at("role"), "must be system, developer, user or assistant")
        content = self._content(fields, "content")
        self.add(role, content)

    def _content(self, fields: Fields, key: str) -> tuple[Part, ...]:
        value, at = fields.raw(key), fields.at(key)
        if isinstance(value, str):
            return (Text(value),)
        if value is None:
            wrong(at, "is missing")
        if not isinstance(value, list):
            wrong(at, "must be a string or an array")
        return tuple(self._part(Fields(part, f"{at}[{place}]"), key) for place, part in enumerate(value))

    def _part(self, fields: Fields, key: str) -> Part:
        kind = fields.need("type")
        made: Part
        if kind in _TEXTS:
            made = Text(fields.need("text"), citations_of(fields.raw("annotations")))
            fields.raw("logprobs")
        elif kind == "refusal":
            made = Denial(fields.need("refusal"))
        elif kind == "input_image":
            made = _image(fields)
        elif kind == "input_file":
            made = _file(fields)
        elif kind == "input_audio":
            sound = fields.need_inner(kind)
            form = sound.need("format")
            made = Media("audio", openai_media.mime_of(form), sound.need("data"))
        else:
            unknown(fields.at("type"), f"content of type {kind!r}")
        self._strange.keep(fields, f"input.{key}")
        return made

    def _call(self, fields: Fields, *, custom: bool) -> None:
        ident, name = fields.need("call_id"), fields.need("name")
        words = fields.need("input" if custom else "arguments")
        _check_caller(fields)
        signature, self._signature = self._signature, None
        self._known[ident] = name
        self.add("assistant", (ToolCall(ident, name, words, custom, signature, fields.text("id")),))

    def _result(self, fields: Fields, *, custom: bool) -> None:
        ident = fields.need("call_id")
        _check_caller(fields)
        name = fields.text("name") or self._known.get(ident, "")
        self.add("tool", (ToolResult(ident, self._content(fields, "output"), name, custom=custom),))

    def _thought(self, fields: Fields) -> None:
        ident, proof = fields.text("id"), fields.text("encrypted_content")
        summary = [part.need("text") for part in fields.each("summary")]
        content = [part.need("text") for part in fields.each("content")]
        if (signature := proofs.signature_in(proof)) is not None:
            self._signature = signature
            return
        thought = proofs.thought_of("\n\n".join(content or summary), proof, ident)
        if thought != Thought(dialect=proofs.OWN):
            self.add("assistant", (thought,))


def _check_caller(fields: Fields) -> None:
    """A call that the model made itself is a plain one; one made by a program of its is not."""
    caller = fields.inner("caller")
    if caller is not None and (kind := caller.need("type")) != "direct":
        unknown(caller.at("type"), f"a call by {kind!r}")


def _image(fields: Fields) -> Media:
    url, ident, detail = fields.text("image_url"), fields.text("file_id"), fields.text("detail")
    if url is None:
        if ident is None:
            wrong(fields.path, "must have image_url or file_id")
        return Media("image", file=ident, detail=detail)
    mime, data = _data_of(fields, "image_url", url)
    return Media("image", url=url, detail=detail) if data is None else Media("image", mime, data, detail=detail)


def _file(fields: Fields) -> Media:
    told: dict[str, Any] = {"name": fields.text("filename"), "detail": fields.text("detail")}
    data, url, ident = fields.text("file_data"), fields.text("file_url"), fields.text("file_id")
    if data is not None:
        mime, packed = _data_of(fields, "file_data", data)
        return Media("document", mime, data if packed is None else packed, **told)
    if url is None and ident is None:
        wrong(fields.path, "must have file_data, file_url or file_id")
    return Media("document", url=url, file=None if url is not None else ident, **told)


def _data_of(fields: Fields, key: str, url: str) -> tuple[str | None, str | None]:
    """The media type and the base64 text of a `data:` URL; twice None for any other text."""
    try:
        return openai_media.data_of(url) or (None, None)
    except ValueError:
        wrong(fields.at(key), "must be a data: URL in base64, if it is one")
