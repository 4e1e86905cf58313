"""A response that has ended told as a stream once more, where the events that it came in are not kept any more."""

from __future__ import annotations

from outwait.dialects import document
from outwait.dialects.openai_responses.fold import replay
from outwait.wire.request import Request

_EVENTS = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache, no-transform\r\n"


def retell(request: Request, response: bytes, after: int) -> None:
    """Answer `request` with the events that say the same as `response`, behind the event of number `after`."""
    told = document.loads(response)
    request.outlet.send(200, _EVENTS, replay(told, after) if isinstance(told, dict) else b"")
