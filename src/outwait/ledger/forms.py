"""Exchange lines at the price of filling in a form.

The lines of ordinary answers differ in id, times and tokens; all else (who asked for what, how it went) repeats. What
repeats is cleaned, encoded and remembered as a form with blanks for the rest, which takes a third of the time. A form
is made from the same cleaned fields as any other line, so a secret in any of them is masked in the form too. Whatever
is not ordinary, retries and failures above all, is written field by field.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec

from outwait.core.entry import Entry
from outwait.ledger.lines import Fields, as_json, exchange_fields
from outwait.ledger.redact import Redactor

FORMS = 512  # kinds of lines that are remembered; then all are forgotten, and the common ones are soon back
_LONGEST = 4096  # characters of a form or of a client's name: a stranger's header must not fill the memory
_SPAN = "%.3f"
# Fields that are numbers or ours, in the order of `exchange_fields`, and their blanks.
_BLANKS = {
    "time": '"%s.%03dZ"',
    "exchange": '"%s"',
    "duration": _SPAN,
    "first_byte": _SPAN,
    "first_token": _SPAN,
    "silence": _SPAN,
    "usage": '{"input":%d,"output":%d,"cached":%d,"reasoning":%d,"cache_write":%d}',
}


class Forms:
    """Makes JSON lines, each with its newline, of entries cleaned by `redactor`. For one thread at a time."""

    __slots__ = ("_forms", "_second", "_stamp", "redactor")

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor
        self._forms: dict[tuple[object, ...], str] = {}
        self._second = -1
        self._stamp = ""  # `_second` as text

    def line(self, entry: Entry) -> str:
        """The line of `entry`: what `as_json` makes of its fields, times with three decimals."""
        first_byte, first_token, silence = entry.first_byte, entry.first_token, entry.silence
        if not (
            entry.fault is None
            and entry.attempts == 1
            and first_byte
            and first_token
            and silence
            and entry.timeline
            and not (entry.heartbeats or entry.retries or entry.rescued or entry.further)
            and entry.exchange.isidentifier()  # nothing JSON would escape
        ):
            return as_json(exchange_fields(entry, self.redactor)).decode()
        usage = entry.usage
        at, events, details = zip(*entry.timeline, strict=True)
        kind = (
            entry.key, entry.dialect, entry.endpoint, entry.model, entry.scenario, entry.stream, entry.outcome,
            entry.delivered, entry.status, entry.channel, entry.upstream_model, entry.client, usage is None,
            events, details,
        )  # fmt: skip
        form = self._forms.get(kind) or self._made(kind, entry)
        stamp, milli = self._moment(entry.started + entry.duration)
        if usage is None:
            return form % (stamp, milli, entry.exchange, entry.duration, first_byte, first_token, silence, *at)
        return form % (
            stamp, milli, entry.exchange, entry.duration, first_byte, first_token, silence,
            usage.input, usage.output, usage.cached, usage.reasoning, usage.cache_write, *at,
        )  # fmt: skip

    def _moment(self, moment: float) -> tuple[str, int]:
        """`moment` as whole seconds in text and milliseconds, cut exactly where `lines.stamp` cuts them."""
        second = int(moment)
        milli = round((moment - second) * 1_000_000) // 1000
        if milli == 1000:
            second, milli = second + 1, 0
        if second != self._second:
            self._stamp = datetime.fromtimestamp(second, UTC).isoformat()[:19]
            self._second = second
        return self._stamp, milli

    def _made(self, kind: tuple[object, ...], entry: Entry) -> str:
        form = _form(exchange_fields(entry, self.redactor))
        if len(form) + len(entry.client) <= _LONGEST:
            if len(self._forms) >= FORMS:
                self._forms.clear()
            self._forms[kind] = form
        return form


def _form(fields: Fields) -> str:
    told = [f'"{name}":{_BLANKS.get(name) or _text(value)}' for name, value in fields.items() if name != "timeline"]
    timeline = fields["timeline"]
    marks = [mark.partition(" ")[2] for mark in timeline] if isinstance(timeline, list) else []
    told.append('"timeline":[' + ",".join(f'"{_SPAN} {_text(mark)[1:]}' for mark in marks) + "]")
    return "{" + ",".join(told) + "}\n"


def _text(value: object) -> str:
    return msgspec.json.encode(value).decode().replace("%", "%%")
