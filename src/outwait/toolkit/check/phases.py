"""Where a probe stands, and what each phase took: read from what the HTTP library tells of its connection.

Pure: events and the times they came go in. The events are httpcore's trace events without the name of their layer, such
as `connect_tcp.started`; behind a proxy some come twice, and the last one counts, since the first was the proxy's.
Until the proxy has made its way (CONNECT was granted, SOCKS is set up) nothing is sent to the endpoint: a probe is
still connecting.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from outwait.core.fault import Clock, Fault, Stage
from outwait.toolkit.check.probe import Outcome, rounded

_HEAD: Final = "receive_response_headers.complete"
_FLUSHED: Final = "send_request_body.complete"
_WRITING: Final = "send_request_headers.started"
_DIALLING: Final = "connect_tcp.started"
_DIALLED: Final = "connect_tcp.complete"
_SOCKS: Final = "setup_socks5_connection.complete"
_ASKED: Final = (_FLUSHED, "setup_socks5_connection.started")
"""Events with which a proxy has been asked for a way: it gets the time of a connection for it."""

STEPS: Final = {
    "start_tls.started": (Stage.CONNECTING, Clock.CONNECT),
    _WRITING: (Stage.SENDING, Clock.WRITE),
    _FLUSHED: (Stage.SENT, Clock.FIRST_BYTE),
    _HEAD: (Stage.HEAD, Clock.IDLE),
}
"""Event -> the stage that begins, and the clock that runs in it (of a stream, `first_token` once the head is there)."""

_SPANS: Final = {
    "connect": (_DIALLING, _DIALLED),
    "tls": ("start_tls.started", "start_tls.complete"),
    "write": (_WRITING, _FLUSHED),
    "first_byte": (_FLUSHED, _HEAD),
}


class Spans(NamedTuple):
    """What the phases took, as in `Probe`."""

    connect: float | None
    tls: float | None
    write: float | None
    first_byte: float | None
    first_token: float | None
    ttft: float | None
    total: float


class Phases:
    """The phases of one probe that began at `start`. `stage`: how far it came. `proxied`: it goes through a proxy.
    `tunnel`: that is asked for a way through first.
    """

    __slots__ = ("_end", "_granted", "_marks", "_open", "_proxied", "_tunnel", "stage", "start")

    def __init__(self, start: float, *, proxied: bool = False, tunnel: bool = False) -> None:
        self.start = start
        self.stage = Stage.CONNECTING
        self._proxied = proxied
        self._tunnel = tunnel
        self._granted = self._open = False  # CONNECT was answered; the tunnel stands
        self._marks: dict[str, float] = {}
        self._end: float | None = None

    def note(self, event: str, now: float) -> Clock | None:
        """An event; the clock of the phase that begins with it, if one does."""
        if self.at_proxy and _DIALLED in self._marks and not self._passed(event):
            return Clock.CONNECT if event in _ASKED else None
        self._marks[event] = now
        step = STEPS.get(event)
        if step is None:
            return None
        self.stage = step[0]
        return step[1]

    def end(self, now: float) -> None:
        """The answer is whole, or the probe failed; only the first time counts."""
        if self._end is None:
            self._end = now

    @property
    def at_proxy(self) -> bool:
        """Whether a proxy is still to be reached, or has not yet made the way."""
        return self._proxied and _DIALLING in self._marks and _WRITING not in self._marks and not self._open

    def _passed(self, event: str) -> bool:
        """Whether `event` is the first one that is not the proxy's alone."""
        if not self._tunnel:
            return event == _WRITING
        self._granted = self._granted or event == _HEAD
        self._open = event == _SOCKS or (self._granted and event == "start_tls.started")
        return self._open

    @property
    def reached(self) -> bool:
        """Whether a TCP connection was made."""
        return _DIALLED in self._marks

    @property
    def secure(self) -> bool:
        """Whether TLS was begun."""
        return "start_tls.started" in self._marks

    @property
    def reused(self) -> bool:
        """Whether the request went over a connection that was there already."""
        return _WRITING in self._marks and _DIALLING not in self._marks

    @property
    def waited(self) -> float | None:
        """Seconds from the whole request to the head of the reply; None where one of them never was."""
        sent, head = self._marks.get(_FLUSHED), self._marks.get(_HEAD)
        return None if sent is None or head is None else head - sent

    def spans(self, first: float | None) -> Spans:
        """What they took; `first`: when the first content came."""
        marks = self._marks
        told = {
            name: rounded(marks[end] - marks[begin]) if begin in marks and end in marks else None
            for name, (begin, end) in _SPANS.items()
        }
        head = marks.get(_HEAD)
        return Spans(
            **told,
            first_token=None if first is None or head is None else rounded(first - head),
            ttft=None if first is None else rounded(first - self.start),
            total=round((self._end or self.start) - self.start, 6),
        )


def outcome(failed: Fault | None) -> Outcome:
    """How the probe ended."""
    if failed is None:
        return "ok"
    return "error" if failed.clock is None else "timeout"
