"""The reader for a reply on a plain route: events, one JSON body, or bytes, by what was asked and what really came."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import msgspec

from outwait.core.plan import Candidate
from outwait.core.reply import Head
from outwait.core.request import Call
from outwait.dialects import passing, sniff
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_errors import DONE
from outwait.dialects.passthrough import fold, raw, request
from outwait.dialects.passthrough.endpoints import ENDPOINTS
from outwait.dialects.passthrough.opening import silent
from outwait.dialects.passthrough.watch import Watch

# An event holds a whole picture: one of 4096 pixels a side as PNG is some 20 MB in base64.
PICTURE_LIMIT = 32 * 1024 * 1024
_PASSED = ("openai-processing-ms", "openai-version", "content-disposition")
_BYTES = "application/octet-stream"
_SOUNDS = ("audio/", "application/ogg", _BYTES)
# A page is no answer, whatever was asked for; reading it as JSON says so.
_READ = frozenset({"text/event-stream", "text/html"})


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names)."""
    named = headers.get("content-type", "")
    kind = named.partition(";")[0].strip().lower()
    json = kind == sniff.JSON_TYPE or kind.endswith("+json")
    sound = call.endpoint == "audio.speech"
    if kind not in _READ and not json:
        if silent(call):
            head = sniff.head_of(status, named or _BYTES, headers, _PASSED)
            return raw.RawReader(head, blank=not sound and bool(kind))
        if sound and kind.startswith(_SOUNDS):
            head = sniff.head_of(status, sniff.STREAM_TYPE, headers, _PASSED)
            return raw.RawReader(head, wrap=raw.sound_event, closing=raw.SOUND_DONE)
    head = sniff.head_of(status, sniff.STREAM_TYPE if call.stream else sniff.JSON_TYPE, headers, _PASSED)
    return sniff.choose(call, candidate, headers, head, _MAKERS)


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    row = ENDPOINTS[call.endpoint]
    if call.endpoint == "completions":
        watch = Watch(row, _completions(call))
        if call.stream:
            return passing.StreamReader(head, watch, tail=DONE)
        return passing.FoldReader(head, watch, fold.Fold())
    if not call.stream:
        return passing.FoldReader(head, Watch(row), fold.Unasked())
    pictures = row.name.startswith("images.")
    watch = Watch(row, request.facts(call).count if pictures else 1)
    return passing.StreamReader(head, watch, limit=PICTURE_LIMIT) if pictures else passing.StreamReader(head, watch)


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body: held until it is whole, whatever its size, so that an
    error can be told as what it is and the usage is known."""
    row = ENDPOINTS[call.endpoint]
    return passing.WholeReader(head, Watch(row, plain=call.stream and row.blank), _unfold(call))


def _unfold(call: Call) -> Callable[[bytes], bytes]:
    if not call.stream:
        return bytes
    if call.endpoint == "completions":
        return fold.completion(call.include_usage)
    if call.endpoint == "audio.transcriptions":
        return fold.transcript
    if call.endpoint == "audio.speech":
        return _no_sound
    return fold.pictures(ENDPOINTS[call.endpoint].ends[0])


def _no_sound(body: bytes) -> bytes:
    raise ValueError(f"JSON where sound should be: {body[:200]!r}")


class _Prompts(msgspec.Struct, gc=False):
    prompt: list[msgspec.Raw] = []


def _completions(call: Call) -> int:
    """How many choices a completion has: `n` for each prompt; a list of numbers is one prompt."""
    try:
        prompts = [bytes(each) for each in _decode_prompts(call.body).prompt]
    except (ValueError, RecursionError):
        prompts = []
    several = [each for each in prompts if each.startswith((b'"', b"["))]
    return request.facts(call).count * max(len(several), 1)


_decode_prompts = msgspec.json.Decoder(_Prompts).decode
_MAKERS = (streamed, whole)
