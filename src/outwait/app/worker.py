"""One worker process: takes the sockets its supervisor made, serves until told to stop, and leaves in good order.

Started as `python -m outwait.app.worker` by a supervisor, which holds the other end of its line (app.line).

    SIGTERM, or the line's end   drain: stop accepting, let running answers finish
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
from outwait.app.line import WorkerEnd
from outwait.config.settings import Settings
from outwait.ledger import logs
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
        self._alone = False
        self._tls: ssl.SSLContext | None = None

    async def run(self) -> int:
        """Serve until the end; returns the exit status."""
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGTERM, self._stop.set)
        loop.add_signal_handler(signal.SIGINT, self._asked_to_hurry)
        found = listen.raise_descriptors()
        room = found.connections()
        number = self._line.number
        made = gateway.build(
            self._settings, self._pipe, worker=number, connections=room, side_door=self._line.side_door
        )
        if self._settings.server.tls is not None:
            self._tls = tls.server_context(self._settings.server.tls.cert, self._settings.server.tls.key)
        listeners = [await listen.start(made.server, sock, self._tls) for sock in self._line.sockets]
        side = await self._open_side(made)
        made.recorder.start()
        gc.collect()
        gc.freeze()
        gc.set_threshold(*_GC_THRESHOLD)
        await self._line.serving(lambda settings: self._reload(made, settings), self._orphaned)
        _log.info("worker %d: %d descriptors, room for %d connections", number, found.soft, room)
        await self._stop.wait()
        for listener in listeners:
            listener.close()
        whole = await made.close(made.settings.server.drain, self._hurry)
        if side is not None:  # only now: what is kept here can be had until the end
            side.close()
        end = "all answers were finished" if whole else "time was up; who still waited was told so"
        _log.info("worker %d: %s", number, end)
        if self._alone:
            shutil.rmtree(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""), ignore_errors=True)
        if self._line.side_door is not None:
            doors.take_down(self._line.side_door, alone=self._alone)
        return 0

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
