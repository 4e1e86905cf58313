"""A Messages request: read at the door, prepared for an upstream of the same dialect.

What an upstream gets is what the client wrote, byte for byte, but for the model's name and the stream switch. Bedrock
and Vertex name both in the URL, so there the two fields are taken out, and the API version goes into the body.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import body as reading
from outwait.dialects import document, effort
from outwait.dialects.anthropic.carried import without_carried

NAME = "anthropic"
MESSAGES = "messages"
COUNT = "messages.count_tokens"

_ENDPOINTS: Mapping[str, str] = MappingProxyType({
    "/v1/messages": MESSAGES,
    "/messages": MESSAGES,
    "/v1/messages/count_tokens": COUNT,
    "/messages/count_tokens": COUNT,
})  # fmt: skip

# What stands in the body where the model and the stream switch stand in the URL.
VERSIONS: Mapping[str, str] = MappingProxyType({"bedrock": "bedrock-2023-05-31", "vertex": "vertex-2023-10-16"})
_ADAPTIVE = "high"  # what most models do when they may think as they like and no effort is named


class _Peek(msgspec.Struct, gc=False):
    """The fields that decide; the order is that of `_KEYS`."""

    model: str | UnsetType = UNSET
    stream: bool | UnsetType | None = UNSET
    thinking: Raw | UnsetType = UNSET
    output_config: Raw | UnsetType = UNSET


class _Thinking(msgspec.Struct, gc=False):
    type: str | None = None
    budget_tokens: int | None = None


class _OutputConfig(msgspec.Struct, gc=False):
    effort: str | None = None


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_peek = msgspec.json.Decoder(_Peek).decode


def endpoint(path: str) -> str:
    """The name of the endpoint at `path`, or `other`."""
    return _ENDPOINTS.get(path) or _ENDPOINTS.get(path.partition("?")[0], "other")


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is none."""
    found = endpoint(path)
    if found == "other":
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    reading.check(headers, body)
    peek = reading.peek(_peek, body)
    model = reading.model_of(peek.model)
    reading.check_document(body, peek, _QUOTED, _KEYS)
    stream = peek.stream is True and found == MESSAGES
    foldable = found == MESSAGES and not stream
    return Call(NAME, found, model, stream, body, headers, _effort(peek), foldable, method=method, path=path)


def prepare(call: Call, candidate: Candidate) -> bytes:
    """The body for `candidate`: the model's name there, streaming switched on for a fold, else the very same bytes."""
    if candidate.provider in VERSIONS:
        return _without_url(call, candidate.provider)
    values: dict[str, bytes] = {}
    if candidate.model != call.model:
        values["model"] = msgspec.json.encode(candidate.model)
    if candidate.streamed and not call.stream:
        values["stream"] = b"true"
    body = without_carried(call.body)
    return document.change(body, values) if values else body


def _without_url(call: Call, provider: str) -> bytes:
    """The body without what the URL says there; its other values untouched as text."""
    members = msgspec.json.decode(without_carried(call.body), type=dict[str, Raw])
    for key in ("model", "stream"):
        members.pop(key, None)
    members.setdefault("anthropic_version", Raw(msgspec.json.encode(VERSIONS[provider])))
    beta = [name.strip() for name in call.headers.get("anthropic-beta", "").split(",") if name.strip()]
    if beta and provider == "bedrock":  # Vertex takes the header
        members.setdefault("anthropic_beta", Raw(msgspec.json.encode(beta)))
    return msgspec.json.encode(members)


def _effort(peek: _Peek) -> str | None:
    """How hard the client wants the model to think: by name, or by a budget of tokens."""
    config = reading.loosely(peek.output_config, _OutputConfig)
    if config is not None and config.effort is not None:
        named: str = config.effort
        return named
    thinking = reading.loosely(peek.thinking, _Thinking)
    if thinking is None:
        return None
    if thinking.type == "enabled" and thinking.budget_tokens is not None:
        return effort.effort_of(max(thinking.budget_tokens, 1))
    return {"adaptive": _ADAPTIVE, "disabled": "none"}.get(thinking.type)
