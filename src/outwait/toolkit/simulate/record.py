"""What a simulated provider received and what became of it: for tests that ask, and for people who look.

Promises: no secret is kept (values of headers that hold one are masked), the newest calls only, and prompts only as the
beginning of the last user message and a hash of the body.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

from outwait.config.secret import MASK, names_secret

KEPT = 10_000
_QUESTION_LENGTH = 200


@dataclass(slots=True)
class Received:
    """One call. Times in seconds: `at` from the start of the simulator, `seconds` from the call's head to its end.

    `method`: GET and DELETE, and the POST of a cancellation, are about a response that is there. `charged`: a
    generation was begun for it. `status`: told to the client, 0 before. `sent`, `pieces`: bytes of the body handed to
    the wire, and in how many writes. `cut`: the client left before the script was over. `outcome`: running | whole |
    error | broken | cut, where `broken` is a reply that the script spoiled.
    """

    number: int
    path: str
    at: float
    body_sha256: str
    body_bytes: int
    headers: dict[str, str] = field(default_factory=dict)
    model: str = ""
    stream: bool = False
    question: str = ""
    status: int = 0
    sent: int = 0
    pieces: int = 0
    cut: bool = False
    outcome: str = "running"
    seconds: float | None = None
    method: str = "POST"
    charged: bool = False


class Calls:
    """The calls received since the last `reset`. `total`: all of them; `kept`: the newest, oldest first."""

    __slots__ = ("_bodies", "kept", "total")

    def __init__(self) -> None:
        self.kept: deque[Received] = deque(maxlen=KEPT)
        self.total = 0
        self._bodies: dict[str, int] = {}

    def receive(self, path: str, headers: Mapping[str, str], body: bytes, at: float, method: str = "POST") -> Received:
        """Take note of a call."""
        self.total += 1
        digest = hashlib.sha256(body).hexdigest()
        call = Received(self.total, path, at, digest, len(body), _safe(headers), method=method)
        self.kept.append(call)
        return call

    @property
    def charged(self) -> int:
        """How many of the kept were charged."""
        return sum(call.charged for call in self.kept)

    def times(self, digest: str) -> int:
        """How often this was asked for this body, this time included: what `flaky` counts by."""
        count = self._bodies.get(digest, 0) + 1
        self._bodies[digest] = count
        return count

    def reset(self) -> None:
        """Forget everything."""
        self.kept.clear()
        self._bodies.clear()
        self.total = 0


def asked(call: Received, model: str, text: str, *, stream: bool) -> None:
    """What a call asks, once that is known."""
    call.model = model
    call.stream = stream
    call.question = text[:_QUESTION_LENGTH]


def _safe(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: MASK if names_secret(name) else value for name, value in headers.items()}
