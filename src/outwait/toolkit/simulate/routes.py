"""The paths of the simulated providers as data: which protocol is spoken where.

Promises: `find` gives the first row that fits a path and its query, with the names it took from the path; a path that
fits no row is nobody's. A row is `/path/{model}:verb?query`: names in braces stand for a part of the path each; a
parameter of the query must be there, with its value if one is given.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, unquote

from outwait.toolkit.simulate.anthropic import ANTHROPIC, ANTHROPIC_COUNT
from outwait.toolkit.simulate.dialect import Envelope, Speech
from outwait.toolkit.simulate.gemini import GEMINI, GEMINI_ARRAY, GEMINI_SSE
from outwait.toolkit.simulate.gemini_plain import GEMINI_COUNT, GEMINI_EMBED, GEMINI_EMBED_BATCH
from outwait.toolkit.simulate.openai_audio import OPENAI_SPEECH, OPENAI_TRANSCRIPTION
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_completions import OPENAI_COMPLETIONS
from outwait.toolkit.simulate.openai_images import OPENAI_IMAGE_EDIT, OPENAI_IMAGES
from outwait.toolkit.simulate.openai_plain import OPENAI_EMBEDDINGS, OPENAI_MODERATIONS, RERANK
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES

_OPENAI: Final[Mapping[str, Speech]] = {
    "/chat/completions": OPENAI_CHAT,
    "/responses": OPENAI_RESPONSES,
    "/completions": OPENAI_COMPLETIONS,
    "/embeddings": OPENAI_EMBEDDINGS,
    "/moderations": OPENAI_MODERATIONS,
    "/rerank": RERANK,
    "/images/generations": OPENAI_IMAGES,
    "/images/edits": OPENAI_IMAGE_EDIT,
    "/audio/speech": OPENAI_SPEECH,
    "/audio/transcriptions": OPENAI_TRANSCRIPTION,
}
_GEMINI: Final[Mapping[str, Speech]] = {
    ":generateContent": GEMINI,
    ":streamGenerateContent?alt=sse": GEMINI_SSE,
    ":streamGenerateContent": GEMINI_ARRAY,
    ":countTokens": GEMINI_COUNT,
    ":embedContent": GEMINI_EMBED,
    ":batchEmbedContents": GEMINI_EMBED_BATCH,
}

SPEECHES: Final[Mapping[str, Speech]] = {
    **{f"/v1{path}": speech for path, speech in _OPENAI.items()},
    "/v1/messages": ANTHROPIC,
    "/v1/messages/count_tokens": ANTHROPIC_COUNT,
    **{f"/v1beta/models/{{model}}{verb}": speech for verb, speech in _GEMINI.items()},
    **{f"/v1/models/{{model}}{verb}": speech for verb, speech in _GEMINI.items()},
    # Vertex: Gemini in a project at a place.
    **{
        f"/{version}/projects/{{project}}/locations/{{place}}/publishers/google/models/{{model}}{verb}": speech
        for version in ("v1", "v1beta1")
        for verb, speech in _GEMINI.items()
    },
    # Azure: the deployment is the model; its newer paths are OpenAI's.
    **{f"/openai/v1{path}": speech for path, speech in _OPENAI.items()},
    **{f"/openai/deployments/{{model}}{path}?api-version": speech for path, speech in _OPENAI.items()},
    "/openai/responses?api-version": OPENAI_RESPONSES,
}


@dataclass(frozen=True, slots=True)
class _Row:
    pattern: re.Pattern[str]
    query: Mapping[str, str]
    speech: Speech


def _row(template: str, speech: Speech) -> _Row:
    path, _, query = template.partition("?")
    pattern = re.sub(r"\\{(\w+)\\}", r"(?P<\1>[^/]+)", re.escape(path))
    return _Row(re.compile(pattern), dict(parse_qsl(query, keep_blank_values=True)), speech)


_ROWS: Final = tuple(_row(template, speech) for template, speech in SPEECHES.items())


def find(path: str, query: str, headers: Mapping[str, str]) -> tuple[Speech, Envelope] | None:
    """Who is spoken to at `path` (as sent), and what the call says outside its body; None if nobody is."""
    asked = dict(parse_qsl(query, keep_blank_values=True))
    for row in _ROWS:
        match = row.pattern.fullmatch(path)
        if match is not None and _fits(asked, row.query):
            return row.speech, Envelope(unquote(match.groupdict().get("model", "")), asked, headers)
    return None


def _fits(asked: Mapping[str, str], needed: Mapping[str, str]) -> bool:
    return all(name in asked and value in ("", asked[name]) for name, value in needed.items())
