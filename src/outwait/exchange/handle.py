"""The handle of a job that runs at a provider, and the errands by which the job is read and ended."""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import quote

import msgspec

from outwait.core.plan import Plan
from outwait.core.progress import Errand


class Handle(msgspec.Struct, frozen=True, gc=False):
    """By which a job is found again, by any process: the channel that has it (`key`: with which of its credentials),
    its id there, and the number of the last event that was read (-1: none)."""

    channel: str
    ident: str
    sequence: int = -1
    key: int = 0


def resumption(ident: str, after: int) -> Errand:
    """Reads the stream of the job `ident` behind the event `after`, or from its beginning (-1)."""
    behind = f"&starting_after={after}" if after >= 0 else ""
    return Errand("GET", f"{_below(ident)}?stream=true{behind}")


def inspection(ident: str) -> Errand:
    """Reads the job `ident` as it is now, in one piece."""
    return Errand("GET", _below(ident))


def cancellation(ident: str) -> Errand:
    """Ends the job `ident`."""
    return Errand("POST", f"{_below(ident)}/cancel")


def _below(ident: str) -> str:
    return "/" + quote(ident, safe="")


def narrowed(plan: Plan, handle: Handle, dialect: str) -> Plan:
    """`plan` with nobody to ask but the channel that has the job, in the dialect it was begun in."""
    there = (each for each in plan.candidates if each.channel == handle.channel and each.dialect == dialect)
    first = next(there, None)
    return replace(plan, candidates=() if first is None else (replace(first, key=handle.key),))
