"""What a client gets before and between the upstream's words: the head of its reply, and heartbeats."""

from __future__ import annotations

from outwait.core.plan import Heartbeat
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects.openai_errors import stream_error
from outwait.dialects.profiles import Profile
from outwait.dialects.sniff import JSON_TYPE, STREAM_TYPE
from outwait.dialects.voice import PlainVoice

# FACTS 1.2. The event says nothing and has a choice: clients index `choices[0]`.
_BEATS = {
    "comment": b": ping\n\n",
    "event": b'data: {"choices":[{"index":0,"delta":{"content":""},"finish_reason":null}]}\n\n',
    "whitespace": b"\n",
}
_SILENT = frozenset({"off", "headers"})
# Seconds of beating after which a client that may count chunks gets one: langchain-openai gives up after 120 s without
# (`stream_chunk_timeout`, asynchronous streams), and nothing in its headers tells it from the SDK below it.
_NUDGED = 60


class NudgingVoice(PlainVoice):
    """Comments, and with each so-manieth of them an event that says nothing."""

    __slots__ = ("_beats", "_nudge")

    def __init__(self, nudge: int) -> None:
        super().__init__(_BEATS["comment"], stream_error)
        self._nudge = nudge
        self._beats = 0

    def beat(self) -> bytes:
        """A comment, and an event when its time has come."""
        self._beats += 1
        return _BEATS["comment"] + (_BEATS["event"] if self._beats % self._nudge == 0 else b"")


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered."""
    return Head(200, STREAM_TYPE if call.stream else JSON_TYPE)


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> PlainVoice:
    """The voice of outwait in one chat reply."""
    nudges = call.stream and heartbeat.enabled and heartbeat.mode == "auto" and profile.chat == "nudge"
    if nudges:
        return NudgingVoice(max(int(_NUDGED // heartbeat.every), 1))
    return PlainVoice(beat(call, heartbeat, profile), stream_error)


def beat(call: Call, heartbeat: Heartbeat, profile: Profile) -> bytes:
    """The bytes of one heartbeat; empty where the mode allows none."""
    if not heartbeat.enabled or heartbeat.mode in _SILENT:
        return b""
    if not call.stream:
        return b"\n"
    mode = profile.chat if heartbeat.mode == "auto" else heartbeat.mode
    return _BEATS["comment" if mode == "nudge" else mode]
