"""Clients that ask a gateway whose workers are killed: each kind in its own way, with answers that can be checked."""

from __future__ import annotations

import asyncio
import json
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from tests.faults import speech
from tests.faults.caller import Caller, asking, get
from tests.faults.oracle import Known, Oracle

from outwait.toolkit.simulate.answer import words

KEY = {"Authorization": "Bearer key-of-the-load"}
SEED = 0  # of the simulated provider
PATIENCE = 20.0  # seconds
TRIES = 60  # of a client that named its question, and does not give up
_PAUSE = 0.3  # seconds until it asks again


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of client asks. `script`: of the model; `count`: words of its answer."""

    script: str
    count: int
    stream: bool = False


KINDS: Mapping[str, Kind] = {
    "short": Kind("long-5", 5),
    "slow": Kind("silent-2500ms+long-20", 20),
    "streamed": Kind("drip-40ms+long-40", 40, stream=True),
    "named": Kind("silent-1s+drip-30ms+long-20", 20, stream=True),
    "named JSON": Kind("silent-1500ms+long-20", 20),
    "orphaned": Kind("silent-1200ms+drip-40ms+long-40", 40, stream=True),
    "background": Kind("silent-1s+drip-40ms+long-30", 30),
}


class Load:
    """Asks until told to stop. `calls`: begun so far; `whole`: answers that clients had whole."""

    def __init__(self, port: int, oracle: Oracle, seed: int) -> None:
        self.port = port
        self.calls = 0
        self.whole = 0
        self.running = True
        self._oracle = oracle
        self._chance = random.Random(f"{seed}/load")
        self._ways: dict[str, Callable[[Kind, str], Awaitable[None]]] = {
            "named": self._named,
            "named JSON": self._named,
            "orphaned": self._orphaned,
            "background": self._background,
        }

    async def ask(self) -> None:
        """One client after the other."""
        while self.running:
            self.calls += 1
            kind = self._chance.choice([*KINDS])
            question = f"Question {self.calls} of the kind {kind}?"
            try:
                await self._ways.get(kind, self._plain)(KINDS[kind], question)
            except (OSError, TimeoutError):
                await asyncio.sleep(_PAUSE)  # nobody listens, or nobody answers any more

    async def _plain(self, kind: Kind, question: str) -> None:
        await self._once(kind, question, KEY)

    async def _named(self, kind: Kind, question: str) -> None:
        """The same name until there is an answer."""
        for _ in range(TRIES):
            try:
                if await self._once(kind, question, KEY | {"Idempotency-Key": question}):
                    return
            except (OSError, TimeoutError):
                pass
            await asyncio.sleep(_PAUSE)

    async def _orphaned(self, kind: Kind, question: str) -> None:
        """Leaves before the end."""
        async with Caller(self.port) as caller:
            await caller.send(_request(kind, question, KEY | {"x-outwait-on-disconnect": "finish"}))
            patience = self._chance.uniform(1.1, 2.2)
            try:
                await caller.to_the_end(patience)
            except TimeoutError:
                caller.reset()
            self._heard(kind, question, caller)

    async def _background(self, kind: Kind, question: str) -> None:
        """Submits, and comes back until it is over."""
        body = {"model": kind.script, "input": question, "background": True}
        async with Caller(self.port) as caller:
            await caller.send(asking("POST", "/v1/responses", KEY, json.dumps(body).encode()))
            await caller.to_the_end()
        if caller.status != 200 or caller.end != "whole":
            return
        known = self._met(kind, "background", question, caller)
        ident = json.loads(bytes(caller.body))["id"]
        for _ in range(TRIES):
            await asyncio.sleep(_PAUSE)
            try:
                found = await get(self.port, f"/v1/responses/{ident}", KEY)
            except (OSError, TimeoutError):
                continue
            if found.status == 200 and found.end == "whole" and self._over(known, json.loads(bytes(found.body))):
                return

    def _over(self, known: Known, response: Mapping[str, Any]) -> bool:
        if response["status"] == "completed":
            self.whole += 1
            text = "".join(part["text"] for item in response["output"] for part in item.get("content", ()))
            self._oracle.whole(known, text)
        return response["status"] not in ("queued", "in_progress")

    async def _once(self, kind: Kind, question: str, headers: Mapping[str, str]) -> bool:
        """Ask and read to the end; whether the answer came whole."""
        async with Caller(self.port) as caller:
            await caller.send(_request(kind, question, headers))
            try:
                await caller.to_the_end(PATIENCE)
            finally:
                whole = self._heard(kind, question, caller)
            return whole

    def _heard(self, kind: Kind, question: str, caller: Caller) -> bool:
        if "x-outwait-exchange" not in caller.headers or caller.status != 200:
            return False
        known = self._met(kind, _name(kind), question, caller)
        told = speech.read("chat", bytes(caller.body), stream=kind.stream)
        if caller.end != "whole" or not told.ended or told.error:
            return False
        self.whole += 1
        self._oracle.whole(known, told.text)
        return True

    def _met(self, kind: Kind, name: str, question: str, caller: Caller) -> Known:
        # The provider's words for a question are the same each time: `seed/question/choice` draws them.
        truth = "".join(words(f"{SEED}/{question}/0", kind.count))
        return self._oracle.met(caller.headers["x-outwait-exchange"], name, truth, question)


def _name(kind: Kind) -> str:
    return next(name for name, each in KINDS.items() if each is kind)


def _request(kind: Kind, question: str, headers: Mapping[str, str]) -> bytes:
    messages = [{"role": "user", "content": question}]
    body = json.dumps({"model": kind.script, "stream": kind.stream, "messages": messages}).encode()
    return asking("POST", "/v1/chat/completions", headers, body)
