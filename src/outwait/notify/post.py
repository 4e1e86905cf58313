"""One attempt to tell a webhook, on a connection of its own.

Promises: it takes at most 15 seconds in all; only the status and the wish to be left alone are read of the answer, and
no more than 64 KB of its body; no redirect is followed; the address connected to is one that was judged: never a
link-local one, and without TLS only one of this machine or a private network.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final, NamedTuple

from outwait.config.webhooks import private
from outwait.core.fault import Fault
from outwait.notify.webhook import Webhook
from outwait.wire.attempt import OpenAttempt
from outwait.wire.breaks import DialFailed, dial_fault
from outwait.wire.connection import Connection
from outwait.wire.dialing import Dialer, Place
from outwait.wire.endpoint import Endpoint
from outwait.wire.pool import Nowhere

ATTEMPT: Final = 15.0  # seconds, from the look-up of the name to the end of the answer
BODY: Final = 65_536
# The wire's own limit is a fault; ours only ends the reading, and must come first.
_MAX_BODY = 1 << 62


class Answer(NamedTuple):
    """What a receiver said. `retry_after`: the header as it came, or nothing."""

    status: int
    retry_after: str = ""


class Unanswered(Exception):  # noqa: N818 - it says what happened
    """There was no answer; the text says why."""


class Post:
    """Sends events, on the running loop."""

    __slots__ = ("_dialer", "_loop")

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._dialer = Dialer(self._loop)

    def renew(self) -> None:
        """Read the files of authorities anew."""
        self._dialer = Dialer(self._loop)

    async def send(self, webhook: Webhook, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body` with the `headers` of this attempt. Raises Unanswered. Cancelled, it closes the connection."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")
        head = b"%s%scontent-length: %d\r\n\r\n" % (webhook.head, lines, len(body))
        heard = _Heard(self._loop.create_future())
        attempt = OpenAttempt()
        try:
            async with asyncio.timeout(ATTEMPT):
                connection = await self._connected(webhook.endpoint)
                connection.begin(attempt, heard, head, body, reused=False)
                said = await heard.told
        except DialFailed as failure:
            raise Unanswered(_words(dial_fault(failure))) from None
        except TimeoutError:
            if heard.answer is not None:  # it took the event, and is slow to end its answer
                return heard.answer
            raise Unanswered(f"there was no {heard.awaited} within {ATTEMPT:g} s") from None
        finally:
            attempt.cancel()
        if isinstance(said, str):
            raise Unanswered(said)
        return said

    async def _connected(self, endpoint: Endpoint) -> Connection:
        dialer = self._dialer
        places = await dialer.resolve(endpoint)
        if not endpoint.tls:
            places = _at_home(endpoint, places)
        return await dialer.connect(endpoint, places, lambda: Connection(self._loop, endpoint, Nowhere(), _MAX_BODY))


def _at_home(endpoint: Endpoint, places: list[Place]) -> list[Place]:
    """Those of `places` that may be sent to without TLS. Raises DialFailed when there is none."""
    found = [place for place in places if private(str(place[1][0]))]
    if not found:
        why = f"{endpoint.host} is {places[0][1][0]}, which is no private address, and http:// is not encrypted"
        raise DialFailed("judge", (), why)
    return found


def _words(fault: Fault) -> str:
    name = fault.cause or fault.code
    return f"{name}: {fault.detail}" if fault.detail else name


class _Heard:
    """Takes the head of an answer, and lets its body pass.

    `told`: the answer, or why there is none. `answer`: as soon as the head is there. `awaited`: what is still to come.
    """

    __slots__ = ("_left", "answer", "awaited", "told")

    def __init__(self, told: asyncio.Future[Answer | str]) -> None:
        self.told = told
        self.answer: Answer | None = None
        self.awaited = "connection"
        self._left = BODY

    def resolved(self) -> None:
        """Nothing waits for that."""

    def connected(self, reused: bool) -> None:
        """Now it is the receiver's turn."""
        self.awaited = "answer"

    def wrote(self, left: int) -> None:
        """Nothing waits for that either."""

    def sent(self) -> None:
        """The same."""

    def head(self, status: int, headers: Mapping[str, str], *, whole: bool = False) -> None:
        """All that matters."""
        self.answer = Answer(status, headers.get("retry-after", ""))

    def body(self, data: bytes) -> None:
        """It is read, so that the receiver can end in peace, but not for ever."""
        self._left -= len(data)
        if self._left < 0:
            self.end()

    def end(self) -> None:
        """That was all."""
        if not self.told.done() and self.answer is not None:
            self.told.set_result(self.answer)

    def failed(self, fault: Fault) -> None:
        """It broke; with the head here, that says nothing about the event any more."""
        if self.answer is not None:
            self.end()
        elif not self.told.done():
            self.told.set_result(_words(fault))
