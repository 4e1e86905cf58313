"""What the gateway says may be asked for, read from its answer; and what it means when the answer is another."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields
from typing import Any, Final

from outwait.core.plan import Heartbeat
from outwait.toolkit.path import signs
from outwait.toolkit.path.reading import End, Heard

_SPARE: Final = 5.0  # seconds that an upload's silence stays below what outwait itself allows
_MORE: Final = 1.25  # times the bytes that outwait's slowest upload has
_LEAST: Final = 4096  # bytes of an upload
_WORDS: Final = 500  # characters of what somebody else wrote


@dataclass(frozen=True, slots=True)
class Bounds:
    """The gateway's bounds, as its GET /v1/probe tells them (seconds, bytes, bytes a second, counts), its version, and
    the heartbeat of the key that asked.
    """

    max_silence: float = 1200.0
    per_key: int = 16
    body_rate: float = 1024.0
    body_grace: float = 5.0
    body_time: float = 120.0
    body_size: int = 20 * 1024**2
    version: str = ""
    heartbeat: Heartbeat = field(default_factory=Heartbeat)

    @property
    def longest_stall(self) -> float:
        """The longest silence in an upload that outwait itself lets pass."""
        by_size = self.body_grace + self.body_size / (self.body_rate * _MORE) / 2
        return max(1.0, min(self.body_time - _SPARE, by_size))

    def upload(self, silence: float) -> int:
        """Bytes that must come before `silence`, so that outwait does not find the upload too slow."""
        owed = max(0.0, silence + 1.0 - self.body_grace) * self.body_rate * _MORE
        return min(self.body_size - 1, _LEAST + int(owed))


class NoGateway(Exception):  # noqa: N818 - it says what is there instead
    """No probe route answers. `kind`: unreached | key | off | foreign | refused. `why`: the words for that.
    `signer`: of the answer, "" if unknown.
    """

    def __init__(self, kind: str, why: str, signer: str = "") -> None:
        self.kind = kind
        self.why = _printable(why)
        super().__init__(self.why)
        self.signer = signer


def _printable(text: str) -> str:
    """What somebody else wrote, for a terminal: nothing in it moves the cursor."""
    return "".join(char if char.isprintable() else " " for char in text[:_WORDS])


def bounds_of(heard: Heard) -> Bounds:
    """The bounds that an answer to GET /v1/probe tells. Raises NoGateway."""
    if heard.end is End.UNREACHED:
        raise NoGateway("unreached", heard.why)
    told = _object(heard.body)
    if heard.status == 200 and told.get("object") == "probe.bounds":
        return _bounds(told)
    error = told.get("error")
    signer = signs.signed(heard)
    if isinstance(error, dict) and signer == signs.OUTWAIT:
        kinds = {401: "key", 403: "key", 404: "off"}
        raise NoGateway(kinds.get(heard.status, "refused"), str(error.get("message")), signer)
    if not heard.status:
        said = {End.SILENT: "no answer came", End.RESET: "the connection was reset", End.BROKEN: heard.why}
        raise NoGateway("foreign", said.get(heard.end, "the connection was closed without an answer"))
    raise NoGateway("foreign", f"status {heard.status}", signer)


def _object(body: bytes) -> dict[str, Any]:
    try:
        told = json.loads(body)
    except ValueError:
        return {}
    return told if isinstance(told, dict) else {}


def _bounds(told: dict[str, Any]) -> Bounds:
    """What is told, as far as it can be: a newer gateway may say more, an older one less."""
    plain: dict[str, Any] = {}
    for each in fields(Bounds):
        value = told.get(each.name)
        if each.name in ("version", "heartbeat"):
            continue
        if isinstance(value, int | float) and not isinstance(value, bool) and value > 0:
            plain[each.name] = value
    given = told.get("heartbeat")
    beat = Heartbeat()
    if isinstance(given, dict):
        spans = {
            name: given[name] for name in ("after", "json_after", "every") if isinstance(given.get(name), int | float)
        }
        beat = Heartbeat(enabled=given.get("enabled") is not False, **spans)
    return Bounds(**plain, version=_printable(str(told.get("version", ""))), heartbeat=beat)
