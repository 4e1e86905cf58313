"""What one upstream attempt reports, and how it is steered: the port between the exchange and the wire.

Order of reports: `resolved` (new connections only), `connected`, `wrote`*, `sent`, `head`, `body`*, then exactly one of
`end` and `failed`. `failed` may come at any point; after `end`, `failed`, `Attempt.cancel()` or `Attempt.leave()`
nothing more is reported. With a pooled connection the first reports may come before `open` has returned.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from outwait.core.fault import Fault
from outwait.core.plan import Candidate
from outwait.core.request import Call


class Errand(msgspec.Struct, frozen=True, gc=False):
    """A request below a candidate's endpoint instead of to it: about something that is there already.

    `suffix`: what follows the endpoint's path, such as `/resp_1/cancel` or `/resp_1?stream=true`; ids in it are
    percent-encoded.
    """

    method: str
    suffix: str


class Sink(Protocol):
    """Takes the reports of one attempt. Calls are synchronous, on the loop's thread, and must not raise."""

    def resolved(self) -> None:
        """The upstream's name was resolved."""

    def connected(self, reused: bool) -> None:
        """TCP and TLS are up; `reused`: the connection came from the pool."""

    def wrote(self, left: int) -> None:
        """The kernel accepted more of the request; `left` bytes still wait."""

    def sent(self) -> None:
        """The whole request was handed to the kernel."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """The final response head (1xx are skipped); header names in lower case. `whole`: the rest of the reply was
        read with it, so that `body` and `end` follow at once.
        """

    def body(self, data: bytes) -> None:
        """Body bytes, transfer coding and content coding removed; never empty."""

    def end(self) -> None:
        """The body is whole by its framing."""

    def failed(self, fault: Fault) -> None:
        """The attempt broke; `fault.stage` says where, `fault.hint == "stale"` that a pooled connection was dead."""


class Attempt(Protocol):
    """The handle of a running attempt."""

    def pause(self) -> None:
        """Stop reading from the upstream (back-pressure); idempotent."""

    def resume(self) -> None:
        """Read on; idempotent."""

    def cancel(self) -> None:
        """Close the upstream connection now; nothing more is reported; idempotent."""

    def leave(self) -> None:
        """Report nothing more, but keep the connection if it can be: the answer was whole before its framing was."""

    def left(self) -> int:
        """Request bytes that the kernel has not taken yet."""


class Open(Protocol):
    """Starts an attempt: composed by the app from the address book, the pool and the wire."""

    def __call__(
        self,
        candidate: Candidate,
        body: bytes,
        sink: Sink,
        *,
        fresh: bool,
        call: Call | None = None,
        errand: Errand | None = None,
    ) -> Attempt:
        """Send `body` to `candidate`; `fresh`: do not use a pooled connection; `call`: what the client asked, whose
        headers may be passed on; `errand`: another method and target (GET and DELETE have no body). Never raises for
        what the network does: that is reported to `sink.failed`.
        """
