"""What is asked: every cell of the conformance matrix, and the slice of it that every test run plays."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from tests.conformance.voices import BY_NAME, DIALECTS, VOICES, Call, Voice

PROXIES = ("nginx", "nginx-1.1", "haproxy")
MODES = ("stream", "json")
SILENT = 12  # seconds
WORDS = 40
TIMEOUT = 45  # seconds, of the SDKs

# What happens, and the simulated provider's script for it.
SCRIPTS = {
    "silent": f"silent-{SILENT}s+long-{WORDS}",
    "tools": "silent-4s+tools-2",  # longer than the proxies wait, twice
    "leave": f"silent-5s+long-{WORDS}",  # without heartbeats: the proxy cuts at 3 s, and the SDK asks again
    "late": "error-500-after-2s",  # after the first heartbeat, so after the status
    "reset": "reset-after-3",
    "close": "close-after-3",
    "truncate": "truncate-after-3",
    "error inside": "error-in-stream-after-3",
}
FAULTS = ("reset", "close", "truncate", "error inside")
DIRECT = "direct"  # the proxy straight in front of the provider
FIRST = {voice.speaks: voice.name for voice in reversed(VOICES)}  # of each dialect


@dataclass(frozen=True, slots=True)
class Case:
    """One cell. `out`: what the upstream speaks. `what`: a key of SCRIPTS, or `direct`."""

    voice: Voice
    out: str
    proxy: str
    mode: str
    what: str

    @property
    def name(self) -> str:
        """Tells this cell from all others, and is the question asked."""
        return f"{self.voice.name} to {self.out} behind {self.proxy}: {self.what}, {self.mode}"

    @property
    def model(self) -> str:
        """What the client calls it; the gateway finds the channel by this name."""
        return SCRIPTS["silent"] if self.what == DIRECT else public(self.out, self.what)

    def call(self, roots: Mapping[tuple[str, str], str], key: str) -> Call:
        """As the programs in `sdks` read it. `roots`: by proxy and by what stands behind it."""
        target = "provider" if self.what == DIRECT else "gateway"
        headers = {"x-outwait-heartbeat": "off"} if self.what == "leave" else {}
        if self.what == "leave" and self.voice.named:
            headers["idempotency-key"] = self.name
        return {
            "name": self.name,
            "root": roots[self.proxy, target],
            "key": key,
            "model": self.model,
            "api": self.voice.api,
            "stream": self.mode == "stream",
            "tools": self.what == "tools",
            "retries": {"leave": 3, "late": 2}.get(self.what, 0),
            "timeout": TIMEOUT,
            "headers": headers,
        }


def public(out: str, what: str) -> str:
    """The model that does `what` at the channel that speaks `out`."""
    return f"to-{out}-{what.replace(' ', '-')}"


def cases() -> Iterator[Case]:
    """The whole matrix."""
    for voice, proxy, mode in product(VOICES, PROXIES, MODES):
        for out, what in product(DIALECTS, SCRIPTS):
            if (what != "tools" or voice.tools) and (what != "leave" or voice.resends):
                yield Case(voice, out, proxy, mode, what)
        if proxy != "nginx-1.1":
            yield Case(voice, voice.speaks, proxy, mode, DIRECT)


def few() -> Iterator[Case]:
    """The slice: every voice keeps an answer of every upstream through silence, every pair of dialects a round trip of
    tools; the rest takes turns."""
    turns: dict[tuple[Voice, str], int] = {}
    proxies: dict[tuple[str, str], int] = {}
    for voice, what, mode in product(VOICES, SCRIPTS, MODES):
        if (what == "tools" and not voice.tools) or (what == "leave" and not voice.resends):
            continue
        turn = turns.setdefault((voice, mode), VOICES.index(voice) + (mode == "json"))
        turns[voice, mode] += 1
        every = what == "silent" or (what == "tools" and FIRST[voice.speaks] == voice.name)
        for out in DIALECTS if every else (DIALECTS[turn % len(DIALECTS)],):
            taken = proxies.setdefault((what, mode), VOICES.index(voice))
            proxies[what, mode] += 1
            yield Case(voice, out, PROXIES[taken % len(PROXIES)], mode, what)
    for speaks, mode in product(DIALECTS, MODES):
        voice = next(voice for voice in VOICES if voice.name == FIRST[speaks])
        yield Case(voice, speaks, "nginx", mode, DIRECT)
        yield Case(voice, speaks, "haproxy", mode, DIRECT)


def able(case: Case, roots: Mapping[tuple[str, str], str]) -> str | None:
    """Why `case` cannot be played here, or None."""
    target = "provider" if case.what == DIRECT else "gateway"
    if (case.proxy, target) not in roots:
        return f"{case.proxy.removesuffix('-1.1')} is not installed (tools/test-needs fetches it)"
    return BY_NAME[case.voice.sdk].missing()
