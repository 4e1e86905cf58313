"""Looks at a channel from outside, beside the traffic: is it there, is a key of it good, does a model answer.

Promises: a look takes no longer than its span and never raises for what the network does; connections are made as for
calls (the same addresses, the same TLS settings) and are not kept; nothing that is told holds a secret. Whether a look
that failed means anything for the channel, others decide.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from outwait.core.catalog import Catalog, Channel
from outwait.core.fault import Clock, Fault, Stage, fault
from outwait.core.plan import Candidate
from outwait.core.probed import Probe, Probed
from outwait.core.progress import Attempt, Open
from outwait.dialects.dialect import Reader
from outwait.dialects.provider import Way
from outwait.dialects.providers import PROVIDERS
from outwait.upstream.credentials import Issuer
from outwait.upstream.location import Location, locate
from outwait.upstream.smallest import Smallest
from outwait.wire.attempt import OpenAttempt
from outwait.wire.breaks import DialFailed, dial_fault
from outwait.wire.connection import Connection
from outwait.wire.dialing import Dialer
from outwait.wire.endpoint import Endpoint
from outwait.wire.pool import Nowhere
from outwait.wire.response import MAX_BODY

Judge = Callable[[Candidate, int, Mapping[str, str], bytes], Fault]

KNOCK = 10.0  # seconds for a connection with its TLS handshake
ANSWER = 20.0  # seconds for a free question
CALL = 120.0  # seconds for a paid call: a model that thinks may think about a greeting too
_KEPT = 65536  # bytes of an error reply that are read
_SURELY = range(200, 300)
# What an answer of one token may be without anything being wrong: no words yet, or not even room for them.
_FINE = frozenset(("upstream_empty",))


@dataclass(frozen=True, slots=True)
class _Place:
    channel: Channel
    location: Location
    issuer: Issuer


class Probes:
    """All such looks of one worker. Made on the running loop. `opening` and `judge`: of its `Upstream`."""

    __slots__ = ("_dialer", "_judge", "_loop", "_open", "_places")

    def __init__(self, catalog: Catalog, opening: Open, judge: Judge) -> None:
        self._loop = asyncio.get_running_loop()
        self._open = opening
        self._judge = judge
        self.use(catalog)

    def use(self, catalog: Catalog) -> None:
        """Look at these channels from now on. Raises InvalidAddress."""
        self._dialer = Dialer(self._loop)
        self._places: dict[str, _Place] = {}
        for channel in catalog.channels:
            location = locate(channel, PROVIDERS[channel.dialect])
            self._places[channel.name] = _Place(channel, location, Issuer(channel, location))

    async def connect(self, channel: str, span: float = KNOCK) -> Probed:
        """Knock: a connection, with its TLS handshake if it has one, and not a byte of a request."""
        place = self._places[channel]
        began = self._loop.time()
        failed: Fault | None = None
        try:
            async with asyncio.timeout(span):
                (await self._dial(place.location.endpoint)).drop()
        except DialFailed as failure:
            failed = dial_fault(failure)
        except TimeoutError:
            failed = _late(Clock.CONNECT, span, Stage.CONNECTING)
        asked = f"connect to {place.location.authority}{' with TLS' if place.location.endpoint.tls else ''}"
        return self._told(Probe.CONNECT, began, failed, asked)

    async def ask(self, channel: str, key: int, span: float = ANSWER) -> Probed | None:
        """The provider's free question, with the credential `key`; None where there is no such question."""
        place = self._places[channel]
        way = PROVIDERS[place.channel.dialect].free
        head = None if way is None else _head(place, way, key)
        if way is None or head is None:
            return None
        heard = _Heard(self._loop)
        began = self._loop.time()
        failed = await self._get(place, way, head, heard, span)
        return self._told(Probe.KEY, began, failed, f"GET {_path(head)}", status=heard.status, key=key)

    async def read(self, channel: str, way: Way, key: int, span: float, most: int) -> tuple[Fault | None, bytes]:
        """What a GET at `way` of the channel's provider is answered with, at most `most` bytes, or why there is nothing
        to read. It is no look: nothing follows from it for the channel.
        """
        place = self._places.get(channel)
        if place is None:  # it was taken out of the configuration meanwhile
            return fault("no_healthy_channel", stage=Stage.QUEUED), b""
        head = _head(place, way, key)
        if head is None:
            return fault("not_supported", stage=Stage.QUEUED, detail="its credentials sign calls only"), b""
        heard = _Heard(self._loop, most=most)
        return await self._get(place, way, head, heard, span), bytes(heard.data)

    async def call(self, channel: str, model: str, key: int = 0, span: float = CALL) -> Probed:
        """A real call of `model` (its public name), worded for the channel, for one token. Raises Refusal where the
        channel has nothing that could be called so.
        """
        small = Smallest(self._places[channel].channel, model, key)
        began = self._loop.time()
        heard, failed = await self._send(small, span, fresh=False)
        if failed is not None and failed.hint == "stale":  # a kept connection that was dead says nothing
            heard, failed = await self._send(small, span, fresh=True)
        if failed is None and heard.status not in _SURELY:
            failed = self._judge(small.candidate, heard.status, heard.headers, bytes(heard.data))
        if failed is not None and failed.code in _FINE:
            failed = None
        name = small.candidate.model
        return self._told(Probe.CALL, began, failed, small.asked, status=heard.status, key=key, model=name)

    async def _get(self, place: _Place, way: Way, head: bytes, heard: _Heard, span: float) -> Fault | None:
        """Ask a question without a body; returns why there is no good answer."""
        attempt = OpenAttempt()

        async def send() -> None:
            connection = await self._dial(place.location.endpoint, heard.most or MAX_BODY)
            connection.begin(attempt, heard, head, b"", reused=False)

        failed = await self._until(send, heard, attempt, span)
        if failed is None and heard.status not in _SURELY:
            candidate = Candidate(place.channel.name, way.dialect, "")
            failed = self._judge(candidate, heard.status, heard.headers, bytes(heard.data))
        return failed

    async def _send(self, small: Smallest, span: float, *, fresh: bool) -> tuple[_Heard, Fault | None]:
        heard = _Heard(self._loop, small)
        attempt: Attempt = self._open(small.candidate, small.body, heard, fresh=fresh)
        return heard, await self._until(None, heard, attempt, span)

    async def _until(
        self, send: Callable[[], Awaitable[None]] | None, heard: _Heard, attempt: Attempt, span: float
    ) -> Fault | None:
        """Send, and wait for the answer; returns why there is none."""
        try:
            async with asyncio.timeout(span):
                if send is not None:
                    await send()
                return await heard.told
        except DialFailed as failure:
            return dial_fault(failure)
        except TimeoutError:
            return _late(heard.clock, span, heard.stage)
        finally:
            attempt.cancel()

    async def _dial(self, endpoint: Endpoint, most: int = MAX_BODY) -> Connection:
        places = await self._dialer.resolve(endpoint)
        return await self._dialer.connect(endpoint, places, lambda: Connection(self._loop, endpoint, Nowhere(), most))

    def _told(self, probe: Probe, began: float, failed: Fault | None, asked: str, **more: object) -> Probed:
        now = self._loop.time()
        return Probed(probe, failed, now - began, now, asked, **more)  # type: ignore[arg-type]  # status, key, model


