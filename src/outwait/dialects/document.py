"""What can be known of a JSON document without building it: its depth, its top-level keys, and how to change one value.

Everything here works on documents that a JSON parser has already accepted, and at C speed: a hostile body of 20 MB
costs a fraction of a second, where building its objects would block the loop for seconds (FACTS 3).
"""

from __future__ import annotations

import json
import re
from array import array
from collections.abc import Collection, Mapping
from itertools import accumulate

import msgspec

DEPTH_LIMIT = 128
# More keys of one name than this are not looked at one by one: no honest request has them.
KEYS_LIMIT = 10_000
_BLOCK = 4096
_BACKSLASH = 92
_PEEL_SHRINK = 0.9

_BRACKETS = bytes.maketrans(b"{}", b"[]")
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_SIGNS = bytes.maketrans(b"[]", b"\x01\xff")

# A key whose last escape spells an ASCII letter or underscore; the tail is what may follow in a control key.
_ESCAPED_KEY = re.compile(rb'\\u00[4-7][0-9a-fA-F][a-z_]{0,32}(?="[ \t\r\n]*:)')
_ESCAPED_KEY_SPAN = 256
_LONE_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_SCALAR = re.compile(rb'"(?:[^"\\]|\\.)*"|true|false|null|-?[0-9][0-9eE+.\-]*')
_EMPTY = re.compile(rb"[ \t\r\n]*\}")


class TooManyKeysError(ValueError):
    """A key occurs so often in a document that its occurrences are not examined."""


def loads(data: bytes) -> object:
    """Decode `data`; also takes lone surrogates, which some upstreams send for half an emoji. ValueError if it is not
    JSON or is nested deeper than `DEPTH_LIMIT`."""
    if deeper_than(data):
        raise ValueError("nested too deep")
    try:
        return msgspec.json.decode(data)
    except ValueError:
        return json.loads(data)


def dumps(value: object) -> bytes:
    """Encode `value` compactly; lone surrogates are escaped, so that two halves of a pair become one character."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":")).encode()


def without_surrogates(body: bytes) -> bytes:
    """`body` with every escaped surrogate made a space, for a peek only: msgspec refuses lone ones, JSON does not."""
    return _LONE_SURROGATE.sub(rb"\\u0020", body)


def deeper_than(body: bytes, limit: int = DEPTH_LIMIT) -> bool:
    """Whether arrays and objects of `body` are nested more than `limit` deep."""
    # Taking so many brackets out at most is a quarter of the price of counting them.
    size = 2 * len(body) - limit
    if len(body.replace(b"[", b"", limit + 1)) + len(body.replace(b"{", b"", limit + 1)) >= size:
        return False
    bare = _skeleton(body)
    while len(bare) > 2 * limit > 0:
        # Taking all innermost pairs away makes the document exactly one level less deep.
        peeled = bare.replace(b"[]", b"")
        if len(peeled) > len(bare) * _PEEL_SHRINK:
            break
        bare = peeled
        limit -= 1
    return _deeper(bare, limit)


def _deeper(bare: bytes, limit: int) -> bool:
    depth = 0
    for start in range(0, len(bare), _BLOCK):
        block = bare[start : start + _BLOCK]
        opens = block.count(b"[")
        if depth + opens > limit and depth + max(accumulate(array("b", block.translate(_SIGNS)))) > limit:
            return True
        depth += 2 * opens - len(block)
    return False


def _skeleton(text: bytes) -> bytes:
    """Only the brackets of `text` that stand outside strings, all made square; `text` starts outside a string."""
    bare = text.replace(b"\\\\", b"").replace(b'\\"', b"").translate(_BRACKETS, _NOT_STRUCTURE)
    # Two quotes with nothing between them change nothing for what follows, whether they close or open a string.
    bare = bare.replace(b'""', b"")
    if b'"' in bare:
        bare = b"".join(bare.split(b'"')[::2])
    return bare


def values_of(body: bytes, key: str) -> list[int]:
    """Where the values of the top-level key `key` begin, for each time it stands in `body` in plain spelling.

    Raises TooManyKeysError when `key` occurs, at any depth, more than `KEYS_LIMIT` times.
    """
    depth = last = count = 0
    found: list[int] = []
    for match in re.compile(rb'"%s"[ \t\r\n]*:[ \t\r\n]*' % key.encode()).finditer(body):
        at = match.start()
        if body[at - 1 : at] == b"\\":
            continue  # the end of a longer string that holds a quote
        count += 1
        if count > KEYS_LIMIT:
            raise TooManyKeysError(key)
        bare = _skeleton(body[last:at])
        depth += 2 * bare.count(b"[") - len(bare)
        last = at
        if depth == 1:
            found.append(match.end())
    return found


def escaped_key(body: bytes, keys: Collection[str]) -> str | None:
    r"""The first of `keys` that `body` spells with escapes (`"mod\u0065l":`), at any depth, or None."""
    if _BACKSLASH not in body or b"\\u00" not in body:  # a byte given as a number is found ten times as fast as bytes
        return None
    for match in _ESCAPED_KEY.finditer(body):
        start = body.rfind(b'"', max(0, match.start() - _ESCAPED_KEY_SPAN), match.start())
        if start < 0 or body[start - 1 : start] == b"\\":
            continue  # a longer key than any of ours
        name: object = json.loads(body[start : match.end() + 1])
        if name in keys:
            return str(name)
    return None


def change(body: bytes, values: Mapping[str, bytes]) -> bytes:
    """`body`, an object, with the top-level keys of `values` set to these JSON texts; everything else byte for byte.

    Only where a value to be changed is an array or object the document is taken apart and put together again, its
    other values untouched as text.
    """
    cuts: list[tuple[int, int, bytes]] = []
    added: list[bytes] = []
    for key, text in values.items():
        try:
            places = values_of(body, key)
        except TooManyKeysError:
            return _rebuild(body, values)
        if not places:
            added.append(b'"%s":%s' % (key.encode(), text))
            continue
        scalar = _SCALAR.match(body, places[0])
        if len(places) != 1 or scalar is None:
            return _rebuild(body, values)
        cuts.append((*scalar.span(), text))
    if added:
        start = body.index(b"{") + 1
        if not _EMPTY.match(body, start):
            added.append(b"")
        cuts.append((start, start, b",".join(added)))
    for start, end, text in sorted(cuts, reverse=True):
        body = body[:start] + text + body[end:]
    return body


def _rebuild(body: bytes, values: Mapping[str, bytes]) -> bytes:
    members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    for key, text in values.items():
        members[key] = msgspec.Raw(text)
    return msgspec.json.encode(members)
