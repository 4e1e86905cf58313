"""What a Gemini path asks for: the model stands in it, and the method, and whether a stream comes as SSE.

`/v1beta/models/{model}:{method}?alt=sse`, also below `/v1`, `/v1alpha` and `/v1beta1` and with `tunedModels`. Without
`alt=sse` a stream is one JSON array that grows. Keys in the query are taken out: what is kept of a path is logged.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from outwait.core.request import Call

GENERATE = "generate_content"
COUNT = "models.count_tokens"
EMBED = "embed_content"
EMBED_BATCH = "batch_embed_contents"

METHODS: Final = {
    "generateContent": GENERATE,
    "streamGenerateContent": GENERATE,
    "countTokens": COUNT,
    "embedContent": EMBED,
    "batchEmbedContents": EMBED_BATCH,
}
"""Method of a Gemini path -> endpoint."""
_PATH = re.compile(r"/v1(?:beta|alpha|beta1)?/(?:models/|(tunedModels/))(.*):([A-Za-z]+)", re.DOTALL)
_ESCAPE = re.compile(rb"%([0-9a-fA-F]{2})")
_SECRET = frozenset({"key", "$key", "api_key", "access_token", "oauth_token"})
_ALT = frozenset({"alt", "$alt"})


class Target(NamedTuple):
    """`model`: as the path names it, percent-decoded. `alt`: form of the reply (`json`, `sse`, ...). `path`: the path
    without secrets."""

    model: str
    endpoint: str
    stream: bool
    alt: str
    path: str


def target(path: str) -> Target | None:
    """What `path` (with or without a query) asks for; None where it is no path of this dialect."""
    place, _, query = path.partition("?")
    match = _PATH.fullmatch(unescaped(place))
    if match is None or match[3] not in METHODS:
        return None
    alt, kept = "json", []
    for pair in query.split("&") if query else ():
        name, _, value = pair.partition("=")
        name = unescaped(name).lower()
        if name in _SECRET:
            continue
        if name in _ALT:
            alt = unescaped(value).lower().partition(";")[0]
        kept.append(pair)
    told = f"{place}?{'&'.join(kept)}" if kept else place
    return Target((match[1] or "") + match[2], METHODS[match[3]], match[3].startswith("stream"), alt, told)


def endpoint(path: str) -> str:
    """The name of the endpoint at `path`, or `other`."""
    aim = target(path)
    return "other" if aim is None else aim.endpoint


def is_array(call: Call) -> bool:
    """Whether this client gets its stream as one JSON array."""
    if not call.stream:
        return False
    aim = target(call.path)
    return aim is not None and aim.alt != "sse"


def unescaped(text: str) -> str:
    """`text` percent-decoded; bytes that are not UTF-8 become U+FFFD, which no name has."""
    if "%" not in text:
        return text
    raw = _ESCAPE.sub(lambda match: bytes.fromhex(match[1].decode()), text.encode(errors="replace"))
    return raw.decode(errors="replace")
