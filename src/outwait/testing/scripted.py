r"""A scripted upstream: attempts that a test drives by hand, or by a script in virtual time.

A script is a generator function over the `Line` of one attempt: it reports what happens and yields the seconds until it
goes on. `Upstream` is the port `core.progress.Open`; scripts are taken in the order of the attempts, an attempt without
one is the test's to drive.

    def thinks_for_an_hour(line: Line) -> Script:
        line.connect()
        line.send()
        yield 3600
        line.answer(b"hello\n.\n")

    upstream = Upstream(thinks_for_an_hour)
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping

from outwait.core.fault import Fault, fault
from outwait.core.plan import Candidate
from outwait.core.progress import Errand, Sink
from outwait.core.request import Call

Script = Iterator[float]


class Line:
    """One attempt as its upstream sees it; also its handle (core.progress.Attempt).

    `state`: open | ended | failed | cancelled | left. `paused`: no more is read. `waiting`: request bytes it did not
    take. What is reported while paused is kept until it is read on, as a kernel does; what is reported after the
    attempt was cancelled or left reaches nobody.
    """

    def __init__(
        self,
        candidate: Candidate,
        body: bytes,
        sink: Sink,
        *,
        fresh: bool,
        call: Call | None = None,
        errand: Errand | None = None,
    ) -> None:
        self.candidate = candidate
        self.request = body
        self.fresh = fresh
        self.call = call
        self.errand = errand
        self.state = "open"
        self.paused = False
        self.waiting = 0
        self.holds: list[tuple[str, float]] = []  # pauses and resumes, with their times
        self._sink = sink
        self._kept: list[Callable[[], None]] = []

    # -- the upstream's side -------------------------------------------------------------------------------------

    def connect(self, *, reused: bool = False) -> None:
        """A connection is there."""
        if self.state == "open":
            if not reused:
                self._sink.resolved()
            self._sink.connected(reused)

    def wrote(self, left: int) -> None:
        """More of the request was taken."""
        self.waiting = left
        if self.state == "open":
            self._sink.wrote(left)

    def send(self) -> None:
        """The whole request was taken."""
        self.waiting = 0
        if self.state == "open":
            self._sink.sent()

    def head(self, status: int = 200, headers: Mapping[str, str] | None = None, *, whole: bool = False) -> None:
        """The response head; `whole`: the rest follows at once, as the wire says of what came in one read."""
        self._report(lambda: self._sink.head(status, headers or {}, whole=whole))

    def body(self, data: bytes) -> None:
        """A piece of the response."""
        self._report(lambda: self._sink.body(data))

    def end(self) -> None:
        """The response is whole by its framing."""
        self._report(lambda: self._over("ended", self._sink.end))

    def fail(self, failed: Fault | str) -> None:
        """The attempt breaks; nothing that is kept back matters any more."""
        broken = fault(failed) if isinstance(failed, str) else failed
        if self.state == "open":
            self._over("failed", lambda: self._sink.failed(broken))

    def reach(self) -> None:
        """Everything until the whole request was taken."""
        self.connect()
        self.send()

    def answer(self, *pieces: bytes, status: int = 200, whole: bool = False) -> None:
        """A response at once: head, pieces, end."""
        self.head(status, whole=whole)
        for piece in pieces:
            self.body(piece)
        self.end()

    # -- the handle ----------------------------------------------------------------------------------------------

    def pause(self) -> None:
        """See `core.progress.Attempt`."""
        if not self.paused:
            self.paused = True
            self.holds.append(("pause", asyncio.get_running_loop().time()))

    def resume(self) -> None:
        """See `core.progress.Attempt`; what was kept is told at once."""
        if self.paused:
            self.paused = False
            self.holds.append(("resume", asyncio.get_running_loop().time()))
            while self._kept and not self.paused and self.state == "open":
                self._kept.pop(0)()

    def cancel(self) -> None:
        """See `core.progress.Attempt`."""
        if self.state == "open":
            self.state = "cancelled"

    def leave(self) -> None:
        """See `core.progress.Attempt`."""
        if self.state == "open":
            self.state = "left"

    def left(self) -> int:
        """Request bytes not taken yet."""
        return self.waiting

    def _report(self, tell: Callable[[], None]) -> None:
        if self.state != "open":
            return
        if self.paused:
            self._kept.append(tell)
        else:
            tell()

    def _over(self, state: str, tell: Callable[[], None]) -> None:
        self.state = state
        tell()


class Upstream:
    """Starts attempts (core.progress.Open). `lines`: all of them, oldest first."""

    def __init__(self, *scripts: Callable[[Line], Script]) -> None:
        self.lines: list[Line] = []
        self._scripts = deque(scripts)

    def __call__(
        self,
        candidate: Candidate,
        body: bytes,
        sink: Sink,
        *,
        fresh: bool,
        call: Call | None = None,
        errand: Errand | None = None,
    ) -> Line:
        """Start an attempt; its script begins before this returns, as on a pooled connection."""
        line = Line(candidate, body, sink, fresh=fresh, call=call, errand=errand)
        self.lines.append(line)
        if self._scripts:
            _go_on(self._scripts.popleft()(line))
        return line

    @property
    def line(self) -> Line:
        """The latest attempt."""
        return self.lines[-1]

    @property
    def running(self) -> list[Line]:
        """The attempts that are not over."""
        return [line for line in self.lines if line.state == "open"]


def _go_on(script: Script) -> None:
    wait = next(script, None)
    if wait is not None:
        asyncio.get_running_loop().call_later(wait, _go_on, script)


# -- scripts that many tests need ------------------------------------------------------------------------------------


def answers(*pieces: bytes, after: float = 0.0, every: float = 0.0, status: int = 200) -> Callable[[Line], Script]:
    """Silent for `after` seconds, then the head and the pieces, `every` seconds apart, and the end."""

    def script(line: Line) -> Script:
        line.reach()
        yield after
        line.head(status)
        for piece in pieces:
            line.body(piece)
            yield every
        line.end()

    return script


def breaks(failed: Fault | str, *, after: float = 0.0) -> Callable[[Line], Script]:
    """Takes the request and breaks after so many seconds."""

    def script(line: Line) -> Script:
        line.reach()
        yield after
        line.fail(failed)

    return script


def refuses(failed: Fault | str, *, after: float = 0.0) -> Callable[[Line], Script]:
    """Fails before there is a connection."""

    def script(line: Line) -> Script:
        yield after
        line.fail(failed)

    return script


def hangs(line: Line) -> Script:
    """Takes the request and never says anything."""
    line.reach()
    yield from ()
