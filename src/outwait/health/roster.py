"""The channels and endpoints a worker knows, from one configuration to the next.

What is the same after a reload keeps its state, and goes by the numbers that hold then. What leads elsewhere or has
other keys starts anew. A channel that is configured no more stays as long as something runs there or waits for it.
"""

from __future__ import annotations

from collections.abc import Callable

from outwait.core.catalog import Catalog, Channel
from outwait.core.plan import Candidate
from outwait.health.channel import ChannelHealth, identity, leads
from outwait.health.endpoint import Endpoint
from outwait.policy.health_rules import HealthRules

MOST = 1000  # endpoints that are kept: a channel for all models has one for each name that clients think of


class Roster:
    """`channels`, `endpoints`: by name. `gone` is told the name of a channel whose upstream is another now, or none."""

    __slots__ = ("_gone", "channels", "endpoints", "rules")

    def __init__(self, rules: HealthRules, gone: Callable[[str], None]) -> None:
        self.rules = rules
        self.channels: dict[str, ChannelHealth] = {}
        self.endpoints: dict[str, Endpoint] = {}
        self._gone = gone

    def use(self, catalog: Catalog) -> None:
        """Go by `catalog` from now on; `sweep` forgets what it has no more."""
        listed = {channel.name: channel for channel in catalog.channels}
        for known in list(self.channels.values()):
            channel = listed.get(known.name)
            known.listed = channel is not None
            if channel is not None and known.identity != identity(channel):
                self._forget(known, elsewhere=leads(known.identity) != leads(identity(channel)))
        for channel in listed.values():
            self._list(channel)

    def renumber(self, rules: HealthRules, now: float) -> None:
        """Go by other numbers from now on."""
        self.rules = rules
        for channel in self.channels.values():
            channel.credentials.rule = rules.keys
        for endpoint in self.endpoints.values():
            endpoint.renumber(rules, now)

    def endpoint(self, candidate: Candidate, now: float) -> Endpoint:
        """The endpoint of `candidate`, made when it is asked for the first time."""
        channel = self.channels.get(candidate.channel)
        if channel is None:
            # A plan from before a reload: it is served all the same, and forgotten when nothing runs there.
            channel = ChannelHealth(candidate.channel, candidate.keys, self.rules.keys)
            channel.listed = False
            self.channels[channel.name] = channel
        endpoint = channel.endpoints.get(candidate.model)
        if endpoint is None:
            endpoint = Endpoint(channel, candidate.model, self.rules, now)
            channel.endpoints[candidate.model] = self.endpoints[endpoint.name] = endpoint
        return endpoint

    def sweep(self) -> bool:
        """Forget the channels that are gone and where nothing runs any more, and endpoints that are too many; whether
        there were any.
        """
        idle = [one for one in self.channels.values() if not one.listed and one.idle]
        for channel in idle:
            self._forget(channel, elsewhere=True)
        return self._thin() or bool(idle)

    def _thin(self) -> bool:
        """Forget endpoints where nothing runs, if there are too many: first those that never answered, oldest first."""
        over = len(self.endpoints) - MOST
        if over <= 0:
            return False
        idle = [each for each in self.endpoints.values() if not each.standing.outstanding and not each.rows]
        idle.sort(key=lambda each: -1.0 if each.succeeded is None else each.succeeded)
        for endpoint in idle[: over + MOST // 10]:
            del self.endpoints[endpoint.name], endpoint.channel.endpoints[endpoint.model]
        return bool(idle)

    def _list(self, channel: Channel) -> None:
        kept = self.channels.get(channel.name)
        if kept is not None:
            kept.bound(channel.max_in_flight)
            return
        self.channels[channel.name] = ChannelHealth(
            channel.name,
            len(channel.api_keys),
            self.rules.keys,
            max_in_flight=channel.max_in_flight,
            identity=identity(channel),
        )

    def _forget(self, channel: ChannelHealth, *, elsewhere: bool) -> None:
        del self.channels[channel.name]
        for endpoint in channel.endpoints.values():
            del self.endpoints[endpoint.name]
        if elsewhere:
            self._gone(channel.name)
