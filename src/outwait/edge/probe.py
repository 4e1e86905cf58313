"""A silence on request, so that a client can find out what the path to this gateway does to one. Any client key may.

    GET  /v1/probe                                   what may be asked for here, and the key's heartbeat
    POST /v1/probe?silence=30s&form=stream           nothing for 30 s, then the answer
    POST /v1/probe?silence=30s&form=json&head=early  head and a first byte at once, then the silence
    POST /v1/probe?silence=30s&beat=5s&after=2s      the same with heartbeats: the first after 2 s, then every 5 s
    POST /v1/probe?form=upload                       answers at once: how long the body took to arrive

The answer has the head of a model's answer and its heartbeats; no upstream is asked, and nothing is written to the
ledger. What may be asked for is bounded, and so is how many run at a time; a drain ends them, since nobody waits for
their words.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Final, Literal, NoReturn, cast, get_args
from urllib.parse import parse_qsl

import msgspec

from outwait.core.fault import Fault, Refusal, fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import meet
from outwait.edge.probing import ProbeBounds, Probing
from outwait.edge.refuse import refuse
from outwait.policy import durations, heartbeat
from outwait.relay import heads
from outwait.wire.request import Request

PATH: Final = "/v1/probe"
Form = Literal["stream", "json", "upload"]
HeadAt = Literal["early", "late"]
SHORTEST_BEAT: Final = 0.1  # seconds; what is measured with them comes no closer together

_TYPES: Final = {"stream": "text/event-stream", "json": "application/json", "upload": "application/json"}
# What a silent answer begins with when its head comes early, and its heartbeats (FACTS 1.2). A stream's are comments; a
# JSON answer may begin with blanks, and its first byte differs from a heartbeat.
_FIRST: Final = {"stream": b": probe\n\n", "json": b" "}
_BEATS: Final = {"stream": b": ping\n\n", "json": b"\n"}
_JSON: Final = b"content-type: application/json\r\ncache-control: no-store\r\n"


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked for. `silence`: seconds until the answer. `beat`: seconds between heartbeats, None for none.
    `after`: seconds until the first.
    """

    form: Form = "stream"
    silence: float = 0.0
    head: HeadAt = "late"
    beat: float | None = None
    after: float = 0.0


def read_bounds(door: Door, dialect: Dialect, request: Request) -> None:
    """What may be asked for."""
    principal: Principal | None = None
    try:
        principal = meet(door, dialect, request).principal
        bounds = _allowed(door).bounds
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return
    beat = heartbeat.resolve(door.catalog.heartbeat, key=(principal.name, principal.heartbeat))
    told = {"enabled": beat.enabled, "after": beat.after, "json_after": beat.json_after, "every": beat.every}
    answer = {"object": "probe.bounds", "version": _version(), **bounds.told(), "per": "worker", "heartbeat": told}
    request.outlet.send(200, _JSON, msgspec.json.encode(answer))


def probe(door: Door, dialect: Dialect, request: Request) -> None:
    """Be silent as asked, then answer."""
    principal: Principal | None = None
    try:
        if door.draining:
            raise Refusal(fault("gateway_draining"))
        principal = meet(door, dialect, request).principal
        probing = _allowed(door)
        asked = read(request.query, probing.bounds)
        if asked.form == "upload":
            _tell_upload(door, request)
            return
        probing.admit(principal.name)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return
    Silence(door, dialect, request, asked, principal).start(probing)


