"""The messages of a chat request read into neutral turns."""

from __future__ import annotations

from typing import Any

from outwait.core.ask import Message
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall, ToolResult
from outwait.dialects import openai_media
from outwait.dialects.fields import Fields, Strange, unknown, wrong
from outwait.dialects.openai_chat.thoughts import thought_of

_SPEAKERS = frozenset({"system", "developer", "user"})


def messages(fields: Fields, strange: Strange) -> tuple[Message, ...]:
    """The turns in `fields`, a request."""
    known: dict[str, ToolCall] = {}
    turns = tuple(_turn(each, known, strange) for each in fields.each("messages"))
    if not turns:
        wrong("messages", "must have at least one message")
    return turns


def _turn(fields: Fields, known: dict[str, ToolCall], strange: Strange) -> Message:
    role, name = fields.need("role"), fields.text("name")
    if role in _SPEAKERS:
        turn = Message(role, _content(fields, strange, needed=True), name)
    elif role == "assistant":
        turn = Message(role, _answer(fields, strange), name)
        known.update((part.id, part) for part in turn.parts if isinstance(part, ToolCall))
    elif role == "tool":
        call = known.get(ident := fields.need("tool_call_id"))
        name = call.name if call is not None else name
        parts, custom = _content(fields, strange), call is not None and call.custom
        result = ToolResult(ident, parts, name or "", custom=custom, cache=fields.mapping("cache_control"))
        turn = Message(role, (result,))
    elif role == "function":
        unknown(fields.at("role"), "a message of the role 'function'")
    else:
        wrong(fields.at("role"), "must be system, developer, user, assistant or tool")
    strange.keep(fields, "messages")
    return turn


def _content(fields: Fields, strange: Strange, *, needed: bool = False) -> tuple[Part, ...]:
    value = fields.raw("content")
    if isinstance(value, str):
        return (Text(value),) if value else ()
    if value is None:
        if needed:
            wrong(fields.at("content"), "is missing")
        return ()
    if not isinstance(value, list):
        wrong(fields.at("content"), "must be a string or an array")
    at = fields.at("content")
    return tuple(_part(Fields(item, f"{at}[{place}]"), strange) for place, item in enumerate(value))


def _part(fields: Fields, strange: Strange) -> Part:
    kind = fields.need("type")
    cache = fields.mapping("cache_control")
    made: Part
    if kind == "text":
        made = Text(fields.need("text"), cache=cache)
    elif kind == "refusal":
        made = Denial(fields.need("refusal"))
    elif kind in {"image_url", "video_url"}:
        made = _seen(fields, kind, cache)
    elif kind == "input_audio":
        sound = fields.need_inner(kind)
        made = Media("audio", openai_media.mime_of(sound.need("format")), sound.need("data"), cache=cache)
    elif kind == "file":
        made = _file(fields.need_inner(kind), cache)
    else:
        unknown(fields.at("type"), f"content of type {kind!r}")
    strange.keep(fields, "messages.content")
    return made


def _seen(fields: Fields, kind: str, cache: Any = None) -> Media:
    """An image or a film: `{url, detail}`, or (as some clients write it) the URL alone."""
    value = fields.raw(kind)
    place = Fields({"url": value} if isinstance(value, str) else value, fields.at(kind))
    url, detail = place.need("url"), place.text("detail")
    try:
        told = openai_media.at_url(kind.removesuffix("_url"), url, detail)
    except ValueError:
        wrong(place.at("url"), "must be a URL, or a data: URL in base64")
    return Media(told.kind, told.mime, told.data, told.url, detail=detail, cache=cache)


def _file(fields: Fields, cache: Any) -> Media:
    data, ident, name = fields.text("file_data"), fields.text("file_id"), fields.text("filename")
    if data is None:
        if ident is None:
            wrong(fields.path, "must have file_data or file_id")
        return Media("document", file=ident, name=name, cache=cache)
    try:
        mime, packed = openai_media.data_of(data) or (None, data)
    except ValueError:
        wrong(fields.at("file_data"), "must be base64, or a data: URL in base64")
    kind = "video" if mime is not None and mime.startswith("video/") else "document"
    return Media(kind, mime, packed, name=name, cache=cache)


def _answer(fields: Fields, strange: Strange) -> tuple[Part, ...]:
    """What the model said: thoughts, then words, then calls."""
    parts: list[Part] = list(_thoughts(fields))
    words = list(_content(fields, strange))
    citations = tuple(_cited(fields.raw("annotations")))
    if citations and words and isinstance(words[-1], Text):
        words[-1] = Text(words[-1].text, citations, words[-1].cache)
    parts += words
    parts += [_seen(image, "image_url") for image in fields.each("images")]
    if (refusal := fields.text("refusal")) is not None:
        parts.append(Denial(refusal))
    parts += [_call(call, strange) for call in fields.each("tool_calls")]
    return tuple(parts)


def _thoughts(fields: Fields) -> list[Thought]:
    texts = (fields.text("reasoning_content"), fields.text("reasoning"))
    said = texts[0] or texts[1] or ""
    made: list[Thought] = []
    for entry in fields.each("reasoning_details"):
        thought = thought_of(entry.left())
        said = said.replace(thought.text, "", 1)
        if thought != Thought():
            made.append(thought)
    return [Thought(said), *made] if said.strip() else made


def _call(fields: Fields, strange: Strange) -> ToolCall:
    kind, ident = fields.text("type") or "function", fields.need("id")
    if kind == "function":
        inner = fields.need_inner(kind)
        made = ToolCall(ident, inner.need("name"), inner.text("arguments") or "", signature=_signature(fields))
    elif kind == "custom":
        inner = fields.need_inner(kind)
        made = ToolCall(ident, inner.need("name"), inner.need("input"), custom=True, signature=_signature(fields))
    else:
        unknown(fields.at("type"), f"a tool call of type {kind!r}")
    strange.keep(inner, f"messages.tool_calls.{kind}")
    strange.keep(fields, "messages.tool_calls")
    return made


def _signature(fields: Fields) -> str | None:
    """Gemini's proof, in the place that Google gives it in chat completions."""
    return signature_of({"extra_content": fields.raw("extra_content")})


def signature_of(call: dict[str, Any]) -> str | None:
    """The thought signature of a tool call, if it has one."""
    extra = call.get("extra_content")
    google = extra.get("google") if isinstance(extra, dict) else None
    signature = google.get("thought_signature") if isinstance(google, dict) else None
    return signature if isinstance(signature, str) and signature else None


def _cited(annotations: object) -> list[Citation]:
    made = (citation_of(item) for item in annotations) if isinstance(annotations, list) else ()
    return [citation for citation in made if citation is not None]


def citation_of(annotation: object) -> Citation | None:
    """The source that an annotation of a message names, if it names one."""
    told = annotation.get("url_citation") if isinstance(annotation, dict) else None
    if not isinstance(annotation, dict) or not isinstance(told, dict) or not isinstance(url := told.get("url"), str):
        return None
    title, quote, start, end = (told.get(key) for key in ("title", "content", "start_index", "end_index"))
    return Citation(
        url,
        title if isinstance(title, str) else None,
        quote if isinstance(quote, str) else None,
        start if type(start) is int else None,
        end if type(end) is int else None,
        annotation,
        "openai",
    )
