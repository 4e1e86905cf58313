"""One probe over the network: sent with httpx2, timed by the events of its connection, never raising for what the
endpoint does.

Times are those of the loop's clock at the moment the library tells an event; nothing is sent twice, redirects are not
followed, and a pause that the endpoint asks for is noted and not kept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple, Protocol

import httpx2

from outwait.core.fault import FAULTS, Clock, Fault, Stage, fault
from outwait.toolkit.check import proxies
from outwait.toolkit.check.advised import RULES
from outwait.toolkit.check.causes import RAISED, Way, broken, seen_from_here, timed_out
from outwait.toolkit.check.clocks import Clocks
from outwait.toolkit.check.hearing import Ear, Tokens
from outwait.toolkit.check.phases import Phases, outcome
from outwait.toolkit.check.probe import Probe, rounded
from outwait.toolkit.check.wording import Wording
from outwait.upstream.eventstream import BadFrameError, Unframer
from outwait.upstream.faults import reply_fault, retry_after
from outwait.upstream.mint import Unobtainable
from outwait.upstream.redact import redact
from outwait.wire.tls import client_context

_LONGEST: Final = 300  # characters of a failure's words
_CLEAR: Final = frozenset(("upstream_connect", "upstream_dns"))  # unless a proxy is to blame
_REPLY: Final = re.compile(r"HTTP \d{3}(?:, [\w.-]+)?: ")  # how the words of a refusal begin
_UNLIMITED: Final = httpx2.Timeout(None)  # the clocks are ours
_NONE_KEPT: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=0)
_KEPT: Final = httpx2.Limits(max_connections=None, max_keepalive_connections=None)


class Closable(Protocol):
    """A connection as the library hands it out. It does not close one whose handshake is cancelled."""

    async def aclose(self) -> None:
        """Close it."""


class NoCertificates(Exception):  # noqa: N818 - it says what is missing
    """The certificates of authorities cannot be read. `file`: None for the system's."""

    def __init__(self, file: str | None, why: OSError) -> None:
        super().__init__(str(why))
        self.file = file


class Place(NamedTuple):
    """Which probe of a run it is. `began`: when the run began, seconds of the loop's clock."""

    round: int
    number: int
    began: float


def client(wording: Wording, *, reuse: bool) -> httpx2.AsyncClient:
    """What sends the probes of one endpoint; close it. `reuse`: connections are kept. Raises NoCertificates where
    authorities cannot be read.
    """
    try:
        context = client_context(wording.ca_file, verify=wording.verify)
    except OSError as error:
        raise NoCertificates(wording.ca_file, error) from error
    return httpx2.AsyncClient(
        verify=context,
        timeout=_UNLIMITED,
        limits=_KEPT if reuse else _NONE_KEPT,
        trust_env=False,  # which proxy applies was decided before
        proxy=None if wording.proxy is None else proxies.made(wording.proxy),
    )


async def send(
    sender: httpx2.AsyncClient, wording: Wording, spans: Mapping[Clock, float], place: Place, *, reuse: bool = False
) -> Probe:
    """Send one probe and wait until it is over. With `reuse` its reply is read to the end."""
    loop = asyncio.get_running_loop()
    return await _Attempt(loop, wording, spans, reuse=reuse).run(sender, place)


