"""What one log line says and how it looks: fields in a fixed order, as JSON or as text for a terminal.

An exchange is one line with its timeline. It holds no word of what was asked or answered: of a fault it tells code,
clock, span, rule and our own remark, never the message, since an upstream's message may quote the prompt.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from outwait.core.entry import Entry
from outwait.core.fault import Fault, Side
from outwait.diagnosis.faults import of_fault
from outwait.ledger.redact import Redactor

Fields = dict[str, object]
_CUT = 120  # characters of what clients and upstreams name; enough for every real model and user agent
_READ = 1024  # characters that are cleaned before the cut, so that a cut never leaves half a secret
_encoder = msgspec.json.Encoder(enc_hook=str)


def stamp(moment: datetime) -> str:
    """A moment as RFC 3339 in UTC, to the millisecond."""
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def level_of(entry: Entry) -> str:
    """`warning` for what an operator may want to look at, else `info`."""
    if entry.fault is None or entry.outcome == "completed" or entry.fault.side is Side.CLIENT:
        return "info"
    return "warning"


def exchange_fields(entry: Entry, redactor: Redactor) -> Fields:
    """The log fields of `entry`, clean of secrets; what did not happen is left out."""
    clean = redactor.text
    fields: Fields = {
        "time": stamp(datetime.fromtimestamp(entry.started + entry.duration, UTC)),
        "level": level_of(entry),
        "event": "exchange",
        "exchange": entry.exchange,
        "key": clean(entry.key),
        "dialect": entry.dialect,
        "endpoint": entry.endpoint,
        "model": _cut(entry.model, redactor),
        "scenario": entry.scenario,
        "stream": entry.stream,
        "outcome": entry.outcome,
        "delivered": entry.delivered,
        "status": entry.status,
        "duration": round(entry.duration, 3),
        "attempts": entry.attempts,
        "channel": entry.channel,
    }
    if entry.upstream_model != entry.model:
        fields["upstream_model"] = _cut(entry.upstream_model, redactor)
    for name, span in (
        ("first_byte", entry.first_byte),
        ("first_token", entry.first_token),
        ("silence", entry.silence),
    ):
        if span:
            fields[name] = round(span, 3)
    if entry.heartbeats:
        fields["heartbeats"] = entry.heartbeats
    if entry.retries:
        fields["retries"] = entry.retries
    given = (
        ("rescued", entry.rescued),
        ("adopted", entry.adopted),
        ("attached", entry.attached),
        ("replayed", entry.replayed),
        ("reattached", entry.reattached),
    )
    fields.update((name, True) for name, true in given if true)
    if entry.fault is not None:
        fields["fault"] = _fault(entry.fault, redactor)
        fields["diagnosis"] = _diagnosis(entry.fault)
    if entry.usage is not None:
        fields["usage"] = entry.usage
    if entry.client:
        fields["client"] = _cut(entry.client, redactor)
    # By position: where nobody asked for `Mark`s, the timeline is of plain tuples.
    fields["timeline"] = [
        f"{at:.3f} {event} {_cut(detail, redactor)}" if detail else f"{at:.3f} {event}"
        for at, event, detail in entry.timeline
    ]
    return fields


def _cut(text: str, redactor: Redactor) -> str:
    return redactor.text(text[:_READ])[:_CUT]


def _fault(fault: Fault, redactor: Redactor) -> Fields:
    told: Fields = {"code": fault.code, "cause": fault.cause, "side": fault.side.value, "status": fault.status}
    if fault.clock is not None:
        told |= {"clock": fault.clock.value, "span": fault.span, "reason": redactor.text(fault.reason or "")}
    if fault.stage is not None:
        told["stage"] = fault.stage.value
    if fault.retry_after is not None:
        told["retry_after"] = fault.retry_after
    if fault.detail:
        told["detail"] = _cut(fault.detail, redactor)
    return told


def _diagnosis(fault: Fault) -> Fields:
    """The cause behind the fault, which an upstream's words may tell better; none of those words."""
    found = of_fault(fault)
    return {"cause": found.cause, "side": found.side, "confidence": found.confidence.value}


def as_json(fields: Mapping[str, object]) -> bytes:
    """One line of JSON, newline included."""
    return _encoder.encode(fields) + b"\n"


def as_console(fields: Mapping[str, object]) -> bytes:
    """One line for people: time, level, event, then `name=value`; a traceback follows on its own lines."""
    rest = dict(fields)
    time = str(rest.pop("time", ""))[11:23]
    level, event = str(rest.pop("level", "")), str(rest.pop("event", ""))
    exception = rest.pop("exception", None)
    words = " ".join(f"{name}={_shown(value)}" for name, value in rest.items())
    line = f"{time} {level:<7} {_plain(event)} {words}".rstrip() + "\n"
    if exception is not None:
        line += "".join(f"  {_plain(each)}\n" for each in str(exception).splitlines())
    return line.encode("utf-8", "replace")


def _shown(value: object) -> str:
    if isinstance(value, str):
        plain = _plain(value)
        return plain if plain and " " not in plain else f'"{plain}"'
    if isinstance(value, list | tuple) and all(isinstance(item, str) for item in value):
        return "[" + _plain(" | ".join(value)) + "]"
    return _plain(_encoder.encode(value).decode())


def _plain(text: str) -> str:
    """`text` in one line and without control characters: a model's name must not move a terminal's cursor."""
    return text if text.isprintable() else "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
