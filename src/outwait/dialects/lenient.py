"""Fields of an upstream's JSON, taken as far as they are what they should be; what is not counts as not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_TOKENS = 1 << 53


def text(value: Mapping[str, Any], key: str) -> str:
    """A string; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, str) else ""


def table(value: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    """An object; empty where there is none."""
    found = value.get(key)
    return found if isinstance(found, dict) else {}


def tables(value: object, key: str) -> list[dict[str, Any]]:
    """The objects in a list."""
    found = value.get(key) if isinstance(value, dict) else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def count(value: object, key: str) -> int:
    """A number of tokens; 0 where there is none."""
    found = value.get(key) if isinstance(value, dict) else None
    return found if type(found) is int and 0 <= found < _TOKENS else 0
