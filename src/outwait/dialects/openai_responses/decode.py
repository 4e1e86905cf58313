"""One Responses reply read into deltas.

Words are taken from the deltas of a stream. Servers that send none, or none for some part, say everything again when
the item is done and when the response is: whatever was not said before is said then.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from outwait.core.delta import Began, Called, Cited, Counted, Declined, Delta, Mused, Said, Showed, Stopped
from outwait.core.fault import Fault, fault
from outwait.core.part import Media
from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects import document, lenient
from outwait.dialects.openai_responses.cited import citation_of
from outwait.dialects.openai_responses.proofs import OWN
from outwait.dialects.openai_responses.score import CALLS
from outwait.dialects.openai_responses.tables import REASONS
from outwait.dialects.openai_responses.watch import ENDS, STARTS, Watch

_CALLED = frozenset({"function_call", "custom_tool_call"})
_INCOMPLETE = "incomplete"
# Event -> the method of `Decoder` that reads it.
_TAKES: Mapping[str, str] = {
    "response.output_text.delta": "_text",
    "response.refusal.delta": "_refusal",
    "response.reasoning_summary_text.delta": "_summary",
    "response.reasoning_text.delta": "_reasoning",
    "response.function_call_arguments.delta": "_arguments",
    "response.custom_tool_call_input.delta": "_arguments",
    "response.output_text.annotation.added": "_annotation",
    "response.output_item.added": "_open",
    "response.output_item.done": "_close",
}


class Decoder:
    """See `dialect.Decoder`."""

    __slots__ = ("_began", "_calls", "_declined", "_done", "_said", "_watch", "fault")

    def __init__(self, call: Call, candidate: Candidate) -> None:
        self.fault: Fault | None = None
        self._watch = Watch()
        self._began = self._declined = False
        self._calls: dict[int, int] = {}  # output index -> the call's own
        self._done: set[int] = set()  # output indexes of items that are whole
        self._said: set[tuple[int, str, int]] = set()  # parts of which something was said

    @property
    def finished(self) -> bool:
        """See `dialect.Decoder`."""
        return self._watch.finished

    @property
    def complete(self) -> bool:
        """See `dialect.Decoder`."""
        return self._watch.complete and self.fault is None

    @property
    def progress(self) -> bool:
        """See `dialect.Decoder`."""
        return self._watch.progress

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        """See `dialect.Decoder`."""
        told = self._watch.event(name, data)
        self.fault = self._watch.fault
        if not told:
            return []
        value: Any = document.loads(data)
        kind = value.get("type") or name.decode(errors="replace")
        if kind in STARTS:
            return list(self._begin(lenient.table(value, "response")))
        if kind in ENDS:
            return list(self._end(kind.removeprefix("response."), lenient.table(value, "response")))
        take = _TAKES.get(kind)
        return [] if take is None else list(getattr(self, take)(value))

    def whole(self, body: bytes) -> Sequence[Delta]:
        """See `dialect.Decoder`."""
        self._watch.whole(body)
        self.fault = self._watch.fault
        if not self._watch.finished:
            return []
        value: Any = document.loads(body)
        return list(self._end(value.get("status", "completed"), value))

    def _begin(self, response: Mapping[str, Any]) -> Iterator[Delta]:
        if self._began:
            return
        self._began = True
        created = response.get("created_at")
        told = int(created) if isinstance(created, int | float) else None
        yield Began(lenient.text(response, "id"), lenient.text(response, "model"), told)

    def _end(self, status: str, response: Mapping[str, Any]) -> Iterator[Delta]:
        yield from self._begin(response)
        for index, item in enumerate(lenient.tables(response, "output")):
            if index not in self._done:
                yield from self._close({"output_index": index, "item": item})
        if self._watch.usage is not None:
            yield Counted(self._watch.usage)
        if status == "cancelled":
            self.fault = fault("upstream_truncated", "The upstream cancelled the answer before it was whole.")
        elif status == _INCOMPLETE:
            why = lenient.text(lenient.table(response, "incomplete_details"), "reason")
            yield Stopped(REASONS.get(why, "length"), told=why)
        else:
            refused = self._declined and not self._calls
            yield Stopped("tool_calls" if self._calls else "refusal" if refused else "stop", told=status)

    # -- pieces --------------------------------------------------------------------------------------------------

    def _new(self, value: Mapping[str, Any], key: str) -> bool:
        """Whether this is the first that is said of a part; `key`: content | summary | call."""
        part = (_number(value, "output_index"), key, _number(value, f"{key}_index"))
        known = part in self._said
        self._said.add(part)
        return not known

    def _text(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        if text := lenient.text(value, "delta"):
            self._new(value, "content")
            yield Said(text, logprobs=tuple(lenient.tables(value, "logprobs")))

    def _refusal(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        if text := lenient.text(value, "delta"):
            self._new(value, "content")
            self._declined = True
            yield Declined(text)

    def _summary(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        return self._muse(value, "summary")

    def _reasoning(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        return self._muse(value, "content")

    def _muse(self, value: Mapping[str, Any], key: str) -> Iterator[Delta]:
        if text := lenient.text(value, "delta"):
            # The parts of a summary are its paragraphs.
            apart = self._new(value, key) and _number(value, f"{key}_index") > 0
            yield Mused(f"\n\n{text}" if apart else text, ident=lenient.text(value, "item_id") or None, dialect=OWN)

    def _arguments(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        index = self._calls.get(_number(value, "output_index"))
        if index is not None and (text := lenient.text(value, "delta")):
            self._new(value, "call")
            yield Called(index, arguments=text)

    def _annotation(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        self._new({**value, "annotation_index": _number(value, "content_index")}, "annotation")
        if (citation := citation_of(value.get("annotation"))) is not None:
            yield Cited(citation)

    # -- items ---------------------------------------------------------------------------------------------------

    def _open(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        item, index = lenient.table(value, "item"), _number(value, "output_index")
        kind = item.get("type")
        if kind in _CALLED and index not in self._calls:
            self._calls[index] = len(self._calls)
            ident, name = lenient.text(item, "call_id"), lenient.text(item, "name")
            custom = kind == "custom_tool_call"
            yield Called(self._calls[index], id=ident, name=name, custom=custom, ident=lenient.text(item, "id") or None)

    def _close(self, value: Mapping[str, Any]) -> Iterator[Delta]:
        item, index = lenient.table(value, "item"), _number(value, "output_index")
        self._done.add(index)
        kind = item.get("type")
        if kind == "message":
            for place, part in enumerate(lenient.tables(item, "content")):
                yield from self._message_part(index, place, part)
        elif kind == "reasoning":
            yield from self._thought(index, item)
        elif kind in _CALLED:
            yield from self._open(value)
            if (index, "call", 0) not in self._said:
                words = lenient.text(item, CALLS[str(kind)][1])
                yield from self._arguments({"output_index": index, "delta": words})
        elif kind == "image_generation_call" and (data := lenient.text(item, "result")):
            yield Showed(Media("image", f"image/{lenient.text(item, 'output_format') or 'png'}", data))

    def _message_part(self, index: int, place: int, part: Mapping[str, Any]) -> Iterator[Delta]:
        at = {"output_index": index, "content_index": place}
        if (index, "content", place) not in self._said:
            yield from self._text({**at, "delta": part.get("text"), "logprobs": part.get("logprobs")})
            yield from self._refusal({**at, "delta": part.get("refusal")})
        if (index, "annotation", place) not in self._said:
            for annotation in lenient.tables(part, "annotations"):
                yield from self._annotation({**at, "annotation": annotation})

    def _thought(self, index: int, item: Mapping[str, Any]) -> Iterator[Delta]:
        ident = lenient.text(item, "id")
        for key in ("summary", "content"):
            for place, part in enumerate(lenient.tables(item, key)):
                if (index, key, place) not in self._said:
                    at = {"output_index": index, f"{key}_index": place, "item_id": ident}
                    yield from self._muse({**at, "delta": part.get("text")}, key)
        if sealed := lenient.text(item, "encrypted_content"):
            yield Mused(sealed=sealed, ident=ident or None, dialect=OWN)


def _number(value: Mapping[str, Any], key: str) -> int:
    number = value.get(key)
    return number if type(number) is int else 0
