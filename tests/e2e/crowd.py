"""Many clients at a time, each with connections of its own, kept alive from call to call; and what they were told."""

from __future__ import annotations

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Self

from tests.e2e.asking import Heard, Line, ask, request
from tests.e2e.steering import worker_of

Bodies = Iterable[bytes]


def together(port: int, bodies: Bodies, headers: Mapping[str, str] | None = None) -> list[Heard]:
    """All of `bodies` asked at once; returns when all are answered, in their order."""
    waiting = begin(port, bodies, headers)
    return [each.result() for each in waiting]


def begin(port: int, bodies: Bodies, headers: Mapping[str, str] | None = None) -> list[Future[Heard]]:
    """All of `bodies` asked at once, without waiting for the answers."""
    asked = list(bodies)
    pool = ThreadPoolExecutor(max(1, len(asked)), "client")
    try:
        return [pool.submit(ask, port, body, headers) for body in asked]
    finally:
        pool.shutdown(wait=False)


def stream_of(port: int, body: bytes, count: int, *, clients: int, lines: int) -> Counter[str]:
    """`count` calls by `clients` over `lines` connections one after another; returns how many each worker has taken.

    Any answer but a whole 200 fails the test.
    """
    data = request(body)
    left = [count // lines + (place < count % lines) for place in range(lines)]
    taken: Counter[str] = Counter()
    lock = threading.Lock()

    def call() -> None:
        while True:
            with lock:
                if not left:
                    return
                calls = left.pop()
            with Line(port) as line:
                for _ in range(calls):
                    line.send(data)
                    heard = line.hear()
                    assert (heard.status, heard.end) == (200, "whole"), heard.body
                    with lock:
                        taken[worker_of(heard.headers["x-outwait-exchange"])] += 1

    with ThreadPoolExecutor(clients, "client") as pool:
        for each in [pool.submit(call) for _ in range(clients)]:
            each.result()
    return taken


class Load:
    """One client that asks again and again, `every` so many seconds, until it is left. `heard`: the answers.

    `at`: when each call began, in seconds of `time.monotonic`.
    """

    def __init__(self, port: int, body: Callable[[], bytes], every: float) -> None:
        self.heard: list[Heard] = []
        self.at: list[float] = []
        self._port = port
        self._body = body
        self._every = every
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="load", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def channels(self, since: float, until: float = math.inf) -> Counter[str]:
        """How many answers each channel gave, to calls that began in that time."""
        pairs = zip(self.at, list(self.heard), strict=False)
        return Counter(heard.headers["x-outwait-channel"] for at, heard in pairs if since <= at < until)

    def _run(self) -> None:
        with Line(self._port) as line:
            while not self._over.wait(self._every):
                self.at.append(time.monotonic())
                line.send(request(self._body()))
                self.heard.append(line.hear())
