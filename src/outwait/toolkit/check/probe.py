"""One probe and what it found: a row of a run, as it is saved (docs/check.md lists the fields).

All spans are seconds. Where a phase has a clock of its name, the span runs between the events of that clock
(docs/glossary.md); None says that the probe did not come so far, or has no such phase.
"""

from __future__ import annotations

from typing import Literal

import msgspec

Outcome = Literal["ok", "timeout", "error"]
Counted = Literal["usage", "pieces"]


class Probe(msgspec.Struct, frozen=True, gc=False, kw_only=True, tag_field="type", tag="probe"):
    """`endpoint`: its name in the run. `round`, `number`: from 1. `at`: when it began, since the run began.

    `connect`: DNS and TCP. `ttft`: the probe's start -> first content, everything before it included. `total`: start ->
    last byte, or failure. `silence`: the longest wait between two pieces of content. `tokens` of the answer are told by
    the endpoint (`counted` usage), or the pieces that came (`pieces`); `rate` is tokens a second from the first content
    to the last. `cause`, `side`: FACTS 4. `clock`, `span`: which clock ran out, after how long. `retry_after`: seconds
    that the endpoint asked to wait. `detail`: for people; holds no secret. `rule`: of a failed handshake or a proxy
    that makes no way: how `outwait net` calls it, such as `tls_expired` or `proxy_unreached`.
    """

    endpoint: str
    round: int = 1
    number: int = 1
    at: float = 0.0
    outcome: Outcome = "ok"
    status: int | None = None
    reused: bool = False
    connect: float | None = None
    tls: float | None = None
    write: float | None = None
    first_byte: float | None = None
    first_token: float | None = None
    ttft: float | None = None
    total: float = 0.0
    silence: float | None = None
    tokens: int | None = None
    counted: Counted | None = None
    rate: float | None = None
    bytes: int = 0
    cause: str | None = None
    side: str | None = None
    clock: str | None = None
    span: float | None = None
    retry_after: float | None = None
    detail: str | None = None
    rule: str | None = None

    @property
    def ok(self) -> bool:
        """Whether the whole answer came."""
        return self.outcome == "ok"

    @property
    def wait(self) -> float:
        """How long somebody who asked waited for something to read: until the first content of a stream, else until
        the end."""
        return self.total if self.ttft is None else self.ttft


def rounded(seconds: float | None) -> float | None:
    """Whole microseconds: more is noise, and long in a file."""
    return None if seconds is None else round(seconds, 6)
