"""The tables of the translation: names of fields, what can be said, what may be left out and why, reasons to stop."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

_SAME = (
    "model", "messages", "stream", "stop", "user", "metadata", "store", "verbosity", "modalities", "tools",
)  # fmt: skip
_SAMPLING = (
    "temperature", "top_p", "seed", "frequency_penalty", "presence_penalty", "logit_bias", "logprobs", "top_logprobs",
)  # fmt: skip

# Field of `Ask`, or inside one -> what a chat client calls it.
NAMES: Mapping[str, str] = MappingProxyType({
    **{name: name for name in _SAME},
    **{f"sampling.{name}": name for name in (*_SAMPLING, "top_k")},
    "limit": "max_completion_tokens",
    "count": "n",
    "tier": "service_tier",
    "choice": "tool_choice",
    "output": "response_format",
    "reasoning": "reasoning_effort",
    "usage": "stream_options.include_usage",
    "choice.parallel": "parallel_tool_calls",
    "reasoning.effort": "reasoning_effort",
    "reasoning.show": "reasoning.exclude",
    "reasoning.summary": "reasoning.summary",
    "messages.cache": "messages.content.cache_control",
    "messages.citations": "messages.annotations",
    "messages.detail": "messages.content.image_url.detail",
    "messages.signatures": "messages.reasoning_details",
    "messages.thoughts": "messages.reasoning_content",
    "tools.cache": "tools.cache_control",
    "tools.strict": "tools.function.strict",
})  # fmt: skip

TAKES = frozenset({
    "limit", "stop", "count", "user", "metadata", "tier", "store", "verbosity", "modalities", "tools", "choice",
    "output", "reasoning", *(f"sampling.{name}" for name in _SAMPLING),
})  # fmt: skip

DROPS: Mapping[str, str] = MappingProxyType({
    "sampling.top_k": "chat completions have no top_k; it only narrows a choice that temperature and top_p shape too",
    "reasoning": "a provider without a switch for reasoning thinks as its model does",
    "reasoning.effort": "a provider that can only switch reasoning on or off is told so",
    "reasoning.show": "whether thoughts are told is the provider's decision",
    "reasoning.summary": "thoughts come as they are, not as summaries",
    "messages.cache": "a mark of a prompt cache changes the price, not the answer",
    "messages.citations": "where words of the history came from; the words themselves stay",
    "messages.thoughts": "a model does not need its earlier thoughts, and takes only its own provider's",
    "messages.signatures": "proofs that only the provider that made them can check",
    "messages.failed": "a tool's failure is told by the words of its result",
    "messages.detail": "how closely a file or a film is looked at; only images have it",
    "messages.name": "what a document is called; a document of plain text goes as text",
    "tools.cache": "a mark of a prompt cache changes the price, not the answer",
})  # fmt: skip

_CACHE = "a hint for a prompt cache changes the price, not the answer"
_ECHO = "a reply's own remark, sent back with the history"

# This dialect's further fields (see `Ask.rest`) that another one may go without.
LOSABLE: Mapping[str, str] = MappingProxyType({
    "prompt_cache_key": _CACHE,
    "prompt_cache_options": _CACHE,
    "prompt_cache_retention": _CACHE,
    "messages.content.prompt_cache_breakpoint": _CACHE,
    "safety_identifier": "names the end user a second time, beside `user`",
    "stream_options.include_obfuscation": "padding of stream chunks; a translated stream has none",
    "prediction": "makes an answer faster that is much like a known text, not another one",
    "messages.id": _ECHO,
    "messages.status": _ECHO,
    "messages.object": _ECHO,
    "messages.created": _ECHO,
    "messages.model": _ECHO,
    "messages.parsed": _ECHO,
    "messages.finish_reason": _ECHO,
    "messages.provider_specific_fields": _ECHO,
    "messages.tool_calls.index": _ECHO,
    "messages.tool_calls.provider_specific_fields": _ECHO,
    "messages.tool_calls.function.parsed_arguments": _ECHO,
})  # fmt: skip

# Why a choice ended, as OpenAI and as compatible providers say it -> the neutral reason.
REASONS: Mapping[str, str] = MappingProxyType({
    "stop": "stop",
    "eos": "stop",
    "eos_token": "stop",
    "end_turn": "stop",
    "stop_sequence": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "tool_call": "tool_calls",
    "tool_use": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "content_filter",
    "sensitive": "content_filter",
    "safety": "content_filter",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context_length",
    "context_length_exceeded": "context_length",
})  # fmt: skip

# The neutral reason -> OpenAI's word. OpenAI has none for a pause: the turn is over all the same.
ENDS: Mapping[str, str] = MappingProxyType({
    "stop": "stop",
    "length": "length",
    "tool_calls": "tool_calls",
    "content_filter": "content_filter",
    "refusal": "content_filter",
    "pause": "stop",
    "context_length": "length",
})  # fmt: skip

# Service tiers of other protocols -> OpenAI's.
TIERS: Mapping[str, str] = MappingProxyType({"standard_only": "default", "standard": "default"})

# Providers whose chat endpoint may take Gemini's thought signatures (extra_content.google.thought_signature).
# `compatible` is how Google's own is reached.
SIGNING = frozenset({"compatible", "vertex"})
# Providers that take Anthropic's cache_control marks in content parts and tools.
MARKING = frozenset({"openrouter"})
# Ids of tool calls: OpenAI takes up to 40 characters, Mistral just these; `ID_LENGTH` hexadecimal digits fit all.
IDS = re.compile(r".{1,40}", re.DOTALL)
IDS_OF: Mapping[str, re.Pattern[str]] = MappingProxyType({"mistral": re.compile(r"[A-Za-z0-9]{9}")})
ID_LENGTH = 9
# OpenAI takes no longer id of an end user.
USER_LIMIT = 64
