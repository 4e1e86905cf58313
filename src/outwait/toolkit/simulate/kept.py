"""The responses that a simulated provider keeps, and the jobs among them that run in the background.

Promises: a response is found by its id from the moment it is known until it is deleted; a job goes on whoever listens,
and each of its events has its number once and for all; who follows a job sees every event behind the one asked for.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Mapping
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.dialect import BadCallError
from outwait.toolkit.simulate.openai_responses import cancelled_event, numbered, queueing
from outwait.toolkit.simulate.script import Fate
from outwait.toolkit.simulate.voice import Voice

KEPT: Final = 10_000
STREAMED_FOR: Final = 300.0  # seconds for which OpenAI gives the stream of a job (openai-python issue 2828)
_STATES = ("created", "queued", "in_progress")
_ENDS = ("completed", "incomplete", "failed")
_OF_RESPONSE: Final = frozenset(f"event: response.{name}".encode() for name in (*_STATES, *_ENDS))

Fields = dict[str, Any]


class Kept:
    """One response. `state`: as it is now. `items`: the whole conversation that it answers, each with an id.

    `background`, `streamed`: how it was asked for. `began`: when, on the loop's clock. `events`: of a job, numbered
    from 0. `ended`: nothing follows. `severed`: how the connection that asked for the job is to break, once it has
    `severed_at` events; others live on.
    """

    def __init__(self, state: Fields, items: list[Fields]) -> None:
        self.state = state
        self.items = items
        self.background = state["background"] is True
        self.streamed = False
        self.began = 0.0
        self.events: list[bytes] = []
        self.ended = not self.background
        self.severed: Fate | None = None
        self.severed_at = 0
        self.task: asyncio.Task[None] | None = None
        self._followers: list[Voice] = []
        self._number = numbered()

    def add(self, data: bytes) -> None:
        """Some events of its job; what comes behind its end is nothing."""
        for each in data.split(b"\n\n"):
            if not each or self.ended:
                continue
            name, _, told = each.partition(b"\n")
            self.events.append(self._number(each + b"\n\n"))
            if name in _OF_RESPONSE:
                self.state = msgspec.json.decode(told.removeprefix(b"data: "))["response"]
                self.ended = self.state["status"] not in ("queued", "in_progress")
        self._wake()

    def sever(self, how: Fate) -> None:
        """Break the connection that asked for the job, here."""
        if self.severed is None:
            self.severed, self.severed_at = how, len(self.events)
            self._wake()

    def cancel(self) -> None:
        """End the job; there is no output then."""
        if self.task is not None:
            self.task.cancel()
        self.add(cancelled_event({**self.state, "status": "cancelled", "output": []}))

    async def follow(self, voice: Voice, start: int, *, first: bool = False) -> str:
        """Tell `voice` the events from `start` on, until the end; `first`: on the connection that asked for the job."""
        self._followers.append(voice)
        try:
            return await self._tell(voice, start, first)
        finally:
            self._followers.remove(voice)

    async def _tell(self, voice: Voice, at: int, first: bool) -> str:
        while True:
            severed = first and self.severed is not None
            limit = self.severed_at if severed else len(self.events)
            while at < limit:
                await voice.write(self.events[at])
                at += 1
            if severed and at >= self.severed_at:
                return await _break(voice, self.severed)
            if at < len(self.events):
                continue
            if self.ended:
                voice.finish()
                return "whole"
            await voice.wait()

    def _wake(self) -> None:
        for voice in self._followers:
            voice.wake()


async def _break(voice: Voice, how: Fate | None) -> str:
    if how is Fate.RESET:
        await voice.reset()
    elif how is Fate.CLOSE:
        voice.close()
    else:
        voice.finish()
    return "broken"


class Library:
    """All responses kept, the newest `KEPT` of them. `streamed_for`: seconds from the beginning of a job in which its
    stream can be asked for.
    """

    def __init__(self) -> None:
        self.streamed_for = STREAMED_FOR
        self._kept: dict[str, Kept] = {}
        self._order: deque[str] = deque()

    def find(self, ident: str) -> Kept | None:
        """The response of that id."""
        return self._kept.get(ident)

    def put(self, kept: Kept) -> None:
        """Keep a response."""
        self._kept[kept.state["id"]] = kept
        self._order.append(kept.state["id"])
        if len(self._order) > KEPT:
            self._kept.pop(self._order.popleft(), None)

    def drop(self, ident: str) -> None:
        """Forget a response."""
        self._kept.pop(ident, None)

    def job(self, said: Answer) -> Kept:
        """A new job that answers `said`, queued."""
        body = said.question.body
        kept = Kept({"id": said.id, "status": "queued", "background": True}, items_of(said))
        kept.streamed = body.get("stream") is True
        for event in queueing(said):
            kept.add(event)
        self.put(kept)
        return kept

    def close(self) -> None:
        """End all jobs."""
        for kept in self._kept.values():
            if kept.task is not None:
                kept.task.cancel()

    def continued(self, body: Mapping[str, object]) -> Mapping[str, object]:
        """`body` with the conversation of the response that it continues before its own input. Raises BadCallError."""
        previous = body.get("previous_response_id")
        if not isinstance(previous, str):
            return body
        kept = self.find(previous)
        if kept is None or kept.state["status"] in ("queued", "in_progress"):
            text = f"Previous response with id '{previous}' not found."
            raise BadCallError(text, "previous_response_id", code="previous_response_not_found")
        given = body.get("input")
        if isinstance(given, str):
            given = [{"role": "user", "content": given}]
        if not isinstance(given, list):
            return body  # and is refused for that
        return {**body, "input": [*kept.items, *kept.state["output"], *given]}


def items_of(said: Answer) -> list[Fields]:
    """The conversation that was asked with, each item with an id and its content in parts."""
    given = said.question.body["input"]
    items = [{"role": "user", "content": given}] if isinstance(given, str) else given
    assert isinstance(items, list)  # noqa: S101 - narrows the type: the request was checked
    return [_item(item, f"{said.id.removeprefix('resp_')}{at:04x}") for at, item in enumerate(items)]


_PREFIXES: Final = {"message": "msg", "function_call": "fc", "reasoning": "rs"}


def _item(item: Fields, ident: str) -> Fields:
    kind = item.get("type", "message")
    made = {"id": f"{_PREFIXES.get(kind, 'item')}_{ident}", "type": kind, **item}
    content = item.get("content")
    if kind == "message" and isinstance(content, str):
        part = "output_text" if item.get("role") == "assistant" else "input_text"
        made["content"] = [{"type": part, "text": content} | ({"annotations": []} if part == "output_text" else {})]
    if kind == "message":
        made.setdefault("status", "completed")
    return made
