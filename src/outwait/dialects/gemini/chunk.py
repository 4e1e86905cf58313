"""What stands in one chunk of a Gemini reply, taken as far as it can be taken: a chunk is a whole small reply.

Nothing here fails for a chunk that is not typed as it should be; what cannot be read counts as not there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from outwait.core.fault import Fault
from outwait.core.reply import Usage
from outwait.dialects import document, lenient
from outwait.dialects.told import fault_of, number_of, text_of

# What two outwaits, or others, send to keep a line alive.
EMPTY = b'{"candidates":[{"content":{"parts":[{"text":""}],"role":"model"},"index":0}]}'
MUSING = b'{"candidates":[{"content":{"parts":[{"text":" ","thought":true}],"role":"model"},"index":0}]}'
PINGS = frozenset({b"", b"{}", b"[]", b"null", b"ping", b"[ping]", b"keepalive", b"keep-alive", EMPTY, MUSING})
PING_EVENTS = frozenset({b"ping", b"keepalive", b"keep-alive", b"heartbeat"})

# Keys of a part that say nothing by themselves.
_SILENT = frozenset({"thought", "thoughtSignature", "partMetadata", "mediaResolution", "videoMetadata"})
_UNSAID = frozenset({"FINISH_REASON_UNSPECIFIED", "BLOCK_REASON_UNSPECIFIED", "BLOCKED_REASON_UNSPECIFIED", ""})
_REPLY = frozenset({"candidates", "usageMetadata", "promptFeedback"})


def candidates_of(chunk: Mapping[str, Any]) -> list[tuple[int, dict[str, Any]]]:
    """The candidates of `chunk`, each with its index."""
    found = chunk.get("candidates")
    made: list[tuple[int, dict[str, Any]]] = []
    for place, candidate in enumerate(found if isinstance(found, list) else ()):
        if isinstance(candidate, dict):
            index = candidate.get("index", place)
            made.append((index if type(index) is int and index >= 0 else place, candidate))
    return made


def parts_of(candidate: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The parts of a candidate's content."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    return [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []


def says(part: Mapping[str, Any]) -> bool:
    """Whether `part` holds words or what stands for them; a signature alone says nothing."""
    for key, value in part.items():
        if key == "text":
            if value not in {"", None}:
                return True
        elif key not in _SILENT and value is not None:
            return True
    return False


def reason_of(candidate: Mapping[str, Any]) -> str:
    """Why the candidate is over; empty while it is not."""
    return _word(candidate.get("finishReason"))


def block_of(chunk: Mapping[str, Any]) -> str:
    """Why the prompt was refused; empty where it was not."""
    feedback = chunk.get("promptFeedback")
    return _word(feedback.get("blockReason")) if isinstance(feedback, dict) else ""


def _word(value: object) -> str:
    return value if isinstance(value, str) and value not in _UNSAID else ""


def usage_of(value: object) -> Usage | None:
    """The token counts in `usageMetadata`; what is missing or not a count is 0. None if it is no object."""
    if not isinstance(value, dict):
        return None
    thoughts = lenient.count(value, "thoughtsTokenCount")
    return Usage(
        input=lenient.count(value, "promptTokenCount") + lenient.count(value, "toolUsePromptTokenCount"),
        output=lenient.count(value, "candidatesTokenCount") + thoughts,
        cached=lenient.count(value, "cachedContentTokenCount"),
        reasoning=thoughts,
    )


def error_in(value: object, raw: bytes, *, named: bool = False) -> Fault | None:
    """The fault that a decoded JSON `value` tells, or None if it tells none; Google wraps some errors in an array.

    `raw` is its text. `named`: the upstream itself called it an error (`event: error`), whatever it looks like.
    """
    if isinstance(value, list) and value and isinstance(value[0], dict) and value[0].get("error"):
        value = value[0]
        raw = document.dumps(value)
    if not isinstance(value, dict):
        return fault_of(value if isinstance(value, str) else "", {}, raw) if named else None
    error = value.get("error")
    if isinstance(error, dict) and error:
        told = raw if len(value) == 1 else document.dumps({"error": error})
        return fault_of(text_of(error), error, told)
    if error:
        return fault_of(error if isinstance(error, str) else text_of(value), value, raw)
    if named or (_REPLY.isdisjoint(value) and (text_of(value) or number_of(value.get("code")))):
        return fault_of(text_of(value), value, raw)
    return None
