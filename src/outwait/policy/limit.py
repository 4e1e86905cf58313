"""One limit of one product on the way of an answer: the row that the tables of limits are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["idle", "first_byte", "total", "events", "connect", "write", "keepalive"]
Place = Literal["client", "middlebox", "cloud", "provider"]


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit of one product.

    `seconds`: its default, None for none. `kind`: what it bounds, from one event to another:

        idle        between two bytes of the answer        heartbeats help
        first_byte  request sent -> first byte of answer   heartbeats help
        total       request -> end of the answer           no heartbeat helps: attach, or a background job
        events      between two parsed events              comments do not help, events do
        connect     attempt start -> connected             an answer is not asked for yet
        write       between two writes: of the request, or of the answer to a client that does not read it
        keepalive   between two requests of a connection   a race with the next request, not with the answer

    `setting`: what changes it, "" if nothing does. `sign`: what a client sees when it strikes. `source`: where the
    number is from: a page of its documentation, or a page of ours that has the measurement.
    """

    name: str
    product: str
    place: Place
    kind: Kind
    seconds: float | None
    setting: str
    sign: str
    source: str
