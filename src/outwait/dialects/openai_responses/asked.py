"""What a request asks of the keeper of responses, read at the door before anything is sent.

OpenAI refuses the same: a background response that is not stored could never be fetched, and a call continues either
a response or a conversation.
"""

from __future__ import annotations

from typing import NoReturn

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Refusal, fault
from outwait.dialects import body as reading

_ID_LIMIT = 512  # characters; gateways before OpenAI make ids of a few hundred


class Asked(msgspec.Struct, frozen=True, gc=False):
    """`background`: it shall be answered at once. `store`: its response shall be kept. `previous_response_id`: the
    response it continues. `conversation`: it belongs to a conversation that is stored at OpenAI.
    """

    background: bool = False
    store: bool = True
    previous_response_id: str | None = None
    conversation: bool = False


class _Peek(msgspec.Struct, gc=False):
    background: bool | UnsetType | None = UNSET
    store: bool | UnsetType | None = UNSET
    previous_response_id: str | UnsetType | None = UNSET
    conversation: Raw | UnsetType = UNSET


_KEYS = _Peek.__struct_fields__
_QUOTED = reading.quoted(_KEYS)
_NOTHING = Asked()
_peek = msgspec.json.Decoder(_Peek).decode


def asked_state(body: bytes) -> Asked:
    """What the request `body`, which was read before, asks. Raises Refusal, naming the field."""
    if not any(quoted in body for _, quoted in _QUOTED) and b"\\u00" not in body:
        return _NOTHING
    peek = reading.peek(_peek, body)
    reading.check_document(body, peek, _QUOTED, _KEYS)
    background, store = peek.background is True, peek.store is not False
    previous = peek.previous_response_id or None
    conversation = not isinstance(peek.conversation, UnsetType) and bytes(peek.conversation) != b"null"
    if background and not store:
        _refuse("'background' needs a stored response: 'store' must not be false.", "store")
    if peek.previous_response_id == "" or (previous and (len(previous) > _ID_LIMIT or not previous.isprintable())):
        told = f"'previous_response_id' must have 1 to {_ID_LIMIT} printable characters."
        _refuse(told, "previous_response_id")
    if previous and conversation:
        told = "'previous_response_id' and 'conversation' exclude each other; name the one that is continued."
        _refuse(told, "previous_response_id")
    return Asked(background, store, previous, conversation)


def _refuse(told: str, param: str) -> NoReturn:
    raise Refusal(fault("invalid_value", told, param=param))
