"""A Gemini request: read at the door, prepared for an upstream.

The path says which model is meant. Where the body names one too it must be the same: an upstream could else be asked
for a model that this client's key may not use. `prepare` changes nothing but those names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import body as reading
from outwait.dialects import document
from outwait.dialects.effort import effort_of
from outwait.dialects.gemini.tables import LEVELS
from outwait.dialects.gemini.target import GENERATE, Target, target

PREFIX = "models/"
_ALTS = frozenset({"json", "sse"})
_NEVER = frozenset("?#\\ \N{REPLACEMENT CHARACTER}")


class _Peek(msgspec.Struct, gc=False):
    """The fields that decide, each in both spellings that Google takes."""

    model: str | UnsetType | None = UNSET
    requests: Raw | UnsetType = UNSET
    generateContentRequest: Raw | UnsetType = UNSET  # noqa: N815 - the key on the wire
    generate_content_request: Raw | UnsetType = UNSET
    generationConfig: Raw | UnsetType = UNSET  # noqa: N815 - the key on the wire
    generation_config: Raw | UnsetType = UNSET


class _Named(msgspec.Struct, gc=False):
    """An object that may name a model."""

    model: str | None = None


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_NESTED = ("generateContentRequest", "generate_content_request")
_peek = msgspec.json.Decoder(_Peek).decode
_named = msgspec.json.Decoder(_Named).decode
_all_named = msgspec.json.Decoder(list[_Named]).decode


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is no Gemini request."""
    aim = target(path)
    if aim is None:
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    if aim.alt not in _ALTS:
        raise Refusal(fault("invalid_value", "'alt' must be json or sse.", param="alt"))
    reading.check(headers, body)
    _check_name(aim)
    peek = reading.peek(_peek, body)
    reading.check_document(body, peek, _QUOTED, _KEYS)
    _check_models(peek, aim.model)
    effort, foldable = None, aim.endpoint == GENERATE and not aim.stream
    for raw in (peek.generationConfig, peek.generation_config):
        config = reading.loosely(raw, dict[str, Any])
        if config is not None:
            effort = effort or _effort(config)
            foldable = foldable and _folds(config)
    return Call("gemini", aim.endpoint, aim.model, aim.stream, body, headers, effort, foldable, False, method, aim.path)


def prepare(call: Call, candidate: Candidate) -> bytes:
    """The body for `candidate`: the very same bytes, but for the model's name where they have it."""
    if candidate.model == call.model or b'"model"' not in call.body:
        return call.body
    peek = reading.peek(_peek, call.body)
    values: dict[str, bytes] = {}
    if isinstance(peek.model, str):
        values["model"] = _renamed(peek.model, candidate.model)
    for key in _NESTED:
        raw = getattr(peek, key)
        if not isinstance(raw, UnsetType):
            values[key] = _with_model(bytes(raw), candidate.model)
    if not isinstance(peek.requests, UnsetType):
        items = msgspec.json.decode(peek.requests, type=list[Raw])
        values["requests"] = b"[%s]" % b",".join(_with_model(bytes(item), candidate.model) for item in items)
    return document.change(call.body, values) if values else call.body


def shows_thoughts(call: Call) -> bool:
    """Whether the client asked to see the model's thoughts."""
    peek = reading.peek(_peek, call.body)
    for raw in (peek.generationConfig, peek.generation_config):
        config = reading.loosely(raw, dict[str, Any]) or {}
        thinking = config.get("thinkingConfig", config.get("thinking_config"))
        if isinstance(thinking, dict):
            return thinking.get("includeThoughts", thinking.get("include_thoughts")) is True
    return False


def _check_name(aim: Target) -> None:
    """Refuse what no model can be named, and what would lead elsewhere when it is put into an upstream's path."""
    model = reading.model_of(aim.model)
    if any(segment in {"", ".", ".."} for segment in model.split("/")) or not _NEVER.isdisjoint(model):
        raise Refusal(fault("invalid_value", "The path names something that can be no model.", param="model"))


def _check_models(peek: _Peek, model: str) -> None:
    if isinstance(peek.model, str):
        _same(peek.model, model, "model")
    for key in _NESTED:
        raw = getattr(peek, key)
        if not isinstance(raw, UnsetType):
            try:
                _same(_named(raw).model, model, f"{key}.model")
            except msgspec.DecodeError:
                raise Refusal(fault("invalid_value", f"{key!r} must be an object.", param=key)) from None
    if not isinstance(peek.requests, UnsetType):
        try:
            names = _all_named(peek.requests)
        except msgspec.DecodeError:
            told = "'requests' must be a list of objects."
            raise Refusal(fault("invalid_value", told, param="requests")) from None
        for at, item in enumerate(names):
            _same(item.model, model, f"requests[{at}].model")


def _same(name: str | None, model: str, param: str) -> None:
    if name is not None and name.removeprefix(PREFIX) != model.removeprefix(PREFIX):
        raise Refusal(fault("invalid_value", f"{param!r} names another model than the path.", param=param))


def _renamed(old: str, model: str) -> bytes:
    return msgspec.json.encode(PREFIX + model if old.startswith(PREFIX) else model)


def _with_model(item: bytes, model: str) -> bytes:
    old = _named(item).model
    return item if old is None else document.change(item, {"model": _renamed(old, model)})


def _effort(config: Mapping[str, Any]) -> str | None:
    thinking = config.get("thinkingConfig", config.get("thinking_config"))
    if not isinstance(thinking, dict):
        return None
    level = thinking.get("thinkingLevel", thinking.get("thinking_level"))
    if isinstance(level, str) and level.lower() in LEVELS:
        return level.lower()
    budget = thinking.get("thinkingBudget", thinking.get("thinking_budget"))
    return effort_of(budget) if type(budget) is int and budget >= 0 else None


def _folds(config: Mapping[str, Any]) -> bool:
    """Whether a stream folds into the same reply: several candidates are not streamed, pieces of sound not joined."""
    count = config.get("candidateCount", config.get("candidate_count"))
    forms = config.get("responseModalities", config.get("response_modalities"))
    sounds = isinstance(forms, list) and any(isinstance(form, str) and form.upper() == "AUDIO" for form in forms)
    return count in {None, 1} and not sounds if isinstance(count, int | None) else False
