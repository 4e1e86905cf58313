"""The supervisor: starts the workers, restarts what dies, passes on what it is told.

It owns the listening sockets, one per worker and address (SO_REUSEPORT), and hands them down: connections that were
waiting for a worker that died are served by the next one. A worker that keeps dying is started less and less often,
and keeps nobody waiting meanwhile. When the supervisor itself is gone, however it went, its workers leave too.

    SIGTERM, SIGINT   drain: stop accepting, let running answers finish; again: tell who still waits, and stop now
    SIGHUP            read the configuration again; if it is good, every worker takes it up
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import tempfile
from collections.abc import Callable

from outwait.app import doors, preflight
from outwait.app.place import Place
from outwait.config.errors import ConfigError
from outwait.config.settings import ServerSection, Settings
from outwait.wire import listen
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

GRACE = 5.0  # seconds a worker gets beyond its drain before it is killed
HURRY = 3.0  # the same after the second signal
KILL = signal.SIGKILL
STARTING = 30.0  # seconds all workers have for their first start, and one more for each


class Supervisor:
    """Runs `settings.server.workers` workers until told to stop.

    `reread`: the settings as they are configured now; may raise ConfigError. `announce`: called once, with the URL,
    when all workers serve.
    """

    def __init__(
        self, settings: Settings, reread: Callable[[], Settings], announce: Callable[[str], None] | None = None
    ) -> None:
        self._settings = settings
        self._reread = reread
        self._announce = announce
        self._sockets: list[list[socket.socket]] = []
        self._places: list[Place] = []
        self._started = False
        self._stop: asyncio.Event | None = None
        self._hurried = False

    def bind(self) -> None:
        """Take the port, for all workers. Raises OSError when it cannot be had."""
        server = self._settings.server
        port = server.port
        if port:
            _claim(server.host, port)
        for _ in range(server.workers):
            sockets = listen.bind(server.host, port)
            port = sockets[0].getsockname()[1]
            self._sockets.append(sockets)

    @property
    def url(self) -> str:
        """Where the gateway listens; after `bind`."""
        host, port = self._sockets[0][0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        return f"{'https' if self._settings.server.tls else 'http'}://{shown}:{port}"

    async def run(self) -> int:
        """Serve; returns the exit status: 0 after an orderly end, 1 when workers could not start or were cut short."""
        self._stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._asked_to_stop, sign)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            with (
                tempfile.TemporaryDirectory(prefix="outwait-figures-", ignore_cleanup_errors=True) as figures,
                doors.folder() as folder,
            ):
                os.environ["PROMETHEUS_MULTIPROC_DIR"] = figures
                self._places = [Place(number, sockets, folder) for number, sockets in enumerate(self._sockets)]
                return await self._serve()
        finally:
            for place in self._places:
                place.close()

    async def _serve(self) -> int:
        keepers = [spawn(self._keep(place), f"keeper of worker {place.number}") for place in self._places]
        self._started = await self._all_ready(keepers)
        if self._started:
            if self._announce is not None:
                self._announce(self.url)
        elif not self._stopping():
            _log.error("the gateway could not start; what its workers said stands above")
            self._end(GRACE, KILL)
            await asyncio.gather(*keepers)
            return 1
        await asyncio.gather(*keepers)
        return 1 if self._hurried else 0

    # -- workers -------------------------------------------------------------------------------------------------

    async def _keep(self, place: Place) -> None:
        """Keep one worker's place filled."""
        while not self._stopping():
            told = await self._live(place)
            if self._stopping():
                return
            if not self._started:
                _log.error("worker %d %s before it served", place.number, told)
                return
            pause = place.pause()
            _log.error("worker %d %s; restarting in %.1f s", place.number, told, pause)
            if place.failures > 1:
                self._deafen(place)
            await self._sleep(pause)

    def _deafen(self, place: Place) -> None:
        try:
            place.deafen()
        except OSError as error:
            _log.error("who connects to worker %d has to wait for it: %s", place.number, error)

    async def _live(self, place: Place) -> str:
        """One worker's life, and what ended it."""
        try:
            await place.start(self._settings)
        except OSError as error:
            place.vacate(failed=True)
            return f"could not be started: {error.strerror or error}"
        if self._stopping():
            place.signal(signal.SIGTERM)
        status = await place.ended()
        return f"was ended by {signal.Signals(-status).name}" if status < 0 else f"ended with status {status}"

    async def _all_ready(self, keepers: list[asyncio.Task[None]]) -> bool:
        """Wait until every worker serves; False when one ended before that, or took too long."""
        ready = spawn(self._everybody_serves(), "ready")
        patience = STARTING + len(keepers)
        await asyncio.wait({ready, *keepers}, timeout=patience, return_when=asyncio.FIRST_COMPLETED)
        if ready.done():
            return True
        ready.cancel()
        if not self._stopping() and not any(keeper.done() for keeper in keepers):
            _log.error("not all workers served within %.0f s", patience)
        return False

    async def _everybody_serves(self) -> None:
        for place in self._places:
            await place.ready.wait()

    # -- signals -------------------------------------------------------------------------------------------------

    def _stopping(self) -> bool:
        return self._stop is not None and self._stop.is_set()

    def _asked_to_stop(self, sign: signal.Signals) -> None:
        if not self._stopping():
            drain = self._settings.server.drain
            _log.info("%s: draining; running answers have %g s to finish, a second signal ends them", sign.name, drain)
            self._end(drain + GRACE, signal.SIGTERM)
        elif not self._hurried:
            _log.warning("%s again: stopping now", sign.name)
            self._hurried = True
            self._end(HURRY, signal.SIGINT)  # not SIGTERM again, which the system may merge with the first one
        else:
            self._end(0.0, KILL)

    def _end(self, patience: float, sign: signal.Signals) -> None:
        """Tell the workers to end by `sign`, and kill those that have not after `patience` seconds."""
        assert self._stop is not None  # noqa: S101 - narrows the type; set before signals can come
        self._stop.set()
        for place in self._places:
            place.close()
            place.signal(sign)
        spawn(self._kill_late(patience), "patience with workers")

    async def _kill_late(self, patience: float) -> None:
        await asyncio.sleep(patience)
        for place in self._places:
            if place.process is not None:
                _log.error("worker %d did not end in time; killing it", place.number)
                place.signal(KILL)

    def _reload(self) -> None:
        if self._stopping():
            return
        try:
            settings = self._reread()
            preflight.check(settings)
        except ConfigError as error:
            _log.error("the new configuration is not taken up; the old one stays in force:\n%s", error)
            return
        server, fixed = settlement(self._settings.server, settings.server)
        if fixed:
            _log.warning("a restart is needed for the new server.%s", ", server.".join(fixed))
        self._settings = settings.model_copy(update={"server": server})
        for place in self._places:
            place.tell(self._settings)

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake when the end has come."""
        assert self._stop is not None  # noqa: S101 - narrows the type
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return


def settlement(old: ServerSection, new: ServerSection) -> tuple[ServerSection, list[str]]:
    """What of `new` a reload can take up (the drain time), and the names of changed fields that need a restart."""
    kept = old.model_copy(update={"drain": new.drain})
    return kept, [name for name in ServerSection.model_fields if getattr(kept, name) != getattr(new, name)]


def _claim(host: str, port: int) -> None:
    """Raises OSError when somebody listens there: SO_REUSEPORT alone would let two gateways share a port unnoticed."""
    family, kind, protocol, _, address = socket.getaddrinfo(host or "::", port, type=socket.SOCK_STREAM)[0]
    with socket.socket(family, kind, protocol) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
