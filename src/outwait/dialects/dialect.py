"""The few functions a dialect has.

A dialect is one frozen table of functions: the edge reads a call with it, the exchange prepares upstream bodies and
reads replies with it, the relay takes heartbeats and errors from it. None does input or output, none keeps time.
To add a dialect: a package beside `openai_chat` that offers these functions, and a row in `table.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol

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


@dataclass(frozen=True, slots=True)
class Dialect:
    """One provider protocol. See the modules of `openai_chat` for each function's promise.

    `read(method, path, headers, body)`: a client's call; raises `core.fault.Refusal`. `prepare(call, candidate)`: the
    body to send upstream. `reader(call, candidate, status, headers)`: for 2xx replies. `reply_head(call)`: the head
    when a heartbeat opens the reply. `error_body`, `stream_error` (fault, exchange id): a failure told as a whole body,
    and inside an open stream with the stream's end. `beat(call, heartbeat, profile)`: the bytes of one heartbeat.
    `upstream_path`: endpoint -> path below a channel's base URL.
    """

    name: str
    read: Callable[[str, str, Mapping[str, str], bytes], Call]
    prepare: Callable[[Call, Candidate], bytes]
    reader: Callable[[Call, Candidate, int, Mapping[str, str]], Reader]
    reply_head: Callable[[Call], Head]
    error_body: Callable[[Fault, str], bytes]
    stream_error: Callable[[Fault, str], bytes]
    beat: Callable[[Call, Heartbeat, Profile], bytes]
    upstream_path: Mapping[str, str]
