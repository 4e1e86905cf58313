"""A JSON object of a request, read field by field: each with its type checked and its place told when it is wrong.

Google takes every field in camelCase and in snake_case; here all are known by their camelCase names. null is nothing.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any, NoReturn

from outwait.core.fault import Refusal, fault

_SNAKE = re.compile(r"(?<=[a-z0-9])_([a-z0-9])")


def camel(name: str) -> str:
    """`name` in camelCase."""
    return _SNAKE.sub(lambda match: match[1].upper(), name.removeprefix("_")) if "_" in name else name


def wrong(path: str, what: str) -> NoReturn:
    """Refuse the request: the value at `path` must be `what`."""
    raise Refusal(fault("invalid_value", f"{path!r} must be {what}.", param=path))


def unsaid(path: str, why: str = "") -> NoReturn:
    """Refuse the request: what stands at `path` exists in no other dialect."""
    told = why or f"{path!r} exists only in the Gemini protocol; this model's channel speaks another."
    raise Refusal(fault("not_expressible", told, param=path))


class Fields:
    """The object `value` at `path` of the request."""

    __slots__ = ("_values", "path")

    def __init__(self, value: object, path: str) -> None:
        if not isinstance(value, dict):
            wrong(path or "contents", "an object")
        self.path = path
        self._values: dict[str, Any] = {}
        for name, item in value.items():
            if item is None:
                continue
            key = camel(name)
            if key in self._values:
                wrong(self.at(key), "written once, in one spelling")
            self._values[key] = item

    def at(self, name: str) -> str:
        """The place of the field `name`."""
        return f"{self.path}.{name}" if self.path else name

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def raw(self, name: str) -> Any:
        """The field as it is."""
        return self._values.get(name)

    def text(self, name: str) -> str | None:
        """A string."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, str):
            wrong(self.at(name), "a string")
        return value

    def flag(self, name: str) -> bool | None:
        """A truth value."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, bool):
            wrong(self.at(name), "true or false")
        return value

    def number(self, name: str) -> float | None:
        """A number."""
        value = self._values.get(name)
        if value is not None and type(value) not in {int, float}:
            wrong(self.at(name), "a number")
        return value

    def integer(self, name: str) -> int | None:
        """A whole number; `40.0` and `"40"` are ones to Google's parser too."""
        value = self._values.get(name)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, str) and re.fullmatch(r"-?[0-9]{1,18}", value):
            value = int(value)
        if value is not None and type(value) is not int:
            wrong(self.at(name), "a whole number")
        return value

    def word(self, name: str) -> str | None:
        """One of the words of an enumeration, in upper case; those that mean nothing are None."""
        value = self.text(name)
        return None if value is None or value.upper().endswith("_UNSPECIFIED") else value.upper()

    def mapping(self, name: str) -> dict[str, Any] | None:
        """An object whose keys are the client's own."""
        value = self._values.get(name)
        if value is not None and not isinstance(value, dict):
            wrong(self.at(name), "an object")
        return value

    def object(self, name: str) -> Fields | None:
        """An object of the protocol."""
        value = self._values.get(name)
        return None if value is None else Fields(value, self.at(name))

    def items(self, name: str) -> list[tuple[Any, str]]:
        """The elements of a list, each with its place. Google takes a single one without brackets."""
        value = self._values.get(name)
        if isinstance(value, dict):
            return [(value, self.at(name))]
        if value is not None and not isinstance(value, list):
            wrong(self.at(name), "a list")
        return [(item, f"{self.at(name)}[{at}]") for at, item in enumerate(value or ())]

    def texts(self, name: str) -> tuple[str, ...]:
        """A list of strings."""
        found = self.items(name)
        for item, path in found:
            if not isinstance(item, str):
                wrong(path, "a string")
        return tuple(item for item, _ in found)

    def others(self, known: Collection[str]) -> Iterator[tuple[str, Any]]:
        """The fields that are not among `known`."""
        return ((name, value) for name, value in self._values.items() if name not in known)
