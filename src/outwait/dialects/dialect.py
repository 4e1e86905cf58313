"""The few functions a dialect has.

A dialect is one frozen table of functions: the edge reads a call with it, the exchange prepares upstream bodies and
reads replies with it, the relay takes heartbeats and errors from it. None does input or output, none keeps time.
Where client and upstream speak different dialects, `bridge` joins the `Translation` of the one to that of the other.
To add a dialect: a package beside `openai_chat` that offers these functions, and a row in `table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from outwait.core.ask import Ask, Wording
from outwait.core.delta import Answer, Delta
from outwait.core.fault import Fault
from outwait.core.plan import Candidate, Heartbeat
from outwait.core.reply import Ending, Head, Usage
from outwait.core.request import Call
from outwait.dialects.profiles import Profile


class Reader(Protocol):
    """Turns the body of one upstream reply into bytes for the client.

    `content` says that words have been seen (text, reasoning, tool call, refusal, audio; not pings, not role-only
    chunks). `progress` speaks of the last `feed` alone: it brought anything but pings, comments and blanks. `fault` is
    an error the upstream told inside a successful reply; once it is set nothing more is fed. `finished`: the proper end
    was seen; the verdict on the whole is still what `end` returns. What comes before the first content is held back,
    so that an attempt that fails before it leaves no trace at the client.
    """

    @property
    def head(self) -> Head:
        """What the head of the client's reply is."""

    @property
    def content(self) -> bool:
        """Words have been seen."""

    @property
    def progress(self) -> bool:
        """The last `feed` brought something that counts."""

    @property
    def fault(self) -> Fault | None:
        """An error told inside the reply."""

    @property
    def finished(self) -> bool:
        """The proper end was seen."""

    @property
    def usage(self) -> Usage | None:
        """The tokens as the upstream counted them."""

    def feed(self, data: bytes) -> bytes:
        """Bytes for the client, always ending between two events; empty when nothing is ready."""

    def end(self) -> Ending:
        """The upstream's body is over (or `finished` is set): the last bytes, or the fault that makes it no answer."""


@runtime_checkable
class Resumable(Protocol):
    """What a reader is besides, where the provider runs the call as a job of its own and lets its stream be taken up.

    `handle`: the job's name at the provider, empty until the provider told it. From then on the job is accepted and
    will be charged: whatever breaks is gone on with by the handle, and never by another attempt. `sequence`: the number
    of the last event that was seen, -1 before the first.
    """

    @property
    def handle(self) -> str:
        """The job's name at the provider."""

    @property
    def sequence(self) -> int:
        """The number of the last event."""

    def resume(self) -> None:
        """The connection broke, and what is fed next comes from another one, behind `sequence`: a part of an event is
        forgotten, and events that were seen already are not told again.
        """

    def settled(self, body: bytes) -> bytes:
        """What ends the stream, to be fed, of the job as it was read in one piece; b"" while it runs. Raises ValueError
        where `body` is no such job.
        """


class Announced(Protocol):
    """What a heartbeat has called an answer that was not there yet. All readers must see it under that name then."""

    @property
    def handle(self) -> str:
        """What its upstream calls it; empty until it is known."""

    def retell(self, data: bytes) -> bytes:
        """Whole events of the answer, under the announced name."""


class Voice(Protocol):
    """What outwait itself says in one client's reply, and what must change in the answer because it spoke.

    One for each client connection. `edits`: from now on the answer's bytes must go through `say`. Bytes given to `say`
    may be cut anywhere; what it returns may lag behind by a part of an event. `inserted`: where events are numbered,
    the numbers of those that outwait put in, as this client saw them. `announced`: None until a beat named an answer
    that names itself later.
    """

    @property
    def edits(self) -> bool:
        """Whether `say` would change anything."""

    @property
    def inserted(self) -> Sequence[int]:
        """Numbers of the events put in."""

    @property
    def announced(self) -> Announced | None:
        """The name that a beat gave the answer."""

    def decided(self) -> None:
        """The answer is there, though not told yet: it has the name it has, and none may be announced any more."""

    def resume(self, after: int, inserted: Sequence[int]) -> None:
        """This client saw `after` events (or that of this number) on an earlier connection, `inserted` among them."""

    def beat(self) -> bytes:
        """The bytes of the next heartbeat; empty where the mode or the format allows none."""

    def say(self, data: bytes) -> bytes:
        """The answer's bytes as this client must see them."""

    def fail(self, fault: Fault, exchange_id: str) -> bytes:
        """The events that tell `fault` inside an open stream, and the stream's proper end."""


