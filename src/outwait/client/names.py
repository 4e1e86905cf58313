"""What a transport remembers from one call to the next: who is a gateway, and what broken calls were named.

A name (`Idempotency-Key`) lets a repeated request find the exchange that its first try began. An SDK repeats a call
by itself as a new request with `x-stainless-retry-count`; it gets the name of the call that failed before it, or
the gateway would take it for another question (docs/exchanges.md).
"""

from __future__ import annotations

from collections import deque
from hashlib import blake2b
from threading import Lock
from typing import Final
from uuid import uuid4

KEPT: Final = 600.0  # seconds; SDKs retry within two minutes
_MOST: Final = 1000

Question = bytes


def question(method: str, url: str, body: bytes) -> Question:
    """16 bytes that are equal for the same request."""
    digest = blake2b(digest_size=16)
    for part in (method.encode(), url.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.digest()


class Memory:
    """Shared by all calls of a transport, in whatever thread they run."""

    def __init__(self) -> None:
        self._broken: deque[tuple[float, Question, str]] = deque(maxlen=_MOST)
        self._gateways: dict[str, bool] = {}
        self._beats: dict[str, float] = {}
        self._lock = Lock()

    def is_gateway(self, origin: str) -> bool | None:
        """Whether outwait answers there; None: nobody knows yet."""
        return self._gateways.get(origin)

    def learn(self, origin: str, *, gateway: bool) -> None:
        """It was seen who answers at `origin`. A gateway stays one: what stands between may answer too."""
        with self._lock:
            self._gateways[origin] = gateway or self._gateways.get(origin, False)

    def beats(self, origin: str) -> float:
        """Seconds of silence in which a gateway's heartbeats are sure to come, as it said itself; 0: it did not."""
        return self._beats.get(origin, 0.0)

    def told(self, origin: str, beats: float) -> None:
        """A gateway said how often its heartbeats come; infinity: never."""
        with self._lock:
            self._beats[origin] = beats

    def name(self, asked: Question, now: float, *, retry: bool) -> str:
        """The name of a call; `retry`: an SDK says that it repeats one, which may have had a name."""
        with self._lock:
            while self._broken and self._broken[0][0] + KEPT <= now:
                self._broken.popleft()
            if retry:
                for each in self._broken:
                    if each[1] == asked:
                        self._broken.remove(each)
                        return each[2]
        return f"outwait-{uuid4().hex}"

    def broke(self, asked: Question, name: str, now: float) -> None:
        """A call went without its answer; its retry may come."""
        with self._lock:
            self._broken.append((now, asked, name))
