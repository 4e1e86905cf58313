"""What a client gets before the upstream's words: the head of its reply, and heartbeats where the format has room.

JSON takes white space before it, event streams take comments. Sound, subtitles and plain text take nothing, and their
very type is only known when the upstream has answered: such a reply is `silent`.
"""

from __future__ import annotations

from outwait.core.plan import Heartbeat
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects.openai_errors import stream_error
from outwait.dialects.passthrough import request
from outwait.dialects.profiles import Profile
from outwait.dialects.sniff import JSON_TYPE, STREAM_TYPE
from outwait.dialects.voice import PlainVoice

_COMMENT = b": ping\n\n"
# A completion's chunk that says nothing and has a choice, since clients index `choices[0]` (FACTS 1.2).
_EVENT = b'data: {"choices":[{"index":0,"text":"","logprobs":null,"finish_reason":null}]}\n\n'
_BLANK = b"\n"
_MUTE = frozenset({"off", "headers"})
_SPOKEN = frozenset({"audio.transcriptions", "audio.translations"})
_TEXTS = frozenset({"text", "srt", "vtt"})


def silent(call: Call) -> bool:
    """Whether nothing may be said before the upstream answers, not even the head: what form the reply has is not known
    or has no room for it."""
    if call.stream:
        return False
    if call.endpoint == "audio.speech":
        return True
    return call.endpoint in _SPOKEN and request.facts(call).written in _TEXTS


def reply_head(call: Call) -> Head:
    """The head of the reply when it is opened before the upstream answered; never asked for one that is `silent`."""
    return Head(200, STREAM_TYPE if call.stream else JSON_TYPE)


def voice(call: Call, heartbeat: Heartbeat, profile: Profile) -> PlainVoice:
    """The voice of outwait in one reply."""
    return PlainVoice(beat(call, heartbeat, profile), stream_error)


def beat(call: Call, heartbeat: Heartbeat, profile: Profile) -> bytes:
    """The bytes of one heartbeat; empty where the mode or the form of the reply allows none."""
    if not heartbeat.enabled or heartbeat.mode in _MUTE or silent(call):
        return b""
    if not call.stream:
        return _BLANK
    mode = profile.chat if heartbeat.mode == "auto" else heartbeat.mode
    if mode == "whitespace":
        return _BLANK
    # The events of pictures and sound are a closed set: one that says nothing is not among them.
    return _EVENT if mode == "event" and call.endpoint == "completions" else _COMMENT
