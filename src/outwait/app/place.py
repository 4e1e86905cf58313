"""One worker's place: its listening sockets, which stay, and its process, which is replaced when it dies."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex

from outwait.app import line
from outwait.app.deputy import Orders
from outwait.app.sockets import Group, twin
from outwait.config.settings import Settings
from outwait.ledger.metrics import mark_process_dead
from outwait.wire.tasks import spawn

STEADY = 10.0  # seconds a worker must have served for its end not to count as a failed start
SLOWEST = 10.0  # seconds between starts of a worker that keeps dying
_FIRST = 0.2


class Place:
    """`ready` is set while a worker serves here; `failures` counts lives in a row that were too short, `unserved` those
    that ended before they served. `folder`: where its neighbours find its side door, under another name in each life;
    None if there is no such folder. `changed` is called when a worker serves here, and when it is gone.
    """

    __slots__ = (
        "_folder",
        "_line",
        "_lives",
        "_orders",
        "_ready_at",
        "_side_door",
        "changed",
        "failures",
        "number",
        "process",
        "ready",
        "sockets",
        "unserved",
    )

    def __init__(
        self,
        number: int,
        sockets: Group,
        folder: Path | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self.number = number
        self.sockets = sockets
        self.changed = changed
        self.process: asyncio.subprocess.Process | None = None
        self.ready = asyncio.Event()
        self.failures = self.unserved = 0
        self._lives = 0  # processes that were started here
        self._ready_at: float | None = None
        self._line: asyncio.StreamWriter | None = None
        self._orders: Orders | None = None
        self._folder = folder
        self._side_door: Path | None = None

    async def start(self, settings: Settings) -> None:
        """Start a process here. Raises OSError when the system has no room for one."""
        fds = [sock.fileno() for sock in self.sockets]  # before anything can close them
        if self._folder is not None:
            self._side_door = self._folder / f"{self.number:02x}{token_hex(2)}"
        given, heard = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._orders = Orders(given)
        with heard:
            ours, theirs = socket.socketpair()
            with theirs:
                reader, self._line = await asyncio.open_unix_connection(sock=ours)
                self._line.write(line.pack(settings))
                self.process = await asyncio.create_subprocess_exec(
                    sys.executable,
                    *("-m", "outwait.app.worker"),
                    env={
                        **os.environ,
                        line.NUMBER: str(self.number),
                        line.SOCKETS: ",".join(map(str, fds)),
                        line.LINE: str(theirs.fileno()),
                        line.ORDERS: str(heard.fileno()),
                        line.SIDE_DOOR: str(self._side_door or ""),
                        line.FIRST: "" if self.number or self._lives else "1",
                    },
                    pass_fds=(*fds, theirs.fileno(), heard.fileno()),
                    start_new_session=True,  # Ctrl-C is the supervisor's to pass on
                )
        self._lives += 1
        spawn(self._hear(reader), f"line of worker {self.number}")

    async def ended(self) -> int:
        """Wait for the process to end; returns its status, negative for a signal."""
        assert self.process is not None  # noqa: S101 - called after `start`
        process = self.process
        status = await process.wait()
        self.process = None
        mark_process_dead(process.pid)
        served = self._ready_at is not None and asyncio.get_running_loop().time() - self._ready_at >= STEADY
        self.vacate(failed=not served)
        return status

    def vacate(self, *, failed: bool) -> None:
        """Nobody is here any more."""
        self.failures = self.failures + 1 if failed else 0
        self.unserved += self._ready_at is None
        self.ready.clear()
        self._ready_at = None
        if self._side_door is not None:
            self._side_door.unlink(missing_ok=True)
        if self._line is not None:
            self._line.close()
            self._line = None
        self._forget_orders()
        self.changed()

    def pause(self) -> float:
        """Seconds until the next start: none after a good life, longer and longer after short ones."""
        return min(SLOWEST, _FIRST * 2.0 ** (self.failures - 1)) if self.failures else 0.0

    def tell(self, settings: Settings) -> None:
        """Hand new settings to the worker."""
        if self._line is not None:
            self._line.write(line.pack(settings))

    def stand_in(self, vacant: Mapping[int, Group]) -> None:
        """Have the worker accept also from the sockets of these places, where nobody serves, and of no others."""
        if self._orders is not None and self.ready.is_set():
            self._orders.stand_in(vacant)

    def signal(self, sign: signal.Signals) -> None:
        """Send a signal to the process, if there is one."""
        if self.process is not None and self.process.returncode is None:
            self.process.send_signal(sign)

    def deafen(self) -> None:
        """Stop listening until a worker listens again: who connects is told at once that nobody is there, and who is in
        the queue is reset. The port stays ours. Raises OSError when it cannot.
        """
        old = self.sockets
        self.sockets = [twin(sock) for sock in old]
        for sock in old:
            sock.close()

    def close(self) -> None:
        """Give up the sockets."""
        for sock in self.sockets:
            sock.close()

    async def _hear(self, reader: asyncio.StreamReader) -> None:
        try:
            word = await reader.read(1)
        except OSError:
            return
        if word and self.process is not None:
            if word != line.STANDS_IN:  # its version was installed after ours was started, and is older
                self._forget_orders()
            self._ready_at = asyncio.get_running_loop().time()
            self.unserved = 0
            self.ready.set()
            self.changed()

    def _forget_orders(self) -> None:
        if self._orders is not None:
            self._orders.close()
            self._orders = None
