"""What a response says of itself: its kind, whether it is whole, and whether outwait sent it (pure)."""

from __future__ import annotations

import json
import math
import re
from typing import Final

import httpx2
import msgspec

_ERROR: Final = re.compile(rb'\s*\{\s*(?:"type"\s*:\s*"error"\s*,\s*)?"error"\s*:\s*\{')


class _Beat(msgspec.Struct):
    enabled: bool = True
    after: float = 0.0
    json_after: float = 0.0
    every: float = 0.0


class _Bounds(msgspec.Struct):
    object: str = ""
    heartbeat: _Beat = msgspec.field(default_factory=_Beat)


def beats_told(body: bytes) -> float | None:
    """The longest time between two heartbeats of a gateway that says so, in seconds; None: it is none."""
    try:
        bounds = msgspec.json.decode(body, type=_Bounds)
    except ValueError:
        return None
    if bounds.object != "probe.bounds":
        return None
    beat = bounds.heartbeat
    return max(beat.after, beat.json_after, beat.every) if beat.enabled else math.inf


def kind_of(response: httpx2.Response) -> str:
    """Its content type, without parameters."""
    kind: str = response.headers.get("content-type", "")
    return kind.partition(";")[0].strip().lower()


def framed(response: httpx2.Response) -> bool:
    """Whether the end of the body can be told from a broken line."""
    headers = response.headers
    old = response.extensions.get("http_version", b"HTTP/1.1") in {b"HTTP/1.1", b"HTTP/1.0"}
    return not old or "content-length" in headers or "chunked" in headers.get("transfer-encoding", "").lower()


def late_error(response: httpx2.Response, body: bytes) -> bool:
    """Whether an error comes with a good status: told behind heartbeats, and its broken end was mended on the way."""
    return response.is_success and _ERROR.match(body) is not None


def complete(response: httpx2.Response, body: bytes) -> bool:
    """Whether the JSON `body` is whole; where the framing does not tell, it is read."""
    if framed(response) or "content-encoding" in response.headers:
        return True
    try:
        json.loads(body)
    except ValueError:
        return False
    return True
