"""Emitted settings of servers: each passes its program's own check, and each program that runs from them waits longer
than the gateway behind it, by the margin, and no longer than it says.

The advice is scaled down to a gateway that gives up after two seconds; no heartbeats come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from tests.e2e.asking import Heard, ask
from tests.e2e.backstage import Backstage, Raw
from tests.e2e.emitted import CHECKED, RUN, check, folder_for, placed, start, words, write
from tests.e2e.stage import Stage

from outwait.policy.presets import PRESETS
from outwait.policy.scenarios import SCENARIOS
from outwait.toolkit.timeouts.advice import Advice, Facts, advise

SCALED = advise(Facts(scenario="embedding", scale=1 / 60))
"""120 s become 2 s, a margin of 30 s half a second."""

LATE = 2.5  # seconds a program may take to notice: Apache knows whole seconds only
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
QUIET = SCALED.chain.gateway.total
LIARS = ("caddy",)  # 2.6 ends a body that was cut as if it was whole; the snippet's notes say so
CASES = ("late-head", "late-word", "no-head", "no-word")


async def speaks(raw: Raw, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Is silent for as long as a gateway may be, or for ever, before its head or in the middle of the body."""
    while True:
        case = (await raw.read(reader)).decode()
        if case.endswith("-word"):
            writer.write(CHUNKED + b"3\r\none\r\n")
            await writer.drain()
        if case.startswith("no"):
            await raw.until_lost(reader)
            return
        await asyncio.sleep(QUIET)
        writer.write(HEAD + b"Content-Length: 3\r\n\r\ntwo" if case == "late-head" else b"3\r\ntwo\r\n0\r\n\r\n")
        await writer.drain()


@dataclass(frozen=True, slots=True)
class Seen:
    """What came through a program, by case."""

    answers: Mapping[str, Heard]


@pytest.fixture(scope="module")
def seen(stage: Stage, backstage: Backstage) -> Mapping[str, Seen]:
    """All cases of all programs at the same time. Programs that are missing are left out."""
    ports = {}
    for target in RUN:
        try:
            ports[target] = start(stage, target, placed(SCALED, backstage.raw(speaks).port))
        except pytest.skip.Exception:
            continue
    with ThreadPoolExecutor(len(ports) * len(CASES)) as pool:
        asked = {
            (target, case): pool.submit(ask, port, case.encode()) for target, port in ports.items() for case in CASES
        }
        return {target: Seen({case: asked[target, case].result() for case in CASES}) for target in ports}


def heard(seen: Mapping[str, Seen], target: str, case: str) -> Heard:
    if target not in seen:
        pytest.skip(f"{target} is not installed (tools/test-needs fetches it)")
    return seen[target].answers[case]


@pytest.mark.parametrize("target", RUN)
def test_a_silence_as_long_as_the_gateways_total_passes(seen: Mapping[str, Seen], target: str) -> None:
    first, middle = heard(seen, target, "late-head"), heard(seen, target, "late-word")
    assert (first.status, first.body, first.end) == (200, b"two", "whole")
    assert (middle.status, middle.body, middle.end) == (200, b"onetwo", "whole")
    assert first.seconds >= QUIET


@pytest.mark.parametrize("target", RUN)
def test_what_is_silent_for_longer_is_ended_when_the_settings_say_so(seen: Mapping[str, Seen], target: str) -> None:
    idle = SCALED.at(target).chain.edge.idle
    for case in ("no-head", "no-word"):
        answer = heard(seen, target, case)
        assert idle - 0.1 <= answer.seconds <= idle + LATE, case
        assert answer.status in (200, 502, 504)
        if target not in LIARS:
            assert (answer.status, answer.end) != (200, "whole"), case


def advices() -> list[Advice]:
    """Short, usual and long spans; and every edge there is in a row."""
    return [
        SCALED,
        advise(Facts(model="o3")),
        advise(Facts(scenario="deep", behind=("cloudflare", "alb", "haproxy", "nginx"), beats=False)),
        *(advise(Facts(scenario=name, preset=preset)) for name in SCENARIOS for preset in PRESETS),
    ]


@pytest.mark.parametrize("target", CHECKED)
def test_the_programs_own_check_passes(stage: Stage, target: str) -> None:
    texts = set()
    for advice in advices():
        folder = folder_for(stage, target)
        file = write(target, advice, folder)
        text = file.read_text()
        if text in texts:
            continue
        texts.add(text)
        argv, _ = words(target, file, folder)
        done = check(argv)
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
    assert len(texts) > 1


@pytest.mark.parametrize("target", CHECKED)
def test_the_check_can_fail(stage: Stage, target: str) -> None:
    """A checker that passes anything would prove nothing: a span is spoilt."""
    folder = folder_for(stage, target)
    file = write(target, SCALED, folder)
    spoilt = {
        "systemd": ("TimeoutStopSec=", "TimeoutStopSec=x"),
        "alb-cli": ('"', ""),
        "cloudflare": ('"https', "https"),
    }
    old, new = spoilt.get(target, ("1", "1x"))
    file.write_text(file.read_text().replace(old, new, 1 if target in spoilt else -1))
    argv, _ = words(target, file, folder)
    done = check(argv)
    assert done.returncode != 0 or "Failed to parse" in done.stderr
