"""What one call or chunk costs in the gateway's own code: the real parts of a worker, on transports that do nothing.

Run as `python -m bench.micro [--calls N] [--rounds N] [--profile]`. It prints the microseconds of the best round for
a short JSON call (as in W1) and for a streamed chunk (as in W2), without system calls, other processes or the ledger's
thread: a change of one in a hundred shows, which it does not in a run over sockets.
"""

from __future__ import annotations

import argparse
import asyncio
import cProfile
import gc
import pstats
import socket
import sys
import time
from collections.abc import Callable, Sequence

import uvloop

from bench.http import KEY, STREAM_HEAD, chunk, completion, delta, request
from outwait.app import gateway
from outwait.config.load import loads
from outwait.ledger.logs import Logs
from outwait.wire.connection import Connection
from outwait.wire.inlet import Inlet

_CONFIG = f"""
server: {{host: 127.0.0.1, port: 1, workers: 1}}
keep_results: {{enabled: false}}
channels:
  - {{name: provider, dialect: openai, base_url: "http://127.0.0.1:9/v1", api_key: sk-provider}}
keys:
  - {{name: bench, key: {KEY}}}
"""
_BODY = completion()
_SHORT = (
    b"HTTP/1.1 200 OK\r\nServer: nginx/1.22.1\r\nDate: Mon, 23 Nov 2026 10:00:00 GMT\r\n"
    b"Content-Type: application/json\r\nContent-Length: %d\r\n"
    b"Connection: keep-alive\r\nx-request-id: req_bench\r\n\r\n%b" % (len(_BODY), _BODY)
)
_CLIENTS = 64
_STREAMS = 100


class Silent(asyncio.Transport):
    """A transport that takes everything and does nothing; `written` is the latest it was given. `sock`: a socket of
    which nothing is ever waiting.
    """

    __slots__ = ("written",)

    def __init__(self, sock: socket.socket) -> None:
        super().__init__({"socket": sock})
        self.written = b""

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Gone."""
        self.written = data  # type: ignore[assignment]  # whoever writes here writes bytes

    def get_write_buffer_size(self) -> int:
        """Nothing ever waits."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Nothing ever waits."""

    def can_write_eof(self) -> bool:
        """As on TCP."""
        return True

    def is_closing(self) -> bool:
        """Never."""
        return False

    def abort(self) -> None:
        """Nothing to close."""

    def close(self) -> None:
        """Nothing to close."""

    def pause_reading(self) -> None:
        """Nothing is read."""

    def resume_reading(self) -> None:
        """Nothing is read."""


class Bench:
    """A worker's parts with `count` clients, and as many idle connections to its provider."""

    def __init__(self, count: int) -> None:
        self.made = gateway.build(loads(_CONFIG), Logs("error"))
        self.loop = asyncio.get_running_loop()
        self._ends = socket.socketpair()
        self.clients = [self._client() for _ in range(count)]
        address = self.made.upstream._book._addresses["provider", "chat.completions", False][0]  # noqa: SLF001
        self.lines: list[Connection] = []
        for _ in range(count):
            line = self.made.upstream._make(address.endpoint)  # no dial: there is nobody to dial
            line.connection_made(Silent(self._ends[0]))
            self.lines.append(line)
            line._home.put(line)  # noqa: SLF001 - it is the pool

    def _client(self) -> Inlet:
        inlet = self.made.server.protocol_factory()
        inlet.connection_made(Silent(self._ends[0]))
        return inlet

    def forget(self) -> None:
        """Drop what waits for the ledger, whose work is not measured."""
        self.made.recorder._waiting.clear()  # noqa: SLF001 - its thread does not run

    async def close(self) -> None:
        """End all."""
        for client in self.clients:
            client.connection_lost(None)
        await self.made.close(0.0)
        for end in self._ends:
            end.close()


def best(run: Callable[[], None], rounds: int) -> float:
    """Seconds of the quickest of `rounds` runs."""
    spans = []
    for _ in range(rounds):
        gc.collect()
        begun = time.perf_counter()
        run()
        spans.append(time.perf_counter() - begun)
    return min(spans)


def calls_run(bench: Bench, calls: int) -> Callable[[], None]:
    """`calls` short calls: all clients ask, then all are answered, in turn."""
    asked = request(1, "gpt-4o-mini", "short", stream=False)
    rounds = calls // len(bench.clients)

    def run() -> None:
        for _ in range(rounds):
            for client in bench.clients:
                client.data_received(asked)
            for line in bench.lines:
                line.data_received(_SHORT)
        bench.forget()

    return run


def chunks_run(bench: Bench, chunks: int) -> Callable[[], None]:
    """`chunks` chunks, spread over the streams of all clients, which run already."""
    asked = request(1, "gpt-4o", "drip-0", stream=True)
    for client in bench.clients:
        client.data_received(asked)
    for line in bench.lines:
        line.data_received(STREAM_HEAD + chunk(delta(" Hello")))
    drip = chunk(delta(" patience"))
    rounds = chunks // len(bench.lines)

    def run() -> None:
        for _ in range(rounds):
            for line in bench.lines:
                line.data_received(drip)

    return run


async def measure(calls: int, rounds: int, *, profile: bool = False) -> tuple[float, float]:
    """Microseconds of a call and of a chunk."""
    found = []
    for count, make in ((_CLIENTS, calls_run), (_STREAMS, chunks_run)):
        bench = Bench(count)
        run = make(bench, calls)
        run()
        gc.freeze()
        found.append(best(run, rounds) / (calls // count * count) * 1e6)
        if profile:
            profiler = cProfile.Profile()
            profiler.runcall(run)
            pstats.Stats(profiler, stream=sys.stderr).sort_stats("tottime").print_stats(60)
        await bench.close()
    return found[0], found[1]


def main(arguments: Sequence[str]) -> int:
    """Measure and tell."""
    parser = argparse.ArgumentParser(prog="python -m bench.micro", description=__doc__)
    parser.add_argument("--calls", type=int, default=6400, help="calls, and chunks, of a round")
    parser.add_argument("--rounds", type=int, default=15, help="the best of so many is told")
    parser.add_argument("--profile", action="store_true", help="print who was called how often to standard error")
    options = parser.parse_args(arguments)
    call, piece = uvloop.run(measure(options.calls, options.rounds, profile=options.profile))
    sys.stdout.write(f"{call:.2f} us a call, {piece:.2f} us a chunk\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
