"""The running gateway's side of a takeover: it tells who it is, lends its sockets, and drains when it is relieved.

Promises: nothing changes until the successor says that it serves; one that goes before that is forgotten, and the next
one may come. There is one successor at a time. The protocol stands in `takeover`.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
from pathlib import Path
from typing import Protocol

import msgspec

from outwait.app import takeover
from outwait.app.sockets import Group
from outwait.app.takeover import Hello, Offer
from outwait.wire import listen
from outwait.wire.tasks import spawn

_log = logging.getLogger("outwait")

_BACKLOG = 16
_LONGEST = 4096  # bytes of what a successor says at once


class Incumbent(Protocol):
    """The gateway whose place is asked for."""

    def offer(self) -> Offer:
        """What it says of itself."""

    def lent(self) -> list[Group]:
        """Its listening sockets, worker by worker."""

    def relieve(self, pid: int) -> None:
        """The process `pid` serves in its place: it drains."""

    def hurry(self) -> None:
        """There is no time left to drain."""


class Handover:
    """Listens for successors of `incumbent`, from `open` to `close`."""

    def __init__(self, incumbent: Incumbent) -> None:
        self._incumbent = incumbent
        self._listener: socket.socket | None = None
        self._path = Path()
        self._inode = 0
        self._accepting: asyncio.Task[None] | None = None
        self._successor = 0  # its process id, while one is about to take over

    def open(self, data_dir: Path) -> None:
        """Listen where the gateway of `data_dir` is asked for. One that cannot serves on: only nobody finds it."""
        try:
            self._listener, self._path = _listening(takeover.places(data_dir))
        except OSError as error:
            _log.warning("nobody can take over from this gateway without a gap: %s", error)
            return
        self._inode = self._path.stat().st_ino
        self._accepting = spawn(self._accept(self._listener), "takeovers")

    def close(self) -> None:
        """Be found no more. A successor that was relieving this gateway keeps its line."""
        if self._accepting is None or self._listener is None:
            return
        self._accepting.cancel()
        self._accepting = None
        self._listener.close()
        with contextlib.suppress(OSError):
            if self._path.stat().st_ino == self._inode:
                self._path.unlink()

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            line, _ = await loop.sock_accept(listener)
            line.setblocking(False)
            spawn(self._answer(line), "takeover")

    async def _answer(self, line: socket.socket) -> None:
        pid, uid = takeover.peer(line)
        try:
            if uid != os.geteuid():
                _log.warning("process %d of user %d asked for this gateway's place, and got no answer", pid, uid)
                return
            async with asyncio.timeout(takeover.PATIENCE):
                words = await _read(line)
            if words:  # else it only wanted to know whether anybody is here
                await self._meet(line, msgspec.json.decode(words, type=Hello), pid)
        except (OSError, msgspec.MsgspecError) as error:
            _log.warning("process %d asked for this gateway's place, and broke off: %s", pid, error)
        finally:
            if self._successor == pid:
                self._successor = 0
            line.close()

    async def _meet(self, line: socket.socket, hello: Hello, pid: int) -> None:
        loop = asyncio.get_running_loop()
        offer = self._incumbent.offer()
        if not offer.refusal and self._successor:
            offer = msgspec.structs.replace(offer, refusal=f"process {self._successor} is about to take it")
        await loop.sock_sendall(line, msgspec.json.encode(offer) + b"\n")
        if hello.wants == "who" or offer.refusal or hello.protocol != takeover.PROTOCOL:
            return
        self._successor = pid
        _log.info("process %d, outwait %s, is about to take this gateway's place", pid, hello.version)
        fds = [sock.fileno() for group in self._incumbent.lent() for sock in group]
        for start in range(0, len(fds), takeover.BATCH):
            socket.send_fds(line, [b"."], fds[start : start + takeover.BATCH])
        if await _read(line) != takeover.SERVING:
            _log.warning("process %d went before it served; this gateway stays in its place", pid)
            return
        self.close()
        self._incumbent.relieve(pid)
        await loop.sock_sendall(line, takeover.DRAINING)
        if await _read(line) == takeover.HURRY:
            self._incumbent.hurry()
            await _read(line)  # the line stays open until this process has ended


async def _read(line: socket.socket) -> bytes:
    """The next line; what there is of it when the other side is gone."""
    loop = asyncio.get_running_loop()
    data = b""
    while not data.endswith(b"\n") and len(data) < _LONGEST:
        more = await loop.sock_recv(line, _LONGEST)
        if not more:
            break
        data += more
    return data


def _listening(paths: list[Path]) -> tuple[socket.socket, Path]:
    """A socket at the first of `paths` where there can be one. Raises OSError."""
    failed: OSError = FileNotFoundError("there is no place for its socket")
    for path in paths:
        if not path.parent.is_dir():
            continue
        try:
            _clear(path)
            sock = listen.bind_side(path)
        except FileExistsError:
            raise
        except OSError as error:
            failed = error
            continue
        sock.listen(_BACKLOG)
        return sock, path
    raise failed


def _clear(path: Path) -> None:
    """Remove the socket of a dead gateway. Raises FileExistsError when one that lives has it."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.setblocking(False)
        try:
            probe.connect(str(path))
        except FileNotFoundError:
            return
        except ConnectionRefusedError:
            path.unlink(missing_ok=True)
            return
        except BlockingIOError:
            pass
    raise FileExistsError(f"another gateway with the same data_dir runs, and is found at {path}")
