"""The story of one call that is taken up again whenever its line breaks, told once for threads and for loops.

`Flow` decides, and says what is to be done; the transports do it. Its methods are generators of `outwait.client.steps`.

    first of all    a server that is not known yet is asked who it is
    no head yet     the request is repeated under its name (Idempotency-Key)
    JSON            is held until it is whole; a broken one is asked for anew, and may turn out to be an error
    stream, sound   flow; the rest is asked for behind what was passed on

Without outwait at the other end, nothing of this happens: the server's answers and errors are passed on as they are.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import httpx2

from outwait.client.answers import Answer, Bytes, Events, Numbered
from outwait.client.course import PAGES, Course, Found, Reattach, found
from outwait.client.names import Memory, question
from outwait.client.places import Place, credentials
from outwait.client.replies import beats_told, complete, framed, kind_of, late_error
from outwait.client.retry_after import seconds
from outwait.client.steps import BROKEN, REFUSED, Drop, Pass, Pause, Read, Send, Steps

ID: Final = "x-outwait-exchange"
NAME: Final = "Idempotency-Key"
_PROBE: Final = 5.0  # seconds that a server has to say who it is
_BEATS: Final = 3  # heartbeats that must be missed before a line counts as dead


@dataclass(frozen=True, slots=True)
class Whole:
    """A reply that was read to its end."""

    response: httpx2.Response
    body: bytes


@dataclass(frozen=True, slots=True)
class Ports:
    """What a flow is given: `clock` in seconds, `luck` in [0, 1), and what the transport remembers."""

    clock: Callable[[], float]
    luck: Callable[[], float]
    rules: Reattach = field(default_factory=Reattach)
    memory: Memory = field(default_factory=Memory)


class Flow:
    """One call. `again`: its body can be sent again."""

    def __init__(self, request: httpx2.Request, place: Place, ports: Ports, *, again: bool) -> None:
        self._request = request
        self._place = place
        self._ports = ports
        self._again = again
        self._origin = f"{request.url.scheme}://{request.url.netloc.decode('ascii')}{place.prefix}"
        timeout: dict[str, float | None] = dict(request.extensions.get("timeout", {}))
        self._course = Course(ports.rules, timeout.get("read"), ports.clock())
        self._timeout = timeout
        self._spans = dict(timeout)  # of the request that was sent: its body is read by them
        self._ident = ""
        self._asked = question(request.method, str(request.url), request.content) if again else b""
        self._name = ""
        if ports.rules.gateway:
            ports.memory.learn(self._origin, gateway=True)

    def _named(self) -> str:
        given = self._request.headers.get(NAME, "")
        if given or not self._ports.rules.named or self._ports.memory.is_gateway(self._origin) is False:
            return given
        retry = self._request.headers.get("x-stainless-retry-count", "0") != "0"
        return self._ports.memory.name(self._asked, self._ports.clock(), retry=retry)

    # -- until there is a head -----------------------------------------------------------------------------------

    def call(self) -> Steps[httpx2.Response | Whole]:
        """The response: as it came, or one that is whole. One with a body that `flows` needs `body` to be read."""
        response = yield from self._begin()
        if isinstance(response, Whole) or not self._ident:
            return response
        if self._held(response):
            return (yield from self._whole(response))
        return response

    @property
    def flows(self) -> bool:
        """Whether the response is an exchange's."""
        return bool(self._ident)

    def _begin(self) -> Steps[httpx2.Response | Whole]:
        trouble: httpx2.TransportError | None = None
        if self._again and (self._ports.rules.named or NAME in self._request.headers):
            yield from self._is_gateway()
            self._name = self._named()
        while True:
            told: httpx2.Response | Whole | None = None
            try:
                response: httpx2.Response = yield Send(self._first())
                self._meet(response)
                told = (yield from self._page(response)) if self._name and not self._ident else response
                if isinstance(told, httpx2.Response):
                    return told
                wait = seconds(response.headers)
                trouble = trouble or httpx2.RemoteProtocolError(f"a middlebox answered {response.status_code}")
            except REFUSED as error:
                if trouble is None and not isinstance(error, BROKEN):
                    raise  # nothing was begun: the caller's own retry is as good
                trouble, wait = trouble or error, None
            pause = yield from self._repeats(wait)
            if pause is None:
                self._left()
                if told is not None:
                    return told
                raise self._noted(trouble)
            yield Pause(pause)

    def _page(self, response: httpx2.Response) -> Steps[httpx2.Response | Whole]:
        """The response, or the whole of a page that a middlebox told in place of an answer."""
        if response.status_code not in PAGES:
            return response
        return Whole(response, (yield from self._read()))

    def _first(self) -> httpx2.Request:
        """The request as the caller made it, under its name, and for an answer that can be read on its way."""
        request = self._request
        if not self._name or self._ports.memory.is_gateway(self._origin) is False:
            return request
        headers = request.headers.copy()
        headers[NAME] = self._name
        headers["accept-encoding"] = "identity"  # outwait compresses nothing; what stands between might
        self._spans.update(self._hurried())
        extensions = request.extensions | {"timeout": self._spans}
        content = request.content
        return httpx2.Request(request.method, request.url, headers=headers, content=content, extensions=extensions)

    def _hurried(self) -> dict[str, float | None]:
        """The call's timeouts; a gateway that is silent for long is none any more."""
        rule, read, memory = self._ports.rules.silence, self._timeout.get("read"), self._ports.memory
        if rule is None or not memory.is_gateway(self._origin):
            return dict(self._timeout)
        silence = max(rule, _BEATS * memory.beats(self._origin))
        least = min(silence, math.inf if read is None else read)
        return {**self._timeout, "read": least if math.isfinite(least) else None}

    def _meet(self, response: httpx2.Response) -> None:
        """Learn from a response who is there."""
        self._ident = response.headers.get(ID, "")
        if self._ident or response.status_code not in PAGES:
            self._course.alive(self._ports.clock())
        if self._ident or response.is_success:
            self._ports.memory.learn(self._origin, gateway=bool(self._ident))
            self._spans.update(self._hurried())

    def _repeats(self, wait: float | None) -> Steps[float | None]:
        """Seconds until the request is repeated; None: it is not. `wait`: seconds that were asked for."""
        while self._name and self._ports.memory.is_gateway(self._origin) is not False:
            pause = self._course.broke(self._ports.clock(), self._ports.luck(), wait)
            if pause is None:
                return None
            try:
                known = yield from self._is_gateway()
            except REFUSED:
                known = None
            if known is not None:
                return pause if known else None
            yield Pause(pause)  # nobody has said yet who is there: that is asked again
            wait = None
        return None

    def _is_gateway(self) -> Steps[bool | None]:
        """Whether outwait is there, which knows names; any other server would answer, and charge, once more. None: the
        question went without an answer, too.
        """
        memory = self._ports.memory
        if memory.is_gateway(self._origin) is None:
            asked = self._get(self._place.probe)
            spans = asked.extensions["timeout"]
            spans["read"] = min(_PROBE, spans.get("read") or _PROBE)
            try:
                response: httpx2.Response = yield Send(asked)
                told = beats_told((yield from self._read())) if response.is_success else None
            except BROKEN:
                yield Drop()
                return None
            yield Drop()
            if told is not None:
                memory.told(self._origin, told)
            if told is not None or ID in response.headers or response.status_code not in PAGES:
                memory.learn(self._origin, gateway=told is not None or ID in response.headers)
        return memory.is_gateway(self._origin)

    def _get(self, target: str) -> httpx2.Request:
        headers = credentials(self._place, {name.lower(): value for name, value in self._request.headers.items()})
        url = self._request.url.copy_with(raw_path=target.encode("ascii"))
        extensions = self._request.extensions | {"timeout": self._hurried()}
        return httpx2.Request("GET", url, headers=headers, extensions=extensions)

    def _left(self) -> None:
        """The caller goes without the answer; it may ask again."""
        if self._name and self._asked:
            self._ports.memory.broke(self._asked, self._name, self._ports.clock())

    # -- a reply that is held until it is whole ------------------------------------------------------------------

    def _held(self, response: httpx2.Response) -> bool:
        return kind_of(response) == "application/json" and not (self._place.events and response.is_success)

    def _whole(self, response: httpx2.Response) -> Steps[Whole]:
        pieces: list[bytes] = []
        first = True
        while True:
            try:
                while (piece := (yield Read())) is not None:
                    self._course.alive(self._ports.clock())
                    pieces.append(piece)
                body = b"".join(pieces)
                if complete(response, body) and not (first and late_error(response, body)):
                    return Whole(response, body)
                raise httpx2.RemoteProtocolError("the JSON reply ended before it was whole")
            except BROKEN as error:
                pieces.clear()
                first = False
                response, _ = yield from self._reattach(error, 0)

    # -- one that flows ------------------------------------------------------------------------------------------

    def body(self, response: httpx2.Response) -> Steps[None]:
        """The body of the response that `call` gave, whatever happens to its lines."""
        answer = self._answer(response)
        if answer is None:
            yield from self._as_it_comes()
            return
        first, kind, told = True, Found.ANSWER, b""
        trouble: httpx2.TransportError = httpx2.ReadError("")
        while True:
            try:
                if kind is Found.ERROR:
                    told = answer.failed((yield from self._read()))
                    break
                while (piece := (yield Read())) is not None:
                    self._course.alive(self._ports.clock())
                    if data := answer.take(piece):
                        yield Pass(data)
                if answer.ended or self._trusted(response, answer) or not (first or answer.fresh):
                    if data := answer.rest():
                        yield Pass(data)
                    return
                raise httpx2.RemoteProtocolError("the answer ended before it was whole")
            except BROKEN as error:
                if answer.over:
                    return
                first, trouble = False, error
                answer.again()
                response, kind = yield from self._reattach(error, answer.after)
        if not told:
            raise self._noted(trouble)
        yield Pass(told)

    def _answer(self, response: httpx2.Response) -> Answer | None:
        """What is made of the body; None where it cannot be taken up."""
        if response.headers.get("content-encoding", "identity") != "identity":
            return None
        kind = kind_of(response)
        if kind == "text/event-stream":
            return Numbered() if self._place.endpoint == "responses" else Events(self._place.endpoint)
        return Bytes(json=kind == "application/json")

    def _as_it_comes(self) -> Steps[None]:
        while (piece := (yield Read())) is not None:
            yield Pass(piece)

    def _trusted(self, response: httpx2.Response, answer: Answer) -> bool:
        """Whether the end of the body is the end of the answer: its framing says so, and its dialect has no better
        sign. Some hops make a good end of a broken one (FACTS 1.3).
        """
        return framed(response) and not (isinstance(answer, Events) and answer.marked)

    def _read(self) -> Steps[bytes]:
        """All of a body that is short."""
        pieces: list[bytes] = []
        while (piece := (yield Read())) is not None:
            pieces.append(piece)
        return b"".join(pieces)

    # -- another line --------------------------------------------------------------------------------------------

    def _reattach(self, trouble: httpx2.TransportError, after: int) -> Steps[tuple[httpx2.Response, Found]]:
        """A new line to the exchange. Raises `trouble` when there is none to be had."""
        waited: float | None = None
        while True:
            yield Drop()
            pause = self._course.broke(self._ports.clock(), self._ports.luck(), waited)
            if pause is None:
                self._left()
                raise self._noted(trouble)
            yield Pause(pause)
            waited = None
            try:
                response: httpx2.Response = yield Send(self._get(self._place.stream(self._ident, after)))
            except REFUSED:
                continue
            kind = found(response.status_code, response.headers.get(ID), self._ident)
            if kind is Found.NOTHING:
                self._left()
                raise self._noted(trouble, f"; coming back for it was answered {response.status_code}")
            if kind is not Found.BUSY:
                self._course.alive(self._ports.clock())
                return response, kind
            waited = seconds(response.headers)

    def _noted(self, trouble: httpx2.TransportError, more: str = "") -> httpx2.TransportError:
        name = f"exchange {self._ident}" if self._ident else f"{NAME} {self._name}" if self._name else ""
        if name:
            trouble.add_note(f"outwait: the line broke and the answer was not had by another one ({name}){more}")
        return trouble
