"""What a running gateway has learned of the clocks of a plan."""

from __future__ import annotations

from typing import Any, NamedTuple

from outwait.cli.gateway import Unreached, refused, running, unreached
from outwait.core.plan import Plan

Lesson = dict[str, Any]


class Live(NamedTuple):
    """`worker`: whose view it is. `learned`: the rows of the plan's endpoints, as `GET /v1/channels` tells them, each
    with its `endpoint`.
    """

    worker: str
    learned: list[Lesson]


def ask(plan: Plan, config: str | None, url: str | None, key: str | None, *, as_json: bool) -> Live:
    """What the gateway knows of the endpoints of `plan`. Ends the command where there is none, or it refuses."""
    try:
        told = running(config, url, key).ask("")
    except Unreached as error:
        unreached(error, as_json=as_json, hint="Without --live no gateway is needed.")
    if told.status != 200:
        refused(told, as_json=as_json)
    return Live(str(told.body.get("worker", "")), lessons(plan, told.body))


def lessons(plan: Plan, told: dict[str, Any]) -> list[Lesson]:
    """The rows that are about `plan`, in the order of its candidates."""
    endpoints = {row["name"]: row for channel in told.get("data", ()) for row in channel["endpoints"]}
    found = []
    for candidate in plan.candidates:
        rows = endpoints.get(candidate.name, {}).get("learned", ())
        about = [row for row in rows if (row["scenario"], row["whole"]) == (plan.scenario, candidate.whole)]
        found += [{"endpoint": candidate.name, **row} for row in about]
    return found


def words(learned: list[Lesson], clock: str, *, several: bool) -> str:
    """What is known of `clock`, a line for each endpoint; `several`: endpoints are named."""
    return "\n".join(
        f"{row['endpoint'] + ': ' if several else ''}{_sentence(row)}" for row in learned if row["clock"] == clock
    )


def _sentence(row: Lesson) -> str:
    waits = "wait" if row["samples"] == 1 else "waits"
    use = "" if row["learned"] is None else " (used)" if row["used"] else " (only told)"
    return f"{row['samples']:,} {waits}, {row['cut']:,} cut: {row['sentence']}{use}"
