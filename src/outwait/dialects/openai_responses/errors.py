"""A fault told to a Responses client: as a whole body, or as events in an open stream with the stream's proper end.

In a stream it is told twice (FACTS 1.2): by an `error` event, whose fields stand both flat, as OpenAI documents them,
and under `error`, where SDKs look for them; then by `response.failed`, which other clients wait for.
"""

from __future__ import annotations

from typing import Any

from outwait.core.fault import Fault
from outwait.dialects.openai_errors import error_body, error_object
from outwait.dialects.openai_responses.score import Score

__all__ = ["error_body", "failure", "stream_error"]

# Codes of a failed response that OpenAI documents (openai-python, types/responses/response_error.py).
_KNOWN = frozenset({
    "server_error", "rate_limit_exceeded", "invalid_prompt", "data_residency_mismatch", "bio_policy",
    "misalignment_policy_violation", "vector_store_timeout", "invalid_image", "invalid_image_format",
    "invalid_base64_image", "invalid_image_url", "image_too_large", "image_too_small", "image_parse_error",
    "image_content_policy_violation", "invalid_image_mode", "image_file_too_large", "unsupported_image_media_type",
    "empty_image_file", "failed_to_download_image", "image_file_not_found",
})  # fmt: skip

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
    told = score.tell("error", **flat, error=flat | error)
    return told + score.tell("response.failed", response=response | {"status": "failed", "error": failure(fault)})


def failure(fault: Fault) -> dict[str, Any]:
    """The `error` of a response that ended with `fault`."""
    error = error_object(fault, "")
    own = error.get("code")
    code = own if isinstance(own, str) and own in _KNOWN else _CODES.get(fault.cause, "server_error")
    return {"code": code, "message": error.get("message") or fault.message}
