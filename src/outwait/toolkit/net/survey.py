"""Walks the whole way to a target, in parallel where a stage needs nothing of another, and hands back its findings."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeVar

from outwait.toolkit.net import eyeballs, lookup, mtr, mtu, repeats, trace, tunnel
from outwait.toolkit.net.aside import aside
from outwait.toolkit.net.environment import Proxy
from outwait.toolkit.net.findings import Asked, Attempt, Findings, Names, Reached, Trace
from outwait.toolkit.net.handshake import Opener, Trust
from outwait.toolkit.net.line import Line, open_line
from outwait.toolkit.net.talk import Asking, talk
from outwait.toolkit.net.target import Target

STAGES: Final = ("dns", "tcp", "http", "loss", "mtu", "trace", "proxy")
"""Names that `done` is called with; a stage that is not tried is told too."""
_MOST_ADDRESSES: Final = 16


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to look at. `timeout`: seconds for everything. `family`: only addresses of it, where given."""

    target: Target
    timeout: float = 20.0
    slow: float = 2.0
    count: int = 5
    method: str = "GET"
    resolvers: tuple[str, ...] = ()
    family: Literal[4, 6] | None = None
    proxy: Proxy | None = None
    ca_file: Path | None = None
    trace: bool = True
    mtr: bool = False


Done = Callable[[str], None]
_T = TypeVar("_T")


class Survey:
    """One look at one target. Each stage has its own limit, and none lasts past the whole one."""

    def __init__(self, wanted: Wanted, done: Done) -> None:
        self._wanted = wanted
        self._done = done
        whole = wanted.timeout
        self._dns_span, self._connect_span = min(6.0, whole * 0.4), min(5.0, whole * 0.3)
        self._asking = Asking(
            wanted.target,
            Trust(wanted.target.host, wanted.ca_file),
            wanted.method,
            wanted.target.path,
            time.time,
            tls_span=min(5.0, whole * 0.25),
            reply_span=whole * 0.6,
        )
        self._deadline = 0.0

    async def walk(self) -> Findings:
        """Everything; takes little more than the timeout at most."""
        wanted = self._wanted
        loop = asyncio.get_running_loop()
        self._deadline = loop.time() + wanted.timeout
        found = Findings(wanted.target, self._asking.clock(), wanted.slow)
        proxy = wanted.proxy
        if proxy is not None and proxy.bypassed:
            found = replace(found, bypassed=f"{proxy.url} ({proxy.bypassed})")
        async with asyncio.TaskGroup() as group:
            through = None
            if proxy is not None and not proxy.bypassed:
                work = tunnel.through(proxy, self._asking, self._connect_span, self._deadline)
                through = group.create_task(self._told(work, "proxy"))
            found = await self._straight(found)
        return replace(found, proxied=None if through is None else through.result())

    async def _straight(self, found: Findings) -> Findings:
        """The way without a proxy."""
        target = self._wanted.target
        if target.literal:
            self._done("dns")
            return await self._reach(found, (target.host,))
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(lookup.direct(target.host, self._wanted.resolvers, self._dns_span))
            names = await lookup.system(target.host, self._dns_span)
            addresses = names.system
            if not addresses:
                names = await _joined(names, asked)
                addresses = tuple(each for one in names.asked for each in one.addresses)
                found = replace(found, spare=bool(addresses))
            self._done("dns")
            found = await self._reach(found, addresses)
        return replace(found, names=await _joined(names, asked))

    async def _reach(self, found: Findings, addresses: tuple[str, ...]) -> Findings:
        """TCP to each address, and from there on to the one that a client would take."""
        kept = [each for each in addresses if self._wanted.family in (None, eyeballs.family(each.partition("%")[0]))]
        tried = eyeballs.order(kept)[:_MOST_ADDRESSES]
        pairs = await asyncio.gather(*(self._open(address) for address in tried))
        self._done("tcp")
        attempts = tuple(attempt for _, attempt in pairs)
        found = replace(found, attempts=attempts)
        won = eyeballs.winner(attempts)
        mine = None
        for line, attempt in pairs:
            if line is not None and won is not None and attempt is won[0]:
                mine = line
            elif line is not None:
                line.close()
        return (
            await self._talk(found, mine, won[0]) if mine is not None and won is not None else await self._dead(found)
        )

    async def _talk(self, found: Findings, line: Line, attempt: Attempt) -> Findings:
        """An address is open: speak, measure, trace, all at once."""
        address, port, span = attempt.address, self._wanted.target.port, max(0.1, min(3.0, self._left()))
        said, loss, size, way = await asyncio.gather(
            self._told(talk(line, self._asking, self._opener(address), self._deadline), "http"),
            self._told(repeats.repeat(address, port, self._wanted.count, self._connect_span, self._deadline), "loss"),
            self._told(aside(lambda: mtu.measure(address, span), "mtu"), "mtu"),
            self._told(self._trace(attempt), "trace"),
        )
        return replace(found, talk=said, loss=loss, mtu=size, trace=way)

    async def _dead(self, found: Findings) -> Findings:
        """No address is open; how far one comes is still to be seen."""
        ways = [each for each in found.attempts if each.reached not in (Reached.NO_ROUTE, Reached.LOCAL)]
        for name in ("http", "loss", "mtu"):
            self._done(name)
        return replace(found, trace=await self._told(self._trace(ways[0] if ways else None), "trace"))

    async def _trace(self, attempt: Attempt | None) -> Trace | None:
        if attempt is None or attempt.own or not self._wanted.trace or self._left() < 1.0:
            return None
        address, port, span = attempt.address, self._wanted.target.port, min(8.0, self._left())
        instead = ""
        if self._wanted.mtr:
            found = await mtr.run(address, port, max(1, self._wanted.count), self._left())
            if not found.error:
                return found
            instead = found.error
        return replace(await aside(lambda: trace.trace(address, port, span), "trace"), instead=instead)

    async def _open(self, address: str) -> tuple[Line | None, Attempt]:
        span = min(self._connect_span, max(0.1, self._left()))
        return await open_line(address, self._wanted.target.port, span)

    def _opener(self, address: str) -> Opener:
        async def again() -> Line | None:
            return (await self._open(address))[0]

        return again

    async def _told(self, work: Awaitable[_T], name: str) -> _T:
        result = await work
        self._done(name)
        return result

    def _left(self) -> float:
        return self._deadline - asyncio.get_running_loop().time()


async def _joined(names: Names, asked: Awaitable[tuple[tuple[Asked, ...], tuple[str, ...]]]) -> Names:
    servers, searched = await asked
    return replace(names, asked=servers, searched=searched)
