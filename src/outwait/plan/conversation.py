"""What a conversation is known by, so that its requests can meet the endpoint that has its prompt cached.

The client says it in a header or in a field that is made for it; else its beginning tells it: the instructions and
everything up to the first message of the user stay the same from turn to turn. Only their texts count:
marks around them, such as Anthropic's `cache_control`, move on with each turn. `user` names a person, not a
conversation. A body that says nothing is no error here; its request goes wherever there is room.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import MappingProxyType
from typing import Any, Final

import msgspec
from msgspec import Raw

from outwait.core.request import Call
from outwait.dialects import document
from outwait.policy.stick import digest

# What clients send: OpenCode and pi (the first two), Codex (`session_id` until 2025), Claude Code.
HEADERS: Final = (
    "x-session-id",
    "x-session-affinity",
    "session-id",
    "session_id",
    "conversation-id",
    "conversation_id",
    "x-claude-code-session-id",
)
_LONGEST = 4096  # characters that count, of each message
_BEFORE = 8  # messages that may come before the user's first
_DEEPEST = 8  # a text lies at most so deep in a message of any dialect
_TEXTS = ("content", "parts", "text", "system", "instructions", "input")


class _Chat(msgspec.Struct):
    prompt_cache_key: Raw = Raw(b"null")
    messages: list[Raw] = []


class _Response(msgspec.Struct):
    prompt_cache_key: Raw = Raw(b"null")
    conversation: Raw = Raw(b"null")
    instructions: Raw = Raw(b"null")
    input: Raw = Raw(b"null")


class _Metadata(msgspec.Struct):
    user_id: str | None = None


class _Message(msgspec.Struct):
    metadata: _Metadata | None = None
    system: Raw = Raw(b"null")
    messages: list[Raw] = []


class _Content(msgspec.Struct, rename="camel"):
    cached_content: str | None = None
    system_instruction: Raw = Raw(b"null")
    contents: list[Raw] = []


_items: Final = msgspec.json.Decoder(list[Raw])


def conversation(call: Call) -> int | None:
    """The digest of what the conversation of `call` is known by; None: nothing is."""
    headers = call.headers
    for name in HEADERS:
        said = headers.get(name)
        if said:
            return digest(said)
    read = _READERS.get(call.endpoint)
    if read is None:
        return None
    try:
        name = read(call.body)
    except (ValueError, RecursionError):
        try:
            name = read(document.without_surrogates(call.body))
        except (ValueError, RecursionError):
            return None
    return digest(name) if name else None


def _chat(body: bytes) -> str:
    found = _of_chat.decode(body)
    return _string(found.prompt_cache_key) or _beginning(found.messages)


def _response(body: bytes) -> str:
    found = _of_response.decode(body)
    named = _string(found.prompt_cache_key) or _string(found.conversation) or _ident(found.conversation)
    if named:
        return named
    text = _string(found.input)
    items = [] if text or bytes(found.input) == b"null" else _items.decode(found.input)
    return _text(found.instructions) + (text[:_LONGEST] or _beginning(items))


def _message(body: bytes) -> str:
    found = _of_message.decode(body)
    named = found.metadata.user_id if found.metadata else None
    return named or _text(found.system) + _beginning(found.messages)


def _content(body: bytes) -> str:
    found = _of_content.decode(body)
    return found.cached_content or _text(found.system_instruction) + _beginning(found.contents)


_of_chat: Final = msgspec.json.Decoder(_Chat)
_of_response: Final = msgspec.json.Decoder(_Response)
_of_message: Final = msgspec.json.Decoder(_Message)
_of_content: Final = msgspec.json.Decoder(_Content)
_READERS: Final[MappingProxyType[str, Callable[[bytes], str]]] = MappingProxyType(
    {"chat.completions": _chat, "responses": _response, "messages": _message, "generate_content": _content}
)
ENDPOINTS: Final = frozenset(_READERS)


def _string(raw: Raw) -> str:
    """A string of JSON; empty for anything else."""
    return str(msgspec.json.decode(raw)) if bytes(raw).lstrip().startswith(b'"') else ""


def _ident(raw: Raw) -> str:
    """The `id` of an object of JSON, if it has one."""
    value = msgspec.json.decode(raw)
    ident = value.get("id") if isinstance(value, dict) else None
    return ident if isinstance(ident, str) else ""


def _beginning(messages: list[Raw]) -> str:
    """The texts up to the user's first message."""
    said = ""
    for raw in messages[:_BEFORE]:
        message = msgspec.json.decode(raw)
        said += "\n" + _joined(message)
        if isinstance(message, dict) and message.get("role", "user") == "user":
            break
    return said.strip()


def _text(raw: Raw) -> str:
    return _joined(msgspec.json.decode(raw))


def _joined(value: object) -> str:
    return "\n".join(_texts(value, _DEEPEST))[:_LONGEST]


def _texts(value: Any, depth: int) -> Iterator[str]:
    """The texts of a message, without what stands around them."""
    if isinstance(value, str):
        yield value
    elif depth and isinstance(value, list):
        for each in value:
            yield from _texts(each, depth - 1)
    elif depth and isinstance(value, dict):
        for key in _TEXTS:
            if key in value:
                yield from _texts(value[key], depth - 1)
