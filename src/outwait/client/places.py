"""Which requests begin an exchange worth coming back for, and where it is found again (pure).

Only calls that make a model work: embeddings and the like take seconds, and their repetition costs next to nothing.
Everything else (lists, files, what is read by an id) is passed on as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qs

ENDPOINTS: Final = (
    "chat/completions",
    "completions",
    "responses",
    "messages",
    "images/generations",
    "images/edits",
    "images/variations",
    "audio/speech",
    "audio/transcriptions",
    "audio/translations",
)
METHODS: Final = ("generateContent", "streamGenerateContent", "generateAnswer", "predict")

_PLACE: Final = re.compile(
    rf"(?P<prefix>/(?:[^?]*/)?)v1(?:beta\d*|alpha\d*)?/(?P<endpoint>{'|'.join(ENDPOINTS)}|"
    rf"(?:models|tunedModels)/[^?]*:(?:{'|'.join(METHODS)}))/?(?:\?(?P<query>.*))?"
)
# Headers of a request that say something of its body, or that it asks for one only.
_OF_BODY: Final = frozenset(
    "accept-encoding content-encoding content-length content-type expect idempotency-key transfer-encoding"
    " x-stainless-retry-count".split()
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a model is called. `prefix`: what stands before /v1, with a slash at its end; `endpoint`: behind it."""

    prefix: str
    endpoint: str
    query: str = ""

    @property
    def events(self) -> bool:
        """Whether its JSON reply may be a stream, which must not be held until it is whole (Gemini's arrays)."""
        return self.endpoint.endswith(":streamGenerateContent")

    @property
    def probe(self) -> str:
        """The path at which a gateway says what it is."""
        return f"{self.prefix}v1/probe"

    def stream(self, ident: str, after: int) -> str:
        """The path and query of an exchange's answer, behind `after` events; 0: from its beginning."""
        behind = f"?starting_after={after}" if after else ""
        return f"{self.prefix}v1/exchanges/{ident}/stream{behind}"


def place_of(method: str, target: str) -> Place | None:
    """The place of a request that can be taken up again, None for any other. `target`: path and query."""
    found = _PLACE.fullmatch(target) if method == "POST" else None
    return None if found is None else Place(found["prefix"], found["endpoint"], found["query"] or "")


def credentials(place: Place, headers: Mapping[str, str]) -> dict[str, str]:
    """Who asks, as the first request said it: its headers without those of its body. Names in lower case."""
    kept = {name: value for name, value in headers.items() if name not in _OF_BODY}
    key = parse_qs(place.query).get("key")
    if key:
        kept.setdefault("x-goog-api-key", key[0])
    return kept | {"accept-encoding": "identity"}
