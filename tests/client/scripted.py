"""A server that plays what a test says, as an inner transport for threads and for loops, and a clock that jumps."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import httpx2

Piece: TypeAlias = bytes | Exception | float  # bytes that come, the end of the line, or seconds that pass


class Time:
    """Seconds that pass when somebody sleeps. `slept`: the pauses. `woken`: called behind each."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []
        self.woken: Callable[[], object] | None = None

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        """Jump."""
        self.slept.append(seconds)
        self.now += seconds
        if self.woken is not None:
            self.woken()

    async def pause(self, seconds: float) -> None:
        """The same, for a loop."""
        self.sleep(seconds)


@dataclass
class Play:
    """One response. `before`: seconds until its head. `framed`: its end can be told from a broken line."""

    pieces: Sequence[Piece] = ()
    status: int = 200
    exchange: str = ""
    kind: str = "text/event-stream"
    headers: dict[str, str] = field(default_factory=dict)
    before: float = 0.0
    framed: bool = True
    closed: bool = False


class Server(httpx2.BaseTransport, httpx2.AsyncBaseTransport):
    """Plays its list, a response or an exception for each request. `asked`: what it was asked."""

    def __init__(self, time: Time, *plays: Play | Exception) -> None:
        self.time = time
        self.plays = list(plays)
        self.played: list[Play] = []
        self.asked: list[httpx2.Request] = []
        self.closed = False

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The next response."""
        self.asked.append(request)
        if not self.plays:
            raise AssertionError(f"nobody expected {request.method} {request.url}")
        play = self.plays.pop(0)
        if isinstance(play, Exception):
            raise play
        self.time.now += play.before
        self.played.append(play)
        headers = {"content-type": play.kind, **play.headers}
        if play.exchange:
            headers["x-outwait-exchange"] = play.exchange
        if play.framed:
            headers["transfer-encoding"] = "chunked"
        return httpx2.Response(play.status, headers=headers, stream=_Body(play, self.time))

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The next response."""
        return self.handle_request(request)

    def close(self) -> None:
        """See `closed`."""
        self.closed = True

    async def aclose(self) -> None:
        """See `closed`."""
        self.closed = True

    @property
    def targets(self) -> list[str]:
        """What was asked, in short."""
        return [f"{each.method} {each.url.raw_path.decode()}" for each in self.asked]


class _Body(httpx2.SyncByteStream, httpx2.AsyncByteStream):
    def __init__(self, play: Play, time: Time) -> None:
        self._play = play
        self._time = time

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._play.pieces:
            if isinstance(piece, Exception):
                raise piece
            if isinstance(piece, float):
                self._time.now += piece
            else:
                yield piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for piece in self:
            yield piece

    def close(self) -> None:
        self._play.closed = True

    async def aclose(self) -> None:
        self._play.closed = True
