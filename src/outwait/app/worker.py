"""One worker process: takes the sockets its supervisor made, serves until told to stop, and leaves in good order.

Started as `python -m outwait.app.worker` by a supervisor, which holds the other end of its line (app.line).

    SIGTERM, or the line's end   drain: stop accepting, let running answers finish
    SIGUSR2                      the same, but another gateway accepts in our stead: who is connected here already, and
                                 perhaps about to ask, is still answered, and told to connect anew
    SIGINT                       tell who still waits, and leave
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import shutil
import signal
import ssl
import sys

import uvloop

from outwait.app import doors, gateway
from outwait.app.deputy import Deputy
from outwait.app.line import PARTING, RELIEVED, WorkerEnd
from outwait.app.storage import open_store
from outwait.config.settings import Settings
from outwait.ledger import logs
from outwait.store.errors import StoreError
from outwait.wire import listen, tls

_log = logging.getLogger("outwait")

# Most objects of a request die with it; the few survivors should not be walked through every 700 allocations.
_GC_THRESHOLD = (50_000, 20, 50)


def main() -> int:
    """Run the worker; returns the exit status."""
    try:
        line = WorkerEnd()
    except KeyError:
        sys.stderr.write("This is a part of `outwait serve`, which starts it.\n")
        return 2
    settings = line.first()
    if settings is None:
        return 1
    pipe = logs.configure(settings.log.level, settings.log.format, settings.secrets())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(Worker(settings, line, pipe).run())


class Worker:
    """The gateway in its process: signals, sockets, reloads and the end."""

    def __init__(self, settings: Settings, line: WorkerEnd, pipe: logs.Logs) -> None:
        self._settings = settings
        self._line = line
        self._pipe = pipe
        self._stop = asyncio.Event()
        self._hurry = asyncio.Event()
        self._alone = self._relieved = False
        self._tls: ssl.SSLContext | None = None

    async def run(self) -> int:
        """Serve until the end; returns the exit status."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(signal.SIGINT, self._asked_to_hurry)
        loop.add_signal_handler(RELIEVED, self._relieve)
        found = listen.raise_descriptors()
        room = found.connections()
        number = self._line.number
        try:
            store = await open_store(self._settings, check=self._line.first_of_all)
            made = gateway.build(self._settings, self._pipe, gateway.Site(number, room, self._line.side_door, store))
        except StoreError as error:
            _log.error("worker %d: %s", number, error)
            return 1
        if self._settings.server.tls is not None:
            self._tls = tls.server_context(self._settings.server.tls.cert, self._settings.server.tls.key)
        if made.storage is not None:
            await made.storage.upkeep.bury()
        # Whatever can fail has to stand above: from here on clients are accepted.
        side = await self._open_side(made)
        listeners = [await listen.start(made.server, sock, self._tls) for sock in self._line.sockets]
        deputy = Deputy(self._line.orders, lambda sock: listen.start(made.server, sock, self._tls))
        deputy.begin()
        made.recorder.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)
        await self._line.serving(lambda settings: self._reload(made, settings), self._orphaned)
        _log.info("worker %d: %d descriptors, room for %d connections", number, found.soft, room)
        await self._stop.wait()
        deputy.close()
        for listener in listeners:
            listener.close()
        await self._leave(made, side)
        return 0

    async def _leave(self, made: gateway.Gateway, side: asyncio.Server | None) -> None:
        """The end: nobody is accepted any more."""
        if self._relieved:
            await self._part(made)
        whole = await made.close(made.settings.server.drain, self._hurry, relieved=self._relieved)
        if side is not None:  # only now: what is kept here can be had until the end
            side.close()
        end = "all answers were finished" if whole else "time was up; who still waited was told so"
        _log.info("worker %d: %s", self._line.number, end)
        if self._line.side_door is not None:
            doors.take_down(self._line.side_door, alone=self._alone)
        elif self._alone:
            shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)

    async def _part(self, made: gateway.Gateway) -> None:
        """Answer whoever asks on a connection that is open already, and close it then. To close it at once would lose
        what is on its way, and a client cannot know whether that was begun (RFC 9112 section 9.3.1).
        """
        made.server.draining = True
        try:
            await asyncio.wait_for(self._hurry.wait(), PARTING)
        except TimeoutError:
            return

    async def _open_side(self, made: gateway.Gateway) -> asyncio.Server | None:
        """Open the side door. A worker that cannot serves on: only what it keeps is not found from elsewhere."""
        if self._line.side_door is None:
            return None
        try:
            return await listen.start_side(made.server, listen.bind_side(self._line.side_door))
        except OSError as error:
            _log.error("worker %d: its neighbours cannot reach it: %s", self._line.number, error)
            return None

    def _asked_to_hurry(self) -> None:
        self._hurry.set()
        self._stop.set()

    def _relieve(self) -> None:
        self._relieved = not self._stop.is_set()
        self._stop.set()

    def _orphaned(self) -> None:
        if not self._stop.is_set():
            _log.warning("worker %d: the supervisor is gone; draining", self._line.number)
        self._alone = True
        self._stop.set()

    def _reload(self, made: gateway.Gateway, settings: Settings) -> None:
        """Take up checked settings; new connections get the certificate as it is on disk now."""
        try:
            made.reload(settings)
        except Exception:  # noqa: BLE001 - task top: a worker that cannot take up a configuration serves on with the old one
            _log.exception("worker %d: the new configuration could not be taken up", self._line.number)
            return
        if self._tls is not None and settings.server.tls is not None:
            try:
                self._tls.load_cert_chain(settings.server.tls.cert, settings.server.tls.key)
            except OSError as error:
                _log.error("the certificate in use stays: %s", error)
        _log.info("worker %d: configuration %d is in force", self._line.number, made.door.catalog.version)


if __name__ == "__main__":
    sys.exit(main())
