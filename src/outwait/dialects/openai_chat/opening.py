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


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered."""
    return Head(200, STREAM_TYPE if call.stream else JSON_TYPE)


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> PlainVoice:
    """The voice of outwait in one chat reply."""
    return PlainVoice(beat(call, heartbeat, profile), stream_error)


def beat(call: Call, heartbeat: Heartbeat, profile: Profile) -> bytes:
    """The bytes of one heartbeat; empty where the mode allows none."""
    if not heartbeat.enabled or heartbeat.mode in _SILENT:
        return b""
    if not call.stream:
        return b"\n"
    return _BEATS[profile.chat if heartbeat.mode == "auto" else heartbeat.mode]
