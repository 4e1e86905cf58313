"""Client profiles: what is known of a client from its headers, and which heartbeat it needs (FACTS 1.1, 1.2, 1.4).

One heartbeat does not fit all: some clients count parsed events and never notice a comment, some give up after
seconds of silence. A profile caps the spans of the heartbeat policy; it never lengthens them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Profile:
    """One kind of client.

    The shape of a heartbeat in a stream, where the mode is `auto`: `chat`: `comment`, `event`, `whitespace` or
    `nudge`, which is a comment with an event now and then. `messages`: `ping`, or `delta`, which is a ping with a
    `message_delta` now and then. `responses`: `event`, `comment`, or `steady`, which is an event once the id is
    known. `gemini`: `event` or `whitespace`. `after`, `every`: the most seconds of silence before the first
    heartbeat and between two, None where the policy alone decides. `remark`: why.
    """

    name: str
    chat: str = "comment"
    messages: str = "ping"
    responses: str = "event"
    gemini: str = "event"
    after: float | None = None
    every: float | None = None
    remark: str = ""
    shape: Mapping[str, object] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """`shape`: the caps as fields of a heartbeat, made once, since every request asks for them."""
        spans = {"after": self.after, "json_after": self.after, "every": self.every}
        object.__setattr__(self, "shape", {name: span for name, span in spans.items() if span is not None})


UNKNOWN = Profile("unknown")

_COUNTS = "its timer counts parsed events"

# Text in the lower-case User-Agent -> profile; the first row that fits wins, before any of `BY_STAINLESS`: an
# application knows itself better than the SDK it stands on (Claude Code is built on the one for JavaScript).
BY_AGENT: tuple[tuple[str, Profile], ...] = (
    ("claude-cli/", Profile("claude-cli", chat="event", messages="delta", remark="its 300 s timer counts no pings")),
    ("okhttp/", Profile("okhttp", after=5, every=5, remark="gives up after 10 s of silence")),
    ("opencode/", Profile("opencode", chat="event", messages="delta", remark=f"5 min; {_COUNTS}")),
    ("cherrystudio", Profile("cherry-studio", chat="event", messages="delta", remark=_COUNTS)),
    ("cherry-studio", Profile("cherry-studio", chat="event", messages="delta", remark=_COUNTS)),
    (
        "go-http-client/",
        Profile("go", chat="event", remark="go-openai gives up after 300 lines without data, two per comment"),
    ),
    ("codex", Profile("codex", chat="event", remark="its 300 s timer counts parsed events")),
    ("gl-python/", Profile("genai-python", gemini="whitespace", remark="comments and events break google-genai")),
    ("litellm/", Profile("litellm", gemini="whitespace")),
    ("curl/", Profile("curl")),
)


def _sdk(name: str, remark: str = "", *, cap: float | None = None) -> Profile:
    """A generated SDK: bytes are enough for it, and some take an event of ours for a new response."""
    return Profile(name, responses="comment", after=cap, every=cap, remark=remark)


# x-stainless-lang (the generated SDKs) -> profile.
BY_STAINLESS: Mapping[str, Profile] = {
    "python": Profile(  # its stream helper refuses a response whose id changes (FACTS 1.5)
        "sdk-python", chat="nudge", responses="steady", remark="600 s per read; langchain-openai on top counts chunks"
    ),
    "js": _sdk("sdk-js", "600 s to the headers, then 300 s of silence (undici)"),
    "java": _sdk("sdk-java", "OkHttp below", cap=5),
    "kotlin": _sdk("sdk-java", "OkHttp below", cap=5),
    "ruby": _sdk("sdk-ruby", "60 s of silence"),
    "go": _sdk("sdk-go"),
    "csharp": _sdk("sdk-csharp", "100 s"),
}


def profile(headers: Mapping[str, str]) -> Profile:
    """The profile of the client that sent `headers` (lower-case names); `UNKNOWN` when nothing is known of it."""
    agent = headers.get("user-agent", "").lower()
    if "x-goog-api-client" in headers:
        agent = f"{agent} {headers['x-goog-api-client'].lower()}"
    if agent:
        for text, found in BY_AGENT:
            if text in agent:
                return found
    lang = headers.get("x-stainless-lang")
    return UNKNOWN if lang is None else BY_STAINLESS.get(lang.lower(), UNKNOWN)
