"""What Gemini has beside answers: counts of tokens and embeddings, as JSON replies."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate.answer import Answer
from outwait.toolkit.simulate.dialect import nothing
from outwait.toolkit.simulate.gemini import GEMINI
from outwait.toolkit.simulate.gemini_request import ask_count, ask_embed, ask_embed_batch
from outwait.toolkit.simulate.vectors import vector

_DIMENSIONS = 768


def counted(answer: Answer) -> bytes:
    """How many tokens the question has: its words."""
    words = answer.question.words
    return msgspec.json.encode(
        {"totalTokens": words, "promptTokensDetails": [{"modality": "TEXT", "tokenCount": words}]}
    )


def _embeddings(answer: Answer) -> list[dict[str, list[float]]]:
    requests: Any = answer.question.body["requests"]
    texts = ["\n".join(part.get("text") or "" for part in each["content"]["parts"]) for each in requests]
    sizes = [each.get("outputDimensionality") or _DIMENSIONS for each in requests]
    return [{"values": vector(text, size)} for text, size in zip(texts, sizes, strict=True)]


def embedded(answer: Answer) -> bytes:
    """One embedding."""
    return msgspec.json.encode({"embedding": _embeddings(answer)[0]})


def embedded_batch(answer: Answer) -> bytes:
    """The embedding of each request, in their order."""
    return msgspec.json.encode({"embeddings": _embeddings(answer)})


_PLAIN: Final = replace(GEMINI, thinking=nothing, telling=nothing, closing=nothing)

GEMINI_COUNT: Final = replace(_PLAIN, ask=ask_count, whole=counted)
GEMINI_EMBED: Final = replace(_PLAIN, ask=ask_embed, whole=embedded)
GEMINI_EMBED_BATCH: Final = replace(_PLAIN, ask=ask_embed_batch, whole=embedded_batch)
