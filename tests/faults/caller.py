"""A client on a bare socket, without a thread: it can leave with a reset, close its side, or stop reading."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable, Mapping
from typing import Self

TINY = 4096  # bytes: the receive buffer of a client that is to stall
PATIENCE = 20.0  # seconds


class Caller:
    """One connection and the one answer on it.

    `status` and `headers` are there with the head; `body` is what came so far, without its framing. `end`: `open`,
    `whole` (its framing ended), `cut` (closed before), or `reset`.
    """

    def __init__(self, port: int, *, receive: int | None = None) -> None:
        self._sock = socket.socket()
        if receive is not None:
            self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive)
        self._sock.setblocking(False)
        self._port = port
        self._raw = bytearray()
        self._left: int | None = None  # bytes of a body with a length; None: chunked
        self.status = 0
        self.headers: dict[str, str] = {}
        self.body = bytearray()
        self.end = "open"

    async def __aenter__(self) -> Self:
        try:
            await asyncio.get_running_loop().sock_connect(self._sock, ("127.0.0.1", self._port))
        except BaseException:
            self._sock.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        self._sock.close()

    async def send(self, data: bytes) -> None:
        await asyncio.get_running_loop().sock_sendall(self._sock, data)

    async def until(self, true: Callable[[], bool], patience: float = PATIENCE) -> bool:
        """Read until `true`, or to the answer's end; whether it became true. Raises TimeoutError."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(patience):
            while not true() and self.end == "open":
                try:
                    data = await loop.sock_recv(self._sock, 1 << 16)
                except ConnectionError:
                    self.end = "reset"
                    break
                if data:
                    self._raw += data
                    self._parse()
                elif self.end == "open":
                    self.end = "cut"
        return true()

    async def to_the_end(self, patience: float = PATIENCE) -> None:
        """Read the whole answer, or what there will be of it."""
        await self.until(lambda: False, patience)

    # -- how it leaves

    def reset(self) -> None:
        """Close with a RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def finish(self) -> None:
        """Close this side (FIN); the other side could still talk."""
        self._sock.shutdown(socket.SHUT_WR)

    # -- reading

    def _parse(self) -> None:
        if not self.status:
            head, mark, rest = bytes(self._raw).partition(b"\r\n\r\n")
            if not mark:
                return
            lines = head.decode("latin-1").split("\r\n")
            self.status = int(lines[0].split(" ")[1])
            self.headers = {
                name.lower(): value.strip() for name, _, value in (each.partition(":") for each in lines[1:])
            }
            self._raw = bytearray(rest)
            if self.headers.get("transfer-encoding") != "chunked":
                self._left = int(self.headers["content-length"])
        if self._left is None:
            self._chunks()
            return
        self.body += self._raw[: self._left]
        self._left -= len(self._raw[: self._left])
        self._raw.clear()
        if self._left == 0:
            self.end = "whole"

    def _chunks(self) -> None:
        raw = self._raw
        while (at := raw.find(b"\r\n")) >= 0:
            size = int(raw[:at], 16)
            if len(raw) < at + 2 + size + 2:
                return
            self.body += raw[at + 2 : at + 2 + size]
            del raw[: at + 2 + size + 2]
            if size == 0:
                self.end = "whole"
                return


def asking(method: str, path: str, headers: Mapping[str, str], body: bytes = b"") -> bytes:
    """A request."""
    given = {"Host": "localhost", "Content-Type": "application/json", "Content-Length": str(len(body)), **headers}
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{method} {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


async def get(port: int, path: str, headers: Mapping[str, str], patience: float = PATIENCE) -> Caller:
    """A GET of `path`, read to its end."""
    async with Caller(port) as caller:
        await caller.send(asking("GET", path, {**headers, "Connection": "close"}))
        await caller.to_the_end(patience)
        return caller
