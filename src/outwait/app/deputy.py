"""Workers stand in for each other: who serves accepts also from the listening sockets of a worker that is gone.

Each worker has a second socket pair with its supervisor, which keeps messages whole (SOCK_SEQPACKET, unix(7)):

    a place's number, with its listening sockets   nobody serves there: accept from them too (SCM_RIGHTS)
    a place's number alone                         somebody serves there again: let go of them

Promises: a listening socket is never closed because its worker died, so nobody in its queue is reset, and nobody waits
there while any worker serves. It does no harm that two accept from one socket for a moment, or that a word is lost.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Awaitable, Callable, Mapping

from outwait.app.sockets import Group
from outwait.app.takeover import BATCH
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

_LONGEST = 16  # bytes of a message


class Orders:
    """The supervisor's end: what one worker is told. It never waits for the worker."""

    def __init__(self, sock: socket.socket) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._given: set[int] = set()

    def stand_in(self, vacant: Mapping[int, Group]) -> None:
        """The worker is to accept for these places, and for no others. What it cannot be told now, it is told with the
        next call.
        """
        for number in self._given - vacant.keys():
            if self._tell(number, []):
                self._given.remove(number)
        for number in vacant.keys() - self._given:
            group = vacant[number]
            if all(self._tell(number, group[start : start + BATCH]) for start in range(0, len(group), BATCH)):
                self._given.add(number)

    def close(self) -> None:
        """The worker is gone."""
        self._sock.close()

    def _tell(self, number: int, group: Group) -> bool:
        try:
            socket.send_fds(self._sock, [b"%d" % number], [sock.fileno() for sock in group])
        except OSError:  # it is about to leave, or reads nothing; the others stand in
            return False
        return True


class Deputy:
    """The worker's end. `sock`: None when the supervisor, of an older version, knows nothing of this. `accept`: starts
    to accept from a socket.
    """

    def __init__(
        self, sock: socket.socket | None, accept: Callable[[socket.socket], Awaitable[asyncio.Server]]
    ) -> None:
        self._sock = sock
        self._accept = accept
        self._listeners: dict[int, list[asyncio.Server]] = {}
        self._obeying: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """Do from now on what the supervisor says."""
        if self._sock is not None:
            self._sock.setblocking(False)
            self._obeying = spawn(self._obey(self._sock), "deputy")

    def close(self) -> None:
        """Accept for nobody any more."""
        if self._obeying is not None:
            self._obeying.cancel()
        for number in list(self._listeners):
            self._let_go(number)

    async def _obey(self, sock: socket.socket) -> None:
        with sock:
            while True:
                await _readable(sock)
                try:
                    word, fds, _, _ = socket.recv_fds(sock, _LONGEST, BATCH, socket.MSG_CMSG_CLOEXEC)
                except BlockingIOError:
                    continue
                except OSError:
                    return
                if not word:
                    return
                if fds:
                    await self._take(int(word), [socket.socket(fileno=fd) for fd in fds])
                else:
                    self._let_go(int(word))

    async def _take(self, number: int, group: Group) -> None:
        for sock in group:
            try:
                self._listeners.setdefault(number, []).append(await self._accept(sock))
            except OSError as error:
                sock.close()
                _log.error("who connects to worker %d, which is gone, has to wait for it: %s", number, error)

    def _let_go(self, number: int) -> None:
        for listener in self._listeners.pop(number, ()):
            listener.close()


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready = loop.create_future()

    def heard() -> None:
        loop.remove_reader(sock)
        if not ready.done():
            ready.set_result(None)

    loop.add_reader(sock, heard)
    try:
        await ready
    finally:
        loop.remove_reader(sock)
