"""A response that has ended told as a stream once more, where the events that it came in are not kept any more."""

from __future__ import annotations

import re

from outwait.dialects import document
from outwait.dialects.openai_responses.fold import replay
from outwait.wire.request import Request

_EVENT = re.compile(rb".+?\n\n", re.DOTALL)
_EVENTS = b"content-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache, no-transform\r\n"


def retell(request: Request, response: bytes, after: int) -> None:
    """Answer `request` with the events that say the same as `response`, behind the event of number `after`.

    The client may have seen more events than these are, since a whole answer is told in few: the last one, which has
    all of the response in it, is told in any case.
    """
    told = document.loads(response)
    body = b""
    if isinstance(told, dict):
        body = replay(told, after)
        if not body:
            *_, body = _EVENT.findall(replay(told))
    request.outlet.send(200, _EVENTS, body)
