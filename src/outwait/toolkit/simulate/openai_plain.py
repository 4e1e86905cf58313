"""The routes of OpenAI and its kin that answer with one JSON object: embeddings, moderations, rerank.

Promises: the objects of embeddings and moderations validate against the openai SDK's types; the same text gives the
same numbers. A moderation flags a text that says `violence`.
"""

from __future__ import annotations

import base64
import struct
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import msgspec

from outwait.toolkit.simulate.answer import Answer, Question
from outwait.toolkit.simulate.dialect import PLAIN, BadCallError, Envelope, Speech, nothing
from outwait.toolkit.simulate.openai_chat_request import named, number
from outwait.toolkit.simulate.openai_errors import error, error_event
from outwait.toolkit.simulate.vectors import likeness, vector

_DIMENSIONS = 1536
_MOST_INPUTS = 2048
_HARMS: Final = (
    "harassment", "harassment/threatening", "hate", "hate/threatening", "illicit", "illicit/violent", "self-harm",
    "self-harm/instructions", "self-harm/intent", "sexual", "sexual/minors", "violence", "violence/graphic",
)  # fmt: skip


def _question(body: Mapping[str, object], envelope: Envelope, texts: list[str]) -> Question:
    words = sum(len(text.split()) for text in texts)
    told = {**body, "texts": texts}
    return Question(named(body, envelope), stream=False, text=texts[-1], words=words, body=told)


def _texts(value: object, param: str) -> list[str]:
    """A text, or an array of texts, of tokens, or of arrays of tokens, as texts."""
    given = value if isinstance(value, list) else [value]
    if given and all(isinstance(each, int) and not isinstance(each, bool) for each in given):
        given = [given]
    texts = [" ".join(map(str, each)) if isinstance(each, list) else each for each in given]
    told = [text for text in texts if isinstance(text, str) and text]
    if not told or len(told) < len(texts):
        raise BadCallError(f"'{param}' must be a string, or an array of strings or of tokens, none empty.", param)
    return told


# -- embeddings


def ask_embeddings(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The texts to be embedded. Raises BadCallError."""
    texts = _texts(body.get("input"), "input")
    if len(texts) > _MOST_INPUTS:
        raise BadCallError(f"'input' may have at most {_MOST_INPUTS} elements.", "input")
    number(body, "dimensions", 1, 4096)
    if body.get("encoding_format") not in (None, "float", "base64"):
        raise BadCallError("'encoding_format' must be 'float' or 'base64'.", "encoding_format")
    return _question(body, envelope, texts)


def embeddings(answer: Answer) -> bytes:
    """A vector for each text, as numbers or as little-endian 32-bit floats in base64."""
    asked: Any = answer.question.body
    data = []
    for index, text in enumerate(asked["texts"]):
        numbers = vector(text, asked.get("dimensions") or _DIMENSIONS)
        packed = base64.b64encode(struct.pack(f"<{len(numbers)}f", *numbers)).decode()
        told = packed if asked.get("encoding_format") == "base64" else numbers
        data.append({"object": "embedding", "index": index, "embedding": told})
    words = answer.question.words
    usage = {"prompt_tokens": words, "total_tokens": words}
    return msgspec.json.encode({"object": "list", "data": data, "model": answer.question.model, "usage": usage})


# -- moderations


def ask_moderations(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The texts to be judged. Raises BadCallError."""
    given = body.get("input")
    if isinstance(given, list) and given and all(isinstance(part, dict) for part in given):
        return _question(body, envelope, ["\n".join(str(part.get("text") or "") for part in given)])
    return _question(body, envelope, _texts(given, "input"))


def moderations(answer: Answer) -> bytes:
    """A judgement of each text."""
    asked: Any = answer.question.body
    results = [_judged("violence" in text.lower()) for text in asked["texts"]]
    return msgspec.json.encode({"id": answer.id, "model": answer.question.model, "results": results})


def _judged(flagged: bool) -> dict[str, object]:
    return {
        "flagged": flagged,
        "categories": {harm: flagged and harm == "violence" for harm in _HARMS},
        "category_scores": {harm: 0.97 if flagged and harm == "violence" else 0.0001 for harm in _HARMS},
        "category_applied_input_types": {harm: ["text"] for harm in _HARMS},
    }


# -- rerank


def ask_rerank(body: Mapping[str, object], envelope: Envelope = PLAIN) -> Question:
    """The query and the documents. Raises BadCallError."""
    query, documents = body.get("query"), body.get("documents")
    if not isinstance(query, str) or not query:
        raise BadCallError("'query' must be a string.", "query")
    given = documents if isinstance(documents, list) else []
    found = [each.get("text") if isinstance(each, dict) else each for each in given]
    texts = [text for text in found if isinstance(text, str)]
    if not texts or len(texts) < len(given):
        raise BadCallError("'documents' must be an array of strings or of objects with `text`.", "documents")
    number(body, "top_n", 1, None)
    return replace(_question(body, envelope, texts), text=query)


def rerank(answer: Answer) -> bytes:
    """The documents with the most words of the query first, as Cohere and Jina tell them."""
    asked: Any = answer.question.body
    scores = [likeness(asked["query"], text) for text in asked["texts"]]
    order = sorted(range(len(scores)), key=lambda index: -scores[index])[: asked.get("top_n")]
    results = []
    for index in order:
        more = {"document": {"text": asked["texts"][index]}} if asked.get("return_documents") else {}
        results.append({"index": index, "relevance_score": round(scores[index], 6), **more})
    usage = {"total_tokens": answer.question.words, "prompt_tokens": answer.question.words}
    return msgspec.json.encode(
        {"id": answer.id, "model": answer.question.model, "results": results, "usage": usage,
         "meta": {"billed_units": {"search_units": 1}}}
    )  # fmt: skip


OPENAI_EMBEDDINGS: Final = Speech(
    ask=ask_embeddings,
    opening=nothing,
    thinking=nothing,
    telling=nothing,
    closing=nothing,
    whole=embeddings,
    error=error,
    error_event=error_event,
    prefix="embd-",
)
OPENAI_MODERATIONS: Final = replace(OPENAI_EMBEDDINGS, ask=ask_moderations, whole=moderations, prefix="modr-")
RERANK: Final = replace(OPENAI_EMBEDDINGS, ask=ask_rerank, whole=rerank, prefix="rerank-")
