"""What is asked and what is answered, in no dialect yet: a pure function of the question, the script and a seed.

Promises: the same seed, question and script give the same words, streamed or not, on every machine; usage counts words;
`finish` is true to what was made (`length` when the caller's limit cut it). Tools that have answered are quoted in the
order in which they were given, so that a caller's loop ends.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from types import MappingProxyType
from typing import Final

from outwait.toolkit.simulate.script import Content, Script, Think

_BIG_PIECE = 16 * 1024
_SENTENCE = 9  # words
_THOUGHTS_PER_SECOND = 4
_MOST_THOUGHTS = 20_000
_WORDS: Final = (
    "patience answer silence minute river letter garden window evening station harbor lantern signal road winter "
    "morning paper number engine promise question reason measure bridge island forest summer market village mountain "
    "slow quiet bright careful honest simple steady narrow gentle distant waits carries holds crosses follows returns "
    "keeps listens arrives begins leads grows and or but while under over near beyond through the a every one some"
).split()
_NOTHING: Final[Mapping[str, object]] = MappingProxyType({})
_CITIES: Final = ("Paris", "Oslo", "Lima", "Kyoto", "Accra", "Quito", "Turin", "Perth")


@dataclass(frozen=True, slots=True)
class Question:
    """One call as any dialect asks it.

    `text`: the last user message. `words`: words of the whole prompt. `most`: the caller's limit of words, None = none.
    `tops`: alternatives wanted for each piece, with `logprobs`. `tools`: names of the functions offered. `results`:
    what the tools called last have answered. `body`: the decoded request, for what only one protocol knows; `heard`:
    the same as it came. `told`: each message of the conversation, behind its role.
    """

    model: str
    stream: bool
    text: str
    words: int
    count: int = 1
    most: int | None = None
    usage: bool = False
    logprobs: bool = False
    tops: int = 0
    tools: tuple[str, ...] = ()
    results: tuple[str, ...] = ()
    body: Mapping[str, object] = field(default_factory=lambda: _NOTHING)
    heard: str = ""
    told: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ToolCall:
    """One call of a function; `pieces` of its JSON arguments as they are streamed."""

    id: str
    name: str
    pieces: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the answers: text, a refusal or tool calls. `finish`: stop | length | tool_calls."""

    pieces: tuple[str, ...] = ()
    refusal: tuple[str, ...] = ()
    tools: tuple[ToolCall, ...] = ()
    finish: str = "stop"


@dataclass(frozen=True, slots=True)
class Answer:
    """The whole answer to one question. `created`: seconds since 1970. `fingerprint`: of the simulated system.

    `cached`: words of the prompt that came out of a cache.
    """

    id: str
    created: int
    fingerprint: str
    question: Question
    choices: tuple[Choice, ...]
    reasoning: tuple[str, ...]
    logprobs: bool
    cached: int = 0

    @property
    def reasoned(self) -> int:
        """Words of reasoning."""
        return len("".join(self.reasoning).split())

    @property
    def said(self) -> int:
        """Words of all choices, the reasoning included."""
        texts = ["".join(part) for choice in self.choices for part in _parts(choice)]
        return sum(len(text.split()) for text in texts) + self.reasoned


def _parts(choice: Choice) -> tuple[tuple[str, ...], ...]:
    return (choice.pieces, choice.refusal, *(tool.pieces for tool in choice.tools))


def answer(question: Question, script: Script, seed: int, *, created: int, ident: str) -> Answer:
    """The answer of `script` to `question`; `ident`: letters that tell this call from others."""
    key = f"{seed}/{question.text}"
    thoughts = sum(step.seconds for step in script.prelude if isinstance(step, Think))
    count = min(max(1, round(thoughts * _THOUGHTS_PER_SECOND)), _MOST_THOUGHTS) if thoughts else 0
    return Answer(
        id=ident,
        created=created,
        fingerprint=f"fp_{random.Random(f'{seed}/system').getrandbits(40):010x}",
        question=question,
        choices=tuple(_choice(question, script, f"{key}/{index}") for index in range(question.count)),
        reasoning=words(f"{key}/reasoning", count),
        logprobs=question.logprobs or script.logprobs,
        cached=min(script.cached, question.words),
    )


