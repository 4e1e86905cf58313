"""The gateway of one worker: its parts, joined. Every piece of state the data plane has is a field here."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from importlib.metadata import version
from ipaddress import ip_network
from pathlib import Path
from secrets import token_hex
from typing import TYPE_CHECKING

from outwait.app import health
from outwait.app.health import Health
from outwait.app.storage import Storage, join
from outwait.config import catalog as catalogs
from outwait.config.settings import LimitsSection, ServerSection, Settings
from outwait.core.catalog import Catalog
from outwait.core.entry import Entry
from outwait.core.fault import fault
from outwait.dialects.passthrough.endpoints import takes_files
from outwait.dialects.table import DIALECTS
from outwait.edge import routes
from outwait.edge.claims import Claims
from outwait.edge.cutting import Cutting
from outwait.edge.door import Door
from outwait.edge.model_lists import ModelLists
from outwait.edge.neighbours import Neighbours
from outwait.edge.probing import ProbeBounds, Probing
from outwait.edge.sharing import Sharing
from outwait.exchange.driver import Exchange
from outwait.exchange.ports import Ports
from outwait.exchange.recall import unspilled
from outwait.exchange.recent import Recent
from outwait.exchange.registry import Registry
from outwait.exchange.replay import Bounds
from outwait.ledger.counts import Counts
from outwait.ledger.logs import Logs
from outwait.ledger.metrics import Metrics
from outwait.ledger.recorder import Recorder
from outwait.ledger.redact import Redactor
from outwait.plan.planner import Planner
from outwait.policy.budget import Budgets
from outwait.upstream.call import Upstream
from outwait.wire.guard import Limits
from outwait.wire.server import Server
from outwait.wire.tasks import spawn
from outwait.wire.wheel import Wheel

if TYPE_CHECKING:
    from outwait.store.store import Store

_log = logging.getLogger("outwait")

_LOOK = 0.25  # seconds between looks at what still runs
_SINKS = 0.5  # seconds that a page of figures waits for the latest entries to be counted
FAREWELL = 2.0  # seconds clients have to take the last words of answers that were ended
# A reverse proxy on this machine brings everybody's connections.
_LOOPBACK = (ip_network("127.0.0.0/8"), ip_network("::1/128"))


@dataclass(slots=True)
class Gateway:
    """The parts of one worker. `settings` are those it runs with now."""

    settings: Settings
    door: Door
    server: Server
    upstream: Upstream
    health: Health
    recorder: Recorder
    metrics: Metrics
    logs: Logs
    wheel: Wheel
    storage: Storage | None = None

    def reload(self, settings: Settings) -> None:
        """Take up a new configuration. Running exchanges keep the plans they started with; where the server listens and
        what it takes from one client stays as it was until a restart, but for the pages that may call.
        """
        catalog = catalogs.build(settings, self.door.catalog.version + 1)
        self.upstream.use(catalog)
        # Running exchanges may still meet the old secrets.
        self.logs.redactor = Redactor({*self.settings.secrets(), *settings.secrets()})
        self.health.use(catalog)
        self.door.planner = Planner(catalog)
        if self.door.lists is not None:
            self.door.lists.use(catalog)
        self.door.ports.budgets.keep_channels(frozenset(channel.name for channel in catalog.channels))
        self.metrics.models.know(model_names(catalog))
        self.share(settings.server.cors)
        if self.storage is not None:
            self.storage.use(settings)
            self.door.keeper = self.storage.keeper if settings.keeps() else None
        if settings.keeps() is not (self.storage is not None):
            _log.warning("a restart is needed for the new keep_results.enabled")
        self.settings = settings

    def share(self, origins: tuple[str, ...]) -> None:
        """Let web pages of these origins, and no other, read answers from now on."""
        self.door.sharing = sharing = Sharing(origins) if origins else None
        self.door.port = self.settings.server.port
        self.server.lines_of = sharing.lines if sharing is not None else None

    async def close(self, grace: float, hurry: asyncio.Event | None = None, *, relieved: bool = False) -> bool:
        """Take no new work, let running answers finish for `grace` seconds or until `hurry` is set, then end the rest:
        their clients are told so in their protocol's way. Returns whether every answer could finish. `relieved`: there
        is another gateway at this address, so it stays ready, and a request that is being received is still answered.
        """
        self.door.draining = not relieved
        if self.door.probing is not None:
            self.door.probing.close()  # nobody waits for their words
        self.server.drain()
        whole = await self._finished(grace, hurry)
        self.door.draining = True
        for exchange in self.door.registry:
            _end(exchange)
        if not whole:
            await self.server.wait_idle(FAREWELL)
        await self.server.close(0.0)
        if self.storage is not None:
            await self.storage.close()
        if self.door.lists is not None:
            self.door.lists.close()
        self.health.close(self.door)
        self.upstream.close()
        self.wheel.close()
        await asyncio.get_running_loop().run_in_executor(None, self.recorder.close)
        return whole

    async def _finished(self, grace: float, hurry: asyncio.Event | None) -> bool:
        """Wait until nothing runs any more; False when there was no time for it."""
        idle = spawn(self._idle(), "drain")
        hurried = spawn((hurry or asyncio.Event()).wait(), "hurry")
        await asyncio.wait({idle, hurried}, timeout=grace, return_when=asyncio.FIRST_COMPLETED)
        hurried.cancel()
        return idle.done() or not idle.cancel()

    async def _idle(self) -> None:
        """Wait for clients, and for exchanges that run without one or whose answer is being stored.

        Looked at now and then: what ends without a client tells nobody, nor does a connection that becomes idle after
        an answer which began before the drain, and so did not say that it would be closed.
        """
        while True:
            if await self.server.wait_idle(_LOOK):
                if all(exchange.settled for exchange in self.door.registry):
                    return
                await asyncio.sleep(_LOOK)
            self.server.drain()


def _end(exchange: Exchange) -> None:
    if not exchange.settled:
        exchange.cancel(
            fault("gateway_draining", "The gateway is shutting down, and this answer was not finished in time.")
        )


@dataclass(frozen=True, slots=True)
class Site:
    """What a gateway is told of where it stands. `connections`: client connections there are descriptors for.
    `side_door`: the Unix socket where its neighbours reach it, if it has any; its name begins the ids of this worker's
    exchanges. `store`: where answers are kept, if they are.
    """

    worker: int = 0
    connections: int = 0
    side_door: Path | None = None
    store: Store | None = None


def build(settings: Settings, logs: Logs, site: Site | None = None) -> Gateway:
    """Make a gateway on the running loop. Raises StoreError."""
    site = site or Site()
    loop = asyncio.get_running_loop()
    catalog = catalogs.build(settings)
    wheel = Wheel(loop)
    metrics = Metrics(version("outwait"), model_names(catalog), _cleaner(logs))
    recorder = Recorder([metrics, logs])
    upstream = Upstream(wheel, catalog, max_body=settings.server.limits.upstream_response)
    well = health.build(catalog, wheel, _cleaner(logs), upstream, settings.server.workers)
    counts = Counts()
    registry = Registry(wheel)
    recent = Recent(loop.time)
    record = _recording(recent, recorder)
    ports = Ports(
        open=upstream.open,
        judge=upstream.judge,
        endpoints=well.tracker,
        budgets=Budgets(),
        wheel=wheel,
        bounds=_bounds(settings),
        upstream_dialect=DIALECTS.__getitem__,
        record=record,
        left=registry.left,
        done=registry.done,
        held=registry.held,
        clock=loop.time,
        wall=time.time,
        luck=random.random,
    )

    name = site.side_door.name if site.side_door else f"{site.worker:02x}{token_hex(2)}"
    neighbours = Neighbours(site.side_door)
    claims = Claims(registry, neighbours)
    if site.side_door is not None:
        registry.cuts.tell = Cutting(neighbours).tell
    bare = unspilled(ports)
    if site.store is None:
        ports, registry.keeps = bare, _nobody
    door = Door(
        Planner(catalog), registry, ports, record, _figures(recorder, metrics), neighbours, claims, name, bare, recent
    )
    door.lists = ModelLists(well.listed)
    limits = settings.server.limits
    wire_limits = _limits(limits, site.connections)
    door.probing = _probing(settings.server, wire_limits)
    server = Server(
        routes.handler(door, well.desk()),
        limits=wire_limits,
        wheel=wheel,
        body_limit=lambda path: limits.file_body if takes_files(path) else limits.json_body,
        refuse=routes.teller(door),
    )
    metrics.watch(_running(registry), _worst(wheel), lambda: recorder.dropped, counts.totals, well.chronicle.now)
    made = Gateway(settings, door, server, upstream, well, recorder, metrics, logs, wheel)
    made.share(settings.server.cors)
    well.start(door, site.worker, None if site.store is None else Path(settings.data_dir))
    if site.store is not None:
        made.storage = join(site.store, settings, door, site.worker, wheel, counts)
    return made


def _recording(recent: Recent, recorder: Recorder) -> Callable[[Entry], None]:
    def record(entry: Entry) -> None:
        recent.put(entry)
        recorder.settle(entry)

    return record


def _figures(recorder: Recorder, metrics: Metrics) -> Callable[[], Awaitable[bytes]]:
    def page() -> bytes:
        recorder.flush(_SINKS)  # who asks right after an answer finds it counted
        return metrics.render()

    async def figures() -> bytes:
        return await asyncio.get_running_loop().run_in_executor(None, page)

    return figures


def _nobody(_: str) -> bool:
    return False


def model_names(catalog: Catalog) -> list[str]:
    """The public model names that the configuration spells out."""
    return [name for channel in catalog.channels for name in (*channel.models, *channel.model_map)]


def _cleaner(logs: Logs) -> Callable[[str], str]:
    """Takes out the secrets that are configured when it is called: a reload replaces the redactor."""

    def clean(text: str) -> str:
        return logs.redactor.text(text)

    return clean


def _running(registry: Registry) -> Callable[[], float]:
    """How many exchanges run; those kept for a client that may come back are not counted."""
    return lambda: sum(not exchange.settled for exchange in registry)


def _worst(wheel: Wheel) -> Callable[[], float]:
    def lateness() -> float:
        worst, wheel.worst = wheel.worst, 0.0
        return worst

    return lateness


def _bounds(settings: Settings) -> Bounds:
    limits = settings.server.limits
    return Bounds(limits.replay_memory, limits.replay_memory, limits.replay, directory=settings.data_dir)


def _probing(section: ServerSection, wire: Limits) -> Probing | None:
    """None where the operator wants no probes."""
    bounds = ProbeBounds(
        max_silence=section.probe.max_silence,
        per_key=section.probe.per_key,
        total=section.probe.total,
        body_rate=wire.body_rate,
        body_grace=wire.body_grace,
        body_time=wire.body_seconds,
        body_size=section.limits.json_body,
    )
    return Probing(bounds) if section.probe.enabled else None


def _limits(section: LimitsSection, connections: int) -> Limits:
    return Limits(
        request_line=section.request_line,
        head_bytes=section.header_bytes,
        headers=section.headers,
        head_seconds=section.header_time,
        body_rate=section.body_rate,
        body_seconds=section.body_time,
        idle_seconds=section.keepalive,
        per_ip=section.per_ip,
        connections=connections,
        uncounted=(*_LOOPBACK, *map(ip_network, section.per_ip_except)),
    )
