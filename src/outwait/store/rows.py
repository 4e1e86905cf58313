"""What is stored, as the rest of the gateway sees it: frozen rows, and the answers of questions with more than one.

Times are wall seconds (since 1970) and are given by the caller. `story`, `request`, `input`, `output` and `payload`
are JSON that the store does not look into; it is encrypted at rest, as are heads, bodies and addresses.
"""

from __future__ import annotations

from collections.abc import AsyncIterable
from enum import StrEnum

import msgspec

from outwait.core.reply import Head, Usage


class State(StrEnum):
    """Where an exchange stands. Only `running` may become another, once."""

    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"  # its process died, and nobody could go on with it


class Owner(msgspec.Struct, frozen=True, gc=False):
    """Who runs an exchange. `boot`: one life of a gateway process; a process started again has another."""

    worker: int
    boot: str


class ExchangeRow(msgspec.Struct, frozen=True, gc=False):
    """An exchange that became slow, lost its client, or runs in the background.

    `fingerprint`: 16 bytes, equal for the same question of the same key. `provider`: by what another process can go on
    with it, such as a channel and an OpenAI background response id. `orphan`: since when it waits for its client, None
    while it does not. `expires`: from when it may be forgotten, once it is settled. `story`: what
    else is to be told of it.
    """

    id: str
    owner: Owner
    key: str
    fingerprint: bytes
    dialect: str
    endpoint: str
    model: str
    stream: bool
    created: float
    updated: float
    expires: float
    on_disconnect: str
    state: State = State.RUNNING
    idempotency: str | None = None
    provider: str | None = None
    orphan: float | None = None
    story: bytes | None = None


class Claim(msgspec.Struct, frozen=True, gc=False):
    """A client names its question (`name`, its Idempotency-Key), so that it is answered by one exchange only."""

    key: str
    name: str
    fingerprint: bytes
    exchange: str
    created: float
    expires: float


class Claimed(msgspec.Struct, frozen=True, gc=False):
    """The name is this exchange's."""


class Existing(msgspec.Struct, frozen=True, gc=False):
    """The name is another exchange's; another fingerprint means that it stands for another question."""

    exchange: str
    fingerprint: bytes


class Result(msgspec.Struct, frozen=True, gc=False):
    """An answer to be kept, framed as the client's dialect frames it. `partial`: it ended before it was whole."""

    head: Head
    body: bytes | AsyncIterable[bytes]
    partial: bool = False
    usage: Usage | None = None


class ResultRow(msgspec.Struct, frozen=True, gc=False):
    """A kept answer without its body, of `size` bytes. One that still grows, or never ended, counts from when its
    exchange began (`created`)."""

    exchange: str
    head: Head
    size: int
    created: float
    partial: bool = False
    usage: Usage | None = None


class ResponseRow(msgspec.Struct, frozen=True, gc=False):
    """One response of the Responses API. `previous`: the response it continues. `input`: JSON array of the items it was
    asked with, ids included. `output`: what came of it, None until it ended. `background`, `stream`: how it was asked
    for. `handle`: the channel and the id where the upstream has it itself. A deleted one has no content any more.
    """

    id: str
    exchange: str
    key: str
    created: float
    model: str
    status: str
    expires: float
    request: bytes
    input: bytes = b"[]"
    output: bytes | None = None
    previous: str | None = None
    background: bool = False
    stream: bool = False
    handle: str | None = None
    deleted: bool = False


class Conversation(msgspec.Struct, frozen=True, gc=False):
    """A response and those it continues, oldest first. `missing`: the id at which the chain breaks, since that response
    is unknown, deleted, expired or another key's; None when it goes back to the first.
    """

    responses: tuple[ResponseRow, ...]
    missing: str | None = None


class ResponseEnd(msgspec.Struct, frozen=True, gc=False):
    """How a response ended. `handle`: None leaves what is stored."""

    id: str
    status: str
    output: bytes
    handle: str | None = None


class EventRow(msgspec.Struct, frozen=True, gc=False):
    """Something to tell `url`. `attempts`: how often it was leased to a sender, this time included. `next`: when it is
    due, or due again if the sender that leased it is not heard of."""

    id: str
    url: str
    type: str
    payload: bytes
    created: float
    next: float
    expires: float
    attempts: int = 0


class Settlement(msgspec.Struct, frozen=True, gc=False):
    """The end of an exchange and all that comes with it; it becomes visible as one, or not at all.

    `story`, `orphan`: None leaves what is stored; `orphan` is since when the settled exchange waits for its client.
    `result` takes the place of a draft; without one a draft stays as a partial answer, unless the exchange completed.
    `response`: how a stored one ended, or one as a whole that was not known before.
    """

    id: str
    state: State
    now: float
    expires: float
    story: bytes | None = None
    orphan: float | None = None
    result: Result | None = None
    response: ResponseEnd | ResponseRow | None = None
    events: tuple[EventRow, ...] = ()


class Fallen(msgspec.Struct, frozen=True, gc=False):
    """What became of the exchanges of dead processes: those nobody can go on with, and those the caller now owns."""

    lost: tuple[ExchangeRow, ...]
    resumed: tuple[ExchangeRow, ...]


class Swept(msgspec.Struct, frozen=True, gc=False):
    """What a sweep took. `expired`, `evicted`: exchanges whose time was over, and that made room. `freed`: bytes of
    kept answers and responses."""

    expired: tuple[str, ...] = ()
    evicted: tuple[str, ...] = ()
    responses: tuple[str, ...] = ()
    claims: int = 0
    events: int = 0
    freed: int = 0
