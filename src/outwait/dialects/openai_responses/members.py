"""The members of a JSON object, taken out and put in; what stays is untouched as text."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec
from msgspec import Raw

from outwait.dialects import document


def members_of(body: bytes) -> dict[str, Raw]:
    """The members of `body`, an object, each with its very text. ValueError if it is none."""
    try:
        return msgspec.json.decode(body, type=dict[str, Raw])
    except ValueError:
        value = document.loads(body)  # half a surrogate pair is JSON all the same
    if not isinstance(value, dict):
        raise ValueError("no object")  # noqa: TRY004 - it is the text that is wrong
    return {key: Raw(document.dumps(each)) for key, each in value.items()}


def elements_of(text: bytes) -> list[Raw]:
    """The elements of `text`, an array, each with its very text. ValueError if it is none."""
    try:
        return msgspec.json.decode(text, type=list[Raw])
    except ValueError:
        value = document.loads(text)
    if not isinstance(value, list):
        raise ValueError("no array")  # noqa: TRY004 - it is the text that is wrong
    return [Raw(document.dumps(each)) for each in value]


def put(body: bytes, values: Mapping[str, bytes]) -> bytes:
    """`body`, an object, with the JSON texts of `values`. ValueError if it is none."""
    return msgspec.json.encode(members_of(body) | {key: Raw(text) for key, text in values.items()})


def without(body: bytes, *keys: str) -> bytes:
    """`body`, an object, without some of its members; the very same bytes where it has none of them."""
    members = members_of(body)
    if members.keys().isdisjoint(keys):
        return body
    return msgspec.json.encode({key: text for key, text in members.items() if key not in keys})
