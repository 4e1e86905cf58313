"""The supervisor: starts the workers, restarts what dies, passes signals on.

It owns the listening sockets, one per worker and address (SO_REUSEPORT), and hands them down: connections that were waiting
for a worker that died are served by the next one. It holds one end of a pipe to each worker: when the supervisor is gone,
however it went, the workers see that end close and leave too.

    SIGTERM, SIGINT   drain: stop accepting, let running answers finish; again: stop now
    SIGHUP            check the configuration; if it is good, every worker takes it up
"""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field

from outwait.config.errors import ConfigError
from outwait.config.load import load
from outwait.config.settings import Settings
from outwait.ledger.metrics import mark_process_dead
from outwait.wire import listen
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

CONFIG = "OUTWAIT_WORKER_CONFIG"
NUMBER = "OUTWAIT_WORKER_NUMBER"
SOCKETS = "OUTWAIT_WORKER_SOCKETS"
LIFE = "OUTWAIT_WORKER_LIFE"
READY = "OUTWAIT_WORKER_READY"
GRACE = 5.0  # seconds a worker gets beyond its drain before it is killed
QUICK = 1.0  # a worker that lived shorter died at its start
SLOWEST = 10.0  # seconds between restarts of a worker that keeps dying at its start
STARTING = 30.0  # seconds all workers have for their first start


@dataclass(slots=True)
class Worker:
    """One worker's place: its sockets stay when its process is replaced."""

    number: int
    sockets: list[socket.socket]
    process: asyncio.subprocess.Process | None = None
    life: int | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)
    failures: int = 0


