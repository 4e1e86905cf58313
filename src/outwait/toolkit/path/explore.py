"""From a gateway's address to what is known of the path: ask for its bounds, run the course, weigh the findings."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from outwait.toolkit.path.advice import advise
from outwait.toolkit.path.course import Course, Watch
from outwait.toolkit.path.forward import Forward
from outwait.toolkit.path.judge import Outcome, judge
from outwait.toolkit.path.line import Way, ask, ask_bounds
from outwait.toolkit.path.question import Form, Question
from outwait.toolkit.path.report import Run
from outwait.toolkit.path.told import bounds_of


@dataclass(frozen=True, slots=True)
class Errand:
    """What is to be found out. `up_to`: the longest silence that matters (seconds). `forward`: the proxy that the
    environment names; `way` says whether it is used.
    """

    url: str
    way: Way
    forms: Sequence[Form]
    up_to: float
    forward: Forward | None = None


async def explore(errand: Errand, watch: Watch | None = None) -> Run:
    """Find it out. `watch`: told of each probe that begins and ends. Raises NoGateway."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    way = errand.way
    bounds = bounds_of(await ask_bounds(way))

    async def one(question: Question) -> Outcome:
        return judge(question, await ask(way, question))

    findings = await Course(one, bounds, errand.up_to, watch).run(errand.forms)
    return Run(
        url=errand.url,
        up_to=errand.up_to,
        seconds=loop.time() - started,
        bounds=bounds,
        findings=findings,
        advice=advise(findings, bounds.heartbeat),
        forward=errand.forward,
        used=way.forward is not None,
    )
