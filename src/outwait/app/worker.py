"""One worker process: takes the sockets its supervisor made, serves until told to stop, and leaves in good order.

Started as `python -m outwait.app.worker` with what it needs in the environment (see `supervisor`).
"""

from __future__ import annotations

import asyncio
import gc
import logging
import os
import signal
import socket
import sys

import uvloop

from outwait.app import gateway, supervisor
from outwait.config.errors import ConfigError
from outwait.config.load import load
from outwait.config.settings import Settings
from outwait.ledger import logs
from outwait.wire import listen, tls

_log = logging.getLogger("outwait")

# Most objects of a request die with it; the few survivors should not be walked through every 700 allocations.
_GC_THRESHOLD = (50_000, 20, 50)


def main() -> int:
    """Run the worker; returns the exit status."""
    number = int(os.environ.get(supervisor.NUMBER, "0"))
    config = os.environ.get(supervisor.CONFIG)
    try:
        settings = load(config)
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    pipe = logs.configure(settings.log.level, settings.log.format, settings.secrets())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_serve(settings, config, pipe, number))


async def _serve(settings: Settings, config: str | None, pipe: logs.Logs, number: int) -> int:
    loop = asyncio.get_running_loop()
    found = listen.raise_descriptors()
    room = found.connections()
    _log.info("worker %d: %d descriptors, room for %d connections", number, found.soft, room)
    made = gateway.build(settings, pipe, worker=number, connections=room)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    loop.add_signal_handler(signal.SIGINT, stop.set)
    loop.add_signal_handler(signal.SIGHUP, _reload, made, config)
    _watch_supervisor(stop)
    context = tls.server_context(settings.server.tls.cert, settings.server.tls.key) if settings.server.tls else None
    listeners = [await listen.start(made.server, sock, context) for sock in _sockets()]
    made.recorder.start()
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_GC_THRESHOLD)
    _say_ready()
    await stop.wait()
    for listener in listeners:
        listener.close()
    whole = await made.close(made.settings.server.drain)
    _log.info("worker %d: %s", number, "all answers were finished" if whole else "the drain time ended; answers were cut")
    return 0


def _reload(made: gateway.Gateway, config: str | None) -> None:
    try:
        made.reload(load(config))
    except ConfigError as error:
        _log.error("the new configuration is not taken up; the old one stays:\n%s", error)
        return
    _log.info("configuration %d is in force", made.door.catalog.version)


def _sockets() -> list[socket.socket]:
    return [socket.socket(fileno=int(fd)) for fd in os.environ[supervisor.SOCKETS].split(",")]


def _say_ready() -> None:
    pipe = int(os.environ[supervisor.READY])
    os.write(pipe, b"!")
    os.close(pipe)


def _watch_supervisor(stop: asyncio.Event) -> None:
    """The other end of this pipe is held by the supervisor alone: when it closes, nobody looks after this worker."""
    pipe = int(os.environ[supervisor.LIFE])
    loop = asyncio.get_running_loop()

    def ended() -> None:
        loop.remove_reader(pipe)
        _log.warning("the supervisor is gone; draining")
        stop.set()

    loop.add_reader(pipe, ended)


if __name__ == "__main__":
    sys.exit(main())
