"""What can be asked about a response that is there, as OpenAI tells it: read it, follow it, cancel it, delete it, and
list what it was asked with.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

import msgspec

from outwait.toolkit.simulate.dialect import EVENTS, JSON, BadCallError
from outwait.toolkit.simulate.kept import Kept, Library
from outwait.toolkit.simulate.voice import Voice

_PATH: Final = re.compile(r"(/v1|/openai/v1|/openai)/responses/([^/]+)(?:/(cancel|input_items))?")
_METHODS: Final = {"": ("GET", "DELETE"), "cancel": ("POST",), "input_items": ("GET",)}
_PAGE: Final = 20
_WIDEST: Final = 100
_RUNNING: Final = ("queued", "in_progress")


@dataclass(frozen=True, slots=True)
class Asked:
    """One of them. `what`: "" for the response itself, cancel or input_items."""

    method: str
    ident: str
    what: str
    query: Mapping[str, str]


def find(method: str, path: str, query: str) -> Asked | None:
    """What a call asks about a response; None if it is no such call."""
    match = _PATH.fullmatch(path)
    asked = dict(parse_qsl(query, keep_blank_values=True))
    if match is None or (match[1] == "/openai" and "api-version" not in asked):
        return None
    return Asked(method, unquote(match[2]), match[3] or "", asked)


async def serve(asked: Asked, library: Library, voice: Voice, identity: bytes) -> str:
    """Answer; returns how it ended. Raises BadCallError for what is refused."""
    if asked.method not in _METHODS[asked.what]:
        raise BadCallError(f"Not allowed to {asked.method} here.", status=405)
    kept = library.find(asked.ident)
    if kept is None:
        raise BadCallError(f"Response with id '{asked.ident}' not found.", status=404)
    if asked.what == "cancel":
        _cancel(kept)
    elif asked.what == "input_items":
        return _send(voice, identity, _page(kept, asked.query))
    elif asked.method == "DELETE":
        if kept.state["status"] in _RUNNING:
            raise BadCallError("Cannot delete a response that is in progress.")
        library.drop(asked.ident)
        return _send(voice, identity, {"id": asked.ident, "object": "response", "deleted": True})
    elif asked.query.get("stream") == "true":
        start = _start(kept, asked.query)
        if voice.now() > kept.began + library.streamed_for:
            age = f"{library.streamed_for / 60:g} minutes"
            raise BadCallError(f"This response can no longer be streamed because it is more than {age} old.", "stream")
        voice.open(200, b"content-type: %b\r\n%b" % (EVENTS.encode(), identity))
        return await kept.follow(voice, start)
    return _send(voice, identity, kept.state)


def _send(voice: Voice, identity: bytes, told: object) -> str:
    voice.send(200, b"content-type: %b\r\n%b" % (JSON.encode(), identity), msgspec.json.encode(told))
    return "whole"


def _cancel(kept: Kept) -> None:
    status = kept.state["status"]
    if not kept.background:
        raise BadCallError("Cannot cancel a synchronous response.")
    if status in _RUNNING:
        kept.cancel()
    elif status != "cancelled":
        raise BadCallError(f"Cannot cancel {'an' if status == 'incomplete' else 'a'} {status} response.")


def _start(kept: Kept, query: Mapping[str, str]) -> int:
    if not (kept.background and kept.streamed):
        missing = "stream=true" if kept.background else "background=true"
        raise BadCallError(f"This response cannot be streamed because it was not created with {missing}.", "stream")
    after = query.get("starting_after")
    if after is None:
        return 0
    if not re.fullmatch(r"[0-9]{1,9}", after):
        text = "Invalid type for 'starting_after': expected an integer that is not negative."
        raise BadCallError(text, "starting_after", code="invalid_type")
    return int(after) + 1


def _page(kept: Kept, query: Mapping[str, str]) -> dict[str, object]:
    limit, order = query.get("limit", str(_PAGE)), query.get("order", "desc")
    if not re.fullmatch(r"[0-9]{1,3}", limit) or not 1 <= int(limit) <= _WIDEST:
        raise BadCallError(f"Invalid 'limit': expected an integer from 1 to {_WIDEST}.", "limit", code="invalid_value")
    if order not in ("asc", "desc"):
        raise BadCallError("Invalid 'order': expected one of 'asc', 'desc'.", "order", code="invalid_value")
    items = kept.items if order == "asc" else kept.items[::-1]
    names = [item["id"] for item in items]
    after = query.get("after")
    if after is not None:
        if after not in names:
            raise BadCallError(f"No item with id '{after}' found.", "after")
        items = items[names.index(after) + 1 :]
    page = items[: int(limit)]
    return {
        "object": "list",
        "data": page,
        "first_id": page[0]["id"] if page else None,
        "last_id": page[-1]["id"] if page else None,
        "has_more": len(page) < len(items),
    }
