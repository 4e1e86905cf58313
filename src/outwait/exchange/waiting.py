"""Exchanges that wait for the retry of their question, oldest first."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange


class Waiting:
    """Question (see `adopt.fingerprint`) -> exchanges that are the answer to it."""

    __slots__ = ("_by_question", "_questions")

    def __init__(self) -> None:
        self._by_question: dict[bytes, dict[str, Exchange]] = {}
        self._questions: dict[str, bytes] = {}

    def __len__(self) -> int:
        return len(self._questions)

    def __contains__(self, ident: str) -> bool:
        return ident in self._questions

    def add(self, question: bytes, exchange: Exchange) -> None:
        """`exchange` waits from now on."""
        self._by_question.setdefault(question, {})[exchange.id] = exchange
        self._questions[exchange.id] = question

    def find(self, question: bytes, ident: str = "") -> Exchange | None:
        """The exchange `ident` if it is this question, else the oldest that is."""
        waiting = self._by_question.get(question)
        if not waiting:
            return None
        return waiting.get(ident) or next(iter(waiting.values()))

    def remove(self, ident: str) -> None:
        """It waits no more, if it did."""
        question = self._questions.pop(ident, None)
        if question is not None:
            waiting = self._by_question[question]
            del waiting[ident]
            if not waiting:
                del self._by_question[question]
