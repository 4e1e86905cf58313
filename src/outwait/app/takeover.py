"""Taking the place of a gateway that runs: its listening sockets first, its work only when this one serves.

The gateway that runs (the predecessor) listens on a Unix socket: `serve.sock` in its data_dir, or, where that cannot
be, one in the runtime directory that is named by the data_dir. Whoever wants its place (the successor) connects there:

    successor    {"protocol": 1, "version": ..., "wants": "sockets"}      or "who", only to learn who has the port
    predecessor  {"pid": ..., "host": ..., "refusal": "", "groups": [1, 1], ...}, then the sockets (SCM_RIGHTS)
    successor    serving      once all its workers serve; had it gone before, nothing would have happened
    predecessor  draining     and the line stays open until it has ended
    successor    hurry        it was itself told to hurry

Both see to it that the other one is of their own user (SO_PEERCRED, unix(7)).
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import socket
import struct
from collections.abc import Iterator
from hashlib import blake2b
from importlib.metadata import version
from pathlib import Path
from typing import Final, Literal

import msgspec

from outwait.app import doors
from outwait.app.sockets import Group, close
from outwait.config.settings import ServerSection

_log = logging.getLogger("outwait")

PROTOCOL: Final = 1
BATCH: Final = 200  # sockets in one message; Linux takes 253
SERVING, DRAINING, HURRY = b"serving\n", b"draining\n", b"hurry\n"
PATIENCE = 10.0  # seconds for one answer
_NAME = "serve.sock"
_LONGEST_LINE = 65_536
_CREDENTIALS = struct.Struct("3i")


class Hello(msgspec.Struct, frozen=True, gc=False):
    """What a successor says first."""

    protocol: int
    version: str
    wants: Literal["who", "sockets"]


class Offer(msgspec.Struct, frozen=True, gc=False):
    """What a gateway that runs says of itself. `host`, `port`: as they were configured; `bound`: the port it has;
    `refusal`: why its place cannot be taken, "" if it can; `shared`: all workers accept from the same sockets, which
    somebody else opened; `folder`: of its side doors, "" if it has none; `groups`: how many sockets each worker has.
    """

    protocol: int
    version: str
    pid: int
    host: str
    port: int
    bound: int
    refusal: str = ""
    shared: bool = False
    folder: str = ""
    groups: tuple[int, ...] = ()


class TakeoverError(Exception):
    """The place of the gateway that runs cannot be taken; the text says why, and what would help."""


class Predecessor:
    """The gateway whose place is being taken. `groups`: its listening sockets, as its workers have them."""

    def __init__(self, line: socket.socket, offer: Offer, groups: list[Group]) -> None:
        self.offer = offer
        self.groups = groups
        self._line = line
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def relieve(self) -> bool:
        """Let it drain, since everybody serves here; False when it is gone or does not answer."""
        self._line.setblocking(False)
        try:
            self._reader, self._writer = await asyncio.open_unix_connection(sock=self._line)
            self._writer.write(SERVING)
            async with asyncio.timeout(PATIENCE):
                return await self._reader.readline() == DRAINING
        except (OSError, ValueError):  # TimeoutError is an OSError
            return False

    async def ended(self) -> None:
        """Wait until it is gone, if it drains."""
        if self._reader is not None:
            with contextlib.suppress(OSError):
                await self._reader.read()

    def hurry(self) -> None:
        """Pass on that there is no time left."""
        if self._writer is not None:
            self._writer.write(HURRY)

    def close(self) -> None:
        """Let go of it; one that was not relieved serves on."""
        if self._writer is not None:
            self._writer.close()
        self._line.close()


def ask(data_dir: Path, server: ServerSection) -> Predecessor | None:
    """Receive the sockets of the gateway that runs with `data_dir`; None when none does. Raises TakeoverError."""
    seen = who(data_dir)
    if seen is None:
        return None
    check(seen, server)  # before the other one hears that its place is wanted
    found = _asked(data_dir, "sockets")
    if found is None:
        return None
    line, offer = found
    groups: list[Group] = []
    try:
        check(offer, server)
        groups.extend(_received(line, offer.groups))
    except (OSError, TakeoverError) as error:
        close(groups)
        line.close()
        if isinstance(error, TakeoverError):
            raise
        raise TakeoverError(
            f"The gateway with process id {offer.pid} did not hand over its sockets: {error}."
        ) from None
    return Predecessor(line, offer, groups)


def who(data_dir: Path) -> Offer | None:
    """The gateway that runs with `data_dir`; None when none does. Raises TakeoverError when it does not answer."""
    found = _asked(data_dir, "who")
    if found is None:
        return None
    found[0].close()
    return found[1]


def check(offer: Offer, server: ServerSection) -> None:
    """Raises TakeoverError unless a gateway of `server` can stand in the place that is offered."""
    if offer.refusal:
        raise TakeoverError(f"The gateway with process id {offer.pid} keeps its place: {offer.refusal}.")
    if offer.protocol != PROTOCOL:
        told = f"speaks another takeover protocol ({offer.protocol}, this one {PROTOCOL})"
        raise TakeoverError(f"The gateway with process id {offer.pid}, outwait {offer.version}, {told}: stop it first.")
    if offer.shared:
        return  # whoever opened the sockets says where they listen
    if server.host != offer.host:
        raise TakeoverError(_moved("host", offer.host, server.host))
    if server.port not in (offer.port, offer.bound):
        raise TakeoverError(_moved("port", offer.bound, server.port))


def places(data_dir: Path) -> list[Path]:
    """Where the socket of the gateway of `data_dir` may be, best first."""
    folder = data_dir.absolute()
    digest = blake2b(os.fsencode(folder.resolve()), digest_size=8).hexdigest()
    found = [folder / _NAME, *(place / f"outwait-{digest}.sock" for place in doors.places())]
    return [path for path in found if len(os.fsencode(path)) <= doors.LONGEST]


def peer(line: socket.socket) -> tuple[int, int]:
    """Process id and user of the other side."""
    credentials = line.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size)
    pid, uid, _ = _CREDENTIALS.unpack(credentials)
    return pid, uid


def _moved(what: str, old: object, new: object) -> str:
    return (
        f"server.{what} is {old} at the gateway that runs, and {new} in this configuration: its place cannot be taken"
        f" elsewhere. Set server.{what} back, or stop that gateway and start this one without --takeover."
    )


def _asked(data_dir: Path, wants: Literal["who", "sockets"]) -> tuple[socket.socket, Offer] | None:
    for path in places(data_dir):
        line = socket.socket(socket.AF_UNIX)
        line.settimeout(PATIENCE)
        try:
            line.connect(str(path))
        except OSError:  # nobody, or the socket of a dead one
            line.close()
            continue
        if peer(line)[1] != os.geteuid():
            line.close()  # anybody may put a file into a shared temporary directory
            continue
        try:
            line.sendall(msgspec.json.encode(Hello(PROTOCOL, version("outwait"), wants)) + b"\n")
            return line, msgspec.json.decode(_line(line), type=Offer)
        except (OSError, msgspec.MsgspecError) as error:
            line.close()
            raise TakeoverError(f"What listens at {path} does not answer as a gateway: {error}.") from None
    return None


def _line(line: socket.socket) -> bytes:
    """Its first line, and nothing behind it: the sockets come with the bytes that follow."""
    data = b""
    while not data.endswith(b"\n"):
        byte = line.recv(1)
        if not byte or len(data) > _LONGEST_LINE:
            raise ConnectionAbortedError("it hung up")
        data += byte
    return data


def _received(line: socket.socket, sizes: tuple[int, ...]) -> Iterator[Group]:
    """The sockets, worker by worker."""
    fds: list[int] = []
    try:
        while len(fds) < sum(sizes):
            data, more, flags, _ = socket.recv_fds(line, 1, BATCH)
            fds.extend(more)
            if not data or not more or flags & socket.MSG_CTRUNC:
                raise ConnectionAbortedError("not all of them came")
        for fd in fds:
            os.set_inheritable(fd, False)
        rest = iter([socket.socket(fileno=fd) for fd in fds])
    except OSError:
        for fd in fds:
            os.close(fd)
        raise
    for size in sizes:
        yield [next(rest) for _ in range(size)]
