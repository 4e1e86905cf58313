"""What Prometheus is told of channels and endpoints: gauges as they are now, and counts of what happened.

`Chronicle` hears of every change and writes it to the log too. `now` is asked from the thread that writes metrics: it
copies each collection in one step before it looks at it, since the loop goes on meanwhile.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from typing import NamedTuple

from outwait.core.probed import Probed
from outwait.health.endpoint import Change, Endpoint
from outwait.health.report import SHUT, condition, state_of
from outwait.health.tracker import HEARSAY, HealthTracker
from outwait.policy.limiter import MANY

_log = logging.getLogger("outwait")

CHANNEL_UP, PROBE_SECONDS, DEAD_KEYS = "channel_up", "channel_probe_seconds", "dead_keys"
ENDPOINT_UP, OUTSTANDING, LIMIT, QUEUE = "endpoint_up", "endpoint_outstanding", "endpoint_limit", "queue_length"
PROBE_FAILURES, EJECTIONS, SUSPICIONS = "channel_probe_failures", "ejections", "suspicions"
_WARNS = frozenset((Change.EJECTED, Change.SUSPECT, Change.KEY_DEAD))
OTHER = "other"
_COUNTED = {Change.EJECTED: EJECTIONS, Change.SUSPECT: SUSPICIONS}


class Figures(NamedTuple):
    """`gauges`: (metric, label) -> how it is. `totals`: (metric, label) -> how often, since the start. The label is a
    channel's or an endpoint's name; "" where there is none.
    """

    gauges: dict[tuple[str, str], float]
    totals: dict[tuple[str, str], int]


class Chronicle:
    """To be one of the tracker's `events`, and told of probes. `clock`: loop seconds. `clean`: takes secrets out of a
    label. `died`: by channel, when its dead keys were refused. `known`: models that the configuration spells out.

    An endpoint has a label of its own if its model is known or has answered: other names are what clients made up.
    """

    __slots__ = ("_clean", "_clock", "_totals", "_tracker", "died", "known")

    def __init__(
        self, tracker: HealthTracker, clock: Callable[[], float], clean: Callable[[str], str] | None = None
    ) -> None:
        self._tracker = tracker
        self._clock = clock
        self._clean = clean or str
        self.known: frozenset[str] = frozenset()
        self._totals: dict[tuple[str, str], int] = {}
        self.died: dict[str, dict[int, float]] = {}

    def changed(self, name: str, what: Change, detail: str) -> None:
        """An endpoint's state, a channel's key or a limit changed."""
        heard = detail.endswith(HEARSAY)
        if what in _COUNTED and not heard:
            endpoint = self._tracker.endpoints.get(name)
            self._count(_COUNTED[what], OTHER if endpoint is None else self._label(endpoint))
        if what in (Change.KEY_DEAD, Change.KEY_REVIVED):
            detail = self._key(name, what, detail)
        # What a neighbour says stands in the neighbour's log.
        quiet = heard or what is Change.LIMIT
        level = logging.DEBUG if quiet else logging.WARNING if what in _WARNS else logging.INFO
        _log.log(level, "%s: %s%s", name, what.value, f": {detail}" if detail else "")

    def _key(self, channel: str, what: Change, detail: str) -> str:
        """The place of the key is the first word; a neighbour's news has more of them."""
        place = detail.partition(",")[0]
        if place.isdigit():
            died = self.died.setdefault(channel, {})
            if what is Change.KEY_DEAD:
                died[int(place)] = self._clock()
            else:
                died.pop(int(place), None)
        return f"number {detail}"

    def probed(self, name: str, found: Probed) -> None:
        """A free probe of a channel came to its end."""
        if found.failed is not None:
            self._count(PROBE_FAILURES, name)

    def now(self) -> Figures:
        """All of it."""
        now, gauges = self._clock(), dict[tuple[str, str], float]()
        for channel in list(self._tracker.channels.values()):
            if not channel.listed:
                continue
            gauges[CHANNEL_UP, channel.name] = float(condition(channel, now) != "out")
            gauges[DEAD_KEYS, channel.name] = channel.credentials.dead
            if channel.last_free is not None:
                gauges[PROBE_SECONDS, channel.name] = channel.last_free.seconds
        rows = set()
        for endpoint in list(self._tracker.endpoints.values()):
            label = self._label(endpoint)
            up = float(state_of(endpoint, now).word not in SHUT)
            gauges[ENDPOINT_UP, label] = min(up, gauges.get((ENDPOINT_UP, label), up))
            limit = endpoint.limiter.limit if endpoint.limiter.limit < MANY else math.inf
            for metric, value in ((OUTSTANDING, endpoint.standing.outstanding), (LIMIT, limit)):
                gauges[metric, label] = value + gauges.get((metric, label), 0)
            rows.update(list(endpoint.rows))  # one line may be of several endpoints
        gauges[QUEUE, ""] = sum(row.line.length for row in rows)
        return Figures(gauges, dict(self._totals))

    def _label(self, endpoint: Endpoint) -> str:
        return self._clean(endpoint.name) if endpoint.succeeded is not None or endpoint.model in self.known else OTHER

    def _count(self, metric: str, label: str) -> None:
        self._totals[metric, label] = self._totals.get((metric, label), 0) + 1
