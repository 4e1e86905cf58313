"""What an upstream's Responses reply says of itself: words, usage, errors, and whether it is whole.

Words are deltas that are not empty and items that were finished with words in them; a hosted tool's call counts from
its beginning, since the model has decided then. A response that was only created or is in progress has said nothing,
except in the background, where its id is what the client waits for; where outwait keeps the response, the client has
that from outwait already.
"""

from __future__ import annotations

from typing import Any

import msgspec

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects import cut, document, lenient
from outwait.dialects.told import fault_of, text_of

# Names and data by which upstreams keep a stream alive (FACTS 1.4).
PINGS = frozenset({"keepalive", "keep-alive", "ping", "heartbeat"})
_PING_DATA = frozenset({b"", b"{}", b"[]", b"null", b"ping", b"keepalive", b"keep-alive", b"heartbeat"})
_DONE = b"[DONE]"
ENDS = frozenset({"response.completed", "response.incomplete", "response.cancelled"})
FAILED = "response.failed"
STARTS = frozenset({"response.created", "response.queued", "response.in_progress"})
_PENDING = frozenset({"queued", "in_progress"})
_SETTLED = frozenset({"completed", "incomplete", "cancelled"})
# A response may end so without a word.
_WORDLESS = frozenset({"incomplete", "cancelled"})
_PLAIN_ITEMS = frozenset({"message", "reasoning"})

# Codes of a failed response that speak of the request itself: another attempt would fail alike.
_REFUSED = frozenset({
    "invalid_prompt", "bio_policy", "misalignment_policy_violation", "data_residency_mismatch", "invalid_image",
    "invalid_image_format", "invalid_base64_image", "invalid_image_url", "image_too_large", "image_too_small",
    "image_parse_error", "image_content_policy_violation", "invalid_image_mode", "image_file_too_large",
    "unsupported_image_media_type", "empty_image_file", "image_file_not_found",
})  # fmt: skip


class _Piece(msgspec.Struct, gc=False):
    """An event that brings words."""

    type: str
    delta: str


_piece = msgspec.json.Decoder(_Piece).decode


class Watch:
    """Judges one reply; see `watch.Watch`. `background`: the client asked for a background job, and that it was begun
    is an answer. `kept`: outwait has told the client so itself; words are an answer, and nothing else.
    """

    __slots__ = (
        "_background", "_kept", "begun", "complete", "content", "fault", "finished", "progress", "usage", "wordless",
    )  # fmt: skip

    def __init__(self, *, background: bool = False, kept: bool = False) -> None:
        self.begun = self.content = self.wordless = self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._background = background and not kept
        self._kept = kept

    def event(self, name: bytes, data: bytes) -> bool:
        """See `watch.Watch`."""
        self.progress = False
        if name.endswith(b".delta"):
            try:
                said = _piece(data).delta != ""
            except ValueError:
                return self._other(name, data)  # perhaps a delta of a kind that is no text
            self.begun = self.progress = True
            self.content = self.content or said
            return True
        return self._other(name, data)

    def _other(self, name: bytes, data: bytes) -> bool:
        kind = name.decode(errors="replace")
        if kind in PINGS or data.startswith(_DONE) or (kind != "error" and data.strip().lower() in _PING_DATA):
            return False
        try:
            value = document.loads(data)
        except ValueError:
            value = data.decode(errors="replace")
        if not isinstance(value, dict):
            self.progress = True
            self.fault = fault_of(str(value), {}, data) if kind == "error" else _no_event(data)
            return False
        kind = value["type"] if isinstance(value.get("type"), str) else kind
        if kind in PINGS:
            return False
        self.begun = self.progress = True
        if kind == "error" or (value.get("error") and not kind.startswith("response.")):
            self.fault = fault_in(value)
        elif kind:
            self._take(kind, value)
        else:
            self.fault = _no_event(data)
        return self.fault is None

    def _take(self, kind: str, value: dict[str, Any]) -> None:
        response = value.get("response")
        if kind in ENDS or kind == FAILED:
            self._end(kind.removeprefix("response."), response if isinstance(response, dict) else {})
        elif kind in STARTS:
            self.content = self.content or self._background
        elif kind == "response.output_item.done":
            self.content = self.content or item_says(value.get("item"))
        elif kind == "response.output_item.added":
            item = value.get("item")
            hosted = isinstance(item, dict) and item.get("type") not in _PLAIN_ITEMS
            self.content = self.content or hosted
        elif kind.endswith(".delta"):
            self.content = self.content or bool(value.get("delta"))

    def _end(self, status: str, response: dict[str, Any]) -> None:
        self.usage = usage_of(response.get("usage")) or self.usage
        if status == "failed":
            self.fault = fault_in(response)
            return
        self.finished = self.complete = True
        self.wordless = status in _WORDLESS
        self.content = self.content or output_says(response.get("output"))

    def whole(self, body: bytes) -> None:
        """See `watch.Watch`."""
        value, self.fault = response_in(body)
        if value is None:
            return
        self.begun = True
        self.usage = usage_of(value.get("usage"))
        status = str(value.get("status", "completed"))
        if status == "failed" or value.get("error"):
            self.fault = fault_in(value)
        elif status in _SETTLED:
            self._end(status, value)
        elif status in _PENDING:
            # A background job's state is all there is to say, unless somebody waits for its words.
            self.complete = self.content = not self._kept
        else:
            self.fault = fault("upstream_bad_response", detail=f"a response whose status is {status!r}")

    def stray(self, text: bytes) -> Fault | None:
        """See `watch.Watch`."""
        value, _ = response_in(text)  # perhaps only the first lines of it are here, so half a response tells nothing
        return fault_in(value) if value is not None and value.get("error") else None


