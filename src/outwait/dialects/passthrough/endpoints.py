"""The plain routes as rows of data: where each is, how it is asked for a stream, and what an answer of it holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

BASE = "/v1"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One route. `path`: below the base URL. `switch`: the field that asks for a stream, if one does.

    `form`: it takes files, as multipart/form-data. `model`: the model of a request that names none. `answers`: the keys
    of which a JSON reply has one; none: any object will do. `blank`: an answer may be empty. `ends`: the types of the
    events with which a stream ends.
    """

    name: str
    path: str
    switch: str | None = None
    form: bool = False
    model: str | None = None
    answers: tuple[str, ...] = ()
    blank: bool = False
    ends: tuple[str, ...] = ()


_IMAGES = ("data", "images")
# The text of silence is empty.
_TEXTS = ("text", "segments", "results")

# Other names than OpenAI's own among `answers` are those of providers that offer the same route: `embeddings` (Cohere,
# Ollama), `images` (SiliconFlow), `results` (Cohere, Jina), `data` (Voyage), `rankings` (NVIDIA).
#
# A request for images must name its model. OpenAI once took dall-e-2 for one that names none; that model is retired and
# its documentation now says to name one, so any guess of ours would be wrong somewhere.
ENDPOINTS: Mapping[str, Endpoint] = MappingProxyType(
    {
        row.name: row
        for row in (
            Endpoint("completions", "/completions", "stream", answers=("choices",)),
            Endpoint("embeddings", "/embeddings", answers=("data", "embeddings", "vectors")),
            Endpoint(
                "images.generations",
                "/images/generations",
                "stream",
                answers=_IMAGES,
                ends=("image_generation.completed",),
            ),
            Endpoint(
                "images.edits", "/images/edits", "stream", form=True, answers=_IMAGES, ends=("image_edit.completed",)
            ),
            Endpoint("images.variations", "/images/variations", form=True, answers=_IMAGES),
            Endpoint("audio.speech", "/audio/speech", "stream_format", ends=("speech.audio.done",)),
            Endpoint(
                "audio.transcriptions",
                "/audio/transcriptions",
                "stream",
                form=True,
                answers=_TEXTS,
                blank=True,
                ends=("transcript.text.done",),
            ),
            Endpoint("audio.translations", "/audio/translations", form=True, answers=_TEXTS, blank=True),
            Endpoint("moderations", "/moderations", model="omni-moderation-latest", answers=("results",)),
            # A threshold may leave no document.
            Endpoint("rerank", "/rerank", answers=("results", "data", "rankings"), blank=True),
        )
    }
)

# Also without the version: where a client's base URL lacks it, and where rerankers have their route (Jina's kin).
PATHS: Mapping[str, Endpoint] = MappingProxyType(
    {prefix + row.path: row for row in ENDPOINTS.values() for prefix in (BASE, "")}
)


def takes_files(path: str) -> bool:
    """Whether the route at `path` takes files, whose bodies are larger than those of JSON."""
    row = PATHS.get(path)
    return row is not None and row.form
