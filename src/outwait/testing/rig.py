r"""Exchange, relay and registry joined as in the gateway, between scripted upstreams and clients that remember.

Everything runs on the running loop, which is meant to be a virtual one (`scene` gives a test one), with a real wheel:
hours of silence take milliseconds, and each beat has its exact time.

    @scene
    async def test_a_stream_is_kept_alive() -> None:
        rig = Rig(Upstream(answers(b"hello\n", b".\n", after=3600)))
        visit = rig.ask(plan_of("a", spans={"first_byte": 4000, "total": 5000}))
        await rig.until(3601)
        assert visit.client.text == ": beat\n" * 240 + "hello\n.\n"
"""

from __future__ import annotations

import asyncio
import functools
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any, ParamSpec, cast

from outwait.core.entry import Entry
from outwait.core.fault import FAULTS, Fault, UpstreamError, fault
from outwait.core.plan import Candidate, Plan
from outwait.core.request import Call
from outwait.dialects.dialect import Dialect
from outwait.dialects.profiles import UNKNOWN
from outwait.exchange.adopt import Named, fingerprint, is_retry, named, same_request
from outwait.exchange.driver import Exchange, Ports
from outwait.exchange.inherit import Heirs
from outwait.exchange.keeper import Keeper
from outwait.exchange.keeping import Keeping
from outwait.exchange.names import Names
from outwait.exchange.registry import Registry
from outwait.exchange.replay import Bounds
from outwait.exchange.scribe import Keeps, Scribe
from outwait.policy.budget import Budgets
from outwait.relay.relay import Relay
from outwait.store.rows import Owner
from outwait.testing import virtual
from outwait.testing.places import Places
from outwait.testing.plain import FOREIGN, PLAIN
from outwait.testing.scripted import Upstream
from outwait.testing.shelf import Joined
from outwait.wire.outlet import Outlet
from outwait.wire.wheel import Alarm, Wheel

if TYPE_CHECKING:
    from outwait.store.store import Store

P = ParamSpec("P")


