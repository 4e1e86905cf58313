"""A provider that runs jobs, for tests: the smallest dialect with numbers, and a desk where calls are made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import cast

from outwait.core.fault import UpstreamError, fault
from outwait.core.plan import Candidate, Plan
from outwait.core.request import Call, State
from outwait.dialects.profiles import UNKNOWN
from outwait.exchange.driver import Exchange
from outwait.exchange.handle import Handle
from outwait.relay.relay import Relay
from outwait.testing.plain import PLAIN, PlainReader, reply_head
from outwait.testing.playbook import plan_of
from outwait.testing.rig import Client, Rig
from outwait.testing.scripted import Line, Upstream
from outwait.wire.outlet import Outlet


class JobReader(PlainReader):
    """Reads numbered lines; `@name` tells the job's handle, `?` that the job has failed."""

    def __init__(self, call: Call) -> None:
        super().__init__(reply_head(call), stream=call.stream)
        self.handle, self.sequence = "", -1
        self._half = b""

    def resume(self) -> None:
        self._half = b""

    def settled(self, body: bytes) -> bytes:
        if body == b"junk":
            raise ValueError(body)
        return b"" if body == b"running" else b"%d %s\n" % (self.sequence + 1, body)

    def feed(self, data: bytes) -> bytes:
        *lines, self._half = (self._half + data).split(b"\n")
        new = [line.split(b" ", 1)[1] for line in lines if self._is_new(line)]
        if any(line == b"?" for line in new):
            self.fault = fault("upstream_error", upstream=UpstreamError(500, "", b""))
        said = [line for line in new if line != b"?" and not line.startswith(b"@")]
        return super().feed(b"".join(line + b"\n" for line in said))

    def _is_new(self, line: bytes) -> bool:
        number, _, said = line.partition(b" ")
        if int(number) <= self.sequence:
            return False
        self.sequence = int(number)
        if said.startswith(b"@"):
            self.handle = said[1:].decode()
        return True


def reader(call: Call, _candidate: Candidate, _status: int, _headers: Mapping[str, str]) -> JobReader:
    return JobReader(call)


DIALECT = replace(PLAIN, reader=reader)


class Desk:
    """A rig whose calls are background calls. `told`: handles that were told of."""

    def __init__(self, *, luck: float = 0.5, limits: Mapping[str, int] | None = None) -> None:
        self.upstream = Upstream()
        self.rig = Rig(self.upstream, luck=luck, dialect=DIALECT, limits=limits)
        self.told: list[Handle | None] = []
        self.client = Client(self.rig.wheel)

    def ask(self, plan: Plan | None = None, *, stream: bool = True, handle: Handle | None = None) -> Exchange:
        state = State("resp_ours", background=True)
        call = Call("plain", "talk", "model", stream=stream, body=b"question", path="/talk", state=state)
        plan = plan or plan_of("a", "b")
        exchange = Exchange("ow_1", "key", call, plan, DIALECT, self.rig.ports)
        exchange.on_handle = lambda each: self.told.append(each.handle)
        if handle is not None:
            exchange.handle = handle
        self.rig.registry.add(exchange)
        relay = Relay(exchange, cast("Outlet", self.client), UNKNOWN)
        exchange.begin()
        relay.start()
        return exchange

    @property
    def asked(self) -> list[str]:
        """What was sent upstream, in order."""
        return ["POST" if line.errand is None else f"{line.errand.method} {line.errand.suffix}" for line in self.lines]

    @property
    def lines(self) -> list[Line]:
        return self.upstream.lines

    def started(self, said: bytes, plan: Plan | None = None, *, stream: bool = True) -> tuple[Exchange, Line]:
        """An exchange whose provider has said so much."""
        exchange = self.ask(plan, stream=stream)
        line = self.lines[0]
        line.reach()
        line.head()
        line.body(said)
        return exchange, line


def marks(exchange: Exchange) -> list[tuple[float, str, str]]:
    return [(at, event, detail) for at, event, detail in exchange.machine.timeline.marks()]


def events(exchange: Exchange) -> list[str]:
    return [f"{event} {detail}".strip() for _, event, detail in marks(exchange)]


BROKEN = fault("upstream_reset")
