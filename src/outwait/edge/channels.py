"""How the channels are, for operators: state, probes on request, keys revived, learned clocks. Admin keys only.

    GET  /v1/channels                   all of them, with their endpoints
    GET  /v1/channels/{name}            one of them
    POST /v1/channels/{name}/check      look at it now: {"model": "...", "paid": true | false, "key": 0}
    POST /v1/channels/{name}/revive     use a dead key again: {"key": 0}; without a key, all of them
    POST /v1/channels/learned           {"action": "freeze" | "unfreeze" | "reset" | "export", "endpoint": "..."}

Each worker knows what it has seen itself and what its neighbours told it: an answer is one worker's view, and says
whose. A change is made in the worker that is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal, TypeVar
from urllib.parse import unquote

import msgspec

from outwait.core.catalog import Channel
from outwait.core.fault import Fault, Refusal, fault
from outwait.core.principal import Principal
from outwait.dialects.dialect import Dialect
from outwait.edge.door import Door
from outwait.edge.known import meet
from outwait.edge.refuse import refuse
from outwait.health import report
from outwait.health.channel import ChannelHealth
from outwait.health.figures import Chronicle
from outwait.health.learning import Learning
from outwait.health.prober import Prober
from outwait.health.tracker import HealthTracker
from outwait.wire.request import Request

PATH = "/v1/channels"
LEARNED = f"{PATH}/learned"
_CHECK, _REVIVE = "check", "revive"
_JSON = b"content-type: application/json\r\ncache-control: no-store\r\n"

T = TypeVar("T")
Answer = Callable[[Door, Request], object]


@dataclass(frozen=True, slots=True)
class Desk:
    """What is shown and changed here."""

    tracker: HealthTracker
    prober: Prober
    learning: Learning
    chronicle: Chronicle

    # -- what is asked -----------------------------------------------------------------------------------------------

    def list_channels(self, door: Door, dialect: Dialect, request: Request) -> None:
        """All channels, as configured."""
        _answer(door, dialect, request, self._all)

    def read_channel(self, door: Door, dialect: Dialect, request: Request) -> None:
        """One channel."""
        _answer(door, dialect, request, self._one)

    def act(self, door: Door, dialect: Dialect, request: Request) -> Awaitable[None] | None:
        """Check a channel, or revive its keys."""
        if _named(request)[1] == _CHECK:
            return self._check(door, dialect, request)
        _answer(door, dialect, request, self._revive)
        return None

    def learned(self, door: Door, dialect: Dialect, request: Request) -> None:
        """Freeze, unfreeze, reset or export learned clocks."""
        _answer(door, dialect, request, self._learned)

    # -- what is answered --------------------------------------------------------------------------------------------

    def _all(self, door: Door, _: Request) -> object:
        lessons = self.learning.told(self.tracker.now())
        rows = [self._row(channel, lessons) for channel in door.catalog.channels]
        return {"object": "list", "worker": door.name, "data": [row for row in rows if row is not None]}

    def _one(self, door: Door, request: Request) -> object:
        name, what = _named(request)
        if what:
            raise Refusal(_nothing(request))
        known, now = self._known(door, name), self.tracker.now()
        lessons = [lesson for endpoint in known.endpoints.values() for lesson in self.learning.told(now, endpoint.name)]
        (row,) = (self._row(channel, lessons) for channel in door.catalog.channels if channel.name == name)
        return {**(row or {}), "worker": door.name}

    def _known(self, door: Door, name: str) -> ChannelHealth:
        """Raises Refusal for a channel that is not configured, or not known yet."""
        known = self.tracker.channels.get(name)
        if known is None or name not in {channel.name for channel in door.catalog.channels}:
            raise Refusal(_unknown(door, name))
        return known

    def _row(self, channel: Channel, lessons: report.Lessons) -> report.Row | None:
        """None for a channel that the tracker has not heard of yet."""
        tracker = self.tracker
        known = tracker.channels.get(channel.name)
        if known is None:
            return None
        at = report.Moment(tracker.now(), tracker.today())
        died = self.chronicle.died.get(channel.name, {})
        return report.channel_row(known, channel, at, lessons, died)

    def _revive(self, door: Door, request: Request) -> object:
        name, what = _named(request)
        if what != _REVIVE:
            raise Refusal(_nothing(request))
        count = len(self._known(door, name).credentials)
        asked = _read(request, _Revival)
        if asked.key is not None:
            _place(asked.key, count)
        keys = range(count) if asked.key is None else (asked.key,)
        revived = [key for key in keys if self.tracker.revive(name, key)]
        return {"object": "channel.revival", "worker": door.name, "channel": name, "revived": revived}

    def _learned(self, door: Door, request: Request) -> object:
        asked, learning, now = _read(request, _Lesson), self.learning, self.tracker.now()
        endpoint = asked.endpoint
        if endpoint is not None and endpoint not in self.tracker.endpoints:
            told = f"No endpoint {endpoint!r} has been asked yet.{_near(endpoint, self.tracker.endpoints)}"
            raise Refusal(fault("not_found", told, param="endpoint"))
        answer: dict[str, object] = {"object": "channel.learned", "worker": door.name, "action": asked.action}
        if asked.action == "export":
            return {**answer, "rules": learning.export(now, door.catalog.channels)}
        if asked.action == "reset":
            learning.reset(now, endpoint)
        else:
            learning.freeze(endpoint, frozen=asked.action == "freeze")
        return {**answer, "endpoint": endpoint, "learned": learning.told(now, endpoint)}

    async def _check(self, door: Door, dialect: Dialect, request: Request) -> None:
        principal: Principal | None = None
        try:
            principal = meet(door, dialect, request).principal
            admit_operator(door, principal)
            name, _ = _named(request)
            count = len(self._known(door, name).credentials)
            asked = _read(request, _Check)
            if asked.paid and not asked.model:
                told = "A paid check calls a model: name it in 'model'."
                raise Refusal(fault("invalid_value", told, param="model"))
            if asked.key is not None:
                _place(asked.key, count)
            found = await self.prober.check(name, asked.model, paid=asked.paid, key=asked.key)
        except Refusal as refused:
            refuse(door, dialect, request, refused.fault, principal)
            return
        row = report.probe_row(found, report.Moment(self.tracker.now(), self.tracker.today()))
        _send(request, {"object": "channel.check", "worker": door.name, "channel": name, "paid": asked.paid, **row})


class _Check(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    model: str = ""
    paid: bool = False
    key: int | None = None


class _Revival(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    key: int | None = None


class _Lesson(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    action: Literal["freeze", "unfreeze", "reset", "export"]
    endpoint: str | None = None


def admit_operator(door: Door, principal: Principal) -> None:
    """Raises Refusal for who may not ask."""
    if not (principal.admin or door.catalog.open_access):
        told = f"The key {principal.name!r} may not see this: that takes a key with `admin: true`."
        raise Refusal(fault("permission_denied", told))


def _answer(door: Door, dialect: Dialect, request: Request, answer: Answer) -> None:
    principal: Principal | None = None
    try:
        principal = meet(door, dialect, request).principal
        admit_operator(door, principal)
        told = answer(door, request)
    except Refusal as refused:
        refuse(door, dialect, request, refused.fault, principal)
        return
    _send(request, told)


def _send(request: Request, told: object) -> None:
    request.outlet.send(200, _JSON, msgspec.json.encode(told))


def _named(request: Request) -> tuple[str, str]:
    """The channel's name, and what of it. A name may hold a slash, sent as %2F."""
    name, _, what = request.path.removeprefix(f"{PATH}/").partition("/")
    return unquote(name), what


def _read(request: Request, kind: type[T]) -> T:
    """The body; an empty one says nothing. Raises Refusal."""
    body = request.body or b"{}"
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        said, _, at = str(error).partition(" - at `$")
        raise Refusal(fault("invalid_value", f"{said}.", param=at.strip(".`") or None)) from None
    except msgspec.DecodeError as error:
        raise Refusal(fault("invalid_json", f"The body is not JSON: {error}.")) from None


def _place(key: int, count: int) -> None:
    if not 0 <= key < count:
        told = f"Keys are named by their place in the configuration, here 0 to {count - 1}; there is no {key}."
        raise Refusal(fault("invalid_value", told, param="key"))


def _unknown(door: Door, name: str) -> Fault:
    names = [channel.name for channel in door.catalog.channels]
    return fault("not_found", f"There is no channel {name[:100]!r}.{_near(name, names)}")


def _near(name: str, names: Mapping[str, object] | list[str]) -> str:
    near = get_close_matches(name, list(names), n=3, cutoff=0.5)
    return f" Nearest: {', '.join(near)}." if near else ""


def _nothing(request: Request) -> Fault:
    return fault("not_found", f"There is nothing at {request.path[:200]}. Did you mean /{_CHECK} or /{_REVIVE}?")