class Supervisor:
    """Runs `settings.server.workers` workers until told to stop. `announce` is called once when all of them serve.

    `overrides`: environment variables that carry command-line options and a fresh client key down to the workers.
    """

    def __init__(
        self, settings: Settings, config: str | None, overrides: dict[str, str], announce: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._config = config
        self._overrides = overrides
        self._announce = announce
        self._workers: list[Worker] = []
        self._stopping = False
        self._hurry = False
        self._stop: asyncio.Event | None = None
        self._figures = ""

    async def run(self) -> int:
        """Serve; returns the exit status: 0 after an orderly end, 1 when the workers could not start."""
        self._stop = asyncio.Event()
        self._figures = tempfile.mkdtemp(prefix="outwait-figures-")
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = self._figures
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(sign, self._asked_to_stop, sign)
        loop.add_signal_handler(signal.SIGHUP, self._reload)
        try:
            self._bind()
            keepers = [spawn(self._keep(worker), f"worker {worker.number}") for worker in self._workers]
            if not await self._all_ready(keepers):
                self._asked_to_stop(signal.SIGTERM)
                await asyncio.gather(*keepers)
                return 1
            self._announce(self._url())
            await asyncio.gather(*keepers)
            return 0 if self._stopping else 1
        finally:
            self._close_sockets()
            shutil.rmtree(self._figures, ignore_errors=True)

    # -- workers -------------------------------------------------------------------------------------------------

    def _bind(self) -> None:
        server = self._settings.server
        port = server.port
        for number in range(server.workers):
            sockets = listen.bind(server.host, port)
            port = sockets[0].getsockname()[1]
            self._workers.append(Worker(number, sockets))

    async def _keep(self, worker: Worker) -> None:
        """Keep one worker's place filled."""
        loop = asyncio.get_running_loop()
        while not self._stopping:
            started = loop.time()
            process = await self._start(worker)
            status = await process.wait()
            self._buried(worker, process)
            if self._stopping:
                return
            lived = loop.time() - started
            worker.failures = worker.failures + 1 if lived < QUICK else 0
            if not worker.ready.is_set():
                return  # it never served: the start as a whole fails, with its message on the terminal
            pause = min(SLOWEST, 0.1 * 2**worker.failures) if worker.failures else 0.0
            _log.error("worker %d ended with status %s; restarting in %.1f s", worker.number, status, pause)
            await self._sleep(pause)

    async def _start(self, worker: Worker) -> asyncio.subprocess.Process:
        life_read, life_write = os.pipe()
        ready_read, ready_write = os.pipe()
        fds = [sock.fileno() for sock in worker.sockets]
        environment = {
            **os.environ,
            **self._overrides,
            NUMBER: str(worker.number),
            SOCKETS: ",".join(map(str, fds)),
            LIFE: str(life_read),
            READY: str(ready_write),
        }
        if self._config is not None:
            environment[CONFIG] = self._config
        try:
            worker.process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "outwait.app.worker",
                env=environment,
                pass_fds=(*fds, life_read, ready_write),
                start_new_session=True,  # Ctrl-C is the supervisor's to pass on
            )
        finally:
            os.close(life_read)
            os.close(ready_write)
        worker.life = life_write
        loop = asyncio.get_running_loop()
        loop.add_reader(ready_read, self._heard, worker, ready_read)
        if self._stopping:
            self._signal(worker, signal.SIGTERM)
        return worker.process

    def _heard(self, worker: Worker, pipe: int) -> None:
        """A worker says that it serves, or its end of the pipe closed."""
        asyncio.get_running_loop().remove_reader(pipe)
        if os.read(pipe, 1):
            worker.ready.set()
        os.close(pipe)

    def _buried(self, worker: Worker, process: asyncio.subprocess.Process) -> None:
        mark_process_dead(process.pid)
        if worker.life is not None:
            os.close(worker.life)
            worker.life = None
        worker.process = None

    async def _all_ready(self, keepers: list[asyncio.Task[None]]) -> bool:
        """Wait for every worker's first word; False when one ended before it, or took too long."""
        ready = spawn(self._everybody_serves(), "ready")
        await asyncio.wait({ready, *keepers}, timeout=STARTING, return_when=asyncio.FIRST_COMPLETED)
        good = ready.done()
        ready.cancel()
        return good

    async def _everybody_serves(self) -> None:
        for worker in self._workers:
            await worker.ready.wait()

    # -- signals -------------------------------------------------------------------------------------------------

    def _asked_to_stop(self, sign: signal.Signals) -> None:
        assert self._stop is not None  # noqa: S101 - narrows the type; set before signals can come
        if self._stopping:
            _log.warning("%s again: stopping now", sign.name)
            self._hurry = True
            for worker in self._workers:
                self._signal(worker, signal.SIGKILL)
            return
        _log.info("%s: draining; running answers may finish", sign.name)
        self._stopping = True
        self._stop.set()
        self._close_sockets()
        for worker in self._workers:
            self._signal(worker, signal.SIGTERM)
        spawn(self._kill_late(self._settings.server.drain + GRACE), "drain watch")

    async def _kill_late(self, patience: float) -> None:
        await asyncio.sleep(patience)
        for worker in self._workers:
            self._signal(worker, signal.SIGKILL)

    def _reload(self) -> None:
        try:
            load(self._config, env={**os.environ, **self._overrides})
        except ConfigError as error:
            _log.error("the new configuration is not taken up; the old one stays:\n%s", error)
            return
        for worker in self._workers:
            self._signal(worker, signal.SIGHUP)

    def _signal(self, worker: Worker, sign: signal.Signals) -> None:
        if worker.process is not None and worker.process.returncode is None:
            worker.process.send_signal(sign)

    # -- small things --------------------------------------------------------------------------------------------

    async def _sleep(self, seconds: float) -> None:
        """Sleep, but wake when the end has come."""
        assert self._stop is not None  # noqa: S101 - narrows the type
        try:
            await asyncio.wait_for(self._stop.wait(), seconds)
        except TimeoutError:
            return

    def _close_sockets(self) -> None:
        for worker in self._workers:
            for sock in worker.sockets:
                sock.close()

    def _url(self) -> str:
        host, port = self._workers[0].sockets[0].getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if self._settings.server.tls else "http"
        return f"{scheme}://{shown}:{port}"
