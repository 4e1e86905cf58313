"""The values of a client's request, each taken with its type or refused with the name of its field."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NoReturn

from outwait.core.fault import Refusal, fault

Document = dict[str, Any]


def invalid(path: str, must: str) -> NoReturn:
    """Refuse the value at `path`: what it must be."""
    raise Refusal(fault("invalid_value", f"{path!r} must be {must}.", param=path))


def unspeakable(path: str, what: str) -> NoReturn:
    """Refuse what is right, but means nothing to any other protocol."""
    told = f"{what} cannot be expressed in the protocol that this model's channel speaks."
    raise Refusal(fault("not_expressible", told, param=path))


def table(value: object, path: str) -> Document:
    """An object."""
    return value if isinstance(value, dict) else invalid(path, "an object")


def items(value: object, path: str) -> list[Any]:
    """An array."""
    return value if isinstance(value, list) else invalid(path, "an array")


def text(value: object, path: str) -> str:
    """A string."""
    return value if isinstance(value, str) else invalid(path, "a string")


def maybe_text(value: object, path: str) -> str | None:
    """A string or nothing."""
    return None if value is None else text(value, path)


def maybe_table(value: object, path: str) -> Document | None:
    """An object or nothing."""
    return None if value is None else table(value, path)


def maybe_flag(value: object, path: str) -> bool | None:
    """A boolean or nothing."""
    return value if value is None or isinstance(value, bool) else invalid(path, "a boolean")


def maybe_number(value: object, path: str) -> float | None:
    """A number or nothing; an integer stays one."""
    if value is None or (isinstance(value, int | float) and not isinstance(value, bool)):
        return value
    return invalid(path, "a number")


def maybe_count(value: object, path: str) -> int | None:
    """An integer from 0 up, or nothing."""
    if value is None or (type(value) is int and value >= 0):
        return value
    return invalid(path, "an integer from 0 up")


def one_of(value: object, words: Iterable[str], path: str) -> str:
    """One of some words."""
    known = tuple(words)
    if isinstance(value, str) and value in known:
        return value
    return invalid(path, f"one of {', '.join(known)}")


def only(value: Document, known: frozenset[str], path: str) -> None:
    """Refuse fields that nobody here knows, unless they are null."""
    for key, inner in value.items():
        if key not in known and inner is not None:
            unspeakable(f"{path}.{key}", f"The field {key!r}")
