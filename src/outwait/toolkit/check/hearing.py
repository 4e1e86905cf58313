"""Listens to the reply of a probe: when content came, how long the silences were, how many tokens it was, how it ended.

Pure: bytes and the time they came go in. What counts as content, as an error told inside a reply and as its proper end
is decided by the dialects, as in the gateway; pings and comments are none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

from outwait.core.delta import Counted, Delta, Mused, Stopped
from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.dialects import document
from outwait.dialects.dialect import Decoder, Reader
from outwait.dialects.gather import says
from outwait.dialects.openai_judge import error_in
from outwait.dialects.sse import Splitter
from outwait.toolkit.check.probe import Counted as How

_KEPT: Final = 65536  # bytes of a reply that is read whole, or is an error
_LONGEST: Final = 64 * 1024 * 1024  # bytes of a JSON reply; a probe asks for a few words
_WORDLESS: Final = frozenset({"length", "content_filter", "refusal", "pause", "context_length"})
# A rate over less than this says how fast bytes are copied, not how fast a model writes.
_LEAST: Final = 0.05


class Tokens(NamedTuple):
    """`counted`: usage, or pieces where the endpoint tells none. `rate`: tokens a second; None: it means nothing."""

    number: int | None = None
    counted: How | None = None
    rate: float | None = None


class Ear:
    """Any reply: its bytes, and the first of them kept. `first`, `last`: when content came first and last, seconds of
    the caller's clock. `silence`: the longest wait between two pieces of content. `over`: nothing more is wanted.
    """

    __slots__ = ("first", "heard", "kept", "last", "over", "silence")

    def __init__(self) -> None:
        self.heard = 0
        self.kept = b""
        self.first: float | None = None
        self.last: float | None = None
        self.silence: float | None = None
        self.over = False

    def feed(self, data: bytes, now: float) -> bool:
        """A piece of the body came at `now`; returns whether it was progress."""
        del now
        self._keep(data)
        return True

    def end(self, now: float) -> Fault | None:
        """The body is over: why it is no answer, or None."""
        del now
        return None

    def tokens(self) -> Tokens:
        """The tokens of the answer."""
        return Tokens()

    def _keep(self, data: bytes) -> None:
        self.heard += len(data)
        if len(self.kept) < _KEPT:
            self.kept += data[: _KEPT - len(self.kept)]

    def _content(self, now: float) -> None:
        if self.first is None:
            self.first = now
        elif self.last is not None:
            self.silence = max(self.silence or 0.0, now - self.last)
        self.last = now


class ListEar(Ear):
    """The answer to a free question, which is JSON; a web page there says that this is another place, and an error
    with status 200 is one all the same.
    """

    __slots__ = ()

    def end(self, now: float) -> Fault | None:
        """See `Ear`."""
        del now
        begins = self.kept.lstrip()[:1]
        if begins in (b"{", b"["):
            return _told_in(self.kept) if self.heard == len(self.kept) else None  # errors are short
        what = "a page that is no JSON" if begins else "nothing"
        message = f"The answer is {what}: is the base URL right?"
        return fault("upstream_bad_response" if begins else "upstream_empty", message)


def _told_in(body: bytes) -> Fault | None:
    """The error that a list of models is instead of one. What has entries is a list, whatever else it says."""
    try:
        value = document.loads(body)
    except ValueError as error:
        return fault("upstream_bad_response", "The answer is a page that is no JSON.", detail=str(error))
    if isinstance(value, list) and len(value) == 1:  # as Google's streams tell theirs
        value = value[0]
    if not isinstance(value, dict) or (not value.get("error") and (value.get("data") or value.get("models"))):
        return None
    return error_in(value, body)


class PlainEar(Ear):
    """A reply that the gateway would pass on as it is, such as embeddings; `reader` judges it."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        super().__init__()
        self._reader = reader

    def feed(self, data: bytes, now: float) -> bool:
        """See `Ear`."""
        self._reader.feed(data)
        return super().feed(data, now)

    def end(self, now: float) -> Fault | None:
        """See `Ear`."""
        del now
        return self._reader.fault or self._reader.end().fault


