"""The line between the supervisor and one worker: a socket pair, one end in each process.

    supervisor -> worker   settings, each as its length (8 bytes) and a pickle; the first are those to start with
    worker -> supervisor   one byte when it serves: SERVES, or STANDS_IN if it also accepts for others (app.deputy)
    RELIEVED, a signal     another gateway accepts in its stead
    end of the line        the other process is gone, however it went

Workers are given the settings that the supervisor has checked, and do not read the file themselves: a worker that takes
a dead one's place runs with what is in force, even while the file is being edited.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import signal
import socket
from collections.abc import Callable
from pathlib import Path

from outwait.config.settings import Settings
from outwait.wire import link
from outwait.wire.tasks import spawn

NUMBER = "OUTWAIT_WORKER_NUMBER"
SOCKETS = "OUTWAIT_WORKER_SOCKETS"
LINE = "OUTWAIT_WORKER_LINE"
ORDERS = "OUTWAIT_WORKER_ORDERS"
SIDE_DOOR = "OUTWAIT_WORKER_SIDE_DOOR"
FIRST = "OUTWAIT_WORKER_FIRST"
RELIEVED = signal.SIGUSR2
SERVES, STANDS_IN = b"!", b"+"
PARTING = link.PARTING  # seconds who is connected to a relieved worker may still ask it
_LENGTH = 8


def pack(settings: Settings) -> bytes:
    """`settings` as they travel on the line."""
    data = pickle.dumps(settings)
    return len(data).to_bytes(_LENGTH, "big") + data


class WorkerEnd:
    """The worker's end. `number`: whose it is; `sockets`: what to listen on; `orders`: where it hears for whom it is to
    stand in (app.deputy), None under a supervisor of an older version; `side_door`: where to make the Unix socket for
    its neighbours, if it shall have one; `first_of_all`: this is the first life of the gateway's first worker.
    """

    def __init__(self) -> None:
        """Raises KeyError when this process was not started by a supervisor."""
        self.number = int(os.environ[NUMBER])
        self.sockets = [socket.socket(fileno=int(fd)) for fd in os.environ[SOCKETS].split(",")]
        self.first_of_all = bool(os.environ.get(FIRST))
        side_door = os.environ.get(SIDE_DOOR)
        self.side_door = Path(side_door) if side_door else None
        orders = os.environ.get(ORDERS)
        self.orders = socket.socket(fileno=int(orders)) if orders else None
        self._line = socket.socket(fileno=int(os.environ[LINE]))
        self._writer: asyncio.StreamWriter | None = None

    def first(self) -> Settings | None:
        """The settings to start with; waits for them. None when the supervisor went before it sent them."""
        length = self._exactly(_LENGTH)
        data = self._exactly(int.from_bytes(length, "big")) if length else b""
        return _unpack(data) if data else None

    async def serving(self, take: Callable[[Settings], None], ended: Callable[[], None]) -> None:
        """Say that this worker serves. From now on `take` gets new settings; `ended` is called at the line's end."""
        reader, self._writer = await asyncio.open_unix_connection(sock=self._line)
        self._writer.write(SERVES if self.orders is None else STANDS_IN)
        spawn(_listen(reader, take, ended), "line")

    def _exactly(self, count: int) -> bytes:
        data = b""
        while len(data) < count:
            piece = self._line.recv(count - len(data))
            if not piece:
                return b""
            data += piece
        return data


async def _listen(reader: asyncio.StreamReader, take: Callable[[Settings], None], ended: Callable[[], None]) -> None:
    try:
        while True:
            length = await reader.readexactly(_LENGTH)
            take(_unpack(await reader.readexactly(int.from_bytes(length, "big"))))
    except (asyncio.IncompleteReadError, OSError):
        ended()


def _unpack(data: bytes) -> Settings:
    settings = pickle.loads(data)  # noqa: S301 - from this worker's own parent, over a socket nobody else has
    assert isinstance(settings, Settings)  # noqa: S101 - narrows the type
    return settings
