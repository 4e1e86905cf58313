"""When silence towards the client is filled, and who decided that (FACTS 1.2).

`due` is the rule the relay sleeps by: the first beat comes `after` seconds (a JSON reply: `json_after`) from
acceptance, the next ones `every` seconds after the last write, whatever was written. `resolve` finds the numbers, later
wins: built-in < client profile < config < key < request header; then they are held within 1-300 s and to a third of the
span the client says it waits. The header's grammar is that of `parse`:

    x-outwait-heartbeat: off | on | 5s | event | after=5s,every=5s,json_after=3s,mode=event,late_error=body,limit=15m
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace

from outwait.core.fault import Refusal, fault
from outwait.core.plan import Heartbeat
from outwait.policy import durations

HEADER = "x-outwait-heartbeat"
MODES = ("auto", "off", "comment", "event", "whitespace", "headers")
LATE_ERRORS = ("abort", "body")
SHORTEST, LONGEST = 1.0, 300.0  # seconds; shorter floods a client, longer outlasts the common idle limits
_SPANS = ("after", "json_after", "every")
_FIELDS = tuple(field.name for field in fields(Heartbeat) if field.name != "reason")
_BUILT_IN = Heartbeat()
_MAX_HEADER = 200
_SAME = {"max": "limit"}  # another name that the header's fields have
ALLOWED = "off, on, a duration such as 5s, a mode, or a list of " + ", ".join(
    (
        "after=5s",
        "every=5s",
        "json_after=3s",
        "limit=15m",
        "mode=" + "|".join(MODES),
        "late_error=" + "|".join(LATE_ERRORS),
    )
)


def due(beat: Heartbeat, *, stream: bool, accepted: float, wrote: float | None) -> float:
    """When the next beat is due (loop seconds), `math.inf` for never.

    `accepted`: when the request was. `wrote`: when anything was last written to the client (None: nothing yet).
    """
    if not beat.enabled:
        return math.inf
    if wrote is None:
        when = accepted + (beat.after if stream else beat.json_after)
    elif beat.mode == "headers":
        return math.inf  # early headers are all this mode sends
    else:
        when = wrote + beat.every
    return math.inf if beat.limit is not None and when > accepted + beat.limit else when


def resolve(
    configured: Heartbeat,
    *,
    profile: tuple[str, Mapping[str, object]] | None = None,
    key: tuple[str, Mapping[str, object]] | None = None,
    header: str | None = None,
    patience: float | None = None,
) -> Heartbeat:
    """The heartbeat of one request; its `reason` names every layer that set something.

    `profile`, `key`: name and the fields it sets (names as in `Heartbeat`, spans in seconds). `header`: the value of
    `x-outwait-heartbeat`. `patience`: seconds the client waits by its own word. Raises Refusal for a bad header.
    """
    config = {name: value for name in _FIELDS if (value := getattr(configured, name)) != getattr(_BUILT_IN, name)}
    layers = (
        (f"client {profile[0]}", profile[1]) if profile else None,
        ("config", config),
        (f"key {key[0]}", key[1]) if key else None,
        (f"header {HEADER}", parse(header)) if header is not None else None,
    )
    values: dict[str, object] = {}
    said = ["built-in"]
    for layer in layers:
        if layer and layer[1]:
            values.update(_plain(layer[1]))
            said.append(f"{layer[0]} ({', '.join(layer[1])})")
    beat = replace(_BUILT_IN, **values)  # type: ignore[arg-type]  # names and types are checked where they are read
    return _held(beat, patience, said)


def parse(header: str) -> dict[str, object]:
    """The fields that an `x-outwait-heartbeat` header sets. Raises Refusal naming the header and what is allowed."""
    text = header.strip().lower()
    if text == "off":
        return {"enabled": False}
    found: dict[str, object] = {"enabled": True}
    if text == "on":
        return found
    if text in MODES:
        return found | {"mode": text}
    if not text or len(text) > _MAX_HEADER:
        raise _refused(header)
    try:
        if "=" not in text:
            return found | dict.fromkeys(_SPANS, durations.parse(text))
        for part in text.split(","):
            name, value = (side.strip() for side in part.split("=", 1))
            name = _SAME.get(name, name)
            if name in found:
                raise _refused(header)
            found[name] = _value(name, value)
    except ValueError as error:
        raise _refused(header) from error
    return found


def _plain(layer: Mapping[str, object]) -> dict[str, object]:
    """The layer's fields; `mode: off` is said as `enabled: false`, so that a later layer can switch beats on again."""
    fields_set = dict(layer)
    if fields_set.get("mode") == "off":
        del fields_set["mode"]
        fields_set["enabled"] = False
    return fields_set


def _value(name: str, text: str) -> object:
    if name in _SPANS or name == "limit":
        return durations.parse(text)
    if (name == "mode" and text in MODES) or (name == "late_error" and text in LATE_ERRORS):
        return text
    raise ValueError(name)


def _held(beat: Heartbeat, patience: float | None, said: list[str]) -> Heartbeat:
    """`beat` within the allowed range and a third of the client's patience."""
    third = math.inf if patience is None else patience / 3
    tight = {name: min(getattr(beat, name), third) for name in _SPANS}
    if any(tight[name] != getattr(beat, name) for name in _SPANS):
        said.append(f"at most a third of the {durations.tell(patience or 0)} the client waits")
    held = {name: min(max(span, SHORTEST), LONGEST) for name, span in tight.items()}
    if held != tight:
        said.append(f"held within {SHORTEST:g}-{LONGEST:g} s")
    return replace(beat, reason="; ".join(said), **held)


def _refused(header: str) -> Refusal:
    message = f"The header {HEADER} takes {ALLOWED}; not {header[:80]!r}."
    return Refusal(fault("invalid_value", message, param=HEADER))
