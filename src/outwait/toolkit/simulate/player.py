"""Plays one script to one client: the prelude, the answer at its pace, and the end the script asks for.

Promises: what a script says happens in that order and not otherwise, for streams and JSON replies alike; an error after
the head is told inside the reply, as a provider would; `play` says how it ended (`whole`, `error` or `broken`).

A JSON reply has no pieces to pace: it comes when the stream would have ended. Ends by time strike without a byte of it,
stalls and ends "after n pieces" when half of its body is out.
"""

from __future__ import annotations

import math
from itertools import islice
from random import Random
from typing import Final

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.dialect import JSON, Speech
from outwait.toolkit.simulate.script import End, Fate, HeadNow, Pings, Prelude, Script, Silent, Think
from outwait.toolkit.simulate.voice import Listener
from outwait.wire import framing

_PING_EVERY = 1.0  # seconds
_GARBAGE = b"<<<<<<< \x00\x01\x02 this is neither JSON nor an event stream >>>>>>>"
_NOT_HTTP = b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 SSH-2.0 220 not http\r\n\r\n"
_HTML = "<html>\r\n<head><title>{0}</title></head>\r\n<body>\r\n<center><h1>{0}</h1></center>\r\n</body>\r\n</html>\r\n"
_MESSAGES: Final = {
    401: "Incorrect API key provided.",
    429: "Rate limit reached for this model. Please try again later.",
    500: "The server had an error while processing your request. Sorry about that!",
    503: "The engine is currently overloaded, please try again later.",
    504: "The model did not answer in time.",
    529: "Overloaded",
}
_STRIKES_FIRST = frozenset({Fate.HANG, Fate.GARBAGE, Fate.GARBAGE_HTTP, Fate.HTML, Fate.EMPTY_BODY})


