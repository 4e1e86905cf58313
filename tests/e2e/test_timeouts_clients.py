"""Each emitted client program, run as it stands against the simulated provider with its numbers scaled down.

answers   silent for less than the limits            the answer
beats     keep-alives for longer than the idle limit the answer
silent    nothing for longer than the idle limit     gives up at that limit
stalls    silent in the middle of a stream           the same
endless   keep-alives for longer than the total      gives up at the total
half      the stream ends well, the answer does not  says so
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from tests.e2e.backstage import Provider
from tests.e2e.stage import environment, found

from outwait.toolkit.timeouts.advice import Advice, Facts, advise
from outwait.toolkit.timeouts.emit_clients import CLIENTS

TOOLS = Path(__file__).resolve().parents[2] / ".tools"
SDKS, NODE = TOOLS / "sdks" / "bin" / "python", TOOLS / "node" / "node_modules"
EARLY, LATE = (
    1.5,
    2.5,
)  # seconds around its limit at which a client is gone: its own work before the call counts for the
# total, undici's timers tick once a second, and all of it on a busy machine
CURL_LATE = 6.0  # what it takes for a speed is a mean of the last five seconds
TOGETHER = 8  # programs at a time


@dataclass(frozen=True, slots=True)
class Case:
    """What the model does (`{n}`: a number of its own) and the limits the client gets, in seconds; `ends`: when the
    client must give up, None when it must print the answer."""

    model: str
    idle: float
    total: float
    ends: float | None = None


CASES: Mapping[str, Case] = {
    "answers": Case("silent-1{n:03}ms", idle=3.0, total=12.0),
    "beats": Case("pings-4{n:03}ms", idle=2.0, total=12.0),
    "silent": Case("silent-19{n:03}ms", idle=2.0, total=30.0, ends=2.0),
    "stalls": Case("stall-19{n:03}ms-after-3", idle=2.0, total=30.0, ends=2.0),
    "half": Case("silent-1{n:03}ms+truncate", idle=3.0, total=12.0, ends=0.0),
    "endless": Case("pings-19{n:03}ms", idle=30.0, total=4.0, ends=4.0),
}
# What each says when nothing came for `idle` and when `total` is over.
SILENT = {
    "openai-python": "APITimeoutError|ReadTimeout",
    "anthropic-python": "APITimeoutError|ReadTimeout",
    "httpx": "ReadTimeout",
    "requests": "ReadTimeout|ConnectionError: .*Read timed out",
    "langchain": "OpenAITimeoutError|ReadTimeout",
    "openai-node": "HeadersTimeoutError|BodyTimeoutError|terminated",
    "anthropic-node": "APIConnectionTimeoutError|BodyTimeoutError|terminated",
    "axios": r"silent for 2000 ms",
    "curl": r"Operation (timed out|too slow)",
}
OVER = {
    "requests": "TimeoutError: no whole answer within 4 s",
    "openai-node": "Abort|aborted|Timeout",
    "anthropic-node": "Abort|aborted|Timeout",
    "axios": "TimeoutError",
    "curl": "Operation timed out",
}
# A whole reply has no middle. curl sees one byte in five seconds as silence, so it has no idle limit there.
LEFT_OUT = {("stalls", False), ("half", False)}
NO_IDLE = {("curl", False)}
RAW = {"curl"}  # prints what comes; its reader has to look for [DONE]

Key = tuple[str, str, bool]
KEYS: list[Key] = [
    (target, case, stream)
    for target in CLIENTS
    for case in CASES
    for stream in (True, False)
    if (case, stream) not in LEFT_OUT
    and not (case == "silent" and (target, stream) in NO_IDLE)
    and not (case == "half" and target in RAW)
]


@dataclass(frozen=True, slots=True)
class Told:
    """What a program did; `seconds`: how long its (only) call lasted, `calls`: how many it made."""

    status: int
    out: str
    err: str
    calls: int
    seconds: float


def advice(case: Case, *, stream: bool) -> Advice:
    made = advise(Facts(model="o3", stream=stream))
    client = replace(made.chain.client, connect=2.0, write=2.0, idle=case.idle, total=case.total)
    return replace(made, chain=replace(made.chain, client=client), retry=replace(made.retry, attempts=1))


def runner(target: str) -> list[str]:
    """What runs the program of `target`; skips when it is not there."""
    if target == "curl":
        found("curl")
        return [found("sh")]
    if target in ("openai-node", "anthropic-node", "axios"):
        if not (NODE / "axios").is_dir():
            pytest.skip("no Node packages in .tools/node (tools/test-needs fetches them)")
        return [found("node")]
    if target in ("httpx", "langchain"):
        if not SDKS.is_file():
            pytest.skip("no Python in .tools/sdks (tools/test-needs makes it)")
        return [str(SDKS)]
    return [sys.executable]


def play(key: Key, folder: Path, provider: Provider, number: int) -> Told:
    target, name, stream = key
    case = CASES[name]
    snippet = CLIENTS[target](advice(case, stream=stream))
    home = folder / f"{number}"
    home.mkdir()
    (home / snippet.file).write_text(snippet.text, "ascii")
    if snippet.language == "javascript":
        (home / "node_modules").symlink_to(NODE)
    root, model = provider.url.removesuffix("/v1"), case.model.format(n=number)
    variables = {"OPENAI_BASE_URL": f"{root}/v1", "ANTHROPIC_BASE_URL": root, "MODEL": model}
    done = subprocess.run(
        [*runner(target), snippet.file], cwd=home, env=environment(**variables), capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    calls = [call for call in provider.calls() if call.model == model]
    return Told(done.returncode, done.stdout, done.stderr, len(calls), calls[0].seconds or 0.0 if calls else 0.0)


@pytest.fixture(scope="module")
def told(provider: Provider, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[Key], Told]]:
    """Plays all programs, a few at a time; `told(key)` is what the one of `key` did."""
    folder = tmp_path_factory.mktemp("programs")
    with ThreadPoolExecutor(TOGETHER) as pool:
        playing = {key: pool.submit(play, key, folder, provider, number) for number, key in enumerate(KEYS)}
        yield lambda key: playing[key].result()


@pytest.mark.parametrize("key", KEYS, ids=lambda key: f"{key[0]}-{key[1]}-{'stream' if key[2] else 'whole'}")
def test_a_program_waits_as_long_as_it_says(key: Key, told: Callable[[Key], Told]) -> None:
    target, name, _ = key
    did, case = told(key), CASES[name]
    assert did.calls == 1, did  # what may have been paid is not asked again
    if case.ends is None:
        assert (did.status, bool(did.out.strip())) == (0, True), did
        return
    assert did.status == (28 if target == "curl" else 1), did
    if name == "half":
        assert "the answer was cut" in did.err, did
        return
    words = OVER.get(target, "TimeoutError") if name == "endless" else SILENT[target]
    assert re.search(words, did.err), did
    late = LATE + (CURL_LATE if target == "curl" and name != "endless" else 0.0)
    assert case.ends - (EARLY if name == "endless" else 0.8) <= did.seconds <= case.ends + late, did


@pytest.mark.parametrize("target", CLIENTS)
def test_a_program_passes_its_own_check(target: str, tmp_path: Path) -> None:
    interpreter = runner(target)[0]
    for stream in (True, False):
        for model in ("o3", """a"b'c\\d$(e)`f`}"""):
            snippet = CLIENTS[target](advise(Facts(model=model, stream=stream)))
            (tmp_path / snippet.file).write_text(snippet.text, "ascii")
            words = snippet.check.format(file=snippet.file).split()
            done = subprocess.run(
                [interpreter, *words[1:]],
                cwd=tmp_path,
                env=dict(os.environ),
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, done.stderr
