"""A client that sees every byte and when it came: one call over a bare socket, its answer piece by piece."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

PATIENCE = 15.0  # seconds
CHAT = "/v1/chat/completions"


@dataclass(slots=True)
class Heard:
    """An answer as it came.

    `pieces`: body chunks with the second each arrived at, counted from the request. `end`: `whole` (its framing ended),
    `cut` (the connection closed before that), `reset`, or `open` (not read to its end).
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    pieces: list[tuple[float, bytes]] = field(default_factory=list)
    end: str = "open"
    seconds: float = 0.0

    @property
    def body(self) -> bytes:
        """All pieces."""
        return b"".join(piece for _, piece in self.pieces)

    @property
    def json(self) -> Any:
        """The body as JSON."""
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The error object, from a JSON body or from a stream's error event."""
        found = next((each for each in self.events if "error" in each), None) if b"data: " in self.body else self.json
        assert found is not None, f"no error in {self.body!r}"
        error = found["error"]
        assert error["message"]
        return dict(error)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The JSON events of a stream."""
        lines = self.body.decode().splitlines()
        return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]

    @property
    def text(self) -> str:
        """What the model said, streamed or not."""
        if b"data: " not in self.body:
            return str(self.json["choices"][0]["message"]["content"])
        deltas = [choice["delta"] for event in self.events for choice in event.get("choices", [])]
        return "".join(delta.get("content") or "" for delta in deltas)

    @property
    def finished(self) -> bool:
        """Whether a client would take this stream for a normal end."""
        reasons = [choice["finish_reason"] for event in self.events for choice in event.get("choices", [])]
        return any(reasons)

    @property
    def beats(self) -> list[float]:
        """When heartbeats came."""
        return [at for at, piece in self.pieces if piece in (b": ping\n\n", b"\n")]


def chat(model: str, *, stream: bool = False, question: str = "How long?", **more: Any) -> bytes:
    """The body of a call."""
    asked = {"model": model, "stream": stream, "messages": [{"role": "user", "content": question}], **more}
    return json.dumps(asked).encode()


def request(body: bytes, headers: Mapping[str, str] | None = None, path: str = CHAT) -> bytes:
    """A POST of `body` to `path`."""
    given = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        **(headers or {}),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode() + body


class Line:
    """One connection. Closes when left."""

    def __init__(self, port: int) -> None:
        self._sock = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self._sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._buffer = b""
        self._start = time.monotonic()
        self._deadline = self._start + PATIENCE

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._sock.close()

    def send(self, data: bytes) -> None:
        """Send `data`; a server that has closed already is no failure of the client."""
        self._start = time.monotonic()
        try:
            self._sock.sendall(data)
        except ConnectionError:
            pass

    def hear(self, *, seconds: float | None = None) -> Heard:
        """The answer; at most `seconds` of it if given."""
        heard = Heard()
        self._deadline = time.monotonic() + (PATIENCE if seconds is None else seconds)
        try:
            self._head(heard)
            self._body(heard)
            heard.end = "whole"
        except TimeoutError:
            if seconds is None:
                raise
        except EOFError:
            heard.end = "cut"
        except ConnectionError:
            heard.end = "reset"
        heard.seconds = time.monotonic() - self._start
        return heard

    def closed(self, seconds: float = 3.0) -> bool:
        """Whether the server closes within `seconds` without saying more."""
        self._sock.settimeout(seconds)
        try:
            return self._buffer == b"" and self._sock.recv(1) == b""
        except ConnectionError:
            return True
        except TimeoutError:
            return False

    def _head(self, heard: Heard) -> None:
        head = self._until(b"\r\n\r\n").decode("latin-1").split("\r\n")
        heard.status = int(head[0].split(" ")[1])
        heard.headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}

    def _body(self, heard: Heard) -> None:
        if heard.headers.get("transfer-encoding") == "chunked":
            while size := int(self._until(b"\r\n"), 16):
                self._piece(heard, size)
                assert self._until(b"\r\n") == b""
            assert self._until(b"\r\n") == b""
        elif "content-length" in heard.headers:
            self._piece(heard, int(heard.headers["content-length"]))

    def _piece(self, heard: Heard, size: int) -> None:
        try:
            while len(self._buffer) < size:
                self._more()
        finally:
            data, self._buffer = self._buffer[:size], self._buffer[size:]
            heard.pieces.append((time.monotonic() - self._start, data))

    def _until(self, mark: bytes) -> bytes:
        while mark not in self._buffer:
            self._more()
        data, _, self._buffer = self._buffer.partition(mark)
        return data

    def _more(self) -> None:
        left = (
            self._deadline - time.monotonic()
        )  # in all: heartbeats would keep a timeout per read from ever running out
        if left <= 0:
            raise TimeoutError
        self._sock.settimeout(left)
        data = self._sock.recv(65536)
        if not data:
            raise EOFError
        self._buffer += data


def ask(port: int, body: bytes, headers: Mapping[str, str] | None = None, path: str = CHAT) -> Heard:
    """One call on a connection of its own."""
    with Line(port) as line:
        line.send(request(body, headers, path))
        return line.hear()


def get(port: int, path: str, headers: Mapping[str, str] | None = None) -> Heard:
    """A GET of `path`."""
    given = "".join(f"{name}: {value}\r\n" for name, value in (headers or {}).items())
    with Line(port) as line:
        line.send(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{given}\r\n".encode())
        return line.hear()