class Player:
    """One performance. `identity`: a header block that every reply carries."""

    __slots__ = (
        "_answer", "_begun", "_chance", "_end", "_identity", "_script", "_speech", "_stream", "_strikes", "_thoughts",
        "_thread", "_voice",
    )  # fmt: skip

    def __init__(self, script: Script, answer: Answer, speech: Speech, voice: Listener, identity: bytes) -> None:
        self._script = script
        self._answer = answer
        self._speech = speech
        self._voice = voice
        self._identity = identity
        self._stream = answer.question.stream
        self._begun = False  # the opening events are out
        self._chance = Random(f"{answer.id}/pace")
        self._end: End | None = script.end
        self._strikes = math.inf  # on the loop's clock: when the end comes, if it comes by time
        self._thread = speech.thread() if speech.thread is not None else None
        self._thoughts = speech.thinking(answer) if self._stream else iter(())

    async def play(self) -> str:
        """Play to the end; returns whole | error | broken. Raises Left when the client leaves."""
        if self._end is not None and self._end.fate is Fate.REFUSE_STREAM:
            if self._stream:
                return await refuse_stream(self._speech, self._voice, self._identity)
            self._end = None
        for step in self._script.prelude:
            await self._prelude(step)
        end = self._end
        if end is not None and self._strikes_at_once(end):
            await self._voice.pause(float(end.after or 0))
            return await self._strike(end)
        if end is not None and isinstance(end.after, float):
            self._strikes = self._voice.now() + end.after
        return await (self._tell() if self._stream else self._reply())

    def _strikes_at_once(self, end: End) -> bool:
        """Whether nothing of the answer is said before the end; with a span and no pace, silence fills the span."""
        if end.fate is Fate.ERROR or end.fate in _STRIKES_FIRST:
            return True
        if isinstance(end.after, int) or end.fate is Fate.TRUNCATE:
            return False
        return end.after is None or self._script.pace is None

    # -- the prelude

    async def _prelude(self, step: Prelude) -> None:
        voice = self._voice
        if isinstance(step, Silent):
            await voice.pause(step.seconds)
        elif isinstance(step, HeadNow):
            self._open()
        elif isinstance(step, Pings):
            await self._pings(voice.now() + step.seconds)
        else:
            await self._think(step.seconds)

    async def _pings(self, until: float) -> None:
        if self._stream and not self._speech.early:
            await self._begin()
        self._open()
        ping = self._speech.ping if self._stream else b"\n"
        while ping:
            await self._say(ping)
            if self._voice.now() + _PING_EVERY >= until:
                break
            await self._voice.pause(_PING_EVERY)
        await self._voice.pause_until(until)

    async def _think(self, seconds: float) -> None:
        if not self._stream:
            await self._voice.pause(seconds)
            return
        await self._begin()
        start = self._voice.now()
        events = tuple(islice(self._thoughts, self._share(seconds)))
        for number, event in enumerate(events):
            await self._say(event)
            await self._voice.pause_until(start + seconds * (number + 1) / len(events))
        await self._voice.pause_until(start + seconds)

    def _share(self, seconds: float) -> int | None:
        """How many of the thoughts a step of `seconds` tells: several steps share them, the last one tells the rest."""
        steps = [step for step in self._script.prelude if isinstance(step, Think)]
        if len(steps) <= 1:
            return None
        count = sum(1 for _ in self._speech.thinking(self._answer))
        return math.ceil(count * seconds / sum(step.seconds for step in steps)) if seconds else 0

    # -- a streamed answer

    async def _begin(self) -> None:
        """The head and the opening events, once."""
        if self._begun:
            return
        self._begun = True
        self._open()
        for event in self._speech.opening(self._answer):
            await self._say(event)

    async def _say(self, event: bytes) -> None:
        await self._voice.write(event if self._thread is None else self._thread(event))

    async def _tell(self) -> str:
        await self._begin()
        events = self._speech.telling(self._answer)
        after = self._end.after if self._end is not None else None
        count = 0
        while self._end is None or count != after:
            event = next(events, None)
            if event is None:
                break
            if not await self._wait(count):
                break
            await self._say(event)
            count += 1
        if self._end is not None:
            if self._strikes < math.inf:  # the answer was told before its time
                await self._voice.pause_until(self._strikes)
            return await self._strike(self._end)
        for event in self._speech.closing(self._answer):
            await self._say(event)
        self._voice.finish()
        return "whole"

    async def _wait(self, count: int) -> bool:
        """The silence before piece `count`; False when the end strikes in it."""
        seconds = self._span() + sum(stall.seconds for stall in self._script.stalls if stall.after == count)
        if self._voice.now() + seconds >= self._strikes:
            return False
        await self._voice.pause(seconds)
        return True

    def _span(self) -> float:
        pace = self._script.pace
        return self._chance.uniform(pace.low, pace.high) if pace is not None else 0.0

    # -- a JSON reply

    async def _reply(self) -> str:
        body = self._speech.whole(self._answer)
        end = self._end
        pieces = sum(1 for _ in self._speech.telling(self._answer)) if self._script.pace is not None else 0
        due = self._voice.now() + sum(self._span() for _ in range(pieces))
        if self._strikes < math.inf:
            due = self._strikes
        await self._voice.pause_until(due)
        if end is not None and (self._strikes < math.inf or end.fate is Fate.ERROR_INSIDE):
            return await self._strike(end)
        if end is not None and end.fate is Fate.TRUNCATE and not self._voice.opened:
            self._voice.short(200, self._headers(self._kind) + b"connection: close\r\n", body)
            return "broken"
        if end is None and not self._script.stalls and not self._voice.opened:
            self._voice.send(200, self._headers(self._kind), body)
            return "whole"
        return await self._halves(body)

    async def _halves(self, body: bytes) -> str:
        """The reply in two parts, with what the script has between them."""
        self._open()
        half = len(body) // 2
        await self._voice.write(body[:half])
        for stall in self._script.stalls:
            await self._voice.pause(stall.seconds)
        if self._end is not None:
            return await self._strike(self._end)
        await self._voice.write(body[half:])
        self._voice.finish()
        return "whole"

    # -- the ends

    async def _strike(self, end: End) -> str:
        voice, fate = self._voice, end.fate
        if fate is Fate.HANG:
            await voice.pause(math.inf)
        elif fate is Fate.RESET:
            await voice.reset()
        elif fate is Fate.CLOSE:
            voice.close()
        elif fate is Fate.TRUNCATE:
            await self._truncate()
        elif fate is Fate.ERROR:
            return await self._error(end)
        elif fate is Fate.ERROR_INSIDE:
            return await self._error_inside(503, end.code, "The model failed while it was answering.")
        elif fate is Fate.GARBAGE_HTTP:
            voice.raw(_NOT_HTTP)
        else:
            await self._other_body(end)
        return "broken"

    async def _truncate(self) -> None:
        if self._stream:
            self._voice.finish()
        else:
            self._voice.close()

    async def _error(self, end: End) -> str:
        message = _MESSAGES.get(end.status, f"The model's name asks for an error {end.status}.")
        if self._voice.opened:
            return await self._error_inside(end.status, end.code, message)
        more = b"" if end.retry_after is None else b"retry-after: %d\r\n" % end.retry_after
        body = self._speech.error(end.status, end.code, message, None)
        self._voice.send(end.status, self._headers(JSON) + more, body)
        return "error"

    async def _error_inside(self, status: int, code: str | None, message: str) -> str:
        self._open()
        if not self._stream:
            await self._voice.write(self._speech.error(status, code, message, None))
        elif event := self._speech.error_event(status, code, message, self._answer):
            if not self._speech.early:
                await self._begin()
            await self._say(event)
        else:
            self._voice.close()
            return "broken"
        self._voice.finish()
        return "error"

    async def _other_body(self, end: End) -> None:
        """A body that is not what the client hopes for."""
        body, kind = b"", self._kind
        if end.fate is Fate.GARBAGE:
            body = _GARBAGE
        elif end.fate is Fate.HTML:
            title = framing.status_line(end.status).decode().split(" ", 1)[1].strip()
            body, kind = _HTML.format(title).encode(), "text/html"
        if not self._voice.opened:
            self._voice.send(end.status, self._headers(kind), body)
            return
        if body:
            await self._voice.write(body)
        self._voice.finish()

    def _open(self) -> None:
        self._voice.open(200, self._headers(self._kind))

    @property
    def _kind(self) -> str:
        return self._speech.type_of(self._answer.question)

    def _headers(self, content_type: str) -> bytes:
        return b"content-type: %b\r\n%b" % (content_type.encode(), self._identity)


async def refuse_stream(speech: Speech, voice: Listener, identity: bytes) -> str:
    """400: this model does not stream."""
    message = "Unsupported value: 'stream' does not support true with this model."
    body = speech.error(400, "unsupported_value", message, "stream")
    voice.send(400, b"content-type: application/json\r\n" + identity, body)
    return "error"
