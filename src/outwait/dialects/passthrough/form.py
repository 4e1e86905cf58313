"""Fields of a multipart/form-data body (RFC 7578), found where they stand: files are neither copied nor decoded.

Stricter than most readers, so that no second reader of the same bytes can find other fields in them: lines end with
CRLF, the boundary stands nowhere but at the edges of parts, each part has one plain `Content-Disposition`, and the body
ends with the closing boundary. What real clients send passes; what only confuses is refused with a reason.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from outwait.core.fault import Refusal, fault

PARTS_LIMIT = 1000
HEAD_LIMIT = 8 * 1024
_DIGITS = 9  # no field has a length of more

_PARAM = r'[ \t]*;[ \t]*([!#$%&\'*+.^_`|~0-9A-Za-z-]+)=("(?:[^"\\]|\\.)*"|[^;"\s]*)'
_TYPE = re.compile(rf"[ \t]*multipart/form-data((?:{_PARAM})*)[ \t]*;?[ \t]*", re.IGNORECASE)
_TYPE_PARAM = re.compile(_PARAM)
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 5.1.1
_DISPOSITION = re.compile(rb"[ \t]*form-data((?:%s)*)[ \t]*;?[ \t]*" % _PARAM.encode(), re.IGNORECASE)
_PART_PARAM = re.compile(_PARAM.encode())
_HEADER = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):([^\r\n\0]*)")
_PLAIN_CODINGS = frozenset({b"", b"7bit", b"8bit", b"binary"})
_CRLF = b"\r\n"


class Field(NamedTuple):
    """Where a field's value stands: `body[start:end]`. `length`: where the part's own Content-Length says its size."""

    start: int
    end: int
    length: tuple[int, int] | None


class _Head(NamedTuple):
    """A part's head: its name, whether it is a file, its transfer encoding, where its length stands in the head."""

    name: bytes
    file: bool
    coding: bytes
    length: tuple[int, int] | None


def boundary_of(content_type: str) -> bytes:
    """The boundary that a content type of multipart/form-data names. Raises Refusal."""
    named = _TYPE.fullmatch(content_type)
    if named is None:
        raise _bad("its content type is malformed")
    values = [_unquoted(value) for key, value in _TYPE_PARAM.findall(named[1]) if key.lower() == "boundary"]
    if len(values) != 1:
        raise _bad("its content type must name one boundary")
    if not _BOUNDARY.fullmatch(values[0]):
        raise _bad("its boundary must have 1 to 70 of the characters that RFC 2046 allows")
    return values[0].encode()


def fields(body: bytes, boundary: bytes, names: Collection[str]) -> dict[str, Field]:
    """The fields of `body` that are called one of `names`; each may be there once. Raises Refusal."""
    mark = b"--" + boundary
    at = len(_CRLF) if body.startswith(_CRLF) else 0
    if not body.startswith(mark, at):
        raise _bad("it does not begin with its boundary")
    at += len(mark)
    found: dict[str, Field] = {}
    for _ in range(PARTS_LIMIT + 1):
        if body.startswith(b"--", at):
            if body[at + 2 : at + 5] not in {b"", _CRLF}:
                raise _bad("something follows its closing boundary")
            return found
        head, start = _head(body, at, mark)
        end = body.find(mark, start)
        if end < 0:
            raise _bad("it ends before its closing boundary")
        if end < start + 2 or body[end - 2 : end] != _CRLF:
            raise _bad("its boundary stands inside a part")
        at = end + len(mark)
        if (name := _wanted(head, names)) is not None:
            if name in found:
                raise Refusal(fault("duplicate_key", f"The form names {name!r} twice.", param=name))
            found[name] = _field(body, name, head, (start, end - 2))
    raise _bad(f"it has more than {PARTS_LIMIT} parts")


def changed(body: bytes, field: Field, value: bytes) -> bytes:
    """`body` with another value of `field`, and the part's own Content-Length if it has one."""
    if field.length is None:
        return b"".join((body[: field.start], value, body[field.end :]))
    start, end = field.length
    size = b"%d" % len(value)
    return b"".join((body[:start], size, body[end : field.start], value, body[field.end :]))


def _head(body: bytes, at: int, mark: bytes) -> tuple[_Head, int]:
    """The head of the part whose boundary ended at `at`, and where its content begins."""
    if not body.startswith(_CRLF, at):
        raise _bad("it ends before its closing boundary" if len(body) < at + 2 else "a boundary has no end of its line")
    end = body.find(_CRLF + _CRLF, at, at + HEAD_LIMIT)
    if end < 0:
        raise _bad(
            "a part's headers are too long" if len(body) > at + HEAD_LIMIT else "it ends inside a part's headers"
        )
    if body.find(mark, at, end) >= 0:
        raise _bad("its boundary stands inside a part's headers")
    disposition: list[bytes] = []
    length: tuple[int, int] | None = None
    coding = b""
    place = at + 2
    for line in body[place:end].split(_CRLF):
        header = _HEADER.fullmatch(line)
        if header is None:
            raise _bad("a part has a malformed header")
        key, value = header[1].lower(), header[2].strip(b" \t")
        if key == b"content-disposition":
            disposition.append(header[2])
        elif key == b"content-transfer-encoding":
            coding = value.lower()
        elif key == b"content-length":
            if length is not None or not value.isdigit():
                raise _bad("a part has a malformed Content-Length")
            size_at = place + line.index(value, len(key))
            length = (size_at, size_at + len(value))
        place += len(line) + 2
    if len(disposition) != 1:
        raise _bad("each part must have one Content-Disposition")
    name, file = _named(disposition[0])
    return _Head(name, file, coding, length), end + 4


def _named(disposition: bytes) -> tuple[bytes, bool]:
    """The name in a Content-Disposition, and whether it is that of a file."""
    whole = _DISPOSITION.fullmatch(disposition)
    if whole is None:
        raise _bad("a part's Content-Disposition is malformed")
    params: dict[bytes, bytes] = {}
    for key, value in _PART_PARAM.findall(whole[1]):
        lower = key.lower()
        if lower in params or lower == b"name*":
            raise _bad("a part's Content-Disposition names it in two ways")
        params[lower] = value
    if b"name" not in params:
        raise _bad("a part has no name")
    return params[b"name"], b"filename" in params or b"filename*" in params


def _wanted(head: _Head, names: Collection[str]) -> str | None:
    """Which of `names` the part has, if any."""
    raw = head.name[1:-1] if head.name.startswith(b'"') else head.name
    name = re.sub(rb"\\(.)", rb"\1", raw).decode(errors="replace")
    if name not in names:
        return None
    if name.encode() != raw:
        raise Refusal(fault("invalid_value", f"The field {name!r} must be written without escapes.", param=name))
    return name


def _field(body: bytes, name: str, head: _Head, span: tuple[int, int]) -> Field:
    if head.file:
        raise Refusal(fault("invalid_value", f"The field {name!r} must not be a file.", param=name))
    if head.coding not in _PLAIN_CODINGS:
        raise Refusal(fault("invalid_value", f"The field {name!r} must not be encoded.", param=name))
    if head.length is not None:
        digits = body[slice(*head.length)]
        if len(digits) > _DIGITS or int(digits) != span[1] - span[0]:
            raise _bad("a part's Content-Length is not its length")
    return Field(*span, head.length)


def _unquoted(value: str) -> str:
    return re.sub(r"\\(.)", r"\1", value[1:-1]) if value.startswith('"') else value


def _bad(why: str) -> Refusal:
    return Refusal(fault("bad_request", f"The form in the request body is malformed: {why}."))
