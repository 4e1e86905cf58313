"""What the Gemini dialect calls things, what it can say, and what may be left out: data, for docs and code alike."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_CONFIG = "generationConfig"

_FIELDS = {
    "model": "model",
    "messages": "contents",
    "tools": "tools",
    "choice": "toolConfig.functionCallingConfig",
    "output": f"{_CONFIG}.responseSchema",
    "reasoning": f"{_CONFIG}.thinkingConfig",
    "limit": f"{_CONFIG}.maxOutputTokens",
    "stop": f"{_CONFIG}.stopSequences",
    "count": f"{_CONFIG}.candidateCount",
    "modalities": f"{_CONFIG}.responseModalities",
    "sampling.temperature": f"{_CONFIG}.temperature",
    "sampling.top_p": f"{_CONFIG}.topP",
    "sampling.top_k": f"{_CONFIG}.topK",
    "sampling.seed": f"{_CONFIG}.seed",
    "sampling.frequency_penalty": f"{_CONFIG}.frequencyPenalty",
    "sampling.presence_penalty": f"{_CONFIG}.presencePenalty",
    "sampling.logprobs": f"{_CONFIG}.responseLogprobs",
    "sampling.top_logprobs": f"{_CONFIG}.logprobs",
}

# Field of the neutral request, or inside one -> the client's name for it.
NAMES: Mapping[str, str] = MappingProxyType({
    **_FIELDS,
    "reasoning.effort": f"{_CONFIG}.thinkingConfig.thinkingLevel",
    "reasoning.show": f"{_CONFIG}.thinkingConfig.includeThoughts",
    "messages.failed": "contents.parts.functionResponse.response.error",
    "messages.name": "contents.parts.inlineData.displayName",
    "messages.signatures": "contents.parts.thoughtSignature",
    "messages.thoughts": "contents.parts.thought",
})  # fmt: skip

# Fields that `word` can say.
TAKES: frozenset[str] = frozenset(_FIELDS) - {"model", "messages"}

# What `word` leaves out, and why that is harmless.
DROPS: Mapping[str, str] = MappingProxyType({
    "user": "Gemini has no place for an end user's id; the answer does not depend on it",
    "metadata": "labels of the request for the provider's own records",
    "tier": "the service tier is a matter of the channel's own account",
    "store": "whether the provider keeps the answer does not change it",
    "verbosity": "a wish about the length of the answer that Gemini has no word for",
    "choice.parallel": "Gemini has no word for calling one tool at a time",
    "reasoning": "this model of Gemini's cannot think, or cannot be told how hard",
    "reasoning.summary": "Gemini has one kind of summary of thoughts",
    "messages.cache": "Gemini caches by itself; the mark changes the price, not the answer",
    "messages.name": "the Gemini API knows no names of participants and of files",
    "messages.detail": "Gemini chooses an image's resolution by itself",
    "messages.citations": "marks of sources in earlier answers; their words are told",
    "messages.thoughts": "thoughts of another provider's model, which Gemini cannot check",
    "tools.cache": "Gemini caches by itself; the mark changes the price, not the answer",
    "tools.strict": "Gemini keeps to the schema of a function as well as it can, with or without being told",
})  # fmt: skip

# Further fields of a Gemini request that may be left out for another dialect.
LOSABLE: Mapping[str, str] = MappingProxyType({
    "safetySettings": "the thresholds of Google's own filters; other providers have filters of their own",
    "labels": "labels of the request for the provider's own records",
    "serviceTier": "the service tier is a matter of the channel's own account",
    "store": "whether the provider keeps the answer does not change it",
    f"{_CONFIG}.mediaResolution": "other models choose the resolution of media by themselves",
    f"{_CONFIG}.audioTimestamp": "a mark that only Gemini makes in sound",
    f"{_CONFIG}.enableEnhancedCivicAnswers": "a feature of Google's answers about elections",
    "tools.functionDeclarations.response": "a description of what the function gives; what it gives is told in time",
    "toolConfig.functionCallingConfig.mode": "VALIDATED is AUTO with arguments held to the schema, which other models "
    "do as well as they can",
    "toolConfig.functionCallingConfig.streamFunctionCallArguments": "arguments come whole instead of in pieces",
})  # fmt: skip

# Effort -> thinkingLevel.
LEVELS: Mapping[str, str] = MappingProxyType({
    "none": "MINIMAL", "minimal": "MINIMAL", "low": "LOW", "medium": "MEDIUM", "high": "HIGH", "xhigh": "HIGH",
    "max": "HIGH",
})  # fmt: skip
EFFORTS: Mapping[str, str] = MappingProxyType({
    "MINIMAL": "minimal", "LOW": "low", "MEDIUM": "medium", "HIGH": "high", "XHIGH": "xhigh",
})  # fmt: skip
# Models with levels of thinking that know MINIMAL, by a part of their name; the others begin at LOW.
MINIMAL: tuple[str, ...] = ("flash-lite", "gemini-3-flash", "gemini-3.1-flash", "gemini-3.5-flash")
# Models with budgets of thinking, by a part of their name, and the least and most tokens; the first that fits wins.
BUDGETS: tuple[tuple[str, int, int], ...] = (
    ("gemini-2.5-pro", 128, 32768), ("gemini-2.5-flash-lite", 0, 24576), ("gemini-2.5", 0, 24576),
)  # fmt: skip
LEAST_LITE = 512  # tokens that 2.5 Flash-Lite thinks with at least, when it thinks

# Gemini's word for why an answer ended -> ours; what is not here is `stop`.
REASONS: Mapping[str, str] = MappingProxyType({
    "STOP": "stop",
    "MAX_TOKENS": "length",
} | dict.fromkeys((
    "SAFETY", "RECITATION", "LANGUAGE", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY",
    "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "MODEL_ARMOR",
), "content_filter"))  # fmt: skip
# Ours -> Gemini's.
FINISHES: Mapping[str, str] = MappingProxyType({
    "stop": "STOP", "tool_calls": "STOP", "length": "MAX_TOKENS", "context_length": "MAX_TOKENS",
    "content_filter": "SAFETY", "refusal": "SAFETY", "pause": "OTHER",
})  # fmt: skip

# File name's end -> media type, for addresses that are told without one.
TYPES: Mapping[str, str] = MappingProxyType({
    "png": "image/png", "jpg": "image/jpeg", "jpeg": "image/jpeg", "webp": "image/webp", "gif": "image/gif",
    "heic": "image/heic", "heif": "image/heif", "bmp": "image/bmp", "avif": "image/avif",
    "pdf": "application/pdf", "txt": "text/plain", "md": "text/markdown", "html": "text/html", "htm": "text/html",
    "csv": "text/csv", "xml": "text/xml", "json": "application/json", "css": "text/css", "rtf": "text/rtf",
    "mp3": "audio/mpeg", "wav": "audio/wav", "flac": "audio/flac", "ogg": "audio/ogg", "aac": "audio/aac",
    "aiff": "audio/aiff", "m4a": "audio/mp4", "opus": "audio/opus",
    "mp4": "video/mp4", "mpeg": "video/mpeg", "mpg": "video/mpeg", "mov": "video/quicktime", "webm": "video/webm",
    "avi": "video/x-msvideo", "flv": "video/x-flv", "wmv": "video/x-ms-wmv", "3gp": "video/3gpp",
})  # fmt: skip
