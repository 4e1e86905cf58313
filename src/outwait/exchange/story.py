"""The story of an exchange: what is told of it by its id, while it runs and when only the store still knows it.

`state` is the one form in which clients see it, made of a running exchange or of stored rows alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec

from outwait.core.entry import Entry, Mark
from outwait.core.fault import Fault, fault
from outwait.core.reply import Usage
from outwait.diagnosis.faults import of_fault
from outwait.dialects.telling import message
from outwait.exchange.account import Returns
from outwait.store.rows import ExchangeRow, ResultRow, State

if TYPE_CHECKING:
    from outwait.exchange.driver import Exchange


LOST: Final = fault("exchange_lost")
"""Why an exchange ended that nobody could go on with: it is not stored, since its process could not say it."""


class Story(msgspec.Struct, frozen=True, gc=False):
    """What the store keeps of how an exchange went, beside what it looks up itself. Spans of `timeline` are seconds
    since acceptance; `silence` is the longest time the upstream gave nothing; `inserted` are the numbers of heartbeats
    that the last client saw among the events, and counts when it comes back; `returns`: what is counted of clients that
    did, None for nothing.
    """

    scenario: str = "unknown"
    phase: str = "settled"
    channel: str | None = None
    upstream_dialect: str = ""
    upstream_model: str | None = None
    attempts: int = 0
    silence: float = 0.0
    fault: Fault | None = None
    usage: Usage | None = None
    dropped: tuple[str, ...] = ()
    inserted: tuple[int, ...] = ()
    returns: Returns | None = None
    timeline: tuple[Mark, ...] = ()


_decode = msgspec.json.Decoder(Story).decode


def story(exchange: Exchange) -> Story:
    """How `exchange` went so far."""
    machine, candidate = exchange.machine, exchange.candidate
    return Story(
        scenario=exchange.plan.scenario,
        phase=machine.phase.value,
        channel=candidate.channel if candidate else None,
        upstream_dialect=candidate.dialect if candidate else "",
        upstream_model=candidate.model if candidate else None,
        attempts=machine.number,
        silence=machine.silence,
        fault=exchange.fault,
        usage=exchange.usage,
        dropped=exchange.dropped,
        inserted=tuple(exchange.inserted),
        returns=exchange.returns,
        timeline=machine.timeline.marks(),
    )


def pack(told: Story) -> bytes:
    """`told` as the store keeps it."""
    return msgspec.json.encode(told)


def story_of(row: ExchangeRow) -> Story:
    """What was packed into `row`, and what its state adds to it."""
    known = Story() if row.story is None else _decode(row.story)
    if row.state is State.LOST and known.fault is None:
        return msgspec.structs.replace(known, fault=LOST, phase="settled")
    return known


def state(exchange: Exchange) -> dict[str, Any]:
    """An exchange of this worker, as clients see it."""
    call, replay = exchange.call, exchange.replay
    outcome = exchange.machine.outcome
    told = {
        "id": exchange.id,
        "object": "exchange",
        # What is not on the disk yet, where it shall be, is not over.
        "status": "running" if outcome is None or not exchange.settled else outcome.value,
        "created": int(exchange.started),
        "endpoint": call.endpoint,
        "model": call.model,
        "stream": call.stream,
        "readers": len(replay.readers),
        "bytes": replay.size,
        "complete": replay.whole,
    }
    return _ordered(told | _told(story(exchange)))


def state_of(row: ExchangeRow) -> dict[str, Any]:
    """An exchange that the store knows, apart from its answer."""
    told = {
        "id": row.id,
        "object": "exchange",
        "status": row.state.value,
        "created": int(row.created),
        "endpoint": row.endpoint,
        "model": row.model,
        "stream": row.stream,
        "readers": 0,
    }
    known = story_of(row)
    return _ordered(told | _told(known, running=row.state is State.RUNNING))


def state_then(entry: Entry) -> dict[str, Any]:
    """An exchange that is over and of which nothing is kept, as its ledger entry tells it."""
    told = {
        "id": entry.exchange,
        "object": "exchange",
        "status": entry.outcome,
        "created": int(entry.started),
        "endpoint": entry.endpoint,
        "model": entry.model,
        "stream": entry.stream,
        "readers": 0,
    }
    known = Story(
        scenario=entry.scenario,
        channel=entry.channel or None,
        upstream_model=entry.upstream_model or None,
        attempts=entry.attempts,
        silence=entry.silence,
        fault=entry.fault,
        usage=entry.usage,
        timeline=tuple(Mark(round(at, 3), event, detail) for at, event, detail in entry.timeline),
    )
    return _ordered(told | answer_of(None) | _told(known))


def answer_of(result: ResultRow | None) -> dict[str, Any]:
    """What there is of its answer."""
    return {"bytes": 0 if result is None else result.size, "complete": result is not None and not result.partial}


def _told(known: Story, *, running: bool = False) -> dict[str, Any]:
    return {
        "phase": "unknown" if running else known.phase,  # only its owner knows where it stands
        "scenario": known.scenario,
        "channel": known.channel,
        "upstream_model": known.upstream_model,
        "attempts": known.attempts,
        "fault": None if known.fault is None else _failure(known.fault),
        "diagnosis": None if known.fault is None else _diagnosed(known.fault, known),
        "usage": known.usage,
        "returns": _counted(known.returns or Returns()),
        "timeline": known.timeline,
    }


def _counted(returns: Returns) -> dict[str, int]:
    return msgspec.structs.asdict(returns) | {"calls_saved": returns.calls_saved}


def _failure(failed: Fault) -> dict[str, Any]:
    clock = None if failed.clock is None else failed.clock.value
    told = {"code": failed.code, "cause": failed.cause, "side": failed.side.value, "status": failed.status}
    return told | {"clock": clock, "message": message(failed)}


def _diagnosed(failed: Fault, known: Story) -> dict[str, object]:
    """Why it failed, on whose side, and what to do: what `outwait diagnose` would say, from what was seen here."""
    return of_fault(failed, silence=known.silence, model=known.upstream_model or "").told()


_ORDER = (
    *("id", "object", "status", "phase", "created", "endpoint", "model", "stream", "scenario", "channel"),
    *(
        "upstream_model",
        "attempts",
        "readers",
        "bytes",
        "complete",
        "fault",
        "diagnosis",
        "usage",
        "returns",
        "timeline",
    ),
)


def _ordered(told: dict[str, Any]) -> dict[str, Any]:
    return {name: told[name] for name in _ORDER if name in told}