def response_in(body: bytes) -> tuple[dict[str, Any] | None, Fault | None]:
    """The response in a JSON body, or the fault that it is none."""
    try:
        value = document.loads(body)
    except ValueError:
        return None, cut.no_answer(body)
    if isinstance(value, dict) and (isinstance(value.get("output"), list) or value.get("error")):
        return value, None
    return None, fault("upstream_bad_response", detail=f"no response: {body[:200]!r}")


def item_says(item: object) -> bool:
    """Whether an output item holds words, or is a call of a tool."""
    if not isinstance(item, dict):
        return False
    if item.get("type") not in _PLAIN_ITEMS:
        return True
    parts = [part for key in ("content", "summary") if isinstance(item.get(key), list) for part in item[key]]
    return any(isinstance(part, dict) and (part.get("text") or part.get("refusal")) for part in parts)


def output_says(output: object) -> bool:
    """Whether any of a response's items says something."""
    return isinstance(output, list) and any(item_says(item) for item in output)


def usage_of(value: object) -> Usage | None:
    """The token counts in a `usage` object; what is missing or not a count is 0. None if it is no object."""
    if not isinstance(value, dict):
        return None
    given, made = value.get("input_tokens_details"), value.get("output_tokens_details")
    return Usage(
        input=lenient.count(value, "input_tokens"),
        output=lenient.count(value, "output_tokens"),
        cached=lenient.count(given, "cached_tokens"),
        reasoning=lenient.count(made, "reasoning_tokens"),
        cache_write=lenient.count(given, "cache_write_tokens"),
    )


def fault_in(value: dict[str, Any]) -> Fault:
    """The fault that an `error` event, a failed response or an error body tells.

    It carries the error in OpenAI's own shape, without what stood around it: a response that failed is not passed on.
    """
    inner = value.get("response")
    error = value.get("error") or (inner.get("error") if isinstance(inner, dict) else None)
    if isinstance(error, str):
        error = {"message": error}
    elif not isinstance(error, dict):
        error = {key: value[key] for key in ("message", "code", "param") if key in value}
    told = {
        "message": text_of(error),
        "type": error.get("type"),
        "param": error.get("param"),
        "code": error.get("code"),
    }
    names = told | {"status": 400} if str(error.get("code")) in _REFUSED else told | {"status": error.get("status")}
    return fault_of(text_of(error), names, document.dumps({"error": told | error}))


def _no_event(data: bytes) -> Fault:
    return fault("upstream_bad_response", detail=f"an event that is none of a response: {data[:200]!r}")
