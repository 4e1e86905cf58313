"""The tables of the translation: names of fields, what can be said, what may be left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_SAMPLING = ("temperature", "top_p", "top_logprobs")
_ALL = (*_SAMPLING, "seed", "top_k", "frequency_penalty", "presence_penalty", "logit_bias")

# Field of `Ask`, or inside one -> what a Responses client calls it.
NAMES: Mapping[str, str] = MappingProxyType({
    **{name: name for name in ("model", "stream", "user", "metadata", "store", "tools", "stop", "modalities")},
    **{f"sampling.{name}": name for name in _ALL},
    "sampling.logprobs": "include",
    "messages": "input",
    "limit": "max_output_tokens",
    "count": "n",
    "tier": "service_tier",
    "verbosity": "text.verbosity",
    "choice": "tool_choice",
    "output": "text.format",
    "reasoning": "reasoning",
    "usage": "stream_options.include_usage",
    "choice.parallel": "parallel_tool_calls",
    "reasoning.show": "reasoning.summary",
    "messages.citations": "input.content.annotations",
    "messages.detail": "input.content.detail",
    "messages.name": "input.content.filename",
    "messages.signatures": "input.encrypted_content",
    "messages.thoughts": "input.summary",
})  # fmt: skip

TAKES = frozenset({
    "limit", "user", "metadata", "tier", "store", "verbosity", "tools", "choice", "output", "reasoning",
    "sampling.logprobs", *(f"sampling.{name}" for name in _SAMPLING),
})  # fmt: skip

DROPS: Mapping[str, str] = MappingProxyType({
    "sampling.seed": "a seed is a best effort wherever it is known; Responses have none",
    "messages.cache": "a mark of a prompt cache changes the price, not the answer; OpenAI caches by itself",
    "messages.citations": "where words of the history came from; the words themselves stay",
    "messages.thoughts": "a model does not need its earlier thoughts, and takes only its own provider's",
    "messages.signatures": "proofs that only the provider that made them can check",
    "messages.failed": "a tool's failure is told by the words of its result",
    "messages.name": "what a participant or a document of plain text is called; its words stay",
    "messages.detail": "how closely sound or a film is looked at; only images and files have it",
    "tools.cache": "a mark of a prompt cache changes the price, not the answer",
})  # fmt: skip

_CACHE = "a hint for a prompt cache changes the price, not the answer"
_OWN = "about items that only Responses have"

# This dialect's further fields (see `Ask.rest`) that another one may go without.
LOSABLE: Mapping[str, str] = MappingProxyType({
    "prompt_cache_key": _CACHE,
    "prompt_cache_options": _CACHE,
    "prompt_cache_retention": _CACHE,
    "input.content.prompt_cache_breakpoint": _CACHE,
    "input.output.prompt_cache_breakpoint": _CACHE,
    "include": "asks for details of hosted tools and of the input, of which a translated answer has none",
    "max_tool_calls": "limits hosted tools, which are refused anyway",
    "safety_identifier": "names the end user a second time, beside `user`",
    "truncation": "`auto` shortens an input that is too long; without it that is an error, told as one",
    "stream_options.include_obfuscation": "padding of stream events; a translated stream has none",
    "client_metadata": "remarks of the client for the provider's own logs",
    "reasoning.context": "which earlier thoughts are shown to the model; another model takes only its own",
    "input.phase": "whether earlier words were a remark or the answer; the words stay",
    "input.internal_chat_message_metadata_passthrough": _OWN,
    "tools.output_schema": "describes what a tool gives back; the results themselves are sent",
})  # fmt: skip

# Why a response is incomplete -> the neutral reason.
REASONS: Mapping[str, str] = MappingProxyType({"max_output_tokens": "length", "content_filter": "content_filter"})

# The neutral reason -> why the response is incomplete; the others complete it.
INCOMPLETE: Mapping[str, str] = MappingProxyType({
    "length": "max_output_tokens",
    "context_length": "max_output_tokens",
    "content_filter": "content_filter",
})  # fmt: skip

# Service tiers of other protocols -> OpenAI's.
TIERS: Mapping[str, str] = MappingProxyType({"standard_only": "default", "standard": "default"})

# What `include` calls the two details that the neutral request has a place for.
LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"
