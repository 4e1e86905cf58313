"""The pieces of a reply in Gemini's shapes, for streams and whole replies alike."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from outwait.core.part import Citation, Media, Thought
from outwait.core.reply import Usage
from outwait.dialects import document
from outwait.dialects.gemini import proof
from outwait.dialects.gemini.tables import FINISHES


def call_part(ident: str, name: str, arguments: str, signature: str | None) -> dict[str, Any] | None:
    """A function call; None where its arguments are no JSON object."""
    try:
        args = document.loads(arguments.encode(errors="surrogatepass")) if arguments.strip() else {}
    except ValueError:
        return None
    if not isinstance(args, dict):
        return None
    signed = {} if signature is None else {"thoughtSignature": signature}
    return {"functionCall": {"id": ident, "name": name, "args": args}, **signed}


def thought_part(thought: Thought, *, shown: bool) -> dict[str, Any] | None:
    """A thought; None where the client shall not see it and nothing of it must come back. `shown`: it may see it."""
    text = thought.text if shown else ""
    signature = proof.carry(thought, text=not shown)
    if signature is None:
        return {"text": text, "thought": True} if text else None
    if thought.dialect == proof.OWN and not thought.text:
        return {"text": "", "thoughtSignature": signature}
    # Marked as a thought even where it is empty: some clients take an empty text for a broken answer.
    return {"text": text, "thought": True, "thoughtSignature": signature}


def media_part(media: Media) -> dict[str, Any]:
    """An image, sound or the like."""
    if media.data is not None:
        return {"inlineData": {"mimeType": media.mime or "application/octet-stream", "data": media.data}}
    typed = {} if media.mime is None else {"mimeType": media.mime}
    return {"fileData": {**typed, "fileUri": media.url or media.file or ""}}


def citation_of(citation: Citation, text: str) -> dict[str, Any]:
    """A source; its place is told in bytes of `text`."""
    told = {
        "startIndex": _bytes_to(citation.start, text),
        "endIndex": _bytes_to(citation.end, text),
        "uri": citation.url,
        "title": citation.title,
    }
    return {key: value for key, value in told.items() if value is not None}


def _bytes_to(at: int | None, text: str) -> int | None:
    return None if at is None else len(text[:at].encode(errors="replace"))


def logprobs_of(entries: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """`logprobsResult`, from entries in OpenAI's shape."""
    chosen = [_logprob(entry) for entry in entries]
    tops = [{"candidates": [_logprob(top) for top in entry.get("top_logprobs") or ()]} for entry in entries]
    return {"chosenCandidates": chosen} | ({"topCandidates": tops} if any(top["candidates"] for top in tops) else {})


def _logprob(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {"token": entry.get("token", ""), "logProbability": entry.get("logprob", 0.0)}


def usage_of(usage: Usage) -> dict[str, int]:
    """`usageMetadata`."""
    told = {
        "promptTokenCount": usage.input,
        "candidatesTokenCount": max(usage.output - usage.reasoning, 0),
        "totalTokenCount": usage.input + usage.output,
    }
    if usage.cached:
        told["cachedContentTokenCount"] = usage.cached
    if usage.reasoning:
        told["thoughtsTokenCount"] = usage.reasoning
    return told


def finish_of(reason: str, broken: str) -> dict[str, Any]:
    """Why a candidate is over. `broken`: the text of a call that could not be told, if there was one."""
    if broken and reason not in {"length", "context_length"}:
        return {"finishReason": "MALFORMED_FUNCTION_CALL", "finishMessage": f"Malformed function call: {broken}"}
    return {"finishReason": FINISHES.get(reason, "OTHER")}
