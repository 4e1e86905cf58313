"""The ledger's entry: what is known of one exchange when it is settled and its client is served."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from outwait.core.fault import Fault
from outwait.core.reply import Usage


class Mark(NamedTuple):
    """One event of a timeline: `at` seconds after acceptance, what happened, and a word about it."""

    at: float
    event: str
    detail: str = ""


class Entry(msgspec.Struct, frozen=True, gc=False):
    """One exchange, told once. Spans are seconds, None where the event never came.

    `outcome`: completed | failed | cancelled. `delivered`: whole | partial | none, what the client's connection took.
    `first_byte`, `first_token`: acceptance -> event. `silence`: longest time the upstream gave nothing while the
    client waited. `retries`: retry classes of the failed attempts that were followed by another. `rescued`: the silence
    outlasted the client's own or a common middlebox limit, and the answer was delivered whole. `adopted`: an SDK
    retry received this exchange. `reattached`: a client came back for it by its id. `attached`, `replayed`: a client
    named its question, and this exchange was running, or had ended, for the same name; the spans of a replayed one are
    its own. `status`: what the client saw, 0 when it saw none.
    """

    exchange: str
    key: str
    dialect: str
    endpoint: str
    model: str
    scenario: str
    stream: bool
    outcome: str
    delivered: str
    status: int
    started: float
    duration: float
    attempts: int
    channel: str
    upstream_model: str
    first_byte: float | None
    first_token: float | None
    silence: float
    heartbeats: int
    retries: tuple[str, ...]
    rescued: bool
    adopted: bool
    fault: Fault | None
    usage: Usage | None
    timeline: Sequence[Mark]
    client: str = ""
    reattached: bool = False
    attached: bool = False
    replayed: bool = False

    @property
    def saved(self) -> bool:
        """Whether the client had an answer without an upstream call of its own."""
        return self.adopted or self.attached or self.replayed

    @property
    def further(self) -> bool:
        """Whether the exchange was made for an earlier client."""
        return self.saved or self.reattached
