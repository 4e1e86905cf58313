"""The words of Messages requests and replies beside those of the neutral ones; documents are made of these tables."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_FIELDS = {
    "limit": "max_tokens",
    "stop": "stop_sequences",
    "user": "metadata.user_id",
    "tier": "service_tier",
    "tools": "tools",
    "choice": "tool_choice",
    "output": "output_config.format",
    "reasoning": "thinking",
    "sampling.temperature": "temperature",
    "sampling.top_p": "top_p",
    "sampling.top_k": "top_k",
}

# Field of the neutral request, or inside one -> what a Messages client calls it.
NAMES: Mapping[str, str] = MappingProxyType({
    **_FIELDS,
    "choice.parallel": "tool_choice.disable_parallel_tool_use",
    "reasoning.effort": "output_config.effort",
    "reasoning.show": "thinking.display",
    "messages.cache": "messages.content.cache_control",
    "messages.citations": "messages.content.citations",
    "messages.failed": "messages.content.is_error",
    "messages.name": "messages.content.title",
    "messages.signatures": "messages.content.signature",
    "messages.thoughts": "messages.content.thinking",
    "tools.cache": "tools.cache_control",
})  # fmt: skip

# Fields that a Messages request can say; the checks inside `word` leave out what one model or another refuses.
TAKES: frozenset[str] = frozenset(_FIELDS)

# What is left out of a Messages request, and why that is harmless. Names with `messages.` or `tools.` stand for parts
# of messages and tools, names that are also in `TAKES` for the cases told.
DROPS: Mapping[str, str] = MappingProxyType({
    "metadata": "labels for the provider's own records",
    "store": "no answer is kept there",
    "verbosity": "a wish about style",
    "sampling.seed": "best effort everywhere",
    "sampling.frequency_penalty": "a nuance of wording",
    "sampling.presence_penalty": "a nuance of wording",
    "sampling.temperature": "refused by models since Claude 4.7 and beside thinking; more than 1 becomes 1",
    "sampling.top_p": "refused by models since Claude 4.7, beside a temperature, and below 0.95 beside thinking",
    "sampling.top_k": "refused by models since Claude 4.7 and beside thinking",
    "reasoning": (
        "the model does not think, or cannot be kept from it; or thinking would be refused: beside a forced tool,"
        " beside the beginning of an answer, or because the last tool call comes without its signed thought"
    ),
    "choice": "models that always think refuse to be forced to call a tool; they are left to choose among those named",
    "output": "there is no mode for any JSON object; the prompt has to ask for it, as it must elsewhere",
    "tier": "there is no slower, cheaper tier for single calls",
    "messages.name": "participants have no names",
    "messages.detail": "images have one resolution",
    "messages.citations": "sources told by another provider",
    "messages.thoughts": "thoughts of another provider, or without a signature",
    "tools.strict": "the model knows no strict tools",
})  # fmt: skip

# Fields of a Messages request that have no place in the neutral one, and may be left out for another dialect.
LOSABLE: Mapping[str, str] = MappingProxyType({
    "cache_control": "a mark for the prompt cache",
    "context_management": "makes a long history shorter; without it all of it is sent",
    "diagnostics": "asks for remarks on the prompt cache",
    "fallbacks": "outwait has its own",
    "speed": "a wish for more speed at a higher price",
    "user_profile_id": "attribution at the provider",
    "anthropic_beta": "switches of the provider's own",
    "anthropic_version": "the version of a protocol that is not spoken there",
    "thinking.block_binding": "a check of the provider's own",
    "output_config.task_budget": "a hint how long a task may become",
    "tools.eager_input_streaming": "arguments stream as they stream there",
    "tools.input_examples": "examples beside the schema",
})  # fmt: skip

# Why an answer is over: theirs -> ours, and back.
REASONS: Mapping[str, str] = MappingProxyType({
    "end_turn": "stop",
    "stop_sequence": "stop",
    "max_tokens": "length",
    "tool_use": "tool_calls",
    "refusal": "refusal",
    "pause_turn": "pause",
    "model_context_window_exceeded": "context_length",
})  # fmt: skip
TOLD_REASONS: Mapping[str, str] = MappingProxyType({
    "stop": "end_turn",
    "length": "max_tokens",
    "tool_calls": "tool_use",
    "content_filter": "refusal",
    "refusal": "refusal",
    "pause": "pause_turn",
    "context_length": "model_context_window_exceeded",
})  # fmt: skip

# Service tiers: theirs -> ours, and back. Theirs uses what was reserved, if there is any, unless told not to.
TIERS: Mapping[str, str] = MappingProxyType({"auto": "auto", "standard_only": "default"})
TOLD_TIERS: Mapping[str, str] = MappingProxyType({
    "auto": "auto", "default": "standard_only", "standard_only": "standard_only", "priority": "auto",
})  # fmt: skip

CHOICES: Mapping[str, str] = MappingProxyType({"auto": "auto", "any": "required", "tool": "named", "none": "none"})