class _Spoken(Ear):
    """An answer of a model, read by `decoder`."""

    __slots__ = ("_decoder", "_mused", "_pieces", "_usage", "_wordless")

    def __init__(self, decoder: Decoder) -> None:
        super().__init__()
        self._decoder = decoder
        self._usage: Usage | None = None
        self._pieces = 0
        self._mused = self._wordless = False

    def _take(self, deltas: Sequence[Delta]) -> bool:
        """Whether words were among them."""
        spoke = False
        for delta in deltas:
            if isinstance(delta, Counted):
                self._usage = delta.usage
            elif isinstance(delta, Stopped):
                self._wordless = self._wordless or delta.reason in _WORDLESS
            elif says(delta):
                spoke = True
                self._mused = self._mused or isinstance(delta, Mused)
        self._pieces += spoke
        return spoke

    def _verdict(self, *, begun: bool) -> Fault | None:
        if self._decoder.fault is not None:
            return self._decoder.fault
        if not self._decoder.complete:
            return fault("upstream_truncated" if begun else "upstream_empty")
        return None if self._pieces or self._wordless else fault("upstream_empty")

    def tokens(self) -> Tokens:
        """Without the thoughts that were counted and not sent."""
        usage = self._usage
        if usage is None or not usage.output:
            number, how = self._pieces, "pieces"
        else:
            number, how = usage.output - (0 if self._mused else usage.reasoning), "usage"
        if number <= 0:
            return Tokens()
        spent = 0.0 if self.first is None or self.last is None else self.last - self.first
        rate = None
        if spent >= _LEAST and self._pieces > 1:  # what came with the first piece took no time after it
            rate = number * (self._pieces - 1) / self._pieces / spent
        return Tokens(number, "usage" if how == "usage" else "pieces", rate)


class StreamEar(_Spoken):
    """A stream of events."""

    __slots__ = ("_splitter",)

    def __init__(self, decoder: Decoder) -> None:
        super().__init__(decoder)
        self._splitter = Splitter()

    def feed(self, data: bytes, now: float) -> bool:
        """See `Ear`."""
        self._keep(data)
        progress = False
        for name, payload in self._splitter.feed(data):
            if self.over:
                break
            if self._take(self._decoder.event(name, payload)):
                self._content(now)
            progress = progress or self._decoder.progress
            self.over = self._decoder.finished or self._decoder.fault is not None
        if self._splitter.overflow:
            self.over = True
        return progress or self._splitter.growing

    def end(self, now: float) -> Fault | None:
        """See `Ear`."""
        if not self.over:
            for name, payload in self._splitter.close():
                if self._take(self._decoder.event(name, payload)):
                    self._content(now)
        if self._splitter.overflow and self._decoder.fault is None:
            return fault("upstream_bad_response", detail=f"an event of more than {self._splitter.limit} bytes")
        if not self._pieces and self._splitter.stray and not self._decoder.complete and self._decoder.fault is None:
            return fault("upstream_bad_response", detail=f"no event stream: {self._splitter.stray[:200]!r}")
        return self._verdict(begun=bool(self._pieces) or self._splitter.held or self._usage is not None)


class JsonEar(_Spoken):
    """An answer in one piece of JSON."""

    __slots__ = ("_body",)

    def __init__(self, decoder: Decoder) -> None:
        super().__init__(decoder)
        self._body: list[bytes] = []

    def feed(self, data: bytes, now: float) -> bool:
        """Blanks keep a line alive and are no progress."""
        del now
        self._keep(data)
        self._body.append(data)
        self.over = self.heard > _LONGEST
        return bool(data.strip())

    def end(self, now: float) -> Fault | None:
        """See `Ear`."""
        del now
        if self.over:
            return fault("upstream_bad_response", detail=f"a reply of more than {_LONGEST} bytes")
        body = b"".join(self._body).strip()
        if not body:
            return fault("upstream_empty")
        self._take(self._decoder.whole(body))
        return self._verdict(begun=True)
