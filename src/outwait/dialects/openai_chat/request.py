"""A chat request: read at the door, prepared for an upstream.

`read` peeks at the few fields that decide and checks what could make two readers of one body disagree: duplicate
control keys, control keys in escapes, invalid UTF-8, depth. `prepare` changes the bytes only where it must, so that
what an upstream gets is what the client wrote, number by number.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Fault, Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import document

ENDPOINT = "chat.completions"
UPSTREAM_PATH: Mapping[str, str] = {ENDPOINT: "/chat/completions"}
_PATHS = frozenset({"/v1/chat/completions", "/chat/completions"})
_MODEL_LIMIT = 256
_FORMS = ("application/x-www-form-urlencoded", "multipart/")


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
_QUOTED = tuple((key, b'"%s"' % key.encode()) for key in _KEYS)
_ORDINARY = _QUOTED[:2]
_JSON = "application/json"
_peek = msgspec.json.Decoder(_Peek).decode
_AT = re.compile(r" - at `\$\.?([^`]*)`$")


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is no chat request."""
    if path not in _PATHS and path.partition("?")[0] not in _PATHS:
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    if headers.get("content-type") != _JSON or "content-encoding" in headers:
        _check_type(headers)
    if not body.isascii():
        _check_utf8(body)
    peek = _decode(body)
    model = _model(peek.model)
    plain = _is_plain(peek)
    _check_document(body, peek, _ORDINARY if plain else _QUOTED)
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
    peek = _decode(body)
    options = _loosely(peek.stream_options, dict[str, Raw]) or {}
    return msgspec.json.encode({**options, "include_usage": True})


def _check_type(headers: Mapping[str, str]) -> None:
    if headers.get("content-type", "").lower().lstrip().startswith(_FORMS):
        raise Refusal(fault("unsupported_media_type"))
    if headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Refusal(fault("unsupported_media_type", "The request body must not be compressed."))


def _check_utf8(body: bytes) -> None:
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(_no_json(f"byte {error.start} is not UTF-8")) from None


def _decode(body: bytes) -> _Peek:
    if not body:
        raise Refusal(fault("invalid_json", "The request body is empty."))
    try:
        return _peek(body)
    except RecursionError:
        raise Refusal(_too_deep()) from None
    except msgspec.ValidationError as error:
        raise Refusal(_invalid(str(error))) from None
    except ValueError as error:
        told = str(error)
    try:
        # Half a surrogate pair is JSON all the same; only this peek stumbles over it.
        return _peek(document.without_surrogates(body))
    except msgspec.ValidationError as error:
        raise Refusal(_invalid(str(error))) from None
    except (ValueError, RecursionError):
        raise Refusal(_no_json(told.removeprefix("JSON is malformed: "))) from None


def _check_document(body: bytes, peek: _Peek, present: Iterable[tuple[str, bytes]]) -> None:
    """Refuse what a second reader of the same bytes could understand in another way.

    `present`: the keys the body may have, plain and as they stand in it.
    """
    if document.deeper_than(body):
        raise Refusal(_too_deep())
    if key := document.escaped_key(body, _KEYS):
        raise Refusal(fault("invalid_value", f"The key {key!r} must be written without escapes.", param=key))
    for key, quoted in present:
        if getattr(peek, key) is UNSET or body.count(quoted) == 1:
            continue
        try:
            places = len(document.values_of(body, key))
        except document.TooManyKeysError:
            raise Refusal(fault("duplicate_key", f"The request body has too many keys {key!r}.", param=key)) from None
        if places > 1:
            raise Refusal(fault("duplicate_key", f"The request body names {key!r} twice.", param=key))


def _model(model: str | UnsetType) -> str:
    if isinstance(model, UnsetType):
        raise Refusal(fault("invalid_value", "The request must name a model.", param="model"))
    if not model or len(model) > _MODEL_LIMIT or not model.isprintable():
        told = f"The model's name must have 1 to {_MODEL_LIMIT} printable characters."
        raise Refusal(fault("invalid_value", told, param="model"))
    return model


def _loosely(raw: Raw | UnsetType, kind: type[Any]) -> Any:
    """`raw` as `kind`, or None: where these fields are wrong it is the upstream's business to say so."""
    if isinstance(raw, UnsetType):
        return None
    try:
        return msgspec.json.decode(raw, type=kind)
    except (ValueError, RecursionError):
        return None


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
    effort: str | None = _loosely(peek.reasoning_effort, str)
    if effort is None:
        reasoning = _loosely(peek.reasoning, _Reasoning)
        effort = reasoning.effort if reasoning else None
    return effort


def _includes_usage(peek: _Peek) -> bool:
    options = _loosely(peek.stream_options, _StreamOptions)
    return options is not None and options.include_usage is True


def _sounds(peek: _Peek) -> bool:
    """Whether sound is asked for: its pieces do not fold."""
    if not isinstance(peek.audio, UnsetType) and bytes(peek.audio) != b"null":
        return True
    modalities = _loosely(peek.modalities, list[str])
    return modalities is not None and "audio" in modalities


def _invalid(told: str) -> Fault:
    at = _AT.search(told)
    if at is None or not at[1]:
        return fault("invalid_json", "The request body must be a JSON object.")
    what = _AT.sub("", told).lower().replace("`", "").replace("expected", "must be").replace(", got", ", not")
    return fault("invalid_value", f"{at[1]!r} {what}.", param=at[1])


def _no_json(why: str) -> Fault:
    return fault("invalid_json", f"The request body is not valid JSON: {why}.")


def _too_deep() -> Fault:
    return fault("invalid_json", f"The request body is nested more than {document.DEPTH_LIMIT} levels deep.")