def _head(place: _Place, way: Way, key: int) -> bytes | None:
    """The whole head of a GET with the credential `key`; None where the channel has none to show: it signs calls, and
    whether it is good, a call finds out.
    """
    target = place.location.target(way, streamed=False)
    keys = place.channel.api_keys
    kind = way.credential or PROVIDERS[place.channel.dialect].credential
    shown, credential = place.issuer.issue(kind, keys[key] if key < len(keys) else None)
    if credential is not None:
        return None
    own = {name.lower(): value for name, value in place.channel.headers.items()}
    headers = {"host": place.location.authority, "accept": way.accept, "accept-encoding": "identity"}
    headers |= {name.lower(): value for name, value in (*way.headers.items(), *shown.items())} | own
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"GET {target} HTTP/1.1\r\n{lines}\r\n".encode("latin-1")


def _path(head: bytes) -> str:
    """The path that `head` asks for, without its query."""
    return head.split(b" ", 2)[1].partition(b"?")[0].decode("latin-1")


def _late(clock: Clock, span: float, stage: Stage) -> Fault:
    return fault(f"{clock.value}_timeout", clock=clock, span=span, reason="span of the check", stage=stage)


class _Heard:
    """Takes one reply. `told`: its fault, None for a good one; of a free question the head alone tells that, unless up
    to `most` bytes of its body are wanted too. `stage`, `clock`: how far it came, and which clock would have run out
    there. `data`: what is kept of the body.
    """

    __slots__ = ("_reader", "_small", "clock", "data", "headers", "most", "stage", "status", "told")

    def __init__(self, loop: asyncio.AbstractEventLoop, small: Smallest | None = None, *, most: int = 0) -> None:
        self.told: asyncio.Future[Fault | None] = loop.create_future()
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.data = bytearray()
        self.most = most
        self.stage = Stage.CONNECTING
        self.clock = Clock.CONNECT
        self._small = small
        self._reader: Reader | None = None

    def resolved(self) -> None:
        """Nothing waits for that."""

    def connected(self, reused: bool) -> None:
        """From here the upstream is waited for."""
        self.stage, self.clock = Stage.SENDING, Clock.WRITE

    def wrote(self, left: int) -> None:
        """Nothing waits for that."""

    def sent(self) -> None:
        """The request is there."""
        self.stage, self.clock = Stage.SENT, Clock.FIRST_BYTE

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """The status: all that a free question is asked for."""
        self.stage, self.clock = Stage.HEAD, Clock.FIRST_TOKEN
        self.status, self.headers = status, dict(headers)
        if status in _SURELY:
            if self._small is None and not self.most:
                self._tell(None)
            elif self._small is not None:
                self._reader = self._small.reader(status, self.headers)

    def body(self, data: bytes) -> None:
        """A piece of the body."""
        if self._reader is None:
            room = self.most if self.status in _SURELY else _KEPT
            self.data += data[: max(0, room - len(self.data))]
            return
        self._reader.feed(data)
        if self._reader.fault is not None:
            self._tell(self._reader.fault)
        elif self._reader.finished:  # some upstreams never end the body behind its proper end
            self.end()

    def end(self) -> None:
        """That was all."""
        self._tell(None if self._reader is None else self._reader.end().fault)

    def failed(self, fault: Fault) -> None:
        """There is no answer."""
        self._tell(fault)

    def _tell(self, failed: Fault | None) -> None:
        if not self.told.done():
            self.told.set_result(failed)
