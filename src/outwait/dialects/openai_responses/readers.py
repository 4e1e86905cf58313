"""The reader for a reply that goes to a Responses client: stream or JSON, crossed with what the upstream sends.

A background call whose response outwait keeps was answered when it came: its client has the id. So what was merely
created or queued upstream is no content. Content begins with words, as for any call, and the clock that waits for the
first token waits for them: a job may be queued and think for a long time, and silence until then is what that clock
allows and the idle clock would not.

Content is not what forbids another attempt there. Where the provider runs the job itself, the sign is `handle`: once
it is known the job runs and is charged, whoever listens. An attempt that breaks or runs out of time from then on must
be gone on with by its handle; another attempt would be paid twice. See `dialect.Resumable`.
"""

from __future__ import annotations

from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.reply import Ending, Head
from outwait.core.request import Call
from outwait.dialects import sniff
from outwait.dialects.dialect import Reader
from outwait.dialects.openai_responses.fold import Fold, unfold
from outwait.dialects.openai_responses.polled import last_event
from outwait.dialects.openai_responses.rename import Renaming, of_continued, of_job
from outwait.dialects.openai_responses.request import continues_elsewhere, in_background, is_job
from outwait.dialects.openai_responses.watch import Watch
from outwait.dialects.passing import FoldReader, StreamReader, WholeReader
from outwait.dialects.sse import Splitter

# Headers of an upstream's reply that clients may see.
_PASSED = ("openai-processing-ms", "openai-version")


def reader(call: Call, candidate: Candidate, status: int, headers: Mapping[str, str]) -> Reader:
    """The reader for a 2xx reply with these headers (lower-case names); a `Resumable` one for a job of the provider's
    own."""
    head = sniff.head_of(status, sniff.STREAM_TYPE if call.stream else sniff.JSON_TYPE, headers, _PASSED)
    if is_job(call, candidate):
        return JobReader(call, head)
    if call.state is not None and call.state.background:
        makers = _renamed(Renaming(of_job(call)))
    elif continues_elsewhere(call, candidate):
        makers = _renamed(Renaming(of_continued(call)))
    else:
        makers = _MAKERS
    return sniff.choose(call, candidate, headers, head, makers)


def streamed(call: Call, head: Head) -> Reader:
    """The reader for an upstream that streams."""
    watch = Watch(background=in_background(call), kept=call.state is not None)
    return StreamReader(head, watch) if call.stream else FoldReader(head, watch, Fold())


def whole(call: Call, head: Head) -> Reader:
    """The reader for an upstream that answers with one JSON body."""
    return WholeReader(head, Watch(kept=call.state is not None), unfold if call.stream else None)


_MAKERS = (streamed, whole)


def _renamed(renaming: Renaming) -> tuple[sniff.Make, sniff.Make]:
    """The makers of readers whose reply is renamed."""

    def flowing(call: Call, head: Head) -> Reader:
        return RenamedStream(head, renaming) if call.stream else RenamedFold(head, renaming)

    def held(call: Call, head: Head) -> Reader:
        return RenamedWhole(head, renaming, stream=call.stream)

    return flowing, held


class RenamedStream(StreamReader):
    """Reads a stream, over one connection or several, for a client that asked for one."""

    __slots__ = ("_renaming",)

    def __init__(self, head: Head, renaming: Renaming) -> None:
        super().__init__(head, Watch(kept=True))
        self._renaming = renaming

    def _take(self, name: bytes, payload: bytes, out: list[bytes]) -> None:
        told = self._renaming.event(payload)
        if told is not None:
            super()._take(name, told, out)

    def end(self) -> Ending:
        """See `Reader`. Where it is not the end after all, what only its end made an event is not seen yet."""
        last = self._renaming.sequence
        ending = super().end()
        if ending.fault is not None:
            self._renaming.sequence = last
        return ending

    def resume(self) -> None:
        """Forget a part of an event, and what was made of it; see `Resumable`."""
        self._splitter = Splitter()
        self._watch.fault = None


class RenamedFold(FoldReader):
    """Reads a stream, over one connection or several, for a client that asked for one JSON reply."""

    __slots__ = ("_renaming",)

    def __init__(self, head: Head, renaming: Renaming) -> None:
        super().__init__(head, Watch(kept=True), Fold())
        self._renaming = renaming

    def _take(self, name: bytes, payload: bytes) -> None:
        told = self._renaming.event(payload)
        if told is not None:
            super()._take(name, told)

    def resume(self) -> None:
        """Forget a part of an event, and what was made of it; see `Resumable`."""
        self._splitter = Splitter()
        self._watch.fault = None


class RenamedWhole(WholeReader):
    """Reads one JSON body, which is held whatever its size."""

    __slots__ = ("_renaming",)

    def __init__(self, head: Head, renaming: Renaming, *, stream: bool) -> None:
        def tell(body: bytes) -> bytes:
            told = renaming.whole(body)
            return unfold(told) if stream else told

        super().__init__(head, Watch(kept=True), tell)
        self._renaming = renaming

    def end(self) -> Ending:
        """See `Reader`. A job that has only begun is no answer, but its handle is known."""
        self._renaming.meet(b"".join(self._held or ()))
        return super().end()


class JobReader(sniff.SniffReader):
    """Reads the reply of a provider that runs the job itself, over as many connections as it takes; a `Resumable`.

    What each connection brings is told by its first bytes: a stream goes on where it broke; a JSON body, which only
    said that the job has begun, is forgotten.
    """

    __slots__ = ("_renaming",)

    def __init__(self, call: Call, head: Head) -> None:
        self._renaming = Renaming(of_job(call))
        super().__init__(call, head, _renamed(self._renaming))

    @property
    def handle(self) -> str:
        """See `Resumable`."""
        return self._renaming.handle

    @property
    def sequence(self) -> int:
        """See `Resumable`."""
        return self._renaming.sequence

    def resume(self) -> None:
        """See `Resumable`."""
        self._renaming.resume()
        self._first = b""
        if isinstance(self._inner, RenamedStream | RenamedFold):
            self._inner.resume()
        else:
            self._inner = None

    def settled(self, body: bytes) -> bytes:
        """See `Resumable`."""
        return last_event(body, self.sequence + 1)
