"""The shapes of request bodies as data, and the one function that holds a body against its shape.

Promises: `check` returns for a value of the shape and raises `Misshapen` for any other, with the path of the first
wrong field; a field that is null counts as absent. Names that begin with `x_` are taken anywhere: they stand for fields
that a provider may come to know, so that tests can see unknown fields arrive.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

Path = tuple[str | int, ...]

MISSING: Final = "missing"
UNKNOWN: Final = "unknown"
TYPE: Final = "type"
VALUE: Final = "value"


class Misshapen(Exception):  # noqa: N818 - it says what the body is
    """`path`: of the wrong field. `fault`: missing | unknown | type | value. `expected`: in words."""

    def __init__(self, path: Path, fault: str, expected: str = "") -> None:
        super().__init__(f"{'.'.join(map(str, path))}: {fault} {expected}")
        self.path = path
        self.fault = fault
        self.expected = expected

    def dotted(self) -> str:
        """The path as `messages.0.content`."""
        return ".".join(map(str, self.path))

    def bracketed(self) -> str:
        """The path as `messages[0].content`."""
        text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in self.path)
        return text.removeprefix(".")


@dataclass(frozen=True, slots=True)
class Plain:
    """A value without fields: `kind` string | boolean | integer | number | object | any, within limits if given.

    `least` and `most` bound numbers, and the length of strings. `pattern`: a regular expression for all of a string.
    """

    kind: str
    least: float | None = None
    most: float | None = None
    pattern: str | None = None


STRING: Final = Plain("string")
BOOLEAN: Final = Plain("boolean")
INTEGER: Final = Plain("integer")
NUMBER: Final = Plain("number")
OBJECT: Final = Plain("object")
ANY: Final = Plain("any")


@dataclass(frozen=True, slots=True)
class Word:
    """One of some strings."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Many:
    """A list, with at least `least` elements."""

    of: Shape
    least: int = 0


@dataclass(frozen=True, slots=True)
class Record:
    """An object. `needs`: fields that must be there. `loose`: other fields than these are taken too."""

    fields: Mapping[str, Shape]
    needs: tuple[str, ...] = ()
    loose: bool = False


@dataclass(frozen=True, slots=True)
class Tagged:
    """An object whose field `tag` says which of `rows` it is; `usual`: which, if it has no tag."""

    rows: Mapping[str, Record]
    tag: str = "type"
    usual: str | None = None


@dataclass(frozen=True, slots=True)
class Either:
    """A string, or what `other` says."""

    other: Shape
    string: Plain | Word = STRING


Shape = Plain | Word | Many | Record | Tagged | Either

_KINDS: Final[Mapping[str, tuple[type, ...]]] = {
    "string": (str,), "boolean": (bool,), "integer": (int,), "number": (int, float), "object": (dict,),
    "any": (object,),
}  # fmt: skip


def check(value: object, shape: Shape, path: Path = ()) -> None:
    """Raise Misshapen unless `value` has `shape`."""
    if isinstance(shape, Plain):
        _plain(value, shape, path)
    elif isinstance(shape, Word):
        _plain(value, STRING, path)
        if value not in shape.words:
            raise Misshapen(path, VALUE, _listed(shape.words))
    elif isinstance(shape, Either):
        check(value, shape.string if isinstance(value, str) else shape.other, path)
    elif isinstance(shape, Many):
        _many(value, shape, path)
    elif isinstance(shape, Tagged):
        _tagged(value, shape, path)
    else:
        _record(value, shape, path)


def _plain(value: object, shape: Plain, path: Path) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if not isinstance(value, _KINDS[shape.kind]) or (shape.kind in ("integer", "number") and not number):
        raise Misshapen(path, TYPE, shape.kind)
    if shape.pattern is not None and isinstance(value, str) and not re.fullmatch(shape.pattern, value):
        raise Misshapen(path, VALUE, f"a text that matches '{shape.pattern}'")
    size = len(value) if isinstance(value, str) else value
    if not isinstance(size, int | float):
        return
    if shape.least is not None and size < shape.least:
        raise Misshapen(path, VALUE, f"at least {shape.least:g}")
    if shape.most is not None and size > shape.most:
        raise Misshapen(path, VALUE, f"at most {shape.most:g}")


def _many(value: object, shape: Many, path: Path) -> None:
    if not isinstance(value, list):
        raise Misshapen(path, TYPE, "array")
    if len(value) < shape.least:
        raise Misshapen(path, VALUE, f"at least {shape.least} element{'s' if shape.least > 1 else ''}")
    for index, each in enumerate(value):
        check(each, shape.of, (*path, index))


def _tagged(value: object, shape: Tagged, path: Path) -> None:
    if not isinstance(value, dict):
        raise Misshapen(path, TYPE, "object")
    tag = value.get(shape.tag, shape.usual)
    if tag is None:
        raise Misshapen((*path, shape.tag), MISSING)
    if not isinstance(tag, str) or tag not in shape.rows:
        raise Misshapen((*path, shape.tag), VALUE, _listed(tuple(shape.rows)))
    _record({name: each for name, each in value.items() if name != shape.tag}, shape.rows[tag], path)


def _record(value: object, shape: Record, path: Path) -> None:
    if not isinstance(value, dict):
        raise Misshapen(path, TYPE, "object")
    for name in shape.needs:
        if value.get(name) is None:
            raise Misshapen((*path, name), MISSING)
    for name, each in value.items():
        known = shape.fields.get(name)
        if known is None:
            if not shape.loose and not name.startswith("x_"):
                raise Misshapen((*path, name), UNKNOWN)
        elif each is not None:
            check(each, known, (*path, name))


def _listed(words: tuple[str, ...]) -> str:
    return f"one of {', '.join(repr(word) for word in words)}"