class _Attempt:
    """One probe while it runs."""

    __slots__ = (
        "_clocks", "_dialled", "_ear", "_guard", "_loop", "_phases", "_reuse", "_status", "_unframer", "_wait",
        "_wording",
    )  # fmt: skip

    def __init__(
        self, loop: asyncio.AbstractEventLoop, wording: Wording, spans: Mapping[Clock, float], *, reuse: bool
    ) -> None:
        self._loop = loop
        self._wording = wording
        self._reuse = reuse
        tunnel = proxies.tunnels(wording.proxy, secure=wording.secure)
        self._phases = Phases(loop.time(), proxied=wording.proxy is not None, tunnel=tunnel)
        self._clocks = Clocks(spans, self._phases.start)
        self._guard = asyncio.timeout_at(self._clocks.due)
        self._ear = Ear()
        self._status: int | None = None
        self._dialled: Closable | None = None  # the TCP connection, while TLS is being spoken
        self._wait: float | None = None
        self._unframer = Unframer() if wording.framed else None

    async def run(self, sender: httpx2.AsyncClient, place: Place) -> Probe:
        """From the start to the row."""
        phases = self._phases
        try:
            async with self._guard:
                failed = await self._exchange(sender)
        except RAISED as error:
            if self._guard.expired():
                failed = timed_out(*self._clocks.first_out, self._way())
            else:
                failed = broken(error, phases.stage, self._way())
        phases.end(self._loop.time())
        if self._dialled is not None:
            await self._dialled.aclose()
        return self._row(place, failed)

    def _way(self) -> Way:
        """How far it has come."""
        phases = self._phases
        return Way(
            self._wording.url,
            secure=phases.secure,
            proxy=self._wording.proxy,
            at_proxy=phases.at_proxy,
            reached=phases.reached,
            seconds=self._loop.time() - phases.start,
        )

    async def _exchange(self, sender: httpx2.AsyncClient) -> Fault | None:
        wording = self._wording
        try:
            headers = await self._shown()
        except Unobtainable as error:
            return seen_from_here(fault("upstream_auth", "The credentials could not be obtained.", detail=str(error)))
        request = sender.build_request(
            wording.method,
            wording.url,
            headers=list(headers),
            content=wording.body or None,
            extensions={"trace": self._event},
        )
        async with AsyncExitStack() as stack:
            response = await sender.send(request, stream=True)
            stack.push_async_callback(response.aclose)
            names = {name.lower(): value for name, value in response.headers.items()}
            self._status = response.status_code
            self._ear = wording.ear(response.status_code, names)
            self._wait = retry_after(names, _today())
            await self._listen(response)
            return self._judged(names)

    async def _listen(self, response: httpx2.Response) -> None:
        async for data in response.aiter_bytes():
            now = self._loop.time()
            progress = self._ear.feed(data if self._unframer is None else self._unframed(data), now)
            waits = self._wording.about.stream and self._ear.first is None
            if not waits:
                self._phases.stage = Stage.CONTENT
            if progress and not waits:
                self._enter(Clock.IDLE)
            if self._ear.over:
                self._phases.end(now)
                if not self._reuse:
                    return

    def _unframed(self, data: bytes) -> bytes:
        assert self._unframer is not None  # noqa: S101 - asked by the caller
        try:
            return self._unframer.feed(data)
        except BadFrameError as error:
            raise httpx2.RemoteProtocolError(str(error)) from error

    def _judged(self, headers: Mapping[str, str]) -> Fault | None:
        status, wording = self._status or 0, self._wording
        refused = status >= 500 if wording.lenient else status >= 400 or (status >= 300 and not wording.open)
        if status == 407 and wording.proxy is not None and not wording.secure:
            return proxies.failed(wording.proxy, wording.url, proxies.refusal("407"))
        if refused:
            said, waited = self._ear.kept, self._phases.waited
            return seen_from_here(
                reply_fault(status, headers, said, now=_today(), secrets=wording.secrets, waited=waited)
            )
        failed = self._ear.end(self._loop.time())
        return None if failed is None else seen_from_here(failed)

    async def _shown(self) -> tuple[tuple[str, str], ...]:
        """The headers, with what a credential makes of the whole request."""
        wording = self._wording
        if wording.credential is None:
            return wording.headers
        if not wording.credential.ready(_today()):
            await wording.credential.warm()
        lines = wording.credential.lines(wording.method, wording.url, wording.body, _today()).decode("latin-1")
        pairs = (line.partition(": ") for line in lines.split("\r\n") if line)
        return (*wording.headers, *((name, value) for name, _, value in pairs))

    async def _event(self, name: str, info: Mapping[str, Any]) -> None:
        """What the library tells of its connection: `connection.connect_tcp.started` and the like."""
        event = name.partition(".")[2]
        clock = self._phases.note(event, self._loop.time())
        if event == "connect_tcp.complete" and self._wording.secure:
            self._dialled = info["return_value"]
        elif event == "start_tls.complete":
            self._dialled = None
        if clock is not None:
            streamed = clock is Clock.IDLE and self._wording.about.stream
            self._enter(Clock.FIRST_TOKEN if streamed else clock)

    def _enter(self, clock: Clock) -> None:
        self._guard.reschedule(self._clocks.enter(clock, self._loop.time()))

    def _row(self, place: Place, failed: Fault | None) -> Probe:
        ear = self._ear
        tokens = ear.tokens() if failed is None else Tokens()
        return Probe(
            endpoint=self._wording.about.name,
            round=place.round,
            number=place.number,
            at=round(self._phases.start - place.began, 6),
            outcome=outcome(failed),
            status=self._status,
            reused=self._phases.reused,
            **self._phases.spans(ear.first)._asdict(),
            silence=rounded(ear.silence),
            tokens=tokens.number,
            counted=tokens.counted,
            rate=None if tokens.rate is None else round(tokens.rate, 3),
            bytes=ear.heard,
            retry_after=self._wait if failed is None or failed.retry_after is None else failed.retry_after,
            **({} if failed is None else _told(failed, self._wording.secrets)),
        )


def _told(failed: Fault, secrets: tuple[str, ...]) -> dict[str, Any]:
    """The fields of a probe that failed."""
    told = {"cause": failed.cause, "side": failed.side.value, "span": failed.span, "detail": _words(failed, secrets)}
    told |= {"rule": failed.hint if failed.hint in RULES else None}
    return told | {"clock": None if failed.clock is None else failed.clock.value}


def _words(failed: Fault, secrets: tuple[str, ...]) -> str:
    """The failure for people, one printable line: what was seen, after what it means unless the cause says that too."""
    seen = _veiled((failed.detail or "").lstrip(": "), secrets)
    known = (
        (failed.code in _CLEAR and failed.hint is None)
        or failed.message == FAULTS[failed.code].message
        or failed.message in seen
    )
    text = redact(failed.message, secrets)
    text = text if not seen else seen if known else f"{text} ({seen})"
    return "".join(each if each.isprintable() else "?" for each in " ".join(text.split()))[:_LONGEST]


def _veiled(seen: str, secrets: tuple[str, ...]) -> str:
    """`seen` without secrets. The code of a reply (`invalid_api_key: `) announces no key, so it is looked at alone."""
    head = _REPLY.match(seen)
    end = head.end() if head else 0
    return redact(seen[:end], secrets) + redact(seen[end:], secrets)


def _today() -> float:
    """The date, for credentials that end and pauses that are told as dates (seconds since 1970)."""
    return datetime.now(UTC).timestamp()
