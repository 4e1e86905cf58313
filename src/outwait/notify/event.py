"""Events as OpenAI's webhooks tell them, and the outbox rows that carry them, one per webhook that wants it.

Promises: a row holds no secret: it names its webhook, whose address, secrets and headers are those of the
configuration at the time of sending; the body that is signed is kept byte for byte.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from outwait.notify.schedule import KEPT
from outwait.notify.webhook import Webhook
from outwait.store.rows import EventRow

COMPLETED: Final = "response.completed"
FAILED: Final = "response.failed"
CANCELLED: Final = "response.cancelled"
INCOMPLETE: Final = "response.incomplete"


class Unreadable(ValueError):  # noqa: N818 - it says what is wrong with the row
    """A stored event is not one that this version wrote."""


class Envelope(msgspec.Struct, frozen=True, gc=False):
    """The payload of an outbox row: the name of the webhook that is told, and what it is told."""

    webhook: str
    body: msgspec.Raw


class _Data(msgspec.Struct, frozen=True, gc=False):
    id: str


class _Event(msgspec.Struct, frozen=True, gc=False):
    id: str
    object: str
    created_at: int
    type: str
    data: _Data


def events_for(
    webhooks: Iterable[Webhook], key: str, event: str, response: str, now: float, ids: Callable[[], str]
) -> tuple[EventRow, ...]:
    """The rows that tell of `event` (such as `response.completed`) of the response with the id `response`.

    `key`: name of the client key that asked for it. `now`: wall seconds at which it ended. `ids`: gives a new unique
    word each time. All rows tell the same event; each has an id of its own, which its receiver sees as `webhook-id`.
    """
    wanting = [webhook for webhook in webhooks if webhook.wants(event, key)]
    if not wanting:
        return ()
    told = _Event(id=f"evt_{ids()}", object="event", created_at=int(now), type=event, data=_Data(response))
    body = msgspec.Raw(msgspec.json.encode(told))
    return tuple(
        EventRow(
            id=f"wh_{ids()}",
            url=webhook.url,
            type=event,
            payload=msgspec.json.encode(Envelope(webhook.name, body)),
            created=now,
            next=now,
            expires=now + KEPT,
        )
        for webhook in wanting
    )


def opened(event: EventRow) -> tuple[str, bytes]:
    """The name of the webhook that is told, and the body it is sent. Raises Unreadable."""
    try:
        envelope = msgspec.json.decode(event.payload, type=Envelope)
    except msgspec.MsgspecError as error:
        raise Unreadable(f"the stored event cannot be read: {error}") from None
    return envelope.webhook, bytes(envelope.body)
