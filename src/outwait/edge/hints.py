"""What to say about a path that is not there: most such calls have a base URL that is wrong in one of a few ways."""

from __future__ import annotations

import re
from collections.abc import Collection

BASE = "/v1"
CHAT = "/v1/chat/completions"
# Offered by providers under these paths, and called by SDKs; not offered here.
LATER = (
    "/v1/complete", "/v1/files", "/v1/batches", "/v1/fine_tuning", "/v1/assistants", "/v1/threads",
    "/v1/vector_stores", "/v1/conversations", "/v1/realtime", "/v1/responses/compact", "/v1/responses/input_tokens",
)  # fmt: skip
# Clients of this path take a base URL without a version, and add it themselves.
MESSAGES = "/v1/messages"
# What probes of orchestrators and load balancers ask for by habit.
PROBES = {
    "/health": "/healthz",
    "/healthcheck": "/healthz",
    "/livez": "/healthz",
    "/live": "/healthz",
    "/ping": "/healthz",
    "/status": "/healthz",
    "/ready": "/readyz",
    "/readiness": "/readyz",
    "/v1/health": "/healthz",
}
_LONGEST = 200
_GEMINI = re.compile(r"/(?:models|tunedModels)/[^/]+:[a-zA-Z]+$")


def later(path: str) -> str | None:
    """A sentence for an endpoint that providers have and this gateway has not yet, else None."""
    tidy = _tidy(path)
    for known in LATER:
        for name in (known, known.removeprefix(BASE)):
            if tidy == name or tidy.startswith(f"{name}/"):
                return f"outwait does not offer {known} yet; it answers {CHAT}."
    return None


def hint(path: str, known: Collection[str]) -> str:
    """A sentence that says what `path` was probably meant to be; `known`: the paths there are."""
    tidy = _tidy(path)
    if "/openai/deployments/" in tidy:
        return f"It is a path of Azure's clients: use a plain OpenAI client whose base URL ends in {BASE}."
    if tidy in PROBES:
        return f"Did you mean {PROBES[tidy]}?"
    if tidy in ("", BASE):
        return (
            f"Model calls go to {CHAT}: give OpenAI clients a base URL that ends in {BASE}, and those of Anthropic and"
            " Gemini one that ends right after the host."
        )
    if _GEMINI.search(tidy) and not re.match(r"/v\d", tidy):
        return f"Did you mean /v1beta{tidy}? A client that adds no version needs a base URL that ends in /v1beta."
    if _GEMINI.search(tidy):
        return "The base URL of a Gemini client should end right after the host; it adds the version itself."
    meant = _meant(tidy, known)
    if meant is None:
        return f"Model calls go to {CHAT}."
    return f"Did you mean {meant}? {_why(path, meant)}"


def _meant(tidy: str, known: Collection[str]) -> str | None:
    """Which of `known` is `tidy` but for its version, or ends it; the longest, since one may be the end of another."""
    exact = [each for each in known if tidy in (each, each.removeprefix(BASE))]
    return max(exact or [each for each in known if tidy.endswith(each)], key=len, default=None)


def _why(path: str, meant: str) -> str:
    if meant.startswith(MESSAGES) and not path.endswith("/"):
        return "The base URL of an Anthropic client should end right after the host; it adds the rest itself."
    if f"{BASE}{BASE}" in re.sub(r"/+", "/", path):
        return f"The base URL should end in one {BASE}; here it came twice."
    if path.endswith("/"):
        return "It has no slash at its end."
    if not meant.startswith(BASE):
        return f"It stands at the root, without {path.removesuffix(meant) or BASE}."
    if "//" in path:
        return "One slash is enough."
    return f"The base URL of an OpenAI client should end in {BASE}, right after the host."


def _tidy(path: str) -> str:
    """`path` with single slashes, none at the end, and one /v1 where there were several; cut to a sane length."""
    tidy = re.sub(r"/+", "/", path[:_LONGEST]).rstrip("/")
    return re.sub(r"(?:/v1)+(?=/|$)", BASE, tidy)
