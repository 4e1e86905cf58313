"""Errors in the words of the providers' documentation, for what `outwait simulate` says in words of its own."""

from __future__ import annotations

import json
from typing import Any, Final


def _openai(message: str, kind: str | None, code: str | None, param: str | None = None) -> dict[str, Any]:
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


_LONG = (
    "This model's maximum context length is 128000 tokens. However, your messages resulted in 160423 tokens. "
    "Please reduce the length of the messages."
)
_FILTERED = (
    "The response was filtered due to the prompt triggering Azure OpenAI's content management policy. "
    "Please modify your prompt and retry."
)
_MODEL = "The model `gpt-9` does not exist or you do not have access to it."
_QUOTA = "You exceeded your current quota, please check your plan and billing details."
_CREDIT = (
    "Your credit balance is too low to access the Anthropic API. "
    "Please go to Plans & Billing to upgrade or purchase credits."
)
_REGION = "Country, region, or territory not supported"
_CHANNEL = "No available channel for model gpt-4o under group default (request id: 20261123101112131415)"
_INVALID = "invalid_request_error"

# Name -> status line, body.
_REPLIES: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "says-context": ("400 Bad Request", _openai(_LONG, _INVALID, "context_length_exceeded", "messages")),
    "says-filtered": ("400 Bad Request", _openai(_FILTERED, None, "content_filter", "prompt")),
    "says-region": ("403 Forbidden", _openai(_REGION, "request_forbidden", "unsupported_country_region_territory")),
    "says-model": ("404 Not Found", _openai(_MODEL, _INVALID, "model_not_found")),
    "says-pull": ("404 Not Found", {"error": "model 'llama3' not found"}),
    "says-quota": ("429 Too Many Requests", _openai(_QUOTA, "insufficient_quota", "insufficient_quota")),
    "says-balance": ("402 Payment Required", _openai("Insufficient Balance", "unknown_error", _INVALID)),
    "says-credit": ("400 Bad Request", {"type": "error", "error": {"type": _INVALID, "message": _CREDIT}}),
    "says-no-channel": ("503 Service Unavailable", {"error": {"message": _CHANNEL, "type": "new_api_error"}}),
}
REPLIES: Final = {name: (status.encode(), json.dumps(body).encode()) for name, (status, body) in _REPLIES.items()}