class Decoder(Protocol):
    """Reads one upstream reply into deltas. `finished`: nothing follows. `complete`: a reply that is over now is whole.
    `fault`: an error told inside the reply. `progress`: the last event was more than a ping.
    """

    @property
    def finished(self) -> bool:
        """Nothing follows."""

    @property
    def complete(self) -> bool:
        """The reply may be over."""

    @property
    def fault(self) -> Fault | None:
        """An error told inside the reply."""

    @property
    def progress(self) -> bool:
        """The last event was more than a ping."""

    def event(self, name: bytes, data: bytes) -> Sequence[Delta]:
        """One event of a stream: its `event:` name (may be empty) and its data."""

    def whole(self, body: bytes) -> Sequence[Delta]:
        """The one JSON body of a reply that is no stream; `complete` and `fault` tell what it was."""


class Encoder(Protocol):
    """Writes one stream for the client."""

    def feed(self, delta: Delta) -> bytes:
        """Whole events, or nothing."""

    def end(self) -> bytes:
        """What closes the stream, once the answer is whole."""


@dataclass(frozen=True, slots=True)
class Translation:
    """A dialect as one side of a translation.

    `ask(call)`: the neutral request; raises Refusal for a malformed one, naming the field. `word(ask, candidate)`: the
    request for an upstream; raises Refusal `not_expressible` for what this dialect cannot say. `decoder(call, ask's
    candidate)`, `encoder(call)`: for one reply. `whole(call, answer)`: a JSON reply.

    `names`: field of `Ask` -> what a client of this dialect calls it (`sampling.temperature` and the like with a dot; a
    field further inside without a name of its own is called after what it stands in).
    `takes`: fields of `Ask` that `word` can say. `drops`: fields that it leaves out, and why that is harmless.
    `losable`: this dialect's own further fields (see `Ask.rest`) that may be left out for another dialect, and why.
    """

    ask: Callable[[Call], Ask]
    word: Callable[[Ask, Candidate], Wording]
    decoder: Callable[[Call, Candidate], Decoder]
    encoder: Callable[[Call], Encoder]
    whole: Callable[[Call, Answer], bytes]
    names: Mapping[str, str]
    takes: frozenset[str]
    drops: Mapping[str, str]
    losable: Mapping[str, str]


def _never(_call: Call) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider protocol. See the modules of `openai_chat` for each function's promise.

    `read(method, path, headers, body)`: a client's call; raises `core.fault.Refusal`. `prepare(call, candidate)`: the
    body to send to an upstream of the same dialect. `reader(call, candidate, status, headers)`: for its 2xx replies.
    `reply_head(call)`: the head when a heartbeat opens the reply. `error_body(fault, exchange id)`: a failure told as a
    whole body. `voice(call, heartbeat, profile)`: see `Voice`; with `tracked` it must see the answer from its first
    byte. `endpoint(path)`: the name of the endpoint at `path`, or `other`. `translation`: None where the dialect is
    only ever passed through. `silent(call)`: nothing may be said before the upstream answers, not even the head, since
    the form of the reply is not known or has no room for it (sound, subtitles). `numbered`: its events have
    numbers of their own (`sequence_number`).
    """

    name: str
    read: Callable[[str, str, Mapping[str, str], bytes], Call]
    prepare: Callable[[Call, Candidate], bytes]
    reader: Callable[[Call, Candidate, int, Mapping[str, str]], Reader]
    reply_head: Callable[[Call], Head]
    error_body: Callable[[Fault, str], bytes]
    voice: Callable[[Call, Heartbeat, Profile], Voice]
    endpoint: Callable[[str], str]
    tracked: bool = False
    translation: Translation | None = None
    silent: Callable[[Call], bool] = _never
    numbered: bool = False
