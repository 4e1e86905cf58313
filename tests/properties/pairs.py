"""The four dialects as two sides: how a client calls in each, and who answers in it."""

from __future__ import annotations

from collections.abc import Mapping

from outwait.core.plan import Candidate
from outwait.core.request import Call
from outwait.dialects.table import DIALECTS
from outwait.toolkit.simulate.anthropic import ANTHROPIC
from outwait.toolkit.simulate.dialect import Speech
from outwait.toolkit.simulate.gemini import GEMINI_SSE
from outwait.toolkit.simulate.openai_chat import OPENAI_CHAT
from outwait.toolkit.simulate.openai_responses import OPENAI_RESPONSES

# Models of which nothing is known, so that none of what a dialect can say is refused for the model's sake; Gemini's is
# one that thinks by levels.
UPSTREAMS: Mapping[str, Candidate] = {
    "openai": Candidate("c", "openai", "m", endpoint="chat.completions", provider="openai"),
    "responses": Candidate("c", "responses", "m", endpoint="responses", provider="openai"),
    "anthropic": Candidate("c", "anthropic", "m", endpoint="messages", provider="anthropic"),
    "gemini": Candidate("c", "gemini", "gemini-3-flash", endpoint="generate_content", provider="gemini"),
}
SPEECHES: Mapping[str, Speech] = {
    "openai": OPENAI_CHAT,
    "responses": OPENAI_RESPONSES,
    "anthropic": ANTHROPIC,
    "gemini": GEMINI_SSE,
}
_PATHS = {"openai": "/v1/chat/completions", "responses": "/v1/responses", "anthropic": "/v1/messages"}


def called(dialect: str, body: bytes, *, stream: bool, model: str = "m") -> Call:
    """A client's call, as the door reads it."""
    verb = "streamGenerateContent?alt=sse" if stream else "generateContent"
    path = _PATHS.get(dialect, f"/v1beta/models/{model}:{verb}")
    return DIALECTS[dialect].read("POST", path, {"content-type": "application/json"}, body)
