"""A Responses request: read at the door, prepared for an upstream.

`read` peeks at the few fields that decide and refuses what two readers of one body could understand differently.
`prepare` changes the bytes only where it must, so that what an upstream gets is what the client wrote.

Where outwait keeps the response (`Call.state`), the conversation it continues is found where the candidate can find
it: in the body, or under the id that the previous response has there. A background call is a job of the provider's
own where there are such jobs, always asked for as a stream, since a stream can be taken up again; elsewhere it is a
plain call that nobody waits for.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.request import Call, State
from outwait.dialects import body as reading
from outwait.dialects import document, seal
from outwait.dialects.openai_responses import asked, members
from outwait.dialects.providers import PROVIDERS

DIALECT = "responses"
ENDPOINT = "responses"
_PATHS = frozenset({"/v1/responses", "/responses"})
_SEALED = b'"ow.'
_BACKGROUND = b'"background"'


class _Peek(msgspec.Struct, gc=False):
    """The fields that decide."""

    model: str | UnsetType = UNSET
    stream: bool | UnsetType | None = UNSET
    background: bool | UnsetType | None = UNSET
    reasoning: Raw | UnsetType = UNSET


class _Reasoning(msgspec.Struct, gc=False):
    effort: str | None = None


class _Item(msgspec.Struct, gc=False):
    type: str | None = None
    encrypted_content: str | None = None


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_peek = msgspec.json.Decoder(_Peek).decode


def endpoint(path: str) -> str:
    """The name of the endpoint at `path`, or `other`."""
    return ENDPOINT if path in _PATHS else "other"


def read(method: str, path: str, headers: Mapping[str, str], body: bytes) -> Call:
    """The call in a client's request; header names in lower case. Raises `Refusal` for what is none."""
    if path.partition("?")[0] not in _PATHS:
        raise Refusal(fault("not_found"))
    if method != "POST":
        raise Refusal(fault("method_not_allowed"))
    reading.check(headers, body)
    peek = reading.peek(_peek, body)
    model = reading.model_of(peek.model)
    reading.check_document(body, peek, _QUOTED, _KEYS)
    stream = peek.stream is True
    reasoning = reading.loosely(peek.reasoning, _Reasoning)
    effort = reasoning.effort if reasoning else None
    return Call(DIALECT, ENDPOINT, model, stream, body, headers, effort, not stream, method=method, path=path)


def in_background(call: Call) -> bool:
    """Whether the client asked for a background job."""
    return _BACKGROUND in call.body and reading.peek(_peek, call.body).background is True


def is_job(call: Call, candidate: Candidate) -> bool:
    """Whether the candidate's provider runs the call as a background job of its own."""
    state = call.state
    return state is not None and state.background and PROVIDERS[candidate.provider].quirks.background


def continues_elsewhere(call: Call, candidate: Candidate) -> bool:
    """Whether the candidate is not told the id of the response before that the client knows: it knows that by another
    one, or is given the conversation instead.
    """
    state = call.state
    if state is None:
        return False
    if candidate.channel != state.channel:
        return state.expanded is not None
    return bool(state.upstream) and state.upstream != asked.asked_state(call.body).previous_response_id


def prepare(call: Call, candidate: Candidate) -> bytes:
    """The body for `candidate`: the model's name there, streaming switched on for a fold, else the very same bytes.

    Thoughts of other dialects that outwait had sealed for the client are left out: OpenAI could not decrypt them.
    """
    body, values = call.body, dict[str, bytes]()
    if call.state is not None:
        body, values = _with_state(call, call.state, candidate)
    if candidate.model != call.model:
        values["model"] = msgspec.json.encode(candidate.model)
    if candidate.streamed and not call.stream:
        values["stream"] = b"true"
    if _SEALED in body and (items := _without_sealed(body)) is not None:
        values["input"] = items
    return document.change(body, values) if values else body


def _with_state(call: Call, state: State, candidate: Candidate) -> tuple[bytes, dict[str, bytes]]:
    """The body for `candidate` of a call whose response is kept, and what is to be changed in it."""
    body, values = call.body, dict[str, bytes]()
    if continues_elsewhere(call, candidate):
        if candidate.channel == state.channel:
            values["previous_response_id"] = msgspec.json.encode(state.upstream)
        else:
            body = state.expanded or body
    if is_job(call, candidate):
        values |= dict.fromkeys(("background", "store") if call.stream else ("background", "stream", "store"), b"true")
    elif _BACKGROUND in body and not PROVIDERS[candidate.provider].quirks.background:
        body = members.without(body, "background")
    return body, values


def _without_sealed(body: bytes) -> bytes | None:
    """The `input` of `body` without the reasoning items that outwait made; None where there are none."""
    try:
        items = msgspec.json.decode(msgspec.json.decode(body, type=dict[str, Raw])["input"], type=list[Raw])
    except (ValueError, KeyError):
        return None  # the upstream's to judge
    kept = [item for item in items if not _is_sealed(item)]
    return None if len(kept) == len(items) else msgspec.json.encode(kept)


def _is_sealed(raw: Raw) -> bool:
    item = reading.loosely(raw, _Item)
    if item is None or item.type != "reasoning" or item.encrypted_content is None:
        return False
    return seal.unseal(item.encrypted_content) is not None