class Silence:
    """One probe that runs. No task waits in it: the connection's alarm calls it."""

    __slots__ = ("_asked", "_beats", "_dialect", "_door", "_ident", "_principal", "_probing", "_request", "_since")

    def __init__(self, door: Door, dialect: Dialect, request: Request, asked: Asked, principal: Principal) -> None:
        self._door, self._dialect, self._request = door, dialect, request
        self._asked = asked
        self._principal = principal
        self._ident = door.new_id()
        self._beats = 0
        self._since = door.ports.clock()
        self._probing: Probing | None = None

    def start(self, probing: Probing) -> None:
        """Begin; `probing` counts it until it ends."""
        self._probing = probing
        probing.began(self._principal.name, self)
        outlet = self._request.outlet
        outlet.on_gone = self._over
        if outlet.gone:
            self._over()
            return
        if self._asked.head == "early":
            self._open()
            outlet.write(_FIRST[self._asked.form])
        outlet.alarm(self._due(), self._ring)

    def end(self, failed: Fault) -> None:
        """End it before its time, and say why: as an answer's late failure is told."""
        outlet = self._request.outlet
        body = self._dialect.error_body(failed, self._ident)
        self._over()
        if not outlet.opened:
            refuse(self._door, self._dialect, self._request, failed, self._principal)
        elif self._asked.form == "stream":
            outlet.write(b"data: %b\n\n" % body)
            outlet.finish()
        else:
            outlet.write(body)
            outlet.abort()

    def _due(self) -> float:
        """When something is to be written next (loop seconds)."""
        asked = self._asked
        end = self._since + asked.silence
        if asked.beat is None:
            return end
        return min(end, self._since + asked.after + self._beats * asked.beat)

    def _ring(self, now: float) -> None:
        outlet, asked = self._request.outlet, self._asked
        if now >= self._since + asked.silence:
            self._answer(now)
            return
        if now >= self._due():
            if not outlet.opened:
                self._open()
            self._beats += 1  # one that was due while the client took nothing is left out
            if not outlet.blocked:
                outlet.write(_BEATS[asked.form])
        outlet.alarm(self._due())

    def _open(self) -> None:
        self._request.outlet.open(200, heads.lasting(_TYPES[self._asked.form], self._ident))

    def _answer(self, now: float) -> None:
        """The end of the silence. As a model's answer is, a JSON reply without heartbeats is sent in one piece."""
        outlet, asked = self._request.outlet, self._asked
        told = {"object": "probe", "form": asked.form, "silence": round(now - self._since, 3), "beats": self._beats}
        body = msgspec.json.encode({**told, "id": self._ident, "worker": self._door.name})
        self._over()
        if asked.form == "json" and not outlet.opened:
            outlet.send(200, heads.lasting(_TYPES["json"], self._ident), body)
            return
        if not outlet.opened:
            self._open()
        outlet.write(b"data: %b\n\n" % body if asked.form == "stream" else body)
        outlet.finish()

    def _over(self) -> None:
        if self._probing is not None:
            self._probing.ended(self._principal.name, self)
            self._probing = None


def read(query: str, bounds: ProbeBounds) -> Asked:
    """What a query asks for. Raises Refusal that names the parameter and what it takes."""
    given: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name not in ("form", "head", "silence", "beat", "after"):
            _wrong(name, f"{name[:40]!r} means nothing here; known are form, head, silence, beat and after")
        if name in given:
            _wrong(name, f"{name} is given twice")
        given[name] = value
    form = cast("Form", _word(given, "form", get_args(Form), "stream"))
    head = cast("HeadAt", _word(given, "head", get_args(HeadAt), "late"))
    if form == "upload":
        for name in ("head", "silence", "beat", "after"):
            if name in given:
                _wrong(name, f"{name} means nothing to an upload: the client makes its silence")
        return Asked(form)
    if "silence" not in given:
        _wrong("silence", f"silence is missing: how long to be silent, up to {durations.tell(bounds.max_silence)}")
    silence = _span(given, "silence", 0.0, bounds.max_silence)
    if "beat" not in given:
        if "after" in given:
            _wrong("after", "after goes with beat: the seconds between heartbeats")
        return Asked(form, silence, head)
    beat = _span(given, "beat", SHORTEST_BEAT, heartbeat.LONGEST)
    after = _span(given, "after", 0.0, heartbeat.LONGEST) if "after" in given else beat
    return Asked(form, silence, head, beat, after)


def _allowed(door: Door) -> Probing:
    """Raises Refusal where the operator wants no probes."""
    if door.probing is None:
        raise Refusal(fault("not_found", "Probes are switched off in this gateway (server.probe.enabled)."))
    return door.probing


def _tell_upload(door: Door, request: Request) -> None:
    """How long the body took: its head's end -> its own end, as this gateway saw them."""
    waited = round(door.ports.clock() - request.accepted, 3)
    told = {"object": "probe", "form": "upload", "waited": waited, "size": len(request.body)}
    body = msgspec.json.encode({**told, "id": (ident := door.new_id()), "worker": door.name})
    request.outlet.send(200, heads.lasting(_TYPES["upload"], ident), body)


def _word(given: dict[str, str], name: str, words: tuple[str, ...], default: str) -> str:
    word = given.get(name, default)
    if word not in words:
        _wrong(name, f"{name} is one of {', '.join(words)}, not {word[:40]!r}")
    return word


def _span(given: dict[str, str], name: str, low: float, high: float) -> float:
    try:
        seconds = durations.parse(given[name])
    except ValueError as error:
        _wrong(name, f"{name}: {error}")
    if not low <= seconds <= high:
        _wrong(name, f"{name} is from {durations.tell(low)} to {durations.tell(high)} here, not {given[name][:40]}")
    return seconds


def _wrong(param: str, said: str) -> NoReturn:
    raise Refusal(fault("invalid_value", f"{said[0].upper()}{said[1:]}.", param=param[:40]))


@cache
def _version() -> str:
    return version("outwait")
