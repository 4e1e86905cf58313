from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, get_type_hints

import pytest

from outwait.client.retry import Changed, RetryRules, retrying

CHAT = "gpt-4o"


@pytest.mark.parametrize("on", [[KeyError], "KeyError", 5])
def test_what_on_cannot_be_is_said_at_once(on: Any) -> None:
    with pytest.raises(TypeError, match="`on` is"):
        retrying(CHAT, on=on)


def test_rules_may_be_said_at_once() -> None:
    assert retrying(CHAT, attempts=5, deadline=60, paid=1.0).rules == RetryRules(attempts=5, deadline=60, paid=1.0)
    assert retrying(CHAT, rules=RetryRules(attempts=5, cap=1), attempts=2).rules == RetryRules(attempts=2, cap=1)
    assert get_type_hints(Changed) == get_type_hints(RetryRules)
    with pytest.raises(ValueError, match="attempts is 1 or more"):
        retrying(CHAT, attempts=0)
    with pytest.raises(TypeError, match="tries"):
        retrying(CHAT, tries=3)  # type: ignore[call-arg]  # a word that is none


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"attempts": 0}, "attempts is 1 or more, not 0"),
        ({"growth": -1}, "growth is from 0 to 1e"),
        ({"growth": float("inf")}, "growth is from 0 to 1e"),
        ({"cap": -1}, "cap is 0 or more"),
        ({"deadline": 0}, "deadline is more than 0 seconds, or None"),
        ({"ceiling": -2}, "ceiling is more than 0 seconds, or None"),
        ({"paid": 2}, "paid is from 0 to 1, not 2"),
        ({"paid": -1}, "paid is from 0 to 1, not -1"),
        ({"base": (1, -1)}, "base is 0 or more, not -1"),
    ],
)
def test_rules_make_sense(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(ValueError, match=told):
        replace(RetryRules(), **wrong)


@pytest.mark.parametrize(
    "wrong, told",
    [
        ({"attempts": 1.5}, "attempts is a whole number, not 1.5"),
        ({"base": -1}, "base is two numbers of seconds"),
        ({"base": (1,)}, "base is two numbers of seconds"),
        ({"base": (1, "2")}, "base is a number, not '2'"),
        ({"paid": "all"}, "paid is a number, not 'all'"),
    ],
)
def test_rules_are_numbers(wrong: dict[str, Any], told: str) -> None:
    with pytest.raises(TypeError, match=told):
        retrying(CHAT, **wrong)


def test_a_bare_decorator_is_told_how_to_write_it() -> None:
    bare: Any = retrying
    with pytest.raises(TypeError, match=r"write @retrying\("):

        @bare
        def ask() -> None: ...


def test_generators_are_not_decorated() -> None:
    def stream() -> Iterator[int]:
        yield 1

    async def astream() -> Any:
        yield 1

    functions: list[Callable[..., Any]] = [stream, astream]
    for each in functions:
        with pytest.raises(TypeError, match=r"attempt\.commit"):
            retrying(CHAT)(each)
