"""An upstream's chat answer read into deltas, for a client that speaks another dialect.

Each event is judged as one that is passed on would be (`watch`, `reply`), so that errors told inside an answer, cut
streams and empty answers are found by the same rules; what stands the judgement is read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from outwait.core.delta import Began, Counted, Delta
from outwait.core.fault import fault
from outwait.core.plan import Candidate
from outwait.core.reply import Head, Usage
from outwait.core.request import Call
from outwait.dialects import document
from outwait.dialects.openai_chat.pieces import Strand
from outwait.dialects.openai_chat.reply import JsonReader
from outwait.dialects.openai_chat.watch import Watch
from outwait.dialects.sniff import JSON_TYPE

_HEAD = Head(200, JSON_TYPE)


class Decoder(Watch):
    """See `dialect.Decoder`."""

    __slots__ = ("_call", "_counted", "_reply", "_strands")

    def __init__(self, call: Call, candidate: Candidate) -> None:
        super().__init__(call, _HEAD)
        del candidate  # compatible providers are told apart by what they send
        self._call = call
        self._counted: Usage | None = None  # what was told of the usage
        self._reply: str | None = None  # its id, once it has begun
        self._strands: dict[int, Strand] = {}

    @property
    def complete(self) -> bool:
        """The reply may be over: its proper end was seen, or each choice has ended."""
        return self.fault is None and (self.finished or self._all_ended())

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        """The deltas in one event."""
        self.progress = False
        if self.finished or self.fault is not None:
            return ()
        if not self._judge(data, name):
            return self._close()
        try:
            chunk: Any = document.loads(data)  # an object, as it was judged to be
        except ValueError:
            self.fault = fault("upstream_bad_response", detail="a chunk is nested too deep")
            return ()
        return tuple(self._read(chunk))

    def whole(self, body: bytes) -> Sequence[Delta]:
        """The deltas in the one JSON body."""
        reader = JsonReader(self._call, _HEAD, hold=None)
        reader.feed(body)
        ending = reader.end()
        self.finished, self.progress, self.content = True, reader.progress, reader.content
        self.fault, self.usage = ending.fault, ending.usage
        if self.fault is not None:
            return ()
        try:
            completion: Any = document.loads(ending.data)  # an object, as it was judged to be
        except ValueError:
            self.fault = fault("upstream_bad_response", detail="the reply is nested too deep")
            return ()
        return (*self._read(completion), *self._close())

    def _read(self, chunk: dict[str, Any]) -> Iterator[Delta]:
        ident, choices = chunk.get("id"), chunk.get("choices")
        choices = choices if isinstance(choices, list) else []
        if self._reply is None and (choices or ident):
            created, model = chunk.get("created"), chunk.get("model")
            self._reply = ident if isinstance(ident, str) else ""
            yield Began(self._reply, model if isinstance(model, str) else "", created if type(created) is int else None)
        for place, choice in enumerate(choices):
            if isinstance(choice, dict):
                index = choice.get("index")
                number = index if type(index) is int else place
                if number not in self._strands:
                    self._strands[number] = Strand(number, self._reply or "")
                yield from self._strands[number].read(choice)
        if self.usage is not None and self.usage != self._counted:  # it may stand in a choice, or in `x_groq`
            self._counted = self.usage
            yield Counted(self.usage)

    def _close(self) -> Sequence[Delta]:
        """Once the reply has come to its end: the ends of its choices that the upstream left out."""
        if not self.finished:
            return ()
        return tuple(delta for strand in self._strands.values() for delta in strand.stop())
