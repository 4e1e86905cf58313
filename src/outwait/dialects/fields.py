"""One JSON object of a request, read field by field, so that a wrong one is told by its path in the client's body.

Fields are taken out as they are read: what is `left` is what nobody here knows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from outwait.core.fault import Refusal, fault


class Fields:
    """The fields of `value`. `path`: where it stands in the body, empty for the body itself. Null means absent."""

    __slots__ = ("_left", "path")

    def __init__(self, value: object, path: str = "") -> None:
        if not isinstance(value, dict):
            wrong(path or "body", "must be an object")
        self._left: dict[str, Any] = dict(value)
        self.path = path

    def at(self, key: str) -> str:
        """The path of the field `key`."""
        return f"{self.path}.{key}" if self.path else key

    def raw(self, key: str) -> Any:
        """The value as it is."""
        return self._left.pop(key, None)

    def _take(self, key: str, kind: type | tuple[type, ...], told: str) -> Any:
        value = self._left.pop(key, None)
        if value is not None and (not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool)):
            wrong(self.at(key), f"must be {told}")
        return value

    def text(self, key: str) -> str | None:
        """A string."""
        value: str | None = self._take(key, str, "a string")
        return value

    def need(self, key: str) -> str:
        """A string that must be there."""
        value = self.text(key)
        if value is None:
            wrong(self.at(key), "is missing")
        return value

    def one_of(self, key: str, words: frozenset[str]) -> str | None:
        """One of `words`."""
        value = self.text(key)
        if value is not None and value not in words:
            wrong(self.at(key), f"must be one of {', '.join(sorted(words))}")
        return value

    def number(self, key: str) -> float | None:
        """A number."""
        value: float | None = self._take(key, (int, float), "a number")
        return value

    def count(self, key: str, least: int = 0) -> int | None:
        """A whole number, `least` or more."""
        value: int | None = self._take(key, int, "an integer")
        if value is not None and value < least:
            wrong(self.at(key), f"must be {least} or more")
        return value

    def integer(self, key: str) -> int | None:
        """Any whole number."""
        value: int | None = self._take(key, int, "an integer")
        return value

    def flag(self, key: str) -> bool | None:
        """True or false."""
        value: bool | None = self._take(key, bool, "true or false")
        return value

    def mapping(self, key: str) -> Mapping[str, Any] | None:
        """An object, as it is."""
        value: Mapping[str, Any] | None = self._take(key, dict, "an object")
        return value

    def inner(self, key: str) -> Fields | None:
        """An object, to be read in its turn."""
        value = self.mapping(key)
        return None if value is None else Fields(value, self.at(key))

    def need_inner(self, key: str) -> Fields:
        """An object that must be there."""
        value = self.inner(key)
        if value is None:
            wrong(self.at(key), "is missing")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings."""
        value: list[Any] = self._take(key, list, "an array") or []
        for place, item in enumerate(value):
            if not isinstance(item, str):
                wrong(f"{self.at(key)}[{place}]", "must be a string")
        return tuple(value)

    def each(self, key: str) -> Iterator[Fields]:
        """A list of objects, to be read one by one."""
        for place, item in enumerate(self._take(key, list, "an array") or ()):
            yield Fields(item, f"{self.at(key)}[{place}]")

    def left(self) -> dict[str, Any]:
        """The fields that were not read and are not null."""
        return {key: value for key, value in self._left.items() if value is not None}


class Strange:
    """Gathers what nobody knows, in the shape of `Ask.rest`: a field inside a list stands under the path without
    places, with each of its values under its own path.
    """

    __slots__ = ("rest",)

    def __init__(self) -> None:
        self.rest: dict[str, Any] = {}

    def keep(self, fields: Fields, family: str) -> None:
        """Keep what is left of `fields`, which is one of `family`."""
        for key, value in fields.left().items():
            name, path = f"{family}.{key}" if family else key, fields.at(key)
            if name == path:
                self.rest[name] = value
            else:
                self.rest.setdefault(name, {})[path] = value


def wrong(path: str, told: str) -> NoReturn:
    """Refuse the field at `path`."""
    raise Refusal(fault("invalid_value", f"{path!r} {told}.", param=path))


def unknown(path: str, what: str) -> NoReturn:
    """Refuse what has a type that no other protocol is known to have."""
    raise Refusal(fault("not_expressible", f"{path!r}: {what} cannot be translated for this channel.", param=path))
