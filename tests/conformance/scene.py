"""What stands on the stage of the conformance matrix: one simulated provider, one gateway with a channel for each of
the provider's dialects, and the proxies in front of both."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.cases import PROXIES, SCRIPTS, Case, public
from tests.conformance.verdict import Verdict, judge
from tests.conformance.voices import DIALECTS, ask
from tests.e2e.backstage import Provider
from tests.e2e.proxies import start_haproxy, start_nginx
from tests.e2e.stage import Stage
from tests.store import postgres

KEY = "client-key-of-the-matrix"
Roots = Mapping[tuple[str, str], str]

# How a channel says what its upstream speaks.
_SPEAKS: Mapping[str, Mapping[str, object]] = {
    "chat": {"dialect": "openai", "endpoints": ["chat.completions"]},
    "responses": {"dialect": "openai", "endpoints": ["responses"]},
    "anthropic": {"dialect": "anthropic"},
    "gemini": {"dialect": "gemini"},
}
_BASE = {"chat": "/v1", "responses": "/v1", "anthropic": "/v1", "gemini": "/v1beta"}


@contextmanager
def quick_disk() -> Iterator[Path]:
    """A folder in memory, where there is some for that."""
    with tempfile.TemporaryDirectory(prefix="ow-matrix-", dir=postgres.memory()) as folder:
        yield Path(folder)


def config(provider_port: int, data: Path) -> dict[str, Any]:
    """The gateway's configuration. `data`: its folder, on a disk that is quick even while all SDKs start at once. Who
    gave an answer a name is told its end when it is on the disk, and where nothing beats the proxies wait 3 s for that.
    """
    return {
        "data_dir": str(data),
        "channels": list(_channels(f"http://127.0.0.1:{provider_port}")),
        "keys": [{"name": "matrix", "key": KEY}],
        "retry": {"attempts": 1},
        "on_disconnect": "finish",
    }


def _channels(root: str) -> Iterator[dict[str, Any]]:
    for out in DIALECTS:
        names = {public(out, what): script for what, script in SCRIPTS.items()}
        # Whole answers are fetched as the operator's defaults have it; what fails is also to fail as one JSON body.
        streamed = {name: "auto" if what in ("silent", "leave", "tools") else "never" for what, name in _names(out)}
        yield {
            "name": out,
            **_SPEAKS[out],
            "base_url": root + _BASE[out],
            "api_key": "any-key-will-do",
            "models": list(names),
            "model_map": names,
            "upstream_stream": streamed,
        }


def _names(out: str) -> Iterator[tuple[str, str]]:
    return ((what, public(out, what)) for what in SCRIPTS)


def roots(stage: Stage, gateway_port: int, provider_port: int) -> dict[tuple[str, str], str]:
    """Start what proxies there are; the address by proxy and by what stands behind it. Two nginx, since one has not
    connections enough for both of its variants."""
    targets = {"gateway": gateway_port, "provider": provider_port}
    found: dict[tuple[str, str], str] = {}
    for start, wanted in ((start_nginx, "nginx"), (start_nginx, "nginx-1.1"), (start_haproxy, "haproxy")):
        try:
            proxies = start(stage, targets)
        except pytest.skip.Exception:
            continue  # its cells are skipped one by one
        pairs = {pair: port for pair, port in proxies.ports.items() if pair[0] == wanted}
        found |= {pair: f"http://127.0.0.1:{port}" for pair, port in pairs.items()}
    assert {proxy for proxy, _ in found} <= set(PROXIES)
    return found


def play(cases: Iterable[Case], found: Roots, provider: Provider, patience: float) -> dict[Case, Verdict]:
    """Play `cases` all at once and judge them."""
    played = list(cases)
    rows = ask([(case.voice.sdk, case.call(found, KEY)) for case in played], patience)
    paths: dict[str, list[str]] = {}
    for call in provider.calls():
        paths.setdefault(call.question, []).append(call.path)
    return {case: judge(case, rows[case.name], paths.get(case.name, ())) for case in played}
