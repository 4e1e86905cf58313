"""Starts attempts: an address, a connection from the pool or a new one, and the request on it (`core.progress.Open`).

With a pooled connection everything happens before `open` returns and no task is made; a task exists only while a
connection is being made, or a credential fetched, which is part of connecting. No deadline is kept here: the exchange
keeps the clocks and cancels.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping
from functools import partial

from outwait.core.catalog import Catalog
from outwait.core.fault import Fault, Stage, fault
from outwait.core.plan import Candidate
from outwait.core.progress import Errand, Sink
from outwait.core.request import Call
from outwait.upstream.address import Address, AddressBook, passed_on
from outwait.upstream.credentials import Credential
from outwait.upstream.envelope import enclose
from outwait.upstream.eventstream import UnframingSink
from outwait.upstream.faults import reply_fault
from outwait.upstream.mint import Unobtainable, epoch
from outwait.wire.attempt import OpenAttempt
from outwait.wire.breaks import DialFailed, dial_fault
from outwait.wire.connection import Connection
from outwait.wire.dialing import Dialer
from outwait.wire.endpoint import Endpoint
from outwait.wire.pool import IDLE_SPAN, PER_ENDPOINT, Pool
from outwait.wire.response import MAX_BODY
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Wheel

_log = logging.getLogger("outwait")


class Upstream:
    """All upstream traffic of one worker. Made on the running loop.

    `idle`: seconds an unused connection is kept, at most `per_endpoint` of them. `max_body`: bytes of one reply, as
    sent and as decoded. Raises InvalidAddress for a channel that cannot be addressed, as does `use`.
    """

    __slots__ = ("_book", "_dialer", "_loop", "_max_body", "_pool")

    def __init__(
        self,
        wheel: Wheel,
        catalog: Catalog,
        *,
        max_body: int = MAX_BODY,
        idle: float = IDLE_SPAN,
        per_endpoint: int = PER_ENDPOINT,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._book = AddressBook(catalog.channels)
        self._pool = Pool(wheel, idle=idle, per_endpoint=per_endpoint)
        self._dialer = Dialer(self._loop)
        self._max_body = max_body

    @property
    def idle(self) -> int:
        """Connections waiting in the pool."""
        return len(self._pool)

    def use(self, catalog: Catalog) -> None:
        """Address new attempts by this catalog; running ones are not touched, TLS files are read anew."""
        self._book = AddressBook(catalog.channels)
        self._dialer = Dialer(self._loop)

    def close(self) -> None:
        """Close idle connections, now and when they come back; running attempts run on."""
        self._pool.close()

    def open(
        self,
        candidate: Candidate,
        body: bytes,
        sink: Sink,
        *,
        fresh: bool,
        call: Call | None = None,
        errand: Errand | None = None,
    ) -> OpenAttempt:
        """See `core.progress.Open`. `call`: what the client asked for, if its headers shall be passed on."""
        attempt = OpenAttempt()
        address = self._book.find(candidate, call)
        if address is None:  # a running exchange keeps its plan; the channel may have been taken out since
            self._loop.call_soon(_refuse, attempt, sink, candidate)
            return attempt
        if errand is not None:
            address = address.below(errand)
        headers = None if call is None else call.headers
        passed = passed_on(headers, address)
        if not address.special:
            head = b"%s%sContent-Length: %d\r\n\r\n" % (address.head, passed, len(body))
            self._send(attempt, address.endpoint, head, body, sink, fresh)
            return attempt
        if address.envelope is not None:
            body = enclose(body, address.envelope, headers or {})
        if address.framed:
            sink = UnframingSink(sink, attempt)
        length = b"" if address.bodiless else b"Content-Length: %d\r\n" % len(body)
        head = address.head + passed + length
        credential = address.credential
        if credential is None:
            self._send(attempt, address.endpoint, head + b"\r\n", body, sink, fresh)
        elif credential.ready(epoch()):
            self._send(attempt, address.endpoint, _shown(address, credential, head, body), body, sink, fresh)
        else:
            going_on = partial(self._send, attempt, address.endpoint, body=body, sink=sink, fresh=fresh)
            shown = partial(_shown, address, credential, head, body)
            attempt.dialing = spawn(self._warm(attempt, sink, credential, shown, going_on), "credential")
        return attempt

    def _send(
        self, attempt: OpenAttempt, endpoint: Endpoint, head: bytes, body: bytes, sink: Sink, fresh: bool
    ) -> None:
        if fresh:
            self._pool.flush(endpoint)  # the one that was found dead did not die alone
        connection = self._pool.take(endpoint)
        if connection is None:
            attempt.dialing = spawn(self._dial(attempt, endpoint, head, body, sink), "dial")
        else:
            connection.begin(attempt, sink, head, body, reused=True)

    def judge(
        self,
        candidate: Candidate,
        status: int,
        headers: Mapping[str, str],
        body: bytes,
        waited: float | None = None,
    ) -> Fault:
        """The fault that an error reply of `candidate` means (`reply_fault`); its channel's secrets are taken out."""
        secrets = self._book.secrets(candidate.channel)
        return reply_fault(status, headers, body, now=epoch(), secrets=secrets, waited=waited)

    async def _warm(
        self,
        attempt: OpenAttempt,
        sink: Sink,
        credential: Credential,
        shown: Callable[[], bytes],
        going_on: Callable[[bytes], None],
    ) -> None:
        """Fetch the credential, then go on with the head as `shown` has it; cancelled when the attempt is."""
        try:
            await credential.warm()
            head = shown()
        except Unobtainable as error:
            message = "The channel's credentials could not be obtained."
            self._broke(attempt, sink, fault("upstream_auth", message, stage=Stage.CONNECTING, detail=str(error)))
            return
        except Exception as error:  # noqa: BLE001 - task top: the exchange must hear of it before its clock runs out
            _log.exception("a credential failed in a way it should not")
            self._broke(attempt, sink, fault("internal_error", stage=Stage.CONNECTING, detail=repr(error)))
            return
        attempt.dialing = None
        going_on(head)

    async def _dial(self, attempt: OpenAttempt, endpoint: Endpoint, head: bytes, body: bytes, sink: Sink) -> None:
        """Cancelled when the attempt is; everything else that goes wrong is reported."""
        try:
            places = await self._dialer.resolve(endpoint)
            sink.resolved()
            connection = await self._dialer.connect(endpoint, places, lambda: self._make(endpoint))
        except DialFailed as failure:
            broken = dial_fault(failure)
        except Exception as error:  # noqa: BLE001 - task top: the exchange must hear of it before its clock runs out
            _log.exception("the dial to %s failed in a way it should not", endpoint.host)
            broken = fault("internal_error", stage=Stage.CONNECTING, detail=repr(error))
        else:
            attempt.dialing = None
            connection.begin(attempt, sink, head, body, reused=False)
            return
        self._broke(attempt, sink, broken)

    def _broke(self, attempt: OpenAttempt, sink: Sink, broken: Fault) -> None:
        attempt.dialing = None
        attempt.settle()
        sink.failed(broken)

    def _make(self, endpoint: Endpoint) -> Connection:
        return Connection(self._loop, endpoint, self._pool, self._max_body)


def _refuse(attempt: OpenAttempt, sink: Sink, candidate: Candidate) -> None:
    if not attempt.over:
        attempt.settle()
        detail = f"channel {candidate.channel} is not configured (any more)"
        sink.failed(fault("no_healthy_channel", stage=Stage.QUEUED, detail=detail))


def _shown(address: Address, credential: Credential, head: bytes, body: bytes) -> bytes:
    """The whole head, with the lines of `credential`."""
    return head + credential.lines(address.method, address.origin + address.target, body, epoch()) + b"\r\n"