def scene(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an async test on a virtual loop of its own."""

    @functools.wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        virtual.run(test(*args, **kwargs))

    return run


class Client:
    """Stands where `wire.outlet.Outlet` does, and remembers what a client would have seen.

    `pieces`: (loop seconds, bytes) of each write. `ending`: "" | whole | finished | aborted. `blocked` may be set by a
    test, and ended with `drain`; `go` makes the client leave.
    """

    def __init__(self, wheel: Wheel) -> None:
        self.status = 0
        self.headers: Mapping[str, str] = {}
        self.pieces: list[tuple[float, bytes]] = []
        self.ending = ""
        self.blocked = self.gone = False
        self.on_drain: Callable[[], None] | None = None
        self.on_gone: Callable[[], None] | None = None
        self._wheel = wheel
        self._alarm = Alarm(self._rings)
        self._ring: Callable[[float], None] | None = None

    @property
    def text(self) -> str:
        """All that came."""
        return b"".join(data for _, data in self.pieces).decode()

    def times(self, text: bytes) -> list[float]:
        """When `text` came (loop seconds)."""
        return [at for at, data in self.pieces if data == text]

    def drain(self) -> None:
        """The client takes bytes again."""
        self.blocked = False
        if self.on_drain is not None:
            self.on_drain()

    def go(self) -> None:
        """The client leaves."""
        if not self.ending and not self.gone:
            self.gone = True
            told = self.on_gone
            self._release()
            if told is not None:
                told()

    # -- the outlet ----------------------------------------------------------------------------------------------

    def send(self, status: int, headers: bytes, body: bytes) -> None:
        """See `Outlet.send`."""
        self._begin(status, headers)
        self._note(body)
        self._end("whole")

    def open(self, status: int, headers: bytes) -> None:
        """See `Outlet.open`."""
        self._begin(status, headers)

    def write(self, data: bytes) -> None:
        """See `Outlet.write`."""
        if not self.status:
            raise RuntimeError("write before open")
        self._note(data)

    def finish(self) -> None:
        """See `Outlet.finish`."""
        if not self.status:
            raise RuntimeError("finish before open")
        self._end("finished")

    def abort(self) -> None:
        """See `Outlet.abort`."""
        self._end("aborted")

    def alarm(self, due: float, ring: Callable[[float], None] | None = None) -> None:
        """See `Outlet.alarm`."""
        if ring is not None:
            self._ring = ring
        if not self.ending and not self.gone:
            self._wheel.set(self._alarm, due)

    def _begin(self, status: int, headers: bytes) -> None:
        if self.status:
            raise RuntimeError("a second response")
        self.status = status
        lines = headers.decode("latin-1").split("\r\n")
        self.headers = dict(cast("tuple[str, str]", line.split(": ", 1)) for line in lines if line)

    def _note(self, data: bytes) -> None:
        if data and not self.ending and not self.gone:
            self.pieces.append((self._wheel.now(), data))

    def _end(self, how: str) -> None:
        if not self.ending and not self.gone:
            self.ending = how
            self._release()

    def _release(self) -> None:
        self._wheel.clear(self._alarm)
        self._ring = self.on_drain = self.on_gone = None
        self.blocked = False

    def _rings(self, now: float) -> None:
        if self._ring is not None:
            self._ring(now)


class Visit:
    """One call of one client."""

    def __init__(self, client: Client, relay: Relay, exchange: Exchange) -> None:
        self.client = client
        self.relay = relay
        self.exchange = exchange


class Rig:
    """The parts of a worker without its wire. `entries`: what the ledger was told."""

    def __init__(
        self,
        upstream: Upstream,
        *,
        bounds: Bounds | None = None,
        keeping: Keeping | None = None,
        limits: Mapping[str, int] | None = None,
        luck: float = 0.5,
        dialect: Dialect = PLAIN,
    ) -> None:
        self.loop = asyncio.get_running_loop()
        self.upstream = upstream
        self.wheel = Wheel(self.loop, tick=0.001)
        self.registry = Registry(self.wheel, keeping or Keeping(doubt=0.0))
        self.places = Places(limits)
        self.budgets = Budgets()
        self.entries: list[Entry] = []
        self.ids = "ow_"  # what begins the ids of exchanges
        self._asked = 0
        self._dialect = dialect  # of the clients
        self._ports = Ports(
            open=upstream,
            judge=_judge,
            endpoints=self.places,
            budgets=self.budgets,
            wheel=self.wheel,
            bounds=bounds or Bounds(),
            upstream_dialect={"plain": PLAIN, "foreign": FOREIGN}.__getitem__,
            record=self.entries.append,
            left=self.registry.left,
            done=self.registry.done,
            held=self.registry.held,
            clock=self.loop.time,
            wall=self.loop.time,
            luck=lambda: luck,
        )

    def ask(
        self,
        plan: Plan,
        *,
        stream: bool = True,
        retry: int = 0,
        name: str = "",
        body: bytes = b"question",
        gone: bool = False,
    ) -> Visit:
        """A client calls. `retry`: its SDK's count of repeats. `name`: its Idempotency-Key. `gone`: it left before
        anything could be written.
        """
        headers = {"user-agent": "tests/1", "x-stainless-retry-count": str(retry)}
        call = Call("plain", "talk", "model", stream=stream, body=body, headers=headers, path="/talk")
        known = named("key", name, call) if name else None
        exchange = None if known is None else self.registry.named(known)
        if known is None and is_retry(headers):
            exchange = self.registry.adopt(fingerprint("key", call))
        elif known is None and self.registry.cuts:
            exchange = self.registry.adopt_cut(same_request("key", call))
        if exchange is None:
            return self.serve(self.make(call, plan), known, gone=gone)
        return self.join(exchange, adopted=known is None, named=known is not None, gone=gone)

    @property
    def ports(self) -> Ports:
        """What its exchanges need."""
        return self._ports

    def make(self, call: Call, plan: Plan) -> Exchange:
        """A new exchange of the client key `key`, which nobody can find yet."""
        self._asked += 1
        return Exchange(f"{self.ids}{self._asked}", "key", call, plan, self._dialect, self._ports)

    def serve(self, exchange: Exchange, known: Named | None = None, *, gone: bool = False) -> Visit:
        """A new exchange begins, and answers."""
        self.registry.add(exchange, known)
        client = self._client(gone=gone)
        relay = Relay(exchange, cast("Outlet", client), UNKNOWN)
        exchange.begin()
        relay.start()
        return Visit(client, relay, exchange)

    def join(self, exchange: Exchange, *, adopted: bool = False, named: bool = False, gone: bool = False) -> Visit:
        """An exchange that is there answers."""
        client = self._client(gone=gone)
        relay = Relay(exchange, cast("Outlet", client), UNKNOWN, adopted=adopted, named=named)
        relay.start()
        return Visit(client, relay, exchange)

    def _client(self, *, gone: bool) -> Client:
        client = Client(self.wheel)
        client.gone = gone
        return client

    def keep(self, store: Store, boot: str = "here") -> Keeper:
        """From now on `store` keeps what it should; `boot`: this process's life. `joined` is what the keeper sees of
        the rest.
        """
        self.joined = joined = Joined(self.loop.time)
        ties, owner = joined.ties(), Owner(0, boot)
        self.scribe = Scribe(store, owner, ties, Keeps())
        self.heirs = Heirs(store, owner, ties)
        names = Names(store, self.heirs.bury, joined.wall, self.scribe.keeps.ttl)
        keeper = Keeper(store, self.scribe, names, self.registry, self.wheel, ties)
        self.registry.keeper, self.registry.keeps = keeper, ties.keeps
        return keeper

    async def until(self, moment: float) -> None:
        """Let everything happen up to `moment` (loop seconds), and what is due just then."""
        await asyncio.sleep(moment + 0.002 - self.loop.time())


def _judge(_candidate: Candidate, status: int, headers: Mapping[str, str], body: bytes, _waited: float) -> Fault:
    """An error reply's fault: its body is the code, if it is one; `retry-after` in seconds."""
    code = body.decode().strip()
    if code not in FAULTS:
        code = "upstream_error"
    wait = headers.get("retry-after")
    return fault(
        code,
        status=status,
        retry_after=float(wait) if wait else None,
        upstream=UpstreamError(status, "text/plain", body),
    )
