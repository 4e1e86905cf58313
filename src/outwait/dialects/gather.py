"""Deltas gathered into the whole answer they make."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from outwait.core.delta import (
    Answer,
    Began,
    Called,
    Choice,
    Cited,
    Counted,
    Declined,
    Delta,
    Mused,
    Said,
    Showed,
    Stopped,
)
from outwait.core.part import Citation, Denial, Media, Part, Text, Thought, ToolCall
from outwait.core.reply import Usage


@dataclass(slots=True)
class _Words:
    """Text, reasoning or a refusal that still grows."""

    kind: type[Said | Mused | Declined]
    pieces: list[str] = field(default_factory=list)
    citations: list[Citation] = field(default_factory=list)
    last: Mused | None = None  # what the pieces of a thought told beside its text

    def settle(self) -> Part:
        text = "".join(self.pieces)
        if self.kind is Said:
            return Text(text, tuple(self.citations))
        if self.kind is Declined:
            return Denial(text)
        told = self.last or Mused()
        return Thought(text, told.signature, told.sealed, told.ident, told.dialect)


@dataclass(slots=True)
class _Tool:
    """A tool call that still grows."""

    first: Called
    pieces: list[str] = field(default_factory=list)

    def settle(self) -> Part:
        told = self.first
        text = "".join(self.pieces)
        return ToolCall(told.id, told.name, text, told.custom, told.signature, told.ident)


class _Growing:
    """One choice that still grows."""

    __slots__ = ("calls", "logprobs", "parts", "reason", "sequence")

    def __init__(self) -> None:
        self.parts: list[_Words | _Tool | Media] = []
        self.calls: dict[int, _Tool] = {}
        self.logprobs: list[dict[str, Any]] = []
        self.reason = "stop"
        self.sequence: str | None = None

    def words(self, kind: type[Said | Mused | Declined]) -> _Words:
        """The words of this kind that grow now: the last part, or a new one."""
        last = self.parts[-1] if self.parts else None
        if isinstance(last, _Words) and last.kind is kind and not _ended(last):
            return last
        made = _Words(kind)
        self.parts.append(made)
        return made

    def muse(self, delta: Mused) -> None:
        grown = self.words(Mused)
        known = grown.last
        if known is not None and known.ident is not None and delta.ident not in {None, known.ident}:
            grown = _Words(Mused)
            self.parts.append(grown)
            known = None
        grown.pieces.append(delta.text)
        known = known or Mused()
        grown.last = Mused(
            signature=delta.signature if known.signature is None else known.signature,
            sealed=known.sealed if delta.sealed is None else delta.sealed,
            ident=known.ident or delta.ident,
            dialect=delta.dialect or known.dialect,
        )

    def call(self, delta: Called) -> None:
        known = self.calls.get(delta.index)
        if known is None:
            known = self.calls[delta.index] = _Tool(delta)
            self.parts.append(known)
        else:
            known.first = _merged(known.first, delta)
        known.pieces.append(delta.arguments)

    def settle(self) -> Choice:
        parts = tuple(part if isinstance(part, Media) else part.settle() for part in self.parts)
        return Choice(parts, self.reason, self.sequence, tuple(self.logprobs))


def _ended(words: _Words) -> bool:
    """Whether a thought is over: it has its signature, or is sealed."""
    last = words.last
    return last is not None and (last.signature is not None or last.sealed is not None)


def _merged(first: Called, more: Called) -> Called:
    return Called(
        first.index,
        first.choice,
        first.id or more.id,
        first.name or more.name,
        custom=first.custom or more.custom,
        signature=first.signature or more.signature,
        ident=first.ident or more.ident,
    )


class Gather:
    """Takes deltas (`add`) and gives the answer (`answer`)."""

    __slots__ = ("_began", "_choices", "_usage")

    def __init__(self) -> None:
        self._began = Began()
        self._choices: dict[int, _Growing] = {}
        self._usage: Usage | None = None

    def add(self, delta: Delta) -> None:
        """Add the next delta."""
        if isinstance(delta, Began):
            self._began = delta
        elif isinstance(delta, Counted):
            self._usage = delta.usage
        else:
            self._grow(self._choices.setdefault(delta.choice, _Growing()), delta)

    @staticmethod
    def _grow(choice: _Growing, delta: Said | Cited | Mused | Declined | Called | Showed | Stopped) -> None:
        if isinstance(delta, Said):
            choice.words(Said).pieces.append(delta.text)
            choice.logprobs.extend(delta.logprobs)
        elif isinstance(delta, Mused):
            choice.muse(delta)
        elif isinstance(delta, Called):
            choice.call(delta)
        elif isinstance(delta, Declined):
            choice.words(Declined).pieces.append(delta.text)
        elif isinstance(delta, Cited):
            choice.words(Said).citations.append(delta.citation)
        elif isinstance(delta, Showed):
            choice.parts.append(delta.media)
        else:
            choice.reason, choice.sequence = delta.reason, delta.sequence

    def answer(self) -> Answer:
        """The answer so far."""
        began = self._began
        choices = tuple(self._choices[index].settle() for index in sorted(self._choices))
        return Answer(began.id, began.model, began.created, choices, self._usage)


def says(delta: Delta) -> bool:
    """Whether `delta` brings words (or what stands for them), and not only the frame around them."""
    if isinstance(delta, Said | Declined):
        return delta.text != ""
    if isinstance(delta, Mused):
        return delta.text != "" or delta.sealed is not None
    return isinstance(delta, Called | Showed)


def deltas_of(answer: Answer) -> tuple[Delta, ...]:
    """The deltas that make `answer`."""
    made: list[Delta] = [Began(answer.id, answer.model, answer.created)]
    for index, choice in enumerate(answer.choices):
        logprobs, calls = choice.logprobs, 0
        for part in choice.parts:
            if isinstance(part, Text):
                made.append(Said(part.text, index, logprobs))
                made += [Cited(citation, index) for citation in part.citations]
                logprobs = ()
            elif isinstance(part, ToolCall):
                made.append(
                    Called(calls, index, part.id, part.name, part.arguments, part.custom, part.signature, part.ident)
                )
                calls += 1
            elif isinstance(part, Thought):
                made.append(Mused(part.text, index, part.signature, part.sealed, part.ident, part.dialect))
            elif isinstance(part, Denial):
                made.append(Declined(part.text, index))
            elif isinstance(part, Media):
                made.append(Showed(part, index))
        made.append(Stopped(choice.reason, index, choice.sequence))
    if answer.usage is not None:
        made.append(Counted(answer.usage))
    return tuple(made)
