"""multipart/form-data as uploads come in it (RFC 7578): fields and files of a body that is whole.

Promises: `parse` gives each field as a string and each file as an `Upload`, lists for names that end with `[]` (without
these two letters); it raises ValueError for a body that is no form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from email.message import Message

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{1,70}")  # RFC 2046 5.1.1


@dataclass(frozen=True, slots=True)
class Upload:
    """A file of a form."""

    filename: str
    content_type: str
    data: bytes


def parse(content_type: str, body: bytes) -> dict[str, object]:
    """The fields of a form. Raises ValueError."""
    head = _header("content-type", content_type)
    boundary = head.get_param("boundary")
    if head.get_content_type() != "multipart/form-data" or not isinstance(boundary, str):
        raise ValueError("The body must be multipart/form-data with a boundary.")
    if not _BOUNDARY.fullmatch(boundary):
        raise ValueError("The boundary of the form is not valid.")
    mark = b"--" + boundary.encode()
    start, *parts = (b"\r\n" + body).split(b"\r\n" + mark)
    if start.strip() or not parts or not parts[-1].startswith(b"--"):
        raise ValueError("The form is not whole.")
    fields: dict[str, object] = {}
    for part in parts[:-1]:
        name, value = _part(part)
        if name.endswith("[]"):
            listed = fields.setdefault(name.removesuffix("[]"), [])
            if isinstance(listed, list):
                listed.append(value)
        else:
            fields[name] = value
    return fields


def _part(part: bytes) -> tuple[str, object]:
    head, gap, data = part.partition(b"\r\n\r\n")
    headers = [line.partition(":") for line in head.decode("utf-8").split("\r\n") if line.strip()]
    named = {name.strip().lower(): value.strip() for name, _, value in headers}
    disposition = _header("content-disposition", named.get("content-disposition", ""))
    name = disposition.get_param("name", header="content-disposition")
    if not gap or not isinstance(name, str):
        raise ValueError("A part of the form has no name.")
    filename = disposition.get_filename()
    if filename is None:
        return name, data.decode("utf-8")
    return name, Upload(filename, named.get("content-type", "application/octet-stream"), data)


def _header(name: str, value: str) -> Message:
    message = Message()
    message[name] = value
    return message
