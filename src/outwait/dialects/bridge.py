"""Between the client's dialect and the upstream's: the very same bytes where they are one, else a translation.

A translated stream keeps the promises of one that is passed on: nothing before the first words, no proper end unless
the upstream came to one, a fault told inside a reply is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from outwait.core.ask import Wording
from outwait.core.delta import Counted, Delta, Stopped
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects import express, sniff
from outwait.dialects.dialect import Dialect, Encoder, Reader, Translation
from outwait.dialects.gather import Gather, says
from outwait.dialects.sse import Splitter

COUNTING = frozenset({"messages.count_tokens", "models.count_tokens"})
_PRELUDE_LIMIT = 64 * 1024
_BLANK = b" \t\r\n"
# Reasons for which an answer may end without words.
_WORDLESS = frozenset({"length", "content_filter", "refusal", "pause", "context_length"})


def word(call: Call, own: Dialect, target: Dialect, candidate: Candidate) -> Wording:
    """The body for `candidate`, which speaks `target`, of a call in another dialect, `own`. Raises Refusal."""
    source, aim = _sides(own, target)
    ask = source.ask(call)
    dropped = express.check(ask, source, aim, target.name)
    try:
        worded = aim.word(express.without_rest(ask), candidate)
    except Refusal as refusal:
        raise Refusal(express.retold(refusal.fault, source.names)) from None
    more = tuple(express.named(field, source.names) for field in worded.dropped)
    return Wording(worded.body, express.merge(dropped, more))


def reader(call: Call, own: Dialect, target: Dialect, candidate: Candidate, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply of `candidate`, which speaks `target`, to a client of `own`."""
    source, aim = _sides(own, target)

    def make(_call: Call, head: Head) -> Reader:
        return _Translator(call, head, candidate, (source, aim))

    def whole(_call: Call, head: Head) -> Reader:
        return _Translator(call, head, candidate, (source, aim), streams=False)

    return sniff.choose(call, candidate, headers, own.reply_head(call), (make, whole))


def _sides(own: Dialect, target: Dialect) -> tuple[Translation, Translation]:
    if own.translation is None or target.translation is None:
        what = f"{own.name} calls cannot be translated for {target.name} channels."
        raise Refusal(fault("not_supported", what))
    return own.translation, target.translation


class _Translator:
    """Reads a reply of one dialect for a client of another; see `Reader`. `streams`: the upstream streams."""

    __slots__ = (
        "_call", "_decoder", "_encoder", "_gather", "_held", "_prelude", "_source", "_splitter", "_streams",
        "_wordless", "content", "fault", "finished", "head", "progress", "usage",
    )  # fmt: skip

    def __init__(
        self,
        call: Call,
        head: Head,
        candidate: Candidate,
        sides: tuple[Translation, Translation],
        *,
        streams: bool = True,
    ) -> None:
        self.head = head
        self.content = self.progress = self.finished = False
        self.fault: Fault | None = None
        self.usage: Usage | None = None
        self._source, aim = sides
        self._call = call
        self._decoder = aim.decoder(call, candidate)
        self._encoder: Encoder | None = self._source.encoder(call) if call.stream else None
        self._gather = Gather()
        self._splitter = Splitter()
        self._prelude: list[bytes] | None = []  # None once bytes flow
        self._held: list[bytes] = []  # of a JSON reply
        self._streams = streams
        self._wordless = call.endpoint in COUNTING

    def feed(self, data: bytes) -> bytes:
        """Whole events for a client that streams; nothing yet for one that does not."""
        self.progress = False
        if self._over():
            return b""
        if not self._streams:
            self._held.append(data)
            self.progress = bool(data.strip(_BLANK))
            return b""
        out: list[bytes] = []
        for name, payload in self._splitter.feed(data):
            self._event(name, payload, out)
            if self._over():
                break
        self.progress = self.progress or self._splitter.growing
        if self._splitter.overflow and self.fault is None:
            self.fault = fault("upstream_bad_response", detail=f"an event of more than {self._splitter.limit} bytes")
        return self._release(b"".join(out))

    def _over(self) -> bool:
        return self.finished or self.fault is not None

    def _event(self, name: bytes, payload: bytes, out: list[bytes]) -> None:
        decoder = self._decoder
        deltas = decoder.event(name, payload)
        if decoder.progress:
            self.progress = True
        if decoder.fault is not None:
            self.fault = decoder.fault
            return
        self._take(deltas, out)
        self.finished = decoder.finished

    def _take(self, deltas: Sequence[Delta], out: list[bytes]) -> None:
        for delta in deltas:
            if isinstance(delta, Counted):
                if self._call.endpoint not in COUNTING:
                    self.usage = delta.usage  # what was counted on request has not been used
            elif isinstance(delta, Stopped):
                self._wordless = self._wordless or delta.reason in _WORDLESS
            self.content = self.content or says(delta)
            if self._encoder is None:
                self._gather.add(delta)
            else:
                out.append(self._encoder.feed(delta))

    def _release(self, out: bytes) -> bytes:
        prelude = self._prelude
        if prelude is None:
            return out
        if out:
            prelude.append(out)
        if not self.content and sum(map(len, prelude)) < _PRELUDE_LIMIT:
            return b""
        self._prelude = None
        return b"".join(prelude)

    def end(self) -> Ending:
        """The last bytes, or why this is no answer; see `Reader`."""
        out: list[bytes] = []
        if not self._over():
            self._close(out)
        failed = self._verdict()
        if failed is not None:
            return Ending(fault=failed, usage=self.usage)
        self.finished = True
        if self._encoder is None:
            return Ending(self._source.whole(self._call, self._gather.answer()), usage=self.usage)
        prelude, self._prelude = self._prelude or [], None
        return Ending(b"".join((*prelude, *out, self._encoder.end())), usage=self.usage)

    def _close(self, out: list[bytes]) -> None:
        """Take what the upstream's body ended with."""
        if self._streams:
            for name, payload in self._splitter.close():
                if payload.endswith((b"}", b"]")):  # only the blank line is missing; else it was cut in the middle
                    self._event(name, payload, out)
            return
        body = b"".join(self._held).strip(_BLANK)
        if not body:
            self.fault = fault("upstream_empty")
            return
        deltas = self._decoder.whole(body)
        self.fault = self._decoder.fault
        if self.fault is None:
            self._take(deltas, out)

    def _verdict(self) -> Fault | None:
        if self.fault is not None:
            return self.fault
        if not self._decoder.complete:
            begun = self.content or self.usage is not None or self._splitter.held or bool(self._held)
            if not begun and self._splitter.stray:
                return fault("upstream_bad_response", detail=f"no event stream: {self._splitter.stray[:200]!r}")
            return fault("upstream_truncated" if begun else "upstream_empty")
        if not self.content and not self._wordless:
            return fault("upstream_empty")
        return None
