"""The log: one pipe for everything that is written, with redaction in it and one writer at its end.

structlog loggers, the standard library's loggers (those of other packages too), Python warnings and the exchange
lines all become fields, are cleaned by the same `Redactor`, rendered by the same function and written under the same
lock, whole lines at a time. A log that cannot be written (full disk, closed pipe) never stops a request: lost lines are
counted.
"""

from __future__ import annotations

import atexit
import logging
from collections.abc import Iterable, Mapping, MutableMapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final, TextIO

import structlog

from outwait.core.entry import Entry
from outwait.ledger.forms import Forms
from outwait.ledger.lines import as_console, as_json, exchange_fields, level_of, stamp
from outwait.ledger.pen import Pen
from outwait.ledger.redact import Redactor

LEVELS: Mapping[str, int] = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
PARTING: Final = 2.0  # seconds that the end of a process waits for its last lines to be written
# What the standard library puts on every record; the rest was given by the caller as `extra`.
_STANDARD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None))) | {"message", "asctime", "taskName"}


class Logs:
    """The configured log. As a recorder's sink it writes exchange lines. `drain` waits until all is written."""

    def __init__(
        self, level: str = "info", form: str = "json", secrets: Iterable[str] = (), stream: TextIO | None = None
    ) -> None:
        self.redactor = Redactor(secrets)
        self.threshold = LEVELS[level]
        self._render = as_console if form == "console" else as_json
        self._forms = None if form == "console" else Forms(self.redactor)
        self._pen = Pen(stream, self._missing)
        self.drain = self._pen.drain
        self.lose = self._pen.lose

    @property
    def lost(self) -> int:
        """Lines that could not be written."""
        return self._pen.lost

    def write(self, fields: Mapping[str, object]) -> None:
        """Write one line of `fields`, which are cleaned first."""
        exception = fields.get("exception")
        cleaned = self.redactor.fields({str(name): value for name, value in fields.items() if name != "exception"})
        if exception is not None:
            cleaned["exception"] = self.redactor.text(str(exception))
        self._pen.write(self._render(cleaned), 1)

    def absorb(self, entries: Sequence[Entry]) -> None:
        """Write one line per entry, all at once."""
        if self.threshold > logging.INFO:
            entries = [entry for entry in entries if LEVELS[level_of(entry)] >= self.threshold]
        if not entries:
            return
        if self._forms is None:
            data = b"".join([as_console(exchange_fields(entry, self.redactor)) for entry in entries])
        else:
            if self._forms.redactor is not self.redactor:  # a new configuration has other secrets
                self._forms = Forms(self.redactor)
            data = "".join(map(self._forms.line, entries)).encode()
        self._pen.write(data, len(entries))

    def _missing(self, count: int) -> bytes:
        return self._render(
            {"time": stamp(datetime.now(UTC)), "level": "warning", "event": "lines_lost", "count": count}
        )

    def processor(self, _logger: object, method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
        """The last of structlog's processors: writes the event, then drops it."""
        fields: dict[str, object] = {"time": stamp(datetime.now(UTC)), "level": method, "event": event.pop("event", "")}
        self.write({**fields, **event})
        raise structlog.DropEvent


class Handler(logging.Handler):
    """Brings the standard library's records into `logs`."""

    def __init__(self, logs: Logs) -> None:
        super().__init__(logs.threshold)
        self.logs = logs

    def emit(self, record: logging.LogRecord) -> None:
        """Write `record`; what cannot be told counts as lost, since logging must not break what it watches."""
        try:
            self.logs.write(self._fields(record))
        except Exception:  # noqa: BLE001 - an argument's own __str__ may raise anything
            self.logs.lose(1)

    @staticmethod
    def _fields(record: logging.LogRecord) -> dict[str, object]:
        try:
            event = record.getMessage()
        except (TypeError, ValueError) as error:
            event = f"{record.msg!s} (its arguments do not fit: {type(error).__name__})"
        fields: dict[str, object] = {
            "time": stamp(datetime.fromtimestamp(record.created, UTC)),
            "level": record.levelname.lower(),
            "event": event,
            "logger": record.name,
        }
        fields |= {name: value for name, value in vars(record).items() if name not in _STANDARD}
        if record.exc_info:
            fields["exception"] = logging.Formatter().formatException(record.exc_info)
        return fields


def configure(
    level: str = "info", form: str = "json", secrets: Iterable[str] = (), stream: TextIO | None = None
) -> Logs:
    """Make this process log through one pipe to `stream` (standard error when None) and return it.

    `level`: debug | info | warning | error. `form`: json | console. `secrets`: configured secrets, masked wherever they
    stand. Calling it again replaces the earlier pipe.
    """
    release()
    logs = Logs(level, form, secrets, stream)
    structlog.configure(
        processors=[structlog.contextvars.merge_contextvars, structlog.processors.format_exc_info, logs.processor],
        wrapper_class=structlog.make_filtering_bound_logger(logs.threshold),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.addHandler(Handler(logs))
    atexit.register(release)
    logging.getLogger("outwait").setLevel(logs.threshold)
    logging.captureWarnings(capture=True)
    return logs


def release() -> None:
    """Take the pipe out again when its last lines are written: all is as before `configure`."""
    atexit.unregister(release)
    root = logging.getLogger()
    for handler in [each for each in root.handlers if isinstance(each, Handler)]:
        root.removeHandler(handler)
        handler.logs.drain(PARTING)
    logging.getLogger("outwait").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()
