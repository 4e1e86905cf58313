"""A chat request: read at the door, prepared for an upstream.

`read` peeks at the few fields that decide and checks what could make two readers of one body disagree: duplicate
control keys, control keys in escapes, invalid UTF-8, depth. `prepare` changes the bytes only where it must, so that
what an upstream gets is what the client wrote, number by number.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import body as reading
from outwait.dialects import document

ENDPOINT = "chat.completions"
_PATHS = frozenset({"/v1/chat/completions", "/chat/completions"})


class _Peek(msgspec.Struct, gc=False):
    """The fields that decide; the order is that of `_KEYS`."""

    model: str | UnsetType = UNSET
    stream: bool | UnsetType | None = UNSET
    stream_options: Raw | UnsetType = UNSET
    n: Raw | UnsetType = UNSET
    reasoning_effort: Raw | UnsetType = UNSET
    reasoning: Raw | UnsetType = UNSET
    modalities: Raw | UnsetType = UNSET
    audio: Raw | UnsetType = UNSET


class _StreamOptions(msgspec.Struct, gc=False):
    include_usage: bool | None = None


class _Reasoning(msgspec.Struct, gc=False):
    effort: str | None = None


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_ORDINARY = _QUOTED[:2]
_peek = msgspec.json.Decoder(_Peek).decode


def endpoint(path: str) -> str:
    """The name of the endpoint at `path`, or `other`."""
    return ENDPOINT if path in _PATHS else "other"


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is no chat request."""
    if path not in _PATHS and path.partition("?")[0] not in _PATHS:
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    reading.check(headers, body)
    peek = reading.peek(_peek, body)
    model = reading.model_of(peek.model)
    plain = _is_plain(peek)
    reading.check_document(body, peek, _ORDINARY if plain else _QUOTED, _KEYS)
    stream = peek.stream is True
    effort, foldable, include_usage = None, not stream, False
    if not plain:
        effort, include_usage = _effort(peek), _includes_usage(peek)
        foldable = foldable and not _sounds(peek)
    return Call("openai", ENDPOINT, model, stream, body, headers, effort, foldable, include_usage, method, path)


def prepare(call: Call, candidate: Candidate) -> bytes:
    """The body for `candidate`: the model's name there, streaming switched on for a fold, else the very same bytes."""
    values: dict[str, bytes] = {}
    if candidate.model != call.model:
        values["model"] = msgspec.json.encode(candidate.model)
    if candidate.streamed and not call.stream:
        values["stream"] = b"true"
        values["stream_options"] = _with_usage(call.body)
    return document.change(call.body, values) if values else call.body


def _with_usage(body: bytes) -> bytes:
    peek = reading.peek(_peek, body)
    options = reading.loosely(peek.stream_options, dict[str, Raw]) or {}
    return msgspec.json.encode({**options, "include_usage": True})


def _is_plain(peek: _Peek) -> bool:
    """Whether none of the fields behind `stream` is there, as in most calls."""
    return (
        peek.stream_options is UNSET
        and peek.n is UNSET
        and peek.reasoning_effort is UNSET
        and peek.reasoning is UNSET
        and peek.modalities is UNSET
        and peek.audio is UNSET
    )


def _effort(peek: _Peek) -> str | None:
    effort: str | None = reading.loosely(peek.reasoning_effort, str)
    if effort is None:
        reasoning = reading.loosely(peek.reasoning, _Reasoning)
        effort = reasoning.effort if reasoning else None
    return effort


def _includes_usage(peek: _Peek) -> bool:
    options = reading.loosely(peek.stream_options, _StreamOptions)
    return options is not None and options.include_usage is True


def _sounds(peek: _Peek) -> bool:
    """Whether sound is asked for: its pieces do not fold."""
    if not isinstance(peek.audio, UnsetType) and bytes(peek.audio) != b"null":
        return True
    modalities = reading.loosely(peek.modalities, list[str])
    return modalities is not None and "audio" in modalities
