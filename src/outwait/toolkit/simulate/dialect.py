"""What a simulated provider needs of a protocol. To add one: a file that makes a `Speech`, and a row in `server.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from outwait.toolkit.simulate.answer import Answer, Question


class BadCallError(Exception):
    """The call is wrong: 400. `param`: the field it is about."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


@dataclass(frozen=True, slots=True)
class Speech:
    """A protocol as a table of functions over bytes; nothing of it does input or output.

    `ask(body)`: the question in a decoded body; raises BadCallError. `opening`, `thinking`, `telling`, `closing`: the
    events of a stream in this order, each a whole event; `telling` are the pieces that scripts count. `whole`: the JSON
    reply. `error(status, code, message, param)`: a failure as a body; `error_event(status, code, message)`: inside a
    stream. `ping`: a comment of the stream. `content_type`: of the stream.
    """

    ask: Callable[[Mapping[str, object]], Question]
    opening: Callable[[Answer], Iterator[bytes]]
    thinking: Callable[[Answer], Iterator[bytes]]
    telling: Callable[[Answer], Iterator[bytes]]
    closing: Callable[[Answer], Iterator[bytes]]
    whole: Callable[[Answer], bytes]
    error: Callable[[int, str | None, str, str | None], bytes]
    error_event: Callable[[int, str | None, str], bytes]
    ping: bytes = b": keep-alive\n\n"
    content_type: str = "text/event-stream; charset=utf-8"
