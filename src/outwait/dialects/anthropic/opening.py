"""What a client gets before and between the upstream's words: the head of its reply, and the voice that beats in it.

A Messages stream may begin with nothing but `message_start`, so the first heartbeat, if the upstream said nothing yet,
brings one of outwait's own; the upstream's is then left out, and the count of input tokens it had is told with the next
`message_delta` instead, where SDKs take it over too.

Clients whose timer counts no pings (FACTS 1.1.5) also get a `message_delta` that says nothing. SDKs take its stop
reason for the answer's, so none is sent once the upstream has told the true one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outwait.core.fault import Fault
from outwait.core.plan import Heartbeat
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.anthropic import usage
from outwait.dialects.anthropic.errors import stream_error
from outwait.dialects.anthropic.fold import line
from outwait.dialects.dialect import Voice
from outwait.dialects.profiles import Profile
from outwait.dialects.sniff import JSON_TYPE, STREAM_TYPE
from outwait.dialects.voice import PlainVoice, Unnumbered

PING = b'event: ping\ndata: {"type": "ping"}\n\n'
NUDGE = line(
    "message_delta",
    delta={"stop_reason": None, "stop_sequence": None},
    usage={"output_tokens": 0},
)
ID = "msg_outwait"  # of an answer that has begun before its upstream named it
_NUDGED = 120  # seconds of beating after which a client that counts events is nudged (FACTS 1.1.5)
_PLAIN = {"comment": b": ping\n\n", "whitespace": b"\n"}
_SILENT = frozenset({"off", "headers"})
_GAP = b"\n\n"


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered."""
    return Head(200, STREAM_TYPE if call.stream else JSON_TYPE)


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> Voice:
    """The voice of outwait in one reply."""
    if not heartbeat.enabled or heartbeat.mode in _SILENT:
        return PlainVoice(b"", stream_error)
    if not call.stream:
        return PlainVoice(b"\n", stream_error)
    if heartbeat.mode in _PLAIN:
        return PlainVoice(_PLAIN[heartbeat.mode], stream_error)
    nudges = heartbeat.mode == "event" or profile.messages == "delta"
    return MessagesVoice(call.model, max(int(_NUDGED // heartbeat.every), 1) if nudges else 0)


class MessagesVoice(Unnumbered):
    """The voice in a stream; see `dialect.Voice`. `nudge`: with each so-manieth beat an empty `message_delta` goes out;
    0: with none.
    """

    __slots__ = ("_beats", "_held", "_model", "_nudge", "_opened", "_stopped", "_usage", "edits")

    def __init__(self, model: str, nudge: int) -> None:
        self.edits = True  # until the answer is known to have begun by itself, or needs no change any more
        self._model = model
        self._nudge = nudge
        self._opened = ""  # who began the message: "", "us" or "them"
        self._stopped = False  # the stop reason is out
        self._usage: dict[str, Any] | None = None  # of the message_start that was left out
        self._held: list[bytes] = []  # an event that is not whole yet
        self._beats = 0

    def resume(self, after: int, inserted: Sequence[int]) -> None:
        """A client that has seen an event has seen the beginning."""
        if after > 0:
            self._opened, self.edits = "them", self._nudge > 0

    def beat(self) -> bytes:
        """A ping, behind a beginning if there is none yet."""
        self._beats += 1
        if not self._opened:
            self._opened = "us"
            return self._start() + PING
        if self._nudge and not self._stopped and self._beats % self._nudge == 0:
            return PING + NUDGE
        return PING

    def _start(self) -> bytes:
        return line(
            "message_start",
            message={
                "id": ID,
                "type": "message",
                "role": "assistant",
                "model": self._model,
                "content": [],
                "stop_reason": None,
                "stop_sequence": None,
                "usage": usage.told_of(None),
            },
        )

    def say(self, data: bytes) -> bytes:
        """The answer's bytes, without a second beginning."""
        if not self._opened:
            self._opened = "them"
            self.edits = self._nudge > 0
        if not self.edits:
            return data
        whole = self._cut(data)
        if b"message_start" not in whole and b"message_delta" not in whole:
            return whole
        out: list[bytes] = []
        for piece in whole.split(_GAP)[:-1]:
            out += self._one(piece)
        return b"".join(out) + self._rest()

    def _rest(self) -> bytes:
        """What was held, if nothing needs to be changed any more."""
        if self.edits:
            return b""
        held, self._held = b"".join(self._held), []
        return held

    def _cut(self, data: bytes) -> bytes:
        """The whole events so far; the rest is held."""
        edge = bool(self._held) and self._held[-1].endswith(b"\n") and data.startswith(b"\n")
        at = data.rfind(_GAP)
        if at < 0 and not edge:
            self._held.append(data)
            return b""
        end = at + len(_GAP) if at >= 0 else 1
        whole = b"".join((*self._held, data[:end]))
        self._held = [data[end:]] if end < len(data) else []
        return whole

    def _one(self, piece: bytes) -> list[bytes]:
        """One event, as this client must see it."""
        kind, told = _read(piece)
        if kind == "message_start" and self._opened == "us" and self._usage is None:
            message = told.get("message")
            counts = message.get("usage") if isinstance(message, dict) else None
            self._usage = counts if isinstance(counts, dict) else {}
            return []
        if kind != "message_delta":
            return [piece, _GAP]
        delta = told.get("delta")
        self._stopped = self._stopped or (isinstance(delta, dict) and delta.get("stop_reason") is not None)
        if self._stopped or not self._nudge:
            self.edits = False
        if not self._usage:
            return [piece, _GAP]
        told["usage"] = usage.merged(self._usage, told.get("usage"))
        self._usage = {}
        return [line("message_delta", **{key: value for key, value in told.items() if key != "type"})]

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """See `dialect.Voice`."""
        return stream_error(fault, exchange_id)


def _read(piece: bytes) -> tuple[str, dict[str, Any]]:
    """The type and the fields of one event, if it is one that may have to be changed."""
    data = b"\n".join(text[5:] for text in piece.split(b"\n") if text.startswith(b"data:"))
    if b'"message_start"' not in data and b'"message_delta"' not in data:
        return "", {}
    try:
        told = document.loads(data)
    except ValueError:
        return "", {}
    return (str(told.get("type")), told) if isinstance(told, dict) else ("", {})
