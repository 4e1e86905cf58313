"""What a simulated provider needs of a protocol. To add one: a file that makes a `Speech`, and a row in `routes.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Protocol, TypeVar

from outwait.toolkit.simulate.answer import Answer, Question

JSON: Final = "application/json"
EVENTS: Final = "text/event-stream; charset=utf-8"
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})

T = TypeVar("T")


class BadCallError(Exception):
    """The call is wrong: 400, unless `status` and `code` say otherwise. `param`: the field it is about."""

    def __init__(self, message: str, param: str | None = None, *, status: int = 400, code: str | None = None) -> None:
        super().__init__(message)
        self.param = param
        self.status = status
        self.code = code


@dataclass(frozen=True, slots=True)
class Envelope:
    """What a call says outside its body: the model its path names ("" = none), its query, its headers (lower case)."""

    model: str = ""
    query: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    headers: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


PLAIN: Final = Envelope()


class Ask(Protocol):
    """Reads the question in a decoded body and its envelope. Raises BadCallError."""

    def __call__(self, body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
        """The question."""


class ErrorEvent(Protocol):
    """Tells a failure inside a stream that has begun; b"" where the protocol has no way to. `answer`: what failed."""

    def __call__(self, status: int, code: str | None, message: str, answer: Answer | None = None, /) -> bytes:
        """The events that tell it."""


def bearer(envelope: Envelope) -> str | None:
    """The key of `Authorization: Bearer`, or of Azure's `api-key`."""
    scheme, _, key = envelope.headers.get("authorization", "").partition(" ")
    return key if scheme.lower() == "bearer" else envelope.headers.get("api-key")


def openai_identity(ident: str) -> bytes:
    """The headers by which OpenAI names a call."""
    return f"x-request-id: req_{ident}\r\nopenai-version: 2020-10-01\r\n".encode()


@dataclass(frozen=True, slots=True)
class Speech:
    """A protocol as a table of functions over bytes; nothing of it does input or output.

    `ask`: the question in a call. `opening`, `thinking`, `telling`, `closing`: the events of a stream in this order;
    `telling` are the pieces that scripts count, each whole events. `whole`: the reply that is no stream.
    `error(status, code, message, param)`: a failure as a body; `error_event`: inside a stream. `ping`: what the
    provider says while it has nothing to say, b"" if nothing; `early`: whether it does so before the opening.

    `content_type`: of the stream; `kind`: of any reply, where the question decides it. `form`: the body is
    multipart/form-data. `thread`: makes what all events of one stream pass through, where they depend on their place.
    `prefix`: of the answer's id; `identity`: the headers that name a call. `key`: the credential; `wrong_key`: status,
    code and message for another one.
    """

    ask: Ask
    opening: Callable[[Answer], Iterator[bytes]]
    thinking: Callable[[Answer], Iterator[bytes]]
    telling: Callable[[Answer], Iterator[bytes]]
    closing: Callable[[Answer], Iterator[bytes]]
    whole: Callable[[Answer], bytes]
    error: Callable[[int, str | None, str, str | None], bytes]
    error_event: ErrorEvent
    ping: bytes = b": keep-alive\n\n"
    early: bool = True
    content_type: str = EVENTS
    kind: Callable[[Question], str] | None = None
    form: bool = False
    thread: Callable[[], Callable[[bytes], bytes]] | None = None
    prefix: str = "chatcmpl-"
    identity: Callable[[str], bytes] = openai_identity
    key: Callable[[Envelope], str | None] = bearer
    wrong_key: tuple[int, str | None, str] = (401, "invalid_api_key", "Incorrect API key provided.")

    def type_of(self, question: Question) -> str:
        """The content type of a reply to `question`."""
        if self.kind is not None:
            return self.kind(question)
        return self.content_type if question.stream else JSON


def nothing(_: Answer) -> Iterator[bytes]:
    """No events."""
    return iter(())


def taking_turns(speakers: Iterable[Iterator[T]]) -> Iterator[T]:
    """What all `speakers` say, one piece of each after the other, as real streams of several choices do."""
    turns = list(speakers)
    while turns:
        for turn in tuple(turns):
            try:
                piece = next(turn)
            except StopIteration:
                turns.remove(turn)
            else:
                yield piece


def wrapped(before: bytes, pieces: Iterator[bytes], after: bytes) -> Iterator[bytes]:
    """`pieces` with what must stand before the first and after the last of them, as parts of these two."""
    held = before
    first = True
    for piece in pieces:
        if first:
            held += piece
            first = False
        else:
            yield held
            held = piece
    if held or after:
        yield held + after
