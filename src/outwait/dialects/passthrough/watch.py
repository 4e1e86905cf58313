"""What an upstream's reply on a plain route was: whole, empty, cut, or an error under a status of success.

A JSON body may be tens of megabytes of numbers, or pictures in base64: only the fields that decide are decoded, the
rest is checked for being JSON and passed on. Events are decoded whole, since each tells by its `type` what it is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
from msgspec import UNSET, Raw, UnsetType

from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects import cut, document, openai_judge
from outwait.dialects.passthrough.endpoints import Endpoint
from outwait.dialects.passthrough.usage import usage_of

T = TypeVar("T")

_DONE = b"[DONE]"
_NOTHING = frozenset({b"null", b"false", b'""', b"{}", b"[]"})
_BLANK = b" \t\r\n"
# Where events say something.
_WORDS = ("delta", "text", "audio", "b64_json", "url")


class _Peek(msgspec.Struct, gc=False):
    """The fields that decide; the last ones are those of `Endpoint.answers`."""

    error: Raw | UnsetType = UNSET
    object: Any = None
    type: Any = None
    base_resp: Any = None
    usage: Any = None
    meta: Any = None
    choices: Raw | UnsetType = UNSET
    data: Raw | UnsetType = UNSET
    embeddings: Raw | UnsetType = UNSET
    vectors: Raw | UnsetType = UNSET
    images: Raw | UnsetType = UNSET
    results: Raw | UnsetType = UNSET
    rankings: Raw | UnsetType = UNSET
    text: Raw | UnsetType = UNSET
    segments: Raw | UnsetType = UNSET


class _Choice(msgspec.Struct, gc=False):
    text: Any = None
    message: Any = None
    finish_reason: Any = None


_decode = msgspec.json.Decoder(_Peek).decode
_decode_any = msgspec.json.Decoder(Raw).decode
_decode_choices = msgspec.json.Decoder(list[_Choice]).decode


class Watch:
    """Judges one reply on `row` (see `dialects.watch.Watch`). `expected`: how many answers were asked for. `plain`: a
    body that is no JSON is a text, and as good."""

    __slots__ = (
        "_chunked", "_ended", "_expected", "_plain", "_row", "begun", "complete", "content", "fault", "finished",
        "progress", "usage", "wordless",
    )  # fmt: skip

    def __init__(self, row: Endpoint, expected: int = 1, *, plain: bool = False) -> None:
        self.begun = self.content = self.wordless = self.finished = self.complete = self.progress = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._row = row
        self._expected = expected
        self._plain = plain
        self._chunked = False  # it speaks in chunks with choices, which end with [DONE]
        self._ended: dict[int, bool] = {}  # choice -> it has a finish reason; or answer -> True

    # -- a stream ------------------------------------------------------------------------------------------------

    def event(self, name: bytes, data: bytes) -> bool:
        """Judge one event; whether it is for the client."""
        self.progress = False
        if data.startswith(_DONE):
            self.finished = self.progress = True
            self.complete = self.complete or self._chunked
            return bool(self._row.ends)
        if name in openai_judge.PING_EVENTS or (name != b"error" and data.strip().lower() in openai_judge.PINGS):
            return False
        self.progress = True
        try:
            value = document.loads(data)
        except ValueError:
            value = None
        if name == b"error" or not _is_typed(value):
            told = data.decode(errors="replace") if value is None else value
            self.fault = openai_judge.error_in(told, data, named=name == b"error")
        if self.fault is None and not isinstance(value, dict):
            self.fault = fault("upstream_bad_response", detail=f"an event that is no object: {data[:200]!r}")
        if self.fault is not None or not isinstance(value, dict):
            return False
        self.begun = True
        self.usage = usage_of(value.get("usage")) or self.usage
        choices = value.get("choices")
        if isinstance(choices, list):
            self._take_chunk([choice for choice in choices if isinstance(choice, dict)], data)
        else:
            self._take_event(value, name.decode(errors="replace"))
        return self.fault is None

    def _take_event(self, value: dict[str, Any], name: str) -> None:
        kind = value.get("type")
        self.content = self.content or any(openai_judge.says(value.get(key)) for key in _WORDS)
        if (kind if isinstance(kind, str) else name) in self._row.ends:
            self._ended[len(self._ended)] = True
            self.wordless = self._row.blank
            self.complete = self.finished = len(self._ended) >= self._expected

    def _take_chunk(self, choices: list[dict[str, Any]], data: bytes) -> None:
        """A completion's chunk, or one of a server that streams transcriptions like chat answers."""
        self._chunked = True
        self.wordless = self.wordless or self._row.blank
        for choice in choices:
            self.content = (
                self.content or openai_judge.says(choice.get("text")) or openai_judge.says(choice.get("delta"))
            )
            at, reason = choice.get("index", 0), choice.get("finish_reason")
            index = at if type(at) is int else 0
            if reason == "error":
                self.fault = openai_judge.error_in("", data, named=True)
            self._ended[index] = bool(reason) or self._ended.get(index, False)
            # A base model may have nothing to add to its prompt: that it says why it ended is an answer.
            self.wordless = self.wordless or bool(reason)
        self.complete = len(self._ended) >= self._expected and all(self._ended.values())

    # -- one body ------------------------------------------------------------------------------------------------

    def whole(self, body: bytes) -> None:
        """Judge the body of a reply that is no stream."""
        if self._plain and not body.lstrip(_BLANK).startswith((b"{", b"[")):
            self.complete = self.content = True
            return
        if body.startswith(b"["):
            self._whole_list(body)
            return
        try:
            peek = _peeked(_decode, body)
        except (ValueError, RecursionError):
            self.fault = cut.no_answer(body, lists=True)
            return
        answer = self._answer_of(peek)
        if self._tells_error(peek) or (answer is None and self._row.answers):
            self._judge_error(body, answer)
            if self.fault is not None:
                return
        self.complete = True
        self.usage = usage_of(peek.usage, peek.meta)
        self.content = answer is None or answer.strip(_BLANK) not in _NOTHING
        self.wordless = self._row.blank
        if self._row.name == "completions" and answer is not None:
            self._whole_choices(answer, body)

    def stray(self, text: bytes) -> Fault | None:
        """The fault that `text`, which stood where a stream should have been, tells."""
        try:
            return openai_judge.error_in(document.loads(text), text)
        except ValueError:
            return None

    def _answer_of(self, peek: _Peek) -> bytes | None:
        for key in self._row.answers:
            raw = getattr(peek, key)
            if raw is not UNSET and bytes(raw) != b"null":
                return bytes(raw)
        return None

    @staticmethod
    def _tells_error(peek: _Peek) -> bool:
        if not isinstance(peek.error, UnsetType) and bytes(peek.error) not in _NOTHING:
            return True
        base = peek.base_resp
        refused = isinstance(base, dict) and base.get("status_code") not in {None, 0}
        return refused or peek.object == "error" or peek.type == "error"

    def _judge_error(self, body: bytes, answer: bytes | None) -> None:
        try:
            self.fault = openai_judge.error_in(document.loads(body), body)
        except ValueError:
            self.fault = fault("upstream_bad_response", detail="nested too deep")
        if self.fault is None and answer is None:
            wanted = " or ".join(self._row.answers)
            self.fault = fault("upstream_bad_response", detail=f"no {wanted} in {len(body)} bytes: {body[:200]!r}")

    def _whole_list(self, body: bytes) -> None:
        """A bare list, as some servers answer embeddings and rerankings."""
        try:
            _peeked(_decode_any, body)
        except (ValueError, RecursionError):
            self.fault = cut.no_answer(body, lists=True)
            return
        self.complete = True
        self.content = body.strip(_BLANK) != b"[]"
        self.wordless = self._row.blank

    def _whole_choices(self, answer: bytes, body: bytes) -> None:
        try:
            choices = _peeked(_decode_choices, answer)
        except (ValueError, RecursionError):
            return  # odd, but whole: the client may know what it means
        self.content = any(openai_judge.says(choice.text) or openai_judge.says(choice.message) for choice in choices)
        self.wordless = any(choice.finish_reason for choice in choices)
        if any(choice.finish_reason == "error" for choice in choices):
            self.fault = openai_judge.error_in("", body, named=True)


def _peeked(decode: Callable[[bytes], T], body: bytes) -> T:
    """`body` as `decode` reads it, also with half an emoji in it."""
    try:
        return decode(body)
    except ValueError:
        mended = document.without_surrogates(body)
        if mended == body:
            raise
    return decode(mended)


def _is_typed(value: object) -> bool:
    """Whether an event says by its type that it is none of an error, whatever else it says."""
    if not isinstance(value, dict) or value.get("error"):
        return False
    kind = value.get("type")
    return isinstance(kind, str) and kind != "error"
