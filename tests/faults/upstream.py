"""The upstream of the matrix: one port for all cells; each plays its own cell's part, step by step, when it is told to.

Nothing here waits for a time: a cell's client says when it has come to its phase, and the fault strikes then.
"""

from __future__ import annotations

import asyncio
import re
import socket
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.faults import speech
from tests.faults.cells import CLIENT, UPSTREAM, Cell, Fault, Phase, Reader

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
_MODEL = re.compile(rb"cell-[a-z0-9-]+")
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nTransfer-Encoding: chunked\r\n%b\r\n"
# A pooled connection that breaks within a second, before any byte, is repaired: here each call has a fresh one.
_CLOSE = b"Connection: close\r\n"
_BULK = 1 << 19  # bytes of an answer that no socket's buffer hides from a client that does not read


def _chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


_END = b"0\r\n\r\n"


@dataclass(slots=True)
class Part:
    """One cell's part, shared by its client and the upstream.

    `calls`: of the upstream. `asked`: the first has come. `answer`: the client says that the whole answer may come,
    where the upstream breaks behind it. `strike`: the client says: now. `said`: the rest was written. `closed`: the
    gateway closed the upstream connection of the first call.
    """

    cell: Cell
    calls: int = 0
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    answer: asyncio.Event = field(default_factory=asyncio.Event)
    strike: asyncio.Event = field(default_factory=asyncio.Event)
    said: asyncio.Event = field(default_factory=asyncio.Event)
    closed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def pieces(self) -> list[str]:
        """The answer."""
        more = ["x" * _BULK] if self.cell.fault is Fault.CLIENT_STALL else []
        return [self.cell.model, " one", " two", " three", *more, " end"]

    @property
    def text(self) -> str:
        return "".join(self.pieces)

    @property
    def whole(self) -> bytes:
        """The answer's body, unframed."""
        dialect = self.cell.dialect
        if not self.cell.stream:
            return speech.reply(dialect, self.pieces)
        said = speech.opening(dialect) + speech.words(dialect, self.pieces)
        return said + speech.ending(dialect, self.pieces)


SAID = 2  # pieces that are out in the phase `flowing`


class Upstream:
    """The server. `parts`: model -> the cell's part."""

    def __init__(self, parts: Mapping[str, Part]) -> None:
        self._parts = parts
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.port = 0

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, backlog=1024)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Cut what is open and close."""
        assert self._server is not None
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            await self._answer(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Play the connection's one call."""
        head = await reader.readuntil(b"\r\n\r\n")
        length = re.search(rb"content-length: *(\d+)", head, re.IGNORECASE)
        body = await reader.readexactly(int(length[1])) if length else b""
        found = _MODEL.search(head) or _MODEL.search(body)
        assert found is not None, head + body
        part = self._parts[found[0].decode()]
        part.calls += 1
        kind = b"text/event-stream" if part.cell.stream else b"application/json"
        if part.calls > 1:  # another attempt: a good answer, so that one that should not have been made is seen
            writer.write(_HEAD % (kind, _CLOSE) + _chunk(part.whole) + _END)
            return
        if part.cell.phase is Phase.AFTER and part.cell.fault not in UPSTREAM:
            writer.write(_HEAD % (kind, _CLOSE) + _chunk(part.whole) + _END)
            part.asked.set()
            return
        gone = asyncio.ensure_future(_until_gone(reader, part))
        try:
            part.asked.set()
            await _play(part, kind, writer)
            await part.closed.wait()
        finally:
            gone.cancel()


async def _until_gone(reader: asyncio.StreamReader, part: Part) -> None:
    try:
        while await reader.read(1 << 16):
            pass
    except ConnectionError:
        pass
    part.closed.set()


async def _play(part: Part, kind: bytes, writer: asyncio.StreamWriter) -> None:
    cell = part.cell
    head = _HEAD % (kind, b"" if _ends_framed(cell) else _CLOSE)
    out = b""
    if cell.phase is Phase.AFTER:
        await part.answer.wait()
    if cell.phase is not Phase.BEFORE:
        out = _before_strike(part)
        writer.write(head + _chunk(out) + (_END if _ends_framed(cell) else b""))
    await part.strike.wait()
    if cell.fault in CLIENT:
        if cell.reader is Reader.FINISH or cell.fault is Fault.CLIENT_STALL:
            rest = part.whole[len(out) :]
            writer.write((b"" if out else head) + _chunk(rest) + _END)
            part.said.set()
    elif cell.fault in UPSTREAM:
        _break(part, writer)


def _ends_framed(cell: Cell) -> bool:
    """Whether the framing ends with the answer, before the fault strikes."""
    if cell.phase is not Phase.AFTER:
        return False
    inside = cell.fault in (Fault.UPSTREAM_STALL, Fault.UPSTREAM_TRUNCATE)
    return not (inside or _tells_behind(cell))


def _tells_behind(cell: Cell) -> bool:
    """An error event behind the stream's own end, inside its framing."""
    return cell.fault is Fault.UPSTREAM_ERROR and cell.stream and cell.dialect != "gemini"


def _before_strike(part: Part) -> bytes:
    """What is out when the fault strikes."""
    cell = part.cell
    if cell.phase is Phase.AFTER:
        return part.whole
    if not cell.stream:
        body = speech.refusal(cell.dialect) if cell.fault is Fault.UPSTREAM_ERROR else part.whole
        return body[: len(body) // 2]
    said = speech.words(cell.dialect, part.pieces[:SAID]) if cell.phase is Phase.FLOWING else b""
    return speech.opening(cell.dialect) + said


def _break(part: Part, writer: asyncio.StreamWriter) -> None:
    cell = part.cell
    if cell.fault is Fault.UPSTREAM_RST:
        sock: socket.socket = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()
    elif cell.fault is Fault.UPSTREAM_FIN:
        writer.close()
    elif cell.fault is Fault.UPSTREAM_TRUNCATE:
        if cell.phase is Phase.BEFORE:
            writer.write(_HEAD[:20])
        elif cell.phase is not Phase.AFTER:
            writer.write(_END)
        writer.close()
    elif cell.fault is Fault.UPSTREAM_ERROR:
        writer.write(_late_error(cell))


def _late_error(cell: Cell) -> bytes:
    body = speech.refusal(cell.dialect)
    answer = b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: application/json\r\nContent-Length: %d\r\n%b\r\n%b"
    if cell.phase is Phase.BEFORE or (cell.phase is Phase.AFTER and not _tells_behind(cell)):
        return answer % (len(body), _CLOSE, body)  # behind an answer: a response that nobody asked for
    if cell.stream:
        return _chunk(speech.error_event(cell.dialect, SAID + 1)) + _END
    return _chunk(body[len(body) // 2 :]) + _END
