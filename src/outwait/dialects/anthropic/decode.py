"""A Messages reply read into deltas. The stop reason is told only when `message_stop` has come: a stream that was cut
before it has no end.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from outwait.core.delta import Began, Called, Cited, Counted, Declined, Delta, Mused, Said, Stopped
from outwait.core.fault import fault
from outwait.core.plan import Candidate
from outwait.core.reply import Usage
from outwait.core.request import Call
from outwait.dialects import document, lenient
from outwait.dialects.anthropic import usage
from outwait.dialects.anthropic.fold import unfold
from outwait.dialects.anthropic.parts import citation_of
from outwait.dialects.anthropic.request import COUNT, NAME
from outwait.dialects.anthropic.tables import REASONS
from outwait.dialects.anthropic.watch import Watch
from outwait.dialects.sse import Splitter
from outwait.dialects.watch import Watched


def decoder(_call: Call, candidate: Candidate) -> Decoder:
    """For one reply of `candidate`."""
    return Decoder(counts=candidate.endpoint == COUNT)


class Decoder(Watched[Watch]):
    """See `dialect.Decoder`. `counts`: the reply is a count of tokens."""

    __slots__ = ("_blocks", "_calls", "_counted", "_counts", "_stop")

    def __init__(self, *, counts: bool = False) -> None:
        self._watch = Watch()
        self._counts = counts
        self._blocks: dict[Any, _Block] = {}
        self._calls = 0
        self._counted: dict[str, Any] = {}
        self._stop = Stopped("stop")

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        """One event of a stream."""
        if not self._watch.event(name, data):
            return ()
        try:
            told = document.loads(data)
        except ValueError:
            return ()  # an event of a future kind
        return self._deltas(self._watch.kind, told) if isinstance(told, dict) else ()

    def _deltas(self, kind: bytes, told: dict[str, Any]) -> list[Delta]:
        match kind:
            case b"message_start":
                return self._begin(told.get("message"))
            case b"content_block_start":
                return self._open(told.get("index"), told.get("content_block"))
            case b"content_block_delta":
                block = self._blocks.get(told.get("index"))
                delta = told.get("delta")
                return block.grow(delta) if block is not None and isinstance(delta, dict) else []
            case b"content_block_stop":
                block = self._blocks.pop(told.get("index"), None)
                return [] if block is None else block.close()
            case b"message_delta":
                return self._end(told)
            case b"message_stop":
                left = [delta for block in self._blocks.values() for delta in block.close()]
                self._blocks = {}
                return [*left, self._stop]
            case _:
                return []

    def _begin(self, message: object) -> list[Delta]:
        if not isinstance(message, dict):
            return []
        began = Began(str(message.get("id") or ""), str(message.get("model") or ""))
        return [began, *self._count(message.get("usage"))]

    def _open(self, index: object, block: object) -> list[Delta]:
        if not isinstance(block, dict) or not isinstance(index, int):
            return []
        opened = _Block(block, self._calls)
        self._calls += opened.kind == "tool_use"
        self._blocks[index] = opened
        return opened.open()

    def _end(self, told: dict[str, Any]) -> list[Delta]:
        delta = told.get("delta")
        deltas = self._count(told.get("usage"))
        reason = delta.get("stop_reason") if isinstance(delta, dict) else None
        if not isinstance(delta, dict) or not isinstance(reason, str):
            return deltas
        details, sequence = delta.get("stop_details"), delta.get("stop_sequence")
        self._stop = Stopped(
            REASONS.get(reason, "stop"), sequence=sequence if isinstance(sequence, str) else None, told=reason
        )
        why = details.get("explanation") if isinstance(details, dict) else None
        # The provider's reason stands for the model's words only where there are none.
        mute = reason == "refusal" and not self._watch.content
        return [*deltas, Declined(why)] if mute and isinstance(why, str) and why else deltas

    def _count(self, counts: object) -> list[Delta]:
        self._counted = usage.merged(self._counted, counts)
        known = usage.usage_of(self._counted)
        return [] if known is None or not self._counted else [Counted(known)]

    def whole(self, body: bytes) -> Sequence[Delta]:
        """The one JSON body of a reply that is no stream."""
        self._watch.whole(body)
        if self._watch.fault is not None:
            return ()
        try:
            return self._count_in(body) if self._counts else _all(body)
        except ValueError as error:
            self._watch.fault = fault("upstream_bad_response", detail=str(error))
            return ()

    @staticmethod
    def _count_in(body: bytes) -> Sequence[Delta]:
        told = document.loads(body)
        count = told.get("input_tokens") if isinstance(told, dict) else None
        if type(count) is not int:
            raise ValueError("no count of tokens")
        return (Counted(Usage(input=count)),)


def _all(body: bytes) -> list[Delta]:
    """The deltas of one message."""
    inner = Decoder()
    stream = unfold(body)
    return [delta for name, data in Splitter(len(stream) + 1).feed(stream) for delta in inner.event(name, data)]


class _Block:
    """One content block that still grows. `kind`: its type; blocks of unknown ones say nothing. `call`: which tool call
    it is, if it is one."""

    __slots__ = ("_block", "_call", "_signature", "_spoke", "kind")

    def __init__(self, block: dict[str, Any], call: int) -> None:
        self.kind = str(block.get("type"))
        self._block = block
        self._call = call
        self._signature = ""
        self._spoke = False  # arguments have come

    def open(self) -> list[Delta]:
        """What its beginning says."""
        block = self._block
        match self.kind:
            case "text":
                citations = block.get("citations")
                said: list[Delta] = [Said(lenient.text(block, "text"))] if block.get("text") else []
                return said + [_cited(one) for one in (citations if isinstance(citations, list) else ())]
            case "thinking":
                self._signature = lenient.text(block, "signature")
                return [Mused(lenient.text(block, "thinking"), dialect=NAME)] if block.get("thinking") else []
            case "redacted_thinking":
                return [Mused(sealed=lenient.text(block, "data"), dialect=NAME)]
            case "tool_use":
                return [Called(self._call, id=lenient.text(block, "id"), name=lenient.text(block, "name"))]
            case _:
                return []

    def grow(self, delta: dict[str, Any]) -> list[Delta]:
        """What a further piece says."""
        match delta.get("type"), self.kind:
            case "text_delta", "text":
                return [Said(lenient.text(delta, "text"))]
            case "citations_delta", "text":
                return [_cited(delta.get("citation"))]
            case "thinking_delta", "thinking":
                return [Mused(lenient.text(delta, "thinking"), dialect=NAME)]
            case "signature_delta", "thinking":
                self._signature = lenient.text(delta, "signature")
                return []
            case "input_json_delta", "tool_use":
                piece = lenient.text(delta, "partial_json")
                self._spoke = self._spoke or bool(piece)
                return [Called(self._call, arguments=piece)] if piece else []
            case _:
                return []

    def close(self) -> list[Delta]:
        """What its end says."""
        if self.kind == "tool_use" and not self._spoke:
            return [Called(self._call, arguments=document.dumps(self._block.get("input") or {}).decode())]
        if self._signature:
            return [Mused(signature=self._signature, dialect=NAME)]
        return []


def _cited(told: object) -> Cited:
    return Cited(citation_of(told if isinstance(told, dict) else {}))