def words(key: str, count: int) -> tuple[str, ...]:
    """`count` pieces of text, a word each, that make sentences of a kind; always the same for the same `key`."""
    chance = random.Random(key)
    pieces: list[str] = []
    for number in range(count):
        word = chance.choice(_WORDS)
        if number % _SENTENCE == 0:
            word = word.capitalize()
        if number % _SENTENCE == _SENTENCE - 1 or number == count - 1:
            word += "."
        pieces.append(f" {word}" if number else word)
    return tuple(pieces)


def signature(text: str) -> str:
    """What a provider signs its thoughts with, as base64, so that it knows them again; always the same for `text`."""
    return base64.b64encode(hashlib.sha512(b"outwait/" + text.encode()).digest()).decode()


def likelihood(piece: str, tops: int) -> list[tuple[str, float]]:
    """`piece` with its logprob, then `tops` alternatives, itself the first of them.

    The longer the word, the less sure; alternatives are half as likely as what stands before them.
    """
    sure = -0.01 * len(piece)
    ranked = [(piece if rank == 0 else f"{piece}{rank}", round(sure - rank * math.log(2), 6)) for rank in range(tops)]
    return [(piece, round(sure, 6)), *ranked]


def _choice(question: Question, script: Script, key: str) -> Choice:
    content = script.content
    if content is Content.TOOLS and question.results:
        return Choice(pieces=_echo(f"Results: {'; '.join(question.results)}"))
    quoted = {Content.HEARD: question.heard, Content.TOLD: "\n".join(question.told or (question.text,))}.get(content)
    if quoted is not None:
        return Choice(pieces=_echo(quoted))
    if content is Content.TOOLS:
        return Choice(tools=_tools(question, script.amount, key), finish="tool_calls")
    if content is Content.REFUSAL:
        return Choice(refusal=("I'm", " sorry,", " but", " I", " can't", " help", " with", " that."))
    if content is Content.EMPTY:
        return Choice()
    if content is Content.BIG:
        return Choice(pieces=_bulk(script.amount))
    pieces = _echo(question.text) if content is Content.ECHO else words(key, script.amount)
    if question.most is not None and question.most < len(pieces):
        return Choice(pieces=pieces[: question.most], finish="length")
    return Choice(pieces=pieces)


def _echo(text: str) -> tuple[str, ...]:
    """`text` cut behind each blank, so that joining the pieces gives it back."""
    pieces: list[str] = []
    start = 0
    for at, letter in enumerate(text):
        if letter == " " and at > start:
            pieces.append(text[start:at])
            start = at
    pieces.append(text[start:])
    return tuple(piece for piece in pieces if piece)


def _bulk(size: int) -> tuple[str, ...]:
    line = "All work and no silence makes a dull line. "
    whole, rest = divmod(size, _BIG_PIECE)
    piece = (line * (_BIG_PIECE // len(line) + 1))[:_BIG_PIECE]
    return (piece,) * whole + ((piece[:rest],) if rest else ())


def _tools(question: Question, count: int, key: str) -> tuple[ToolCall, ...]:
    chance = random.Random(key)
    names = question.tools or ("get_weather",)
    calls = []
    for number in range(count):
        arguments = json.dumps({"city": _CITIES[number % len(_CITIES)], "days": chance.randrange(1, 9)})
        cut = [0, len(arguments) // 3, 2 * len(arguments) // 3, len(arguments)]
        pieces = tuple(arguments[start:end] for start, end in pairwise(cut))
        calls.append(ToolCall(f"call_{chance.getrandbits(96):024x}", names[number % len(names)], pieces))
    return tuple(calls)
