"""A fault told to a Responses client: as a whole body, or as events in an open stream with the stream's proper end.

In a stream it is told twice (FACTS 1.2): by an `error` event, whose fields stand both flat, as OpenAI documents them,
and under `error`, where SDKs look for them; then by `response.failed`, which other clients wait for.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault
from outwait.dialects.openai_errors import error_body, error_object
from outwait.dialects.openai_responses.score import Score

__all__ = ["error_body", "stream_error"]

# Cause -> the code of a failed response, where OpenAI has one that clients know.
_CODES = {
    "rate_limited": "rate_limit_exceeded",
    "context_too_long": "context_length_exceeded",
    "bad_request": "invalid_prompt",
    "content_filtered": "invalid_prompt",
}


def stream_error(fault: Fault, exchange_id: str, response: dict[str, Any], number: int) -> bytes:
    """The events that tell `fault` and end the stream. `response`: as it stood; `number`: of the next event."""
    error = error_object(fault, exchange_id)
    flat = {
        "code": error.get("code") or fault.code,
        "message": error.get("message") or fault.message,
        "param": error.get("param"),
    }
    score = Score(number)
    failed = {"code": _CODES.get(fault.cause, "server_error"), "message": flat["message"]}
    told = score.tell("error", **flat, error=flat | error)
    return told + score.tell("response.failed", response=response | {"status": "failed", "error": failed})
