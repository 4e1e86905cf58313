"""A way to choose the worker: connections to a gateway whose workers share one port, sorted by who took them."""

from __future__ import annotations

import socket
import threading
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.e2e.asking import Line
from tests.e2e.stage import Gateway

_TRIES = 400
_WHO = b"GET /nobody HTTP/1.1\r\nHost: localhost\r\n\r\n"


def worker_of(exchange: str) -> str:
    """Which process made an exchange, by its id."""
    return exchange[3:9]


def reach(gateway: Gateway, worker: str | None = None, other_than: str | None = None) -> tuple[Line, str]:
    """A connection to that worker, or to any but `other_than`; and who it is."""
    for _ in range(_TRIES):
        line = Line(gateway.port)
        line.send(_WHO)
        found = worker_of(line.hear().headers["x-outwait-exchange"])
        if found != other_than and worker in (None, found):
            return line, found
        line.__exit__()
    raise AssertionError(f"no connection reached {worker or f'another than {other_than}'}")


def crew(gateway: Gateway) -> dict[int, str]:
    """The processes of its workers, and the names they have now."""
    told = Path(f"/proc/{gateway.process.pid}/task/{gateway.process.pid}/children").read_text()
    found = {}
    for pid in map(int, told.split()):
        with suppress(OSError):  # it has just ended
            for each in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0"):
                if each.startswith(b"OUTWAIT_WORKER_SIDE_DOOR="):
                    found[pid] = each.decode().rpartition("/")[2]
    return found


def lives(gateway: Gateway) -> int:
    """How many of its workers have served until now, those that are gone included."""
    return gateway.text().count(" room for ")


def pid_of(gateway: Gateway, worker: str) -> int:
    """The process that has this name now."""
    for pid, name in crew(gateway).items():
        if name.endswith(worker):
            return pid
    raise AssertionError(f"no process is {worker}")


class Steering:
    """A relay before a gateway that takes each connection to another worker than the one before. `taken`: to whom."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self.taken: list[str] = []
        self._thread = threading.Thread(target=self._accept, name="steering", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, _: type[BaseException] | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._thread.join(5)
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            line, worker = reach(self._gateway, other_than=self.taken[-1] if self.taken else None)
            self.taken.append(worker)
            threading.Thread(target=_carry, args=(client, line._sock), daemon=True).start()


def _carry(client: socket.socket, upstream: socket.socket) -> None:
    """Pass everything on, both ways, until one side ends."""
    upstream.settimeout(None)
    back = threading.Thread(target=_pump, args=(upstream, client), daemon=True)
    back.start()
    _pump(client, upstream)
    back.join()
    client.close()
    upstream.close()


def _pump(source: socket.socket, target: socket.socket) -> None:
    """Pass bytes on, and the end."""
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
    for end in (source, target):
        try:
            end.shutdown(socket.SHUT_RDWR)
        except OSError:
            continue
